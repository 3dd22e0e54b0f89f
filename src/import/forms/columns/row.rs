//! One row of a table to records, as its column map says.

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::channel::{Channel, Handle};
use crate::attribution::record::claim::{About, Claim, Hop, Passage, Proposition, Who};
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::record::party::{Name, Party};
use crate::claimfile::anchor::{anchor, shown, warnings};
use crate::evidence::reading::{Verdict, speaker_in};
use crate::evidence::text::{Profile, Text, derive};
use crate::hash::Hash;
use crate::import::draft::{Draft, Keyed, Problem, RowDraft, channel_label, label, party_label};
use crate::import::forms::columns::day::DateRule;
use crate::import::forms::columns::map::{
    AboutRule, CaptureText, ChannelRule, ClaimRule, ColumnMap, DocumentRule, HopRule, OnRule,
    PartyRule, PassageRule, Test, WhoRule,
};
use crate::import::forms::columns::slug::key_of;
use crate::import::forms::columns::template::{Cells, Template};
use crate::import::forms::ids::{look_at_clock, look_at_id};
use crate::selector::{Position, Selector};

/// What a row becomes; `Err` with `true` where it is passed over on purpose.
pub(crate) fn draft(map: &ColumnMap, cells: Cells<'_>) -> Result<RowDraft, (Problem, bool)> {
    for column in &map.table.skip_if_empty {
        if cells.of(column).is_none_or(|cell| cell.trim().is_empty()) {
            return Err((Problem::new(format!("the column {column:?} is empty")), true));
        }
    }
    let mut making = Making { map, cells, it: RowDraft::default(), held: None };
    making.make().map_err(|problem| (problem, false))?;
    if making.it.drafts.is_empty() {
        return Err((Problem::new("the map makes nothing of this row"), true));
    }
    Ok(making.it)
}

/// A document of the row, and the text of its capture.
struct Held {
    label: Id,
    digest: Option<Hash>,
    text: Option<Text>,
}

struct Making<'m> {
    map: &'m ColumnMap,
    cells: Cells<'m>,
    it: RowDraft,
    held: Option<Held>,
}

impl Making<'_> {
    fn make(&mut self) -> Result<(), Problem> {
        for column in &self.map.table.ids {
            self.look_at_id(column)?;
        }
        for rule in &self.map.parties {
            self.party(rule)?;
        }
        for rule in &self.map.channels {
            self.channel(rule)?;
        }
        if let Some(rule) = &self.map.document {
            self.document(rule)?;
        }
        for (number, rule) in self.map.claims.iter().enumerate() {
            let carries = rule.when.iter().all(|test| self.holds(test))
                && !rule.unless.iter().any(|test| self.holds(test));
            if carries {
                self.claim(rule, number)?;
            }
        }
        Ok(())
    }

    fn fill(&self, template: Option<&Template>) -> Option<String> {
        template.and_then(|template| template.fill(self.cells))
    }

    fn needed(&self, template: &Template, what: &str) -> Result<String, Problem> {
        let empty = || {
            let mut columns = template.columns();
            let column = columns.find(|it| self.cells.of(it).is_none_or(|it| it.trim().is_empty()));
            let column = column.unwrap_or_default();
            Problem::new(format!("the column {column:?} is empty, and {what} is made of it"))
                .hint("a row is passed over where a column of `skip_if_empty` is empty")
        };
        template.fill(self.cells).ok_or_else(empty)
    }

    fn holds(&self, test: &Test) -> bool {
        test.text.fill(self.cells).is_some_and(|text| test.holds(&text))
    }

    fn date(&self, rule: Option<&DateRule>) -> Result<Option<Date>, Problem> {
        rule.map_or(Ok(None), |rule| rule.date(self.cells))
    }

    fn look_at_id(&mut self, column: &str) -> Result<(), Problem> {
        let Some(id) = self.cells.of(column).map(str::trim).filter(|id| !id.is_empty()) else {
            return Ok(());
        };
        let noted = look_at_id(id).map_err(|problem| Problem {
            what: format!("the column {column:?}: {}", problem.what),
            ..problem
        })?;
        self.it.notes.extend(noted.map(|what| format!("the column {column:?}: {what}")));
        Ok(())
    }

    /// Adds a party or channel, which the ledger may know better.
    fn fallback(&mut self, label: Id, record: Record) -> Result<(), Problem> {
        if let Some(same) = self.it.drafts.iter().find(|draft| draft.label == label) {
            if *same.record == record {
                return Ok(());
            }
            let key = record.key().unwrap_or_default();
            return Err(Problem::new(format!("two of this row have the key {key:?}"))
                .hint("give the column map a `key` that tells them apart"));
        }
        self.it.drafts.push(Draft::fallback(label, record));
        Ok(())
    }

    fn party(&mut self, rule: &PartyRule) -> Result<(), Problem> {
        let PartyRule { key, kind, name, lang, .. } = rule;
        let (Some(key), Some(text)) = (self.key(key), name.fill(self.cells)) else { return Ok(()) };
        let record = Record::Party(Party {
            key: key.clone(),
            kind: *kind,
            names: vec![Name { text, lang: lang.clone(), kind: None }],
            ids: Vec::new(),
            part_of: Vec::new(),
            roles: Vec::new(),
            anonymity: None,
        });
        self.fallback(party_label(&key), record)
    }

    fn channel(&mut self, rule: &ChannelRule) -> Result<(), Problem> {
        let Some(key) = self.key(&rule.key) else { return Ok(()) };
        let handle = self.fill(rule.handle.as_ref());
        let handle = handle.map(|text| Handle { text, since: None, until: None });
        let record = Record::Channel(Channel {
            key: key.clone(),
            kind: rule.kind,
            platform: self.fill(rule.platform.as_ref()),
            platform_id: self.fill(rule.platform_id.as_ref()),
            handles: handle.into_iter().collect(),
            urls: self.fill(rule.url.as_ref()).into_iter().collect(),
        });
        self.fallback(channel_label(&key), record)
    }

    fn key(&self, template: &Template) -> Option<String> {
        key_of(&template.fill(self.cells)?)
    }

    fn who(&mut self, rule: &WhoRule, what: &str) -> Result<Who, Problem> {
        let key = match rule {
            WhoRule::Unresolved(name) => {
                return Ok(Who::Unresolved(self.needed(name, what)?));
            }
            WhoRule::Party(place) => self.needed(&self.map.parties[*place].key, what)?,
            WhoRule::Key(key) => {
                let key = self.needed(key, what)?;
                self.it.keyed.push(Keyed { kind: "party", key: key.clone() });
                return Ok(Who::Party(party_label(&key)));
            }
        };
        let none = || Problem::new(format!("{key:?} holds no letter of which a key could be made"));
        Ok(Who::Party(party_label(&key_of(&key).ok_or_else(none)?)))
    }

    fn document(&mut self, rule: &DocumentRule) -> Result<(), Problem> {
        let publisher = match &rule.publisher {
            None => None,
            Some(who) => self.who(who, "the publisher")?.party(),
        };
        let channel = match &rule.channel {
            None => None,
            Some(OnRule::Channel(place)) => {
                let key = self.needed(&self.map.channels[*place].key, "the channel")?;
                key_of(&key).map(|key| channel_label(&key))
            }
            Some(OnRule::Key(key)) => {
                let key = self.needed(key, "the channel")?;
                self.it.keyed.push(Keyed { kind: "channel", key: key.clone() });
                Some(channel_label(&key))
            }
        };
        let captured = self.capture(rule);
        let (captures, text) =
            captured.map_or((Vec::new(), None), |(capture, text)| (vec![capture], text));
        let url = self.fill(rule.url.as_ref());
        let published = self.date(rule.published.as_ref())?;
        if let Some(url) = &url {
            self.it.notes.extend(look_at_clock(url, published.as_ref())?);
        }
        let label = label(&["document"]);
        self.held = Some(Held { label, digest: captures.first().map(|it| it.digest), text });
        let record = Record::Document(Document {
            title: self.fill(rule.title.as_ref()),
            publisher,
            channel,
            url,
            language: self.fill(rule.language.as_ref()),
            published,
            byline: self.fill(rule.byline.as_ref()),
            captures,
            ..Document::of(rule.kind)
        });
        self.it.drafts.push(Draft::new(label, record));
        Ok(())
    }

    /// The capture, and its text as far as one can be read in it.
    fn capture(&mut self, rule: &DocumentRule) -> Option<(Capture, Option<Text>)> {
        let rule = rule.capture.as_ref()?;
        let text = match &rule.text {
            CaptureText::Cells(template) => template.fill_whole(self.cells),
            CaptureText::Row => Some(whole_row(self.cells)),
        };
        let Some(text) = text else {
            self.it.notes.push("no text is given: nobody can check what the row says".to_owned());
            return None;
        };
        let bytes = text.into_bytes();
        let profile = Profile::for_media_type(&rule.media_type);
        let read = profile.and_then(|profile| derive(profile, &bytes));
        let read = read.map_err(|error| self.it.notes.push(error.to_string())).ok();
        let mut capture =
            Capture::of(Hash::of(&bytes), bytes.len() as u64, rule.media_type.clone());
        capture.provider.clone_from(&rule.provider);
        self.it.captures.push(bytes);
        Some((capture, read))
    }

    fn claim(&mut self, rule: &ClaimRule, number: usize) -> Result<(), Problem> {
        let speaker = self.who(&rule.speaker, "the speaker")?;
        let text = self.needed(&rule.said, "what was said")?;
        let passage = match &rule.passage {
            None => None,
            Some(rule) => Some(self.passage(rule)?),
        };
        let chain: Result<Vec<Hop>, Problem> = rule.chain.iter().map(|it| self.hop(it)).collect();
        let mut about = Vec::new();
        for rule in &rule.about {
            about.extend(self.about(rule)?);
        }
        let as_written = self.fill(rule.as_written.as_ref());
        let role_as_written = self.fill(rule.role_as_written.as_ref());
        self.look_for([&as_written, &role_as_written]);
        let claim = Claim {
            speaker,
            speaker_as_written: as_written,
            role_as_written,
            act: rule.act,
            polarity: rule.polarity,
            said_at: self.date(rule.said_at.as_ref())?,
            place: self.fill(rule.place.as_ref()),
            event: self.fill(rule.event.as_ref()),
            proposition: Proposition {
                text,
                lang: self.fill(rule.lang.as_ref()),
                modality: rule.modality,
            },
            document: self.held.as_ref().map(|held| held.label),
            passage,
            chain: chain?,
            about,
        };
        let label = label(&["claim", &number.to_string()]);
        let record = Record::Claim(Box::new(claim));
        self.it.drafts.push(Draft::new(label, record));
        Ok(())
    }

    /// Whether the names that the claim says it read do stand in the capture.
    fn look_for(&mut self, names: [&Option<String>; 2]) {
        let Some(text) = self.held.as_ref().and_then(|held| held.text.as_ref()) else { return };
        for name in names.into_iter().flatten() {
            let answer = speaker_in(text, name);
            if answer.verdict == Verdict::Fails {
                self.it.notes.push(answer.fact);
            }
        }
    }

    fn passage(&mut self, rule: &PassageRule) -> Result<Passage, Problem> {
        let exact = self.needed(&rule.exact, "the passage")?;
        let cue = self.fill(rule.cue.as_ref());
        let Some(Held { digest: Some(digest), text: Some(text), .. }) = &self.held else {
            return Err(Problem::new(
                "the document has no captured text in which a quote could stand",
            ));
        };
        let found = anchor(text, &Selector::quote(exact.clone())).map_err(|unfound| Problem {
            what: format!("the quote “{}” {}", shown(&exact), unfound.what),
            hint: unfound.hint,
        })?;
        let positions: Vec<Position> = found.position.into_iter().collect();
        self.it.notes.extend(warnings(text, rule.mode, cue.as_deref(), &positions));
        let (capture, profile) = (*digest, text.profile().name().to_owned());
        let (mode, segments) = (rule.mode, vec![found]);
        Ok(Passage { mode, capture, profile, segments, cue, translator: None })
    }

    fn hop(&mut self, rule: &HopRule) -> Result<Hop, Problem> {
        Ok(Hop {
            by: self.who(&rule.by, "a step of the chain")?,
            kind: rule.kind,
            document: None,
            passage: None,
            cue: self.fill(rule.cue.as_ref()),
            relation: rule.relation,
            basis: rule.basis,
            reported_at: self.date(rule.reported_at.as_ref())?,
            modality: None,
            unreachable: Some(self.needed(&rule.unreachable, "why it is unreachable")?),
        })
    }

    fn about(&mut self, rule: &AboutRule) -> Result<Option<About>, Problem> {
        Ok(match rule {
            AboutRule::Place(text) => text.fill(self.cells).map(About::Place),
            AboutRule::Topic(text) => text.fill(self.cells).map(About::Topic),
            AboutRule::Party(who) => self.who(who, "what it is about")?.party().map(About::Party),
        })
    }
}

/// All cells of a row, each on its line under the name of its column.
fn whole_row(cells: Cells<'_>) -> String {
    let mut text = String::new();
    for (name, cell) in cells.names.iter().zip(cells.cells) {
        text.extend([name, ": ", cell, "\n"]);
    }
    text
}
