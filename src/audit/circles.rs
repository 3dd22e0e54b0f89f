//! Circles in a directed graph: what rests on itself by way of others.
//!
//! Knows nothing of what the nodes are.

use std::collections::{BTreeMap, BTreeSet};

/// The groups of nodes that all reach one another, and the single nodes that point to themselves;
/// each sorted, in the order of their least members.
pub fn circles<N: Ord + Clone>(edges: &BTreeSet<(N, N)>) -> Vec<Vec<N>> {
    let mut forward: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    let mut backward: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    for (from, to) in edges {
        forward.entry(from).or_default().push(to);
        backward.entry(to).or_default().push(from);
    }
    // Kosaraju's two walks: in the reverse of the order in which the first one leaves the nodes,
    // what the second one reaches against the edges is one group.
    let mut left = Vec::new();
    let mut seen = BTreeSet::new();
    for start in forward.keys().copied() {
        walk(start, &forward, &mut seen, &mut left);
    }
    let mut grouped = BTreeSet::new();
    let mut groups = Vec::new();
    for start in left.into_iter().rev() {
        let mut group = Vec::new();
        walk(start, &backward, &mut grouped, &mut group);
        group.sort();
        let points_to_itself = edges.contains(&(start.clone(), start.clone()));
        if group.len() > 1 || (group.len() == 1 && points_to_itself) {
            groups.push(group.into_iter().cloned().collect());
        }
    }
    groups.sort();
    groups
}

/// Walks in depth from `start` to all that was not seen, and notes each node when leaving it.
/// Without recursion, because a ledger may hold a chain longer than the stack is deep.
fn walk<'a, N: Ord>(
    start: &'a N,
    edges: &BTreeMap<&'a N, Vec<&'a N>>,
    seen: &mut BTreeSet<&'a N>,
    left: &mut Vec<&'a N>,
) {
    if !seen.insert(start) {
        return;
    }
    let mut path = vec![(start, 0)];
    while let Some((node, next)) = path.last_mut() {
        let target = edges.get(*node).and_then(|targets| targets.get(*next)).copied();
        *next += 1;
        match target {
            Some(target) if seen.insert(target) => path.push((target, 0)),
            Some(_) => {}
            None => {
                left.push(node);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::circles;

    /// Whether `to` is reached from `from` by at least one edge: by trying all ways.
    fn reaches(edges: &BTreeSet<(u8, u8)>, from: u8, to: u8, steps: u8) -> bool {
        steps > 0
            && edges
                .iter()
                .any(|(a, b)| *a == from && (*b == to || reaches(edges, *b, to, steps - 1)))
    }

    #[test]
    fn every_graph_of_three_nodes_has_the_circles_that_all_ways_show() {
        let pairs: Vec<(u8, u8)> = (0..9).map(|n| (n / 3, n % 3)).collect();
        for choice in 0..1_u16 << pairs.len() {
            let edges: BTreeSet<(u8, u8)> =
                (0..9).filter(|n| choice >> n & 1 == 1).map(|n| pairs[n]).collect();
            let mut expected: Vec<Vec<u8>> = Vec::new();
            for node in 0..3 {
                let group: Vec<u8> = (0..3)
                    .filter(|&o| reaches(&edges, node, o, 3) && reaches(&edges, o, node, 3))
                    .collect();
                if !group.is_empty() && !expected.contains(&group) {
                    expected.push(group);
                }
            }
            assert_eq!(circles(&edges), expected, "{edges:?}");
        }
    }

    #[test]
    fn a_circle_of_a_hundred_thousand_does_not_exhaust_the_stack() {
        let count = 100_000_u32;
        let edges: BTreeSet<(u32, u32)> = (0..count).map(|n| (n, (n + 1) % count)).collect();
        assert_eq!(circles(&edges).len(), 1);
    }
}
