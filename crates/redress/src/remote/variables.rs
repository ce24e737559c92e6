//! The variables that commands over HTTP read.

pub(crate) const URL_VARIABLE: &str = "REDRESS_URL";
pub(crate) const API_KEY_VARIABLE: &str = "REDRESS_API_KEY";
pub(crate) const PROFILE_VARIABLE: &str = "REDRESS_PROFILE";
