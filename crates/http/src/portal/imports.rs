//! `/portal/imports`: payments taken in from a CSV: checked first and then imported as they were checked, or at once, with
//! what came of each row.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::audit::Deed;
use redress_core::audit_detail;
use redress_core::id::ImportId;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::admin::payment_imports::{
    Import, ImportRow, ImportState, RowOutcome, RowRefusal, refusal_text,
};
use redress_engine::admin::payments_csv::{NEEDED, OPTIONAL};

use super::field::Field;
use super::form::Form;
use super::format;
use super::gate::{Caller, Posted, Scope, Seen, Signed};
use super::nav::Area;
use super::page::{Shell, see_other, show};
use super::problem::Stop;
use super::text::{Texts, fill};
use super::upload::Uploaded;
use crate::body::PathText;
use crate::payment_upload::{csv, receive};
use crate::problem::Problem;

/// Imports on a page.
const PAGE_IMPORTS: u32 = 20;

/// Rows of an import on a page.
const PAGE_ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "portal/imports.html")]
struct ListPage {
    s: Shell,
    file: Field,
    dry_run: Field,
    imports: Vec<Line>,
}

struct Line {
    id: String,
    status: &'static str,
    rows: String,
    made: Timestamp,
    by: String,
    dry_run: bool,
}

/// GET `/portal/imports`: the form, and the imports before.
pub(crate) async fn list(who: Signed) -> Result<Response, Stop> {
    let scope = who.to(&Act::ImportPayments)?;
    page(&who, scope, StatusCode::OK, "yes", None).await
}

async fn page(
    who: &Signed,
    scope: Scope,
    status: StatusCode,
    dry_run: &str,
    wrong: Option<String>,
) -> Result<Response, Stop> {
    let engine = &who.seen().engine;
    let imports = engine.list_imports(scope.merchant, scope.environment, None, PAGE_IMPORTS).await?;
    let s = Shell::of(who, Area::Payments);
    let t = &s.t.imports;
    let ways = [("yes", t.dry_run_yes), ("no", t.dry_run_no)];
    let ways = ways.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec();
    let (needed, optional) = (NEEDED.join(", "), OPTIONAL.join(", "));
    let columns = fill(t.told, &[("needed", needed.as_str()), ("optional", optional.as_str())]);
    let page = ListPage {
        file: Field::line("file", "file", t.file).hint(columns).wrong(wrong),
        dry_run: Field::radio("dry_run", t.dry_run, ways).value(dry_run),
        imports: imports.into_iter().map(|import| Line::of(import, s.t)).collect(),
        s,
    };
    Ok(show(status, &page.s, &page))
}

/// POST `/portal/imports`: receives a file; it is taken in beside.
pub(crate) async fn begin(
    Uploaded { who, form, file, place: _place }: Uploaded<Signed>,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::ImportPayments)?;
    who.opened_here(&form)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let typed = form.typed("dry_run");
    let wrong = |told: String| page(&who, scope, StatusCode::UNPROCESSABLE_ENTITY, typed, Some(told));
    if file.is_empty() {
        return wrong(t.imports.no_file.to_owned()).await;
    }
    let accounts = seen.engine.list_accounts(Some(scope.merchant)).await?;
    let accounts = accounts.into_iter().map(|account| (account.id, account.environment)).collect();
    let rows = match csv(&file, scope.environment, "everything in this environment", &accounts) {
        Ok(rows) => rows,
        Err(problem) => return wrong(t.upload_problem(&problem)).await,
    };
    drop(file);
    // Only the word itself imports: whatever else was sent only checks.
    let dry_run = typed != "no";
    let deed = if dry_run { Deed::PaymentsChecked } else { Deed::PaymentsImported };
    let detail = format!("{}{}", rows.len(), audit_detail::ROWS);
    seen.engine.note_deed(who.who(), &seen.origin, deed, None, Some(detail)).await?;
    let of = (scope.merchant, scope.environment);
    let import = receive(&seen.engine, of, &who.who().user.email, dry_run, rows).await?;
    Ok(see_other(&format!("/portal/imports/{import}")))
}

/// POST `/portal/imports/{id}`: takes in what a check found to change something, as it was checked.
pub(crate) async fn import_checked(
    path: PathText,
    Posted { who, .. }: Posted<Signed>,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::ImportPayments)?;
    let seen = who.seen();
    let check = found(seen, scope, path).await?;
    let (object, rows) = (Some(check.id.to_string()), check.importable().unwrap_or(0));
    let detail = Some(format!("{rows}{}", audit_detail::ROWS));
    seen.engine.note_deed(who.who(), &seen.origin, Deed::PaymentsImported, object, detail).await?;
    let (merchant, environment, author) = (scope.merchant, scope.environment, &who.who().user.email);
    let import = seen.engine.import_checked(merchant, environment, check.id, author).await?;
    Ok(see_other(&format!("/portal/imports/{import}")))
}

async fn found(seen: &Seen, scope: Scope, PathText(id): PathText) -> Result<Import, Stop> {
    let id = id.and_then(|id| ImportId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    Ok(seen.engine.import(scope.merchant, scope.environment, id).await?)
}

#[derive(Template)]
#[template(path = "portal/import.html")]
struct OnePage {
    s: Shell,
    id: String,
    status: &'static str,
    is_running: bool,
    dry_run: bool,
    /// Of a check that found something to import: the words of the button that does.
    go: Option<String>,
    /// It is a check that found nothing to import.
    finds_nothing: bool,
    done: u64,
    total: u64,
    progress: String,
    counts: Vec<(&'static str, String)>,
    filter: Field,
    rows: Vec<Row>,
    more: Option<String>,
}

struct Row {
    line: u64,
    order_ref: Option<String>,
    payment: Option<String>,
    outcome: &'static str,
    outcome_word: &'static str,
    why: Option<Refused>,
}

/// Why a row was refused.
struct Refused {
    words: String,
    code: String,
    /// What was recorded besides, for developers.
    recorded: Option<String>,
}

/// GET `/portal/imports/{id}`: how far it is, and what came of each row.
pub(crate) async fn show_it(
    who: Signed,
    path: PathText,
    RawQuery(query): RawQuery,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::ImportPayments)?;
    let engine = &who.seen().engine;
    let import = found(who.seen(), scope, path).await?;
    let id = import.id;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let outcome = RowOutcome::parse(query.typed("outcome"));
    let after = query.typed("after").parse().unwrap_or(0);
    let rows = engine.import_rows(scope.merchant, id, outcome, after, PAGE_ROWS).await?;
    let s = Shell::of(&who, Area::Payments);
    let t = s.t;
    let last = rows.last().filter(|_| rows.len() == PAGE_ROWS as usize).map(|row| row.line);
    let chosen = outcome.map_or("", RowOutcome::as_str);
    let outcomes = RowOutcome::ALL.map(|one| (one.as_str().to_owned(), t.row_outcome(Some(one)).to_owned()));
    let outcomes = [(String::new(), t.imports.all.to_owned())].into_iter().chain(outcomes).collect();
    let importable = import.importable();
    let Import { total, created, updated, unchanged, refused, .. } = import;
    let done = created + updated + unchanged + refused;
    let counts = [
        (t.imports.created, created),
        (t.imports.updated, updated),
        (t.imports.unchanged, unchanged),
        (t.imports.refused, refused),
        (t.imports.waiting, total.saturating_sub(done)),
    ];
    let progress = [("done", format::count(done)), ("total", format::count(total))];
    let progress = progress.each_ref().map(|(name, count)| (*name, count.as_str()));
    let page = OnePage {
        id: id.to_string(),
        status: t.import_state(import.state),
        is_running: import.state == ImportState::Running,
        dry_run: import.dry_run,
        go: importable.map(|rows| fill(t.imports.import_go, &[("count", &format::count(rows))])),
        finds_nothing: importable.is_none() && import.dry_run && import.state == ImportState::Done,
        progress: fill(t.imports.progress, &progress),
        counts: counts.map(|(word, count)| (word, format::count(count))).to_vec(),
        filter: Field::choice("outcome", t.imports.outcome, outcomes).value(chosen).optional(),
        more: last.map(|line| format!("/portal/imports/{id}?outcome={chosen}&after={line}")),
        rows: rows.into_iter().map(|row| Row::of(row, t)).collect(),
        done,
        total,
        s,
    };
    Ok(show(StatusCode::OK, &page.s, &page))
}

impl Line {
    fn of(import: Import, t: &'static Texts) -> Self {
        Self {
            id: import.id.to_string(),
            status: t.import_state(import.state),
            rows: format::count(import.total),
            made: import.created_at,
            by: import.author,
            dry_run: import.dry_run,
        }
    }
}

impl Row {
    fn of(row: ImportRow, t: &'static Texts) -> Self {
        Self {
            line: row.line,
            order_ref: row.order_ref,
            payment: row.payment.map(|id| id.to_string()),
            outcome: row.outcome.map_or("waiting", RowOutcome::as_str),
            outcome_word: t.row_outcome(row.outcome),
            why: row.refusal.as_ref().map(|refusal| Refused::of(refusal, t)),
        }
    }
}

impl Refused {
    fn of(refusal: &RowRefusal, t: &'static Texts) -> Self {
        let kind = refusal.kind.as_str();
        Self {
            words: t.row_refusal(refusal),
            code: refusal.field.as_ref().map_or_else(|| kind.to_owned(), |field| format!("{kind}: {field}")),
            recorded: refusal.detail.as_ref().map(|_| refusal_text(refusal)),
        }
    }
}

#[cfg(test)]
#[path = "imports_tests.rs"]
mod tests;
