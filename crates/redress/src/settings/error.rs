//! Why the settings are refused.

use std::path::PathBuf;

use super::variable::variable;

/// Why the settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("the settings file {} cannot be read: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The file is no TOML.
    #[error("the settings file {} is not TOML: {error}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: String,
    },
    /// No such section or key.
    #[error("{at} is not a setting{}", if known.is_empty() { String::new() } else { format!("; known here: {known}") })]
    Unknown {
        /// The file and key, or the variable.
        at: String,
        /// What is known there.
        known: String,
    },
    /// A value that cannot be.
    #[error("{at}: {problem}")]
    Value {
        /// The file and key, or the variable.
        at: String,
        /// What is wrong; never the value.
        problem: String,
    },
    /// Settings that contradict each other.
    #[error("the settings {keys} contradict each other: {problem}")]
    Relation {
        /// The keys, with their variables.
        keys: String,
        /// What must hold.
        problem: String,
    },
}

/// Names keys with their variables for a message: `engine.lease (REDRESS_ENGINE_LEASE)`.
fn named(keys: &[(&str, &str)]) -> String {
    let name = |(section, key): &(&str, &str)| format!("{section}.{key} ({})", variable(section, key));
    keys.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// A span that must be longer than nothing, by its key as `psp.timeout`.
pub(super) fn zero(key: &str) -> SettingsError {
    let at = named(&[key.split_once('.').unwrap_or(("", key))]);
    SettingsError::Value { at, problem: "must be longer than 0s".to_owned() }
}

pub(super) fn relation(keys: &[(&str, &str)], problem: impl Into<String>) -> SettingsError {
    SettingsError::Relation { keys: named(keys), problem: problem.into() }
}
