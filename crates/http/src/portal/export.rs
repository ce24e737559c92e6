//! Lists as files: CSV, written while it is read from the store, so that no list is held whole.

use std::future::Future;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use redress_core::audit::Deed;
use redress_core::role::Act;
use redress_engine::engine::Engine;
use redress_engine::error::EngineError;
use redress_engine::lists::EXPORT_ROWS_MAX;

use super::csv_text::{MARK, row};
use super::format;
use super::gate::{Caller, Scope, Signed};
use super::list_query::ListQuery;
use super::page::see_other;
use super::problem::Stop;
use super::text::fill;

/// A list, some rows at a time.
pub(super) trait Export: Send + 'static {
    /// The next rows; `None` at the end.
    fn rows(&mut self) -> impl Future<Output = Result<Option<String>, EngineError>> + Send;

    /// Whether there would have been more than a file may have.
    fn was_cut(&self) -> bool;
}

/// Answers with all pages of the list `name` as a file, and notes who took it. Where something was typed that cannot be,
/// the list says what.
pub(super) async fn export_list<F, E: Export>(
    who: &Signed,
    query: Option<String>,
    name: &str,
    columns: &[&'static str],
    filter: impl FnOnce(&mut ListQuery) -> F,
    begin: impl FnOnce(&Engine, Scope, F) -> E,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::Export)?;
    let seen = who.seen();
    let mut query = ListQuery::of(query, seen.language.texts());
    let filter = filter(&mut query);
    if query.is_wrong() {
        return Ok(see_other(&format!("/portal/{name}?{}", query.kept())));
    }
    let (object, detail) = (Some(name.to_owned()), Some(query.kept()));
    seen.engine.note_deed(who.who(), &seen.origin, Deed::ListExported, object, detail).await?;
    Ok(csv_answer(who, scope, name, columns, begin(&seen.engine, scope, filter)))
}

enum Writing<E> {
    Header(E),
    Rows(E),
    Ended,
}

/// Answers with a file. Where the store fails on the way the answer breaks off, so that nobody takes a part for all of
/// it; where there are more rows than a file may have, its last line says so.
fn csv_answer<E: Export>(
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
    let header_row = format!("{MARK}{}", row(columns.iter().copied()));
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
