//! Running the checker.

use crate::redress::Redress;
use stateright::{Checker, Expectation, HasDiscoveries, Model};
use std::collections::BTreeSet;

/// What a whole run found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Different states.
    pub states: usize,
    /// The longest way to one.
    pub depth: usize,
    /// What was broken: the property, and how.
    pub broken: Vec<(&'static str, String)>,
    /// What was to be reached and was not.
    pub not_reached: Vec<&'static str>,
    /// How many properties hold in every state, and how many were to be reached.
    pub properties: (usize, usize),
}

/// Visits every state within the bounds.
pub fn check(model: Redress, threads: usize) -> Checked {
    let checker = model.checker().threads(threads).spawn_bfs().join();
    let of = |expectation: &Expectation| {
        model
            .properties()
            .into_iter()
            .filter(|property| property.expectation == *expectation)
            .map(|property| property.name)
            .collect::<Vec<_>>()
    };
    let (always, sometimes) = (of(&Expectation::Always), of(&Expectation::Sometimes));
    let broken: Vec<_> = always
        .iter()
        .filter_map(|name| checker.discovery(name).map(|path| (*name, path.to_string())))
        .collect();
    let not_reached: Vec<_> =
        sometimes.iter().copied().filter(|name| checker.discovery(name).is_none()).collect();
    assert!(checker.is_done(), "the search was cut short");
    Checked {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        broken,
        not_reached,
        properties: (always.len(), sometimes.len()),
    }
}

/// How a property was broken.
#[derive(Clone, Debug)]
pub struct Broke {
    /// Different states that were visited until then.
    pub states: usize,
    /// What happened, one step a line.
    pub way: String,
}

/// Looks for a way to break one property, and stops at the first; `None` when there is none.
pub fn find(model: Redress, property: &'static str, threads: usize) -> Option<Broke> {
    let first = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = model.checker().threads(threads).finish_when(first).spawn_bfs().join();
    let way = checker.discovery(property)?.to_string();
    Some(Broke { states: checker.unique_state_count(), way })
}
