//! Lists as files: CSV, written while it is read from the store, so that no list is held whole.

use std::future::Future;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use redress_engine::error::EngineError;
use redress_engine::lists::EXPORT_ROWS_MAX;

use super::csv_text::row;
use super::format;
use super::gate::{Caller, Scope, Signed};
use super::text::fill;

/// A list, some rows at a time.
pub(super) trait Export: Send + 'static {
    /// The next rows; `None` at the end.
    fn rows(&mut self) -> impl Future<Output = Result<Option<String>, EngineError>> + Send;

    /// Whether there would have been more than a file may have.
    fn was_cut(&self) -> bool;
}

enum Writing<E> {
    Header(E),
    Rows(E),
    Ended,
}

/// Answers with a file. Where the store fails on the way the answer breaks off, so that nobody takes a part for all of
/// it; where there are more rows than a file may have, its last line says so.
pub(super) fn csv_answer<E: Export>(
    who: &Signed,
    scope: Scope,
    name: &str,
    columns: &[&'static str],
    export: E,
) -> Response {
    let seen = who.seen();
    let day = format::machine_day(seen.engine.now());
    let file = format!("attachment; filename=\"{name}-{}-{day}.csv\"", scope.environment);
    let most = format::count(u64::from(EXPORT_ROWS_MAX));
    let cut = fill(seen.language.texts().lists.export_cut, &[("count", &most)]);
    let header_row = row(columns.iter().copied());
    let parts = stream::try_unfold(Writing::Header(export), move |writing| {
        let (header_row, cut) = (header_row.clone(), cut.clone());
        async move {
            match writing {
                Writing::Header(export) => Ok(Some((header_row, Writing::Rows(export)))),
                Writing::Rows(mut export) => match export.rows().await {
                    Ok(Some(rows)) => Ok(Some((rows, Writing::Rows(export)))),
                    Ok(None) if export.was_cut() => Ok(Some((row([cut.as_str()]), Writing::Ended))),
                    Ok(None) => Ok(None),
                    Err(error) => {
                        tracing::warn!(%error, "an export was broken off");
                        Err(error)
                    }
                },
                Writing::Ended => Ok(None),
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &*file)];
    (headers, Body::from_stream(parts)).into_response()
}
