//! What a run has to do with while it goes on.

use std::sync::Mutex;
use std::time::Duration;

use crate::load::Load;
use crate::site::{Server, Site};

/// The site, those who load it, and how it goes.
pub struct Scene<'a> {
    /// The site.
    pub site: &'a Site,
    /// The callers.
    pub load: &'a Load<'a>,
    /// The servers.
    pub servers: Vec<Server>,
    /// Progress, for whoever watches.
    pub says: &'a Mutex<String>,
    /// The longest return to service.
    pub slowest: Duration,
}
