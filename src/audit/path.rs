//! The way of a claim from the reader's side to its origin, one step for each document or party.

use crate::attribution::id::Id;
use crate::attribution::record::claim::{Claim, Hop, Passage, Who};
use crate::audit::graph::Graph;

/// One step: step 0 is the document that the recorder read, the others are the hops of the chain.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// 0 for the document read, then 1, 2, … towards the origin.
    pub number: usize,
    /// On whose word the step before rests; for step 0 the publisher, if it is recorded.
    pub by: Option<Who>,
    /// The document, if one is recorded.
    pub document: Option<Id>,
    /// The words in it.
    pub passage: Option<&'a Passage>,
    /// The hop, for all but step 0.
    pub hop: Option<&'a Hop>,
}

impl Step<'_> {
    /// The step in words, for findings.
    pub fn name(&self) -> String {
        match self.number {
            0 => "the document read".to_owned(),
            number => format!("hop {number}"),
        }
    }
}

/// All steps of a claim, from the reader's side to the origin.
pub fn path<'a>(graph: &Graph, claim: &'a Claim) -> Vec<Step<'a>> {
    let document = claim.document;
    let publisher = document.and_then(|id| graph.document(id)?.publisher);
    let by = publisher.map(Who::Party);
    let first = Step { number: 0, by, document, passage: claim.passage.as_ref(), hop: None };
    let hops = claim.chain.iter().enumerate().map(|(index, hop)| Step {
        number: index + 1,
        by: Some(hop.by.clone()),
        document: hop.document,
        passage: hop.passage.as_ref(),
        hop: Some(hop),
    });
    std::iter::once(first).chain(hops).collect()
}

/// The origin: the last step of which a document is recorded. `None` if there is none at all.
pub fn origin<'a, 'b>(path: &'b [Step<'a>]) -> Option<&'b Step<'a>> {
    path.iter().rev().find(|step| step.document.is_some())
}
