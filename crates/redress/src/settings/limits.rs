//! `[limits]`: how much is taken at once.

use std::time::Duration;

use redress_store::{GROUP_OPS_MAX, QUEUE_OPS_MAX};

use super::SettingsError;
use super::reader::Section;

/// Connections that are served at once unless told otherwise; fits under the usual 1024 open files of a process.
const CONNECTIONS_MAX: usize = 768;

#[derive(Clone, Debug)]
pub(crate) struct LimitSettings {
    /// Connections that are served at once; further ones wait in the system's queue.
    pub(crate) connections_max: usize,
    /// A request's head must come within this; an idle connection is closed after it.
    pub(crate) head_timeout: Duration,
    /// A request's body must come within this.
    pub(crate) body_timeout: Duration,
    /// A caller must go on reading its answer within this.
    pub(crate) write_timeout: Duration,
    /// Operations that wait for the store; one more is answered 503.
    pub(crate) store_queue_max: usize,
    /// Operations in one commit (SQLite).
    pub(crate) store_group_max: usize,
}

impl LimitSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let spans = Duration::from_millis(100)..=Duration::from_secs(600);
        let settings = Self {
            connections_max: section.within("connections_max", CONNECTIONS_MAX, 1..=1_000_000)?,
            head_timeout: section.within("head_timeout", Duration::from_secs(30), spans.clone())?,
            body_timeout: section.within("body_timeout", Duration::from_secs(15), spans.clone())?,
            write_timeout: section.within("write_timeout", Duration::from_secs(15), spans)?,
            store_queue_max: section.within("store_queue_max", QUEUE_OPS_MAX, 1..=1_000_000)?,
            store_group_max: section.within("store_group_max", GROUP_OPS_MAX, 1..=10_000)?,
        };
        section.finish()?;
        Ok(settings)
    }
}
