//! Copying a database file while a server writes it, and looking a copy over.
//!
//! The copy is read in one snapshot, so it holds all of one moment and nothing later, and it never begins again however
//! much is written meanwhile: SQLite's backup starts over when the file changes under it, but what holds a snapshot sees
//! no change. The writer is never waited for and never waits; its log only cannot be started over before the copy is
//! done. See <https://www.sqlite.org/backup.html> and <https://www.sqlite.org/wal.html>.

use std::path::Path;

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::conn::{Purpose, open};
use crate::open_error::OpenError;

/// So many pages are copied in one step: 2 MiB of pages of 2 KiB.
const STEP_PAGES: i32 = 1_024;

/// No look at a copy tells more of its damage than so many lines.
const DAMAGE_LINES_MAX: usize = 20;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Pages that were copied.
    pub pages: u64,
    /// Pages in all.
    pub pages_total: u64,
    /// The size of a page, in bytes.
    pub page_bytes: u32,
}

/// Copies a database file, in use or not, into `to`, which is there and empty: its permissions are its maker's choice.
/// Blocks until it is done. What was committed before the call is in the copy. Nothing is flushed to the disk: that is
/// left to who gives the copy its name.
///
/// # Errors
/// [`OpenError`] when either file cannot be opened, read or written; `to` holds nothing of use then.
pub fn copy_sqlite(from: &Path, to: &Path, mut tell: impl FnMut(CopyProgress)) -> Result<(), OpenError> {
    let source = open(Some(from), Purpose::Read)?;
    let page_bytes: u32 = source.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // The first read takes the snapshot, and the transaction keeps it.
    source.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1;")?;
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let at = backup.progress();
            let (left, all) = (u64::try_from(at.remaining), u64::try_from(at.pagecount));
            let pages_total = all.unwrap_or(0);
            tell(CopyProgress {
                pages: pages_total.saturating_sub(left.unwrap_or(0)),
                pages_total,
                page_bytes,
            });
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else knows the copy, and who reads a snapshot waits for nobody.
                _ => {
                    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                    return Err(
                        rusqlite::Error::SqliteFailure(busy, Some("the copy is in use".into())).into()
                    );
                }
            }
        }
    }
    copy.close().map_err(|(_, error)| error)?;
    source.execute_batch("COMMIT")?;
    Ok(())
}

/// Looks all of a database file over that nobody else uses: its structure, its indexes, and that no row points at one
/// that is not there. Answers what is wrong, in SQLite's words; nothing where all is well. Blocks.
///
/// # Errors
/// [`OpenError`] when it cannot be opened or is no database at all.
pub fn check_sqlite(path: &Path) -> Result<Vec<String>, OpenError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let limit = format!("integrity_check({DAMAGE_LINES_MAX})");
    let mut statement = conn.prepare(&format!("PRAGMA {limit}"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut damage: Vec<String> =
        lines.filter(|line| !matches!(line, Ok(line) if line == "ok")).collect::<Result<_, _>>()?;
    drop(statement);
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let lost = statement.query_map([], |row| row.get::<_, String>(0))?.take(DAMAGE_LINES_MAX);
    for table in lost {
        damage.push(format!("a row of {} points at a row that is not there", table?));
    }
    Ok(damage)
}

#[cfg(test)]
mod tests;
