//! The channels that metrics tell apart. Merchants name theirs as they like, and whoever reads the metrics keeps a series of
//! each.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// So many are told apart: the first that come.
const TOLD_APART_MAX: usize = 50;

/// What stands for all the others.
const OTHER: &str = "other";

/// The labels of channels, of one process.
pub(super) struct ChannelLabels(Mutex<BTreeSet<String>>);

impl ChannelLabels {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// What a channel is called in metrics.
    pub(super) fn of(&self, channel: &str) -> String {
        let mut told_apart = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told_apart.contains(channel) {
            if told_apart.len() == TOLD_APART_MAX {
                return OTHER.to_owned();
            }
            told_apart.insert(channel.to_owned());
        }
        channel.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fifty_are_told_apart_for_ever() {
        let labels = ChannelLabels::new();
        for _ in 0..2 {
            for n in 0..TOLD_APART_MAX {
                assert_eq!(labels.of(&n.to_string()), n.to_string());
            }
            assert_eq!((labels.of("one more"), labels.of("and another")), (OTHER.into(), OTHER.into()));
        }
    }
}
