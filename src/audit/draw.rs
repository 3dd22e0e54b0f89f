//! The way of a claim drawn as text, from the reader's side to the origin.

use crate::attribution::record::document::DocumentKind;
use crate::attribution::truth::Truth;
use crate::audit::case::{Bytes, Case, Reading};
use crate::audit::line::{one_line, short_line};
use crate::evidence::anchor::Match;
use crate::selector::Position;

/// How much of what was said is shown, in characters: about a line.
const SAID: usize = 72;

/// The chain, one line for each step, deeper towards the origin; then the speaker.
pub fn draw(case: &Case<'_>) -> String {
    let said = short_line(&case.claim.proposition.text, SAID);
    let mut lines = vec![format!("claim {}  \"{said}\"", case.node.entry_index())];
    for reading in &case.steps {
        let depth = reading.step.number;
        let branch = if depth == 0 {
            " ├─ ".to_owned()
        } else {
            format!(" │  {} └─ ", "    ".repeat(depth - 1))
        };
        lines.push(branch + &one_line(&step(case, reading)));
    }
    let speaker = case.graph.name_of(&case.claim.speaker);
    let written = case.claim.speaker_as_written.as_ref();
    let written = written.map(|name| format!(" (as written: \"{name}\")")).unwrap_or_default();
    lines.push(format!(" └─ speaker: {}", one_line(&format!("{speaker}{written}"))));
    lines.join("\n") + "\n"
}

fn step(case: &Case<'_>, reading: &Reading<'_>) -> String {
    let kind = reading.document.map(|document| document.kind);
    let kind = kind.or(reading.step.hop.and_then(|hop| hop.kind)).map_or("document", noun);
    let by = reading.step.by.as_ref().map(|who| format!(" of {}", case.graph.name_of(who)));
    let name = format!("{kind}{}", by.unwrap_or_default());
    if let Some(reason) = reading.step.hop.and_then(|hop| hop.unreachable.as_ref()) {
        return format!("{name} — not reached: {reason}");
    }
    if reading.bytes == Bytes::NoDocument {
        return "no document is recorded".to_owned();
    }
    let (truth, fact) = reading.bytes_hold();
    if truth != Truth::Holds {
        return format!("{name} — {fact}");
    }
    format!("{name} (captured, {})", words(reading))
}

fn words(reading: &Reading<'_>) -> String {
    let Some(passage) = reading.step.passage else { return "no words recorded".to_owned() };
    if let Some(positions) = reading.positions() {
        let places = positions.iter().map(|Position { start, end }| format!("{start}–{end}"));
        let places = places.collect::<Vec<_>>().join(", ");
        let is_placed = passage.segments.iter().any(|segment| segment.position.is_some());
        return format!("words found {} {places}", if is_placed { "at" } else { "once at" });
    }
    if reading.anchors.is_empty() {
        return "its text was not read".to_owned();
    }
    let is_absent = reading.anchors.iter().any(|anchor| matches!(anchor, Match::Fails { .. }));
    if is_absent { "words not found" } else { "words found more than once" }.to_owned()
}

fn noun(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Statement => "statement",
        DocumentKind::Post => "post",
        DocumentKind::Article => "article",
        DocumentKind::Transcript => "transcript",
        DocumentKind::Broadcast => "broadcast",
        DocumentKind::Note => "note",
        DocumentKind::Photo => "photo",
    }
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::document::DocumentKind;
    use crate::attribution::record::party::PartyKind;
    use crate::audit::notebook::{Notebook, claim, passage, reached, unreached};

    #[test]
    fn a_chain_is_drawn_from_the_reader_to_the_origin() {
        let mut notebook = Notebook::new();
        let text = "Kabulov said on Sunday that a delegation will come.";
        let article = notebook.document(text, |_| {});
        let wire = notebook.document("the wire's own text", |_| {});
        let kabulov = notebook
            .party("Zamir Kabulov".to_lowercase().replace(' ', "-").as_str(), PartyKind::Person);
        let mut claim = claim(Who::Party(kabulov), Some(article));
        claim.speaker_as_written = Some("Kabulov\u{202e}".to_owned());
        claim.passage = Some(passage(text, "a delegation"));
        claim.chain.push(reached(Who::Unresolved("the wire".to_owned()), wire));
        let mut last = unreached(Who::Unresolved("the ministry".to_owned()));
        last.kind = Some(DocumentKind::Statement);
        claim.chain.push(last);
        let id = notebook.claim(claim);
        let graph = notebook.graph();
        let audit = crate::audit::audit(&graph, id, &|digest| notebook.held(digest)).unwrap();
        let expected = r#"claim 4  "it is so"
 ├─ article (captured, words found once at 28–40)
 │   └─ article of the wire (unresolved) (captured, no words recorded)
 │       └─ statement of the ministry (unresolved) — not reached: no link given
 └─ speaker: zamir-kabulov (as written: "Kabulov\u{202e}")
"#;
        assert_eq!(audit.drawing, expected);
    }
}
