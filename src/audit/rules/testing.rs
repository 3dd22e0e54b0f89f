//! What a rule finds in a test's ledger.

use crate::attribution::id::Id;
use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::graph::Graph;
use crate::audit::notebook::Notebook;
use crate::audit::rules::rule::Rule;
use crate::audit::standing::Standings;

/// Asserts what a rule answers for a claim, in order; nothing where it does not apply.
#[track_caller]
pub(crate) fn check(notebook: &Notebook, id: Id, rule: &Rule, expected: &[Truth]) {
    check_in(&notebook.graph(), notebook, id, rule, expected);
}

/// The same in a given graph.
#[track_caller]
pub(crate) fn check_in(
    graph: &Graph,
    notebook: &Notebook,
    id: Id,
    rule: &Rule,
    expected: &[Truth],
) {
    let standings = Standings::as_of(graph, graph.tree_size());
    let case = Case::gather(graph, &standings, id, &|digest| notebook.held(digest)).unwrap();
    let findings = rule.apply(&case);
    let truths: Vec<Truth> = findings.iter().map(|finding| finding.truth).collect();
    assert_eq!(truths, expected, "{}: {findings:#?}", rule.name);
}
