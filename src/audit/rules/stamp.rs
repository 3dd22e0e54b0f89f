//! Rules about time stamps: by whose clock something was there, and what that says of its dates.

use crate::attribution::date::Date;
use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::schemes::Answer;
use crate::audit::vouching::Voucher;

/// See its words.
pub const TIME_STAMP_HOLDS: Rule = Rule {
    name: "time-stamp-holds",
    group: Group::Time,
    words: "The time stamps recorded for captured bytes, or for the entry, are whole, and lead to \
            an authority that is pinned here, or to a block whose header is at hand.",
    not_shown: "When the bytes were made, or that they were not there much earlier.",
    judge: time_stamp_holds,
};

/// See its words.
pub const DATED_BEFORE_STAMPED: Rule = Rule {
    name: "dated-before-stamped",
    group: Group::Time,
    words: "What a time stamp shows to have been there is not dated later than the stamp.",
    not_shown: "That a date before the stamp is the right one.",
    judge: dated_before_stamped,
};

/// Every time stamp with the step whose bytes it is of; of the entry itself, with none.
fn stamps<'a, 'c>(case: &'a Case<'c>) -> Vec<(Option<usize>, &'a Voucher<'c>)> {
    let of_steps = case.steps.iter().zip(&case.vouchers).flat_map(|(reading, vouchers)| {
        vouchers.iter().map(|voucher| (Some(reading.step.number), voucher))
    });
    let all = of_steps.chain(case.stamps.iter().map(|voucher| (None, voucher)));
    all.filter(|(_, voucher)| matches!(voucher.answer, Answer::Time(_))).collect()
}

fn time_stamp_holds(case: &Case<'_>) -> Vec<Judgement> {
    let judged = stamps(case).into_iter().map(|(number, voucher)| {
        let (truth, what) = voucher.holds();
        of(case, number, voucher, truth, &what)
    });
    judged.collect()
}

fn dated_before_stamped(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (number, voucher) in stamps(case) {
        let Some(stamped) = voucher.existed_at() else { continue };
        let dated = match number {
            Some(number) => {
                let reading = &case.steps[number];
                let published = reading.document.and_then(|it| it.published.as_ref());
                published.map(|date| ("published", date))
            }
            None => case.claim.said_at.as_ref().map(|date| ("said", date)),
        };
        let Some((word, date)) = dated else { continue };
        let what = format!("{word} {}, stamped {}", Date::edtf(date), stamped.edtf());
        judgements.push(of(case, number, voucher, date.not_after(&stamped), &what));
    }
    judgements
}

fn of(
    case: &Case<'_>,
    number: Option<usize>,
    voucher: &Voucher<'_>,
    truth: Truth,
    what: &str,
) -> Judgement {
    let judged = match number {
        Some(number) => {
            let name = case.steps[number].step.name();
            Judgement::new(truth, format!("{name}: {what}")).at(number)
        }
        None => Judgement::new(truth, format!("the entry: {what}")),
    };
    match voucher.record {
        Some(id) => judged.on(id),
        None => judged,
    }
}
