//! Who signs in to the portal: people, their second factors, sessions, and tries that failed.

pub mod second_factor;
mod session_end;
pub mod sessions;
pub mod tries;
pub mod users;
pub mod wanted_by;

#[cfg(test)]
pub(crate) mod fixtures;
