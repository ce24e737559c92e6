//! Pages of a list: `limit`, `cursor`, and `next_cursor` in the answer.
//!
//! A cursor names the last thing of the page before and nothing else: it stays good whatever is added meanwhile, and does
//! not run out. Callers take it as it is.

use std::fmt::Display;

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::query::QueryFields;
use crate::json_object::FieldProblem;

/// So many things are on a page where the caller does not say.
pub(crate) const PAGE_LIMIT_DEFAULT: u32 = 50;

/// The most things on a page.
pub(crate) const PAGE_LIMIT_MAX: u32 = 500;

/// The names of the parameters.
pub(crate) const LIMIT: &str = "limit";
pub(crate) const CURSOR: &str = "cursor";

/// Which page a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageAsked<C> {
    /// The most things on it.
    pub(crate) limit: u32,
    /// What it begins after; `None` for the first.
    pub(crate) after: Option<C>,
}

/// The parameters of every list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `PageAsked` reads")]
pub(crate) struct PageParams {
    /// The most on a page; 50 where it is left out. A page may be shorter.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before; the list's beginning where it is left out.
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) data: Vec<T>,
    /// Whether there is more behind it.
    pub(crate) has_more: bool,
    /// Where the next page begins: to be sent as `cursor`. It is there also at the end of the list where something may be
    /// added later.
    pub(crate) next_cursor: Option<String>,
}

impl<C> PageAsked<C> {
    /// Reads `limit` and `cursor`; `parse` reads a cursor that this server gave out.
    pub(crate) fn read(query: &QueryFields, parse: impl Fn(&str) -> Option<C>) -> Result<Self, FieldProblem> {
        let wanted = format!("a whole number from 1 to {PAGE_LIMIT_MAX}");
        let limit = query.parsed(LIMIT, &wanted, |text| {
            text.parse().ok().filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit))
        })?;
        let after = query.parsed(CURSOR, "the next_cursor of a page, as it was", parse)?;
        Ok(Self { limit: limit.unwrap_or(PAGE_LIMIT_DEFAULT), after })
    }
}

impl<T> Page<T> {
    /// A page of rows of which one more than `limit` was asked for: the last only says that there is more.
    pub(crate) fn of<R, C: Display>(
        mut rows: Vec<R>,
        limit: u32,
        cursor: impl Fn(&R) -> C,
        shown: impl FnMut(R) -> T,
    ) -> Self {
        let limit = limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| has_more).map(|last| cursor(last).to_string());
        Self { data: rows.into_iter().map(shown).collect(), has_more, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_more_than_asked_says_that_there_is_more() {
        let page = |rows: &[u32]| {
            let page = Page::of(rows.to_vec(), 2, |row| *row, |row| row * 10);
            (page.data, page.has_more, page.next_cursor)
        };
        assert_eq!(page(&[]), (vec![], false, None));
        assert_eq!(page(&[1, 2]), (vec![10, 20], false, None));
        assert_eq!(page(&[1, 2, 3]), (vec![10, 20], true, Some("2".to_owned())));
    }
}
