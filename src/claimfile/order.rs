//! The order in which each thing comes after those it refers to: references point back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Things in order, and the circle that keeps the others out, if there is one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Everything that waits for no circle, otherwise in the order given.
    pub(crate) sorted: Vec<usize>,
    /// Things that wait for one another: each for the next, the last for the first.
    pub(crate) circle: Option<Vec<usize>>,
}

/// Sorts things by what each of them needs: `needs[i]` are the numbers of what `i` refers to.
pub(crate) fn order(needs: &[Vec<usize>]) -> Order {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (thing, its_needs) in needs.iter().enumerate() {
        for need in its_needs {
            needed_by[*need].push(thing);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..needs.len()).filter(|thing| waiting[*thing] == 0).map(Reverse).collect();
    let mut sorted = Vec::with_capacity(needs.len());
    while let Some(Reverse(thing)) = ready.pop() {
        sorted.push(thing);
        for next in &needed_by[thing] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    let circle =
        waiting.iter().position(|left| *left > 0).map(|start| circle(needs, &waiting, start));
    Order { sorted, circle }
}

/// Follows what still waits until it comes back to where it was.
fn circle(needs: &[Vec<usize>], waiting: &[usize], start: usize) -> Vec<usize> {
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        // Whoever waits, waits for somebody who waits: else it would have been sorted.
        let next = needs[last].iter().copied().find(|need| waiting[*need] > 0);
        let next = next.expect("a waiting thing waits for another");
        if let Some(begin) = path.iter().position(|thing| *thing == next) {
            return path.split_off(begin);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, order};

    fn check(needs: &[&[usize]], sorted: &[usize], circle: Option<&[usize]>) {
        let needs: Vec<Vec<usize>> = needs.iter().map(|its_needs| its_needs.to_vec()).collect();
        let expected = Order { sorted: sorted.to_vec(), circle: circle.map(<[usize]>::to_vec) };
        assert_eq!(order(&needs), expected, "{needs:?}");
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_keeps_its_order() {
        check(&[], &[], None);
        check(&[&[], &[], &[]], &[0, 1, 2], None);
        check(&[&[2], &[0], &[]], &[2, 0, 1], None);
        check(&[&[1, 1], &[]], &[1, 0], None);
    }

    #[test]
    fn a_circle_is_named_and_keeps_out_only_what_waits_for_it() {
        check(&[&[0]], &[], Some(&[0]));
        check(&[&[1], &[2], &[1], &[]], &[3], Some(&[1, 2]));
    }

    #[test]
    fn every_graph_of_three_is_sorted_or_has_a_circle() {
        for edges in 0..1_u32 << 9 {
            let has = |from: usize, to: usize| edges >> (3 * from + to) & 1 == 1;
            let needs: Vec<Vec<usize>> =
                (0..3).map(|from| (0..3).filter(|to| has(from, *to)).collect()).collect();
            let Order { sorted, circle } = order(&needs);
            for (place, thing) in sorted.iter().enumerate() {
                assert!(needs[*thing].iter().all(|need| sorted[..place].contains(need)));
            }
            assert_eq!(circle.is_none(), sorted.len() == 3, "{needs:?}");
            if let Some(circle) = circle {
                let next = circle.iter().cycle().skip(1);
                assert!(circle.iter().zip(next).all(|(thing, next)| has(*thing, *next)));
            }
        }
    }
}
