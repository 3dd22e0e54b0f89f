//! Later records: `correct`, `retract`, `relate`, `rebut`. Nothing is edited.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::notice::{Notice, NoticeKind, Relation, RelationKind};
use crate::cli::added::{self, Row};
use crate::cli::append;
use crate::cli::arguments::{Correct, Rebut, Relate, Retract, Retracting};
use crate::cli::capture_options::Fetching;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Desk, Place};
use crate::cli::pages::Pages;
use crate::cli::signing_options::Signing;
use crate::cli::terminal::Terminal;
use crate::ledger::batch::Batch;
use crate::store::os::OsDisk;

/// `whosaid correct`: a new claim, and the notice that puts it in the place of the old one.
pub(crate) fn correct(
    place: &Place,
    correct: &Correct,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let written = append::read(&correct.file, &correct.signing)?;
    let fetching = Fetching::default();
    let urls = written.claims.pages();
    let pages = Pages::fetch(place, &urls, &fetching, &correct.signing, terminal)?;
    let desk = place.desk(&correct.signing)?;
    let mut batch = desk.batch()?;
    let target = batch.find(&correct.id)?;
    let mut rows = append::compose_file(&written, &pages, &desk, &mut batch)?;
    let claims: Vec<Id> = rows.iter().filter(|row| row.kind == "claim").map(|row| row.id).collect();
    let [replacement] = claims.as_slice() else {
        let message = format!("the file holds {} claims, expected the one", claims.len());
        return Err(Failure::new(failure::INPUT, message).hint("one correction at a time"));
    };
    if *replacement == target {
        let message = "the file says what the ledger says already: there is nothing to correct";
        return Err(Failure::new(failure::INPUT, message));
    }
    let record = Record::Notice(Notice {
        kind: NoticeKind::RecorderCorrection,
        target,
        reason: correct.reason.clone(),
        replacement: Some(*replacement),
        document: None,
        by: None,
        text: None,
    });
    rows.push(take(&mut batch, &record, format!("corrects {}", target.short()))?);
    let addition = batch.finish();
    added::commit(desk, &addition, &rows, correct.signing.dry_run, terminal)
}

/// `whosaid retract`.
pub(crate) fn retract(
    place: &Place,
    retract: &Retract,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let kind = match retract.by {
        Retracting::Recorder => NoticeKind::RecorderRetraction,
        Retracting::Claimant => NoticeKind::ClaimantRetraction,
        Retracting::Publisher => NoticeKind::PublisherRetraction,
    };
    one(place, &retract.signing, terminal, |batch| {
        let target = batch.find(&retract.id)?;
        let document = retract.document.as_deref().map(|id| batch.find(id)).transpose()?;
        let by = retract.party.as_deref().map(|key| party(batch, key)).transpose()?;
        let reason = retract.reason.clone();
        let record = Record::Notice(Notice {
            kind,
            target,
            reason,
            replacement: None,
            document,
            by,
            text: None,
        });
        Ok((record, format!("retracts {}", target.short())))
    })
}

/// `whosaid relate`.
pub(crate) fn relate(place: &Place, relate: &Relate, terminal: &Terminal) -> Result<Exit, Failure> {
    let kind: RelationKind = serde_json::from_value(relate.kind.as_str().into()).map_err(|_| {
        let message = format!("{:?} is no relation", relate.kind);
        Failure::usage(message).hint(
            "one of confirms, contradicts, denies, qualifies, updates, repeats, translates, \
             same_proposition",
        )
    })?;
    one(place, &relate.signing, terminal, |batch| {
        let (from, to) = (batch.find(&relate.from)?, batch.find(&relate.to)?);
        let by = relate.by.as_deref().map(|key| party(batch, key)).transpose()?;
        let method = relate.method.clone();
        let label = format!("{} {} {}", from.short(), relate.kind, to.short());
        Ok((Record::Relation(Relation { from, kind, to, by, method }), label))
    })
}

/// `whosaid rebut`: a party's reply, in its own words.
pub(crate) fn rebut(place: &Place, rebut: &Rebut, terminal: &Terminal) -> Result<Exit, Failure> {
    one(place, &rebut.signing, terminal, |batch| {
        let target = batch.find(&rebut.id)?;
        let document = rebut.document.as_deref().map(|id| batch.find(id)).transpose()?;
        let record = Record::Notice(Notice {
            kind: NoticeKind::Rebuttal,
            target,
            reason: rebut.reason.clone(),
            replacement: None,
            document,
            by: Some(party(batch, &rebut.by)?),
            text: Some(rebut.text.clone()),
        });
        Ok((record, format!("replies to {}", target.short())))
    })
}

/// Appends the one record that `make` makes.
fn one(
    place: &Place,
    signing: &Signing,
    terminal: &Terminal,
    make: impl FnOnce(&mut Batch<'_, OsDisk>) -> Result<(Record, String), Failure>,
) -> Result<Exit, Failure> {
    let desk: Desk = place.desk(signing)?;
    let mut batch = desk.batch()?;
    let (record, label) = make(&mut batch)?;
    let row = take(&mut batch, &record, label)?;
    let addition = batch.finish();
    added::commit(desk, &addition, &[row], signing.dry_run, terminal)
}

fn take(batch: &mut Batch<'_, OsDisk>, record: &Record, label: String) -> Result<Row, Failure> {
    Ok(Row::new(record.kind(), label, batch.add(record)?))
}

fn party(batch: &Batch<'_, OsDisk>, key: &str) -> Result<Id, Failure> {
    batch.party(key)?.ok_or_else(|| {
        Failure::new(failure::REFERENCE, format!("no party has the key {key:?}"))
            .hint("`whosaid log --kind party` lists the parties with their keys")
    })
}
