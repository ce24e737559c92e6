//! Lists, page by page.

use futures_util::stream::{self, Stream, TryStreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Error;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Whether there may be more behind it. A page may be short, or empty, and more behind it.
    pub has_more: bool,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Asks for the page after a cursor, or for the first.
type AskPage<T> = Box<dyn Fn(Option<&str>) -> Call<Page<T>> + Send>;

/// Reads a list page by page, to its end.
pub struct Pager<T> {
    call: AskPage<T>,
    cursor: Option<String>,
    ended: bool,
}

impl<T: DeserializeOwned + Send + 'static> Pager<T> {
    pub(crate) fn new(call: impl Fn(Option<&str>) -> Call<Page<T>> + Send + 'static) -> Self {
        Self { call: Box::new(call), cursor: None, ended: false }
    }

    /// Goes on where another pager was.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Where the next page begins; `None` before the first and after the last.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The next page; `None` behind the last. After an error it is asked for again.
    ///
    /// # Errors
    /// [`Error`], as every call.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let asked = (self.call)(self.cursor.as_deref());
        let page = asked.await?;
        self.ended = !page.has_more || page.next_cursor.is_none();
        self.cursor = page.next_cursor;
        Ok(Some(page.data))
    }

    /// Everything, one after the other. It ends with the first error.
    pub fn stream(self) -> impl Stream<Item = Result<T, Error>> {
        let pages = stream::try_unfold(self, async |mut pager| {
            let page = pager.next_page().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.into_iter().map(Ok)), pager)))
        });
        pages.try_flatten()
    }
}

impl<T> std::fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pager")
            .field("cursor", &self.cursor)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
