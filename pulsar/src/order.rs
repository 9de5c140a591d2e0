//! Sorting, compiled once for all types.
//!
//! The sort of std is about 9 kB of code for each type that it sorts. This one sorts places, and moves the items afterwards: for
//! what is sorted seldom, such as at a start, or for a person to read.

use std::cmp::Ordering;

/// Sorts by a key. What has the same key stays in its order.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by comparing. What is equal stays in its order.
pub(crate) fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let swaps = swaps(items.len(), &|one, other| compare(&items[one], &items[other]));
    for (one, other) in swaps {
        items.swap(one, other);
    }
}

/// What has to be swapped, one after the other, so that so many items are in order.
fn swaps(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&one, &other| compare(one, other));
    let mut targets = vec![0; count];
    for (target, at) in order.into_iter().enumerate() {
        targets[at] = target;
    }
    let mut swaps = Vec::new();
    for at in 0..count {
        // Each swap brings one item to where it belongs.
        while targets[at] != at {
            let target = targets[at];
            swaps.push((at, target));
            targets.swap(at, target);
        }
    }
    swaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_std(items: Vec<(u8, u16)>) {
            let (mut expected, mut sorted) = (items.clone(), items);
            expected.sort_by_key(|(key, _)| key / 16);
            sort_by_key(&mut sorted, |(key, _)| key / 16);
            prop_assert_eq!(&sorted, &expected);
            expected.sort_by(|one, other| other.cmp(one));
            sort_by(&mut sorted, |one, other| other.cmp(one));
            prop_assert_eq!(sorted, expected);
        }
    }
}
