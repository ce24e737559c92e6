//! The feed of events, followed.

use std::time::Duration;

use crate::api::events::{Event, EventFilter};
use crate::client::Client;
use crate::error::Error;

/// The most events on a page.
const PAGE_EVENTS_MAX: u32 = 500;

/// Events of this type are rare: to pass over a feed, the server looks through far more of it at once than it shows.
const RARE_TYPE: &str = "endpoint.enabled";

/// Where a feed is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedStart {
    /// The first event there ever was.
    Beginning,
    /// What comes from now on.
    Now,
    /// A cursor that was given out before.
    Cursor(String),
}

/// Reads the feed on and on. Whoever keeps the cursor of a page, once its events are dealt with, misses nothing.
#[derive(Debug)]
pub struct Feed {
    client: Client,
    cursor: Option<String>,
    kind: Option<String>,
    /// All that is there already is passed over first.
    passes: bool,
}

impl Client {
    /// The feed from a place on; only events of one type, where one is named.
    #[must_use]
    pub fn feed(&self, from: FeedStart, kind: Option<String>) -> Feed {
        let (cursor, passes) = match from {
            FeedStart::Beginning => (None, false),
            FeedStart::Now => (None, true),
            FeedStart::Cursor(cursor) => (Some(cursor), false),
        };
        Feed { client: self.clone(), cursor, kind, passes }
    }
}

impl Feed {
    /// Where the next page begins; `None` is the beginning.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The next events, and whether there are more already. Where there is none yet, the server waits so long for one; then
    /// it may be none still. After an error the same page is asked for again.
    ///
    /// # Errors
    /// [`Error`], as every call.
    pub async fn next_page(&mut self, wait: Duration) -> Result<(Vec<Event>, bool), Error> {
        while self.passes {
            let rare = Some(RARE_TYPE.to_owned());
            let page = self.page(rare, Duration::ZERO).await?;
            self.passes = page.1;
        }
        self.page(self.kind.clone(), wait).await
    }

    async fn page(&mut self, kind: Option<String>, wait: Duration) -> Result<(Vec<Event>, bool), Error> {
        let filter = EventFilter { cursor: self.cursor.clone(), limit: Some(PAGE_EVENTS_MAX), kind };
        let call = self.client.list_events(&filter);
        let page = if wait.is_zero() { call.await? } else { call.wait(wait).await? };
        if page.next_cursor.is_some() {
            self.cursor = page.next_cursor;
        }
        Ok((page.data, page.has_more))
    }
}
