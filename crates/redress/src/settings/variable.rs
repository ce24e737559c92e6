//! How the variables of settings are named.

/// What every variable that is a setting begins with.
pub(super) const PREFIX: &str = "REDRESS_";

/// The variable of a key: `REDRESS_SERVER_LISTEN`.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}_{}", section.to_uppercase(), key.to_uppercase())
}
