//! The feed of events, followed.

use std::time::Duration;

use crate::api::events::{Event, EventFilter};
use crate::client::Client;
use crate::error::Error;

/// The most events on a page.
const PAGE_EVENTS_MAX: u32 = 500;

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
    /// Where it begins is asked first.
    from_now: bool,
}

impl Client {
    /// The feed from a place on; only events of one type, or of several with commas between, where one is named.
    #[must_use]
    pub fn feed(&self, from: FeedStart, kind: Option<String>) -> Feed {
        let (cursor, from_now) = match from {
            FeedStart::Beginning => (None, false),
            FeedStart::Now => (None, true),
            FeedStart::Cursor(cursor) => (Some(cursor), false),
        };
        Feed { client: self.clone(), cursor, kind, from_now }
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
        if self.from_now {
            // Without waiting: whoever lost the answer of a long wait would begin later than it asked.
            let page = self.page(Duration::ZERO).await?;
            self.from_now = false;
            if !page.0.is_empty() {
                return Ok(page);
            }
        }
        self.page(wait).await
    }

    async fn page(&mut self, wait: Duration) -> Result<(Vec<Event>, bool), Error> {
        let filter = EventFilter {
            cursor: self.cursor.clone(),
            from: self.from_now.then(|| "now".to_owned()),
            limit: Some(PAGE_EVENTS_MAX),
            kind: self.kind.clone(),
        };
        let call = self.client.list_events(&filter);
        let page = if wait.is_zero() { call.await? } else { call.wait(wait).await? };
        if page.next_cursor.is_some() {
            self.cursor = page.next_cursor;
        }
        Ok((page.data, page.has_more))
    }
}
