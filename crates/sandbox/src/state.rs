//! What the sandbox remembers, in one SQLite file: one transaction a request, so that a killed sandbox comes back
//! with every effect it ever showed and everything it still owed. (WAL with `synchronous=NORMAL`: safe against the
//! death of the process; a power loss may take the last transactions.)

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::psp::Psp;
use crate::rows::REFUND_COLUMNS;
pub(crate) use crate::rows::{
    ALWAYS, Due, DueKind, NewRefund, Payment, Refund, Request, RequestState, Stage,
};
use crate::script::Step;

/// How long opening waits for another process that still has the file, in milliseconds.
const OPEN_WAIT_MS: u64 = 5_000;

/// Size of a page of a new file, in bytes.
const PAGE_BYTES: i64 = 2_048;

/// The log is written back to the file when it has so many pages (32 MiB).
const CHECKPOINT_PAGES: i64 = 16_384;

/// Prepared statements kept: more than there are.
const STATEMENTS_KEPT: usize = 128;

/// Where the state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this file, made when it is missing; it outlives the process.
    File(PathBuf),
    /// Nowhere: it ends with the sandbox.
    Memory,
}

/// Why the state could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite said no.
    #[error("the sandbox's state: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be made.
    #[error("the sandbox's state: {0}")]
    File(String),
    /// A stored text is not what this program wrote.
    #[error("the sandbox's state holds something unreadable: {0}")]
    Unreadable(String),
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Db {
    connection: Connection,
    /// When the file was made; PSP ids are derived from it, so that a fresh file does not repeat the ids of an older
    /// one.
    pub(crate) origin_ms: i64,
}

impl Db {
    pub(crate) fn open(place: &Place, now_ms: i64) -> Result<Db, StateError> {
        let mut connection = match place {
            Place::File(path) => {
                make_private(path)?;
                Connection::open(path)?
            }
            Place::Memory => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // Else a statement may be prepared again whenever a parameter changes.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.busy_timeout(Duration::from_millis(OPEN_WAIT_MS))?;
        // Exclusive: two sandboxes on one file would both do what is due. The lock dies with its process.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        // Only a new file takes it: a request changes a few rows, and what is logged are whole pages.
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Each checkpoint waits for the disk, with everybody.
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(include_str!("schema.sql"))?;
        tx.execute(
            "INSERT INTO origin (only_row, created_ms) VALUES (1, ?1) ON CONFLICT DO NOTHING",
            [now_ms],
        )?;
        let origin_ms = tx.query_row("SELECT created_ms FROM origin", [], |row| row.get(0))?;
        tx.commit()?;
        Ok(Db { connection, origin_ms })
    }

    /// Runs the work as one transaction: all of it or, on an error, nothing. Says besides whether it made something due.
    pub(crate) fn transact<T, E: From<StateError>>(
        &mut self,
        work: impl FnOnce(&State<'_>) -> Result<T, E>,
    ) -> Result<(T, bool), E> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StateError::Sqlite)?;
        let state = State { tx, origin_ms: self.origin_ms, made_due: Cell::new(false) };
        let out = work(&state)?;
        let State { tx, made_due, .. } = state;
        tx.commit().map_err(StateError::Sqlite)?;
        Ok((out, made_due.get()))
    }
}

/// The state inside one transaction.
#[derive(Debug)]
pub(crate) struct State<'a> {
    tx: Transaction<'a>,
    /// See [`Db::origin_ms`].
    pub(crate) origin_ms: i64,
    /// Something was made due, now or later.
    made_due: Cell<bool>,
}

impl State<'_> {
    /// Runs a statement that answers nothing, kept prepared.
    fn exec(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StateError> {
        Ok(self.tx.prepare_cached(sql)?.execute(values)?)
    }

    pub(crate) fn payment(&self, psp: Psp, payment: &str) -> Result<Option<Payment>, StateError> {
        let sql = "SELECT currency, captured_minor FROM payment WHERE psp = ?1 AND payment = ?2";
        let read = |row: &Row<'_>| Ok(Payment { currency: row.get(0)?, captured_minor: row.get(1)? });
        Ok(self.tx.prepare_cached(sql)?.query_row(params![psp, payment], read).optional()?)
    }

    pub(crate) fn insert_payment(&self, psp: Psp, payment: &str, row: &Payment) -> Result<(), StateError> {
        self.exec(
            "INSERT INTO payment (psp, payment, currency, captured_minor) VALUES (?1, ?2, ?3, ?4)",
            params![psp, payment, row.currency, row.captured_minor],
        )?;
        Ok(())
    }

    /// Where the PSP's notifications to an account go that no request says it of: to the account's own address, else to
    /// the one for all.
    pub(crate) fn webhook(&self, psp: Psp, account: &str) -> Result<Option<String>, StateError> {
        let sql = "SELECT url FROM account_webhook WHERE psp = ?1 AND account = ?2
                   UNION ALL SELECT url FROM webhook WHERE psp = ?1 LIMIT 1";
        Ok(self.tx.prepare_cached(sql)?.query_row(params![psp, account], |row| row.get(0)).optional()?)
    }

    pub(crate) fn put_webhook(&self, psp: Psp, url: &str) -> Result<(), StateError> {
        let sql = "INSERT INTO webhook (psp, url) VALUES (?1, ?2) ON CONFLICT (psp) DO UPDATE SET url = excluded.url";
        self.exec(sql, params![psp, url])?;
        Ok(())
    }

    /// The same for one account, by the name that the state has for it.
    pub(crate) fn put_account_webhook(&self, psp: Psp, account: &str, url: &str) -> Result<(), StateError> {
        self.tx.execute(
            "INSERT INTO account_webhook (psp, account, url) VALUES (?1, ?2, ?3)
             ON CONFLICT (psp, account) DO UPDATE SET url = excluded.url",
            params![psp, account, url],
        )?;
        Ok(())
    }

    /// Whether so much more can be given back of the payment, counting what is pending or done.
    pub(crate) fn fits(&self, psp: Psp, payment: &str, amount_minor: i64) -> Result<bool, StateError> {
        Ok(self.left(psp, payment)?.is_some_and(|left| amount_minor <= left))
    }

    /// How much can be given back of the payment, counting what is pending or done; `None` where it is not known.
    pub(crate) fn left(&self, psp: Psp, payment: &str) -> Result<Option<i64>, StateError> {
        let Some(row) = self.payment(psp, payment)? else { return Ok(None) };
        let sql = "SELECT COALESCE(SUM(amount_minor), 0) FROM refund
                   WHERE psp = ?1 AND payment = ?2 AND stage IN ('pending', 'succeeded')";
        let used: i64 = self.tx.prepare_cached(sql)?.query_row(params![psp, payment], |row| row.get(0))?;
        Ok(Some(row.captured_minor.saturating_sub(used)))
    }

    /// Inserts a refund; `id` makes the PSP's id of it from its number.
    pub(crate) fn insert_refund(
        &self,
        new: &NewRefund<'_>,
        now_ms: i64,
        id: impl FnOnce(i64) -> String,
    ) -> Result<Refund, StateError> {
        // The id is made from the row's own number, so the row stands for a moment under a name no PSP would give.
        self.exec(
            "INSERT INTO refund (psp, account, refund, payment, ref_key, amount_minor, currency, stage, created_ms, detail)
             VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                new.psp,
                new.account,
                new.payment,
                new.key,
                new.amount_minor,
                new.currency,
                new.stage,
                now_ms,
                new.detail
            ],
        )?;
        let seq = self.tx.last_insert_rowid();
        let refund = id(seq);
        self.exec("UPDATE refund SET refund = ?2 WHERE seq = ?1", params![seq, refund])?;
        Ok(Refund {
            seq,
            psp: new.psp,
            account: new.account.to_owned(),
            refund,
            payment: new.payment.to_owned(),
            key: new.key.to_owned(),
            amount_minor: new.amount_minor,
            currency: new.currency.to_owned(),
            stage: new.stage,
            created_ms: now_ms,
            detail: new.detail.clone(),
        })
    }

    /// Moves a refund; `created_ms` is when the PSP says that it was made.
    pub(crate) fn update_refund(&self, refund: &Refund) -> Result<(), StateError> {
        self.exec(
            "UPDATE refund SET stage = ?2, created_ms = ?3 WHERE seq = ?1",
            params![refund.seq, refund.stage, refund.created_ms],
        )?;
        Ok(())
    }

    pub(crate) fn update_detail(&self, seq: i64, detail: &str) -> Result<(), StateError> {
        self.exec("UPDATE refund SET detail = ?2 WHERE seq = ?1", params![seq, detail])?;
        Ok(())
    }

    pub(crate) fn delete_refund(&self, seq: i64) -> Result<(), StateError> {
        self.exec("DELETE FROM due WHERE refund = ?1", [seq])?;
        self.exec("DELETE FROM refund WHERE seq = ?1", [seq])?;
        Ok(())
    }

    fn refunds_where(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
        order: &str,
    ) -> Result<Vec<Refund>, StateError> {
        let sql = format!("SELECT {REFUND_COLUMNS} FROM refund WHERE {condition} ORDER BY {order}");
        let mut statement = self.tx.prepare_cached(&sql)?;
        let rows = statement.query_map(values, Refund::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn refund_by_seq(&self, seq: i64) -> Result<Option<Refund>, StateError> {
        Ok(self.refunds_where("seq = ?1", [seq], "seq")?.pop())
    }

    /// The account's refund with this id of the PSP, whatever its stage.
    pub(crate) fn refund_by_id(
        &self,
        psp: Psp,
        account: &str,
        id: &str,
    ) -> Result<Option<Refund>, StateError> {
        let condition = "psp = ?1 AND account = ?2 AND refund = ?3";
        Ok(self.refunds_where(condition, params![psp, account, id], "seq")?.pop())
    }

    /// The account's refunds under this reference of the merchant, whatever their stage, oldest first.
    pub(crate) fn refunds_by_key(
        &self,
        psp: Psp,
        account: &str,
        key: &str,
    ) -> Result<Vec<Refund>, StateError> {
        let condition = "psp = ?1 AND account = ?2 AND ref_key = ?3";
        self.refunds_where(condition, params![psp, account, key], "seq")
    }

    /// Refunds of any account whose id or reference this is, oldest first.
    pub(crate) fn refunds_named(&self, psp: Psp, name: &str) -> Result<Vec<Refund>, StateError> {
        self.refunds_where("psp = ?1 AND (refund = ?2 OR ref_key = ?2)", params![psp, name], "seq")
    }

    /// The account's refunds that the PSP shows, of one payment or of all, made from the first to the last of two
    /// moments, newest first.
    pub(crate) fn refunds_shown(
        &self,
        psp: Psp,
        account: &str,
        payment: Option<&str>,
        (from_ms, to_ms): (i64, i64),
    ) -> Result<Vec<Refund>, StateError> {
        let shown = "psp = ?1 AND account = ?2 AND created_ms BETWEEN ?3 AND ?4 AND stage <> 'coming'";
        let order = "created_ms DESC, seq DESC";
        match payment {
            None => self.refunds_where(shown, params![psp, account, from_ms, to_ms], order),
            Some(payment) => {
                let condition = format!("{shown} AND payment = ?5");
                self.refunds_where(&condition, params![psp, account, from_ms, to_ms, payment], order)
            }
        }
    }

    /// Every refund that moved or reserved money, oldest first.
    pub(crate) fn effects(&self) -> Result<Vec<Refund>, StateError> {
        self.refunds_where("stage NOT IN ('coming', 'refused')", [], "seq")
    }

    pub(crate) fn request(&self, psp: Psp, account: &str, id: &str) -> Result<Option<Request>, StateError> {
        let sql = "SELECT fingerprint, state, answer FROM request WHERE psp = ?1 AND account = ?2 AND request_id = ?3";
        let read = |row: &Row<'_>| {
            let state: String = row.get(1)?;
            let state = match state.as_str() {
                "running" => RequestState::Running,
                "final" => RequestState::Final,
                _ => RequestState::Open,
            };
            Ok(Request { fingerprint: row.get(0)?, state, answer: row.get(2)? })
        };
        Ok(self.tx.prepare_cached(sql)?.query_row(params![psp, account, id], read).optional()?)
    }

    /// Remembers a request, or what became of it.
    pub(crate) fn put_request(
        &self,
        psp: Psp,
        account: &str,
        id: &str,
        request: &Request,
    ) -> Result<(), StateError> {
        self.exec(
            "INSERT INTO request (psp, account, request_id, fingerprint, state, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (psp, account, request_id) DO UPDATE
             SET fingerprint = excluded.fingerprint, state = excluded.state, answer = excluded.answer",
            params![psp, account, id, request.fingerprint, request.state.text(), request.answer],
        )?;
        Ok(())
    }

    /// Puts these steps in the place of what was left of the payment's script.
    pub(crate) fn put_script(&self, psp: Psp, payment: &str, steps: &[Step]) -> Result<(), StateError> {
        self.exec("DELETE FROM script WHERE psp = ?1 AND payment = ?2", params![psp, payment])?;
        for step in steps {
            self.exec(
                "INSERT INTO script (psp, payment, step) VALUES (?1, ?2, ?3)",
                params![psp, payment, step.text()],
            )?;
        }
        Ok(())
    }

    /// Takes the next step of the payment's script; without one the PSP simply does its work.
    pub(crate) fn next_step(&self, psp: Psp, payment: &str) -> Result<Step, StateError> {
        let sql = "DELETE FROM script WHERE seq =
                   (SELECT seq FROM script WHERE psp = ?1 AND payment = ?2 ORDER BY seq LIMIT 1) RETURNING step";
        let mut statement = self.tx.prepare_cached(sql)?;
        let text: Option<String> = statement.query_row(params![psp, payment], |row| row.get(0)).optional()?;
        match text {
            None => Ok(Step::Succeed),
            Some(text) => Step::parse(&serde_json::Value::from(text)).map_err(StateError::Unreadable),
        }
    }

    /// Adds something due and gives its number.
    pub(crate) fn add_due(
        &self,
        due_ms: i64,
        refund_seq: i64,
        kind: DueKind,
        payload: &str,
    ) -> Result<i64, StateError> {
        self.exec(
            "INSERT INTO due (due_ms, refund, kind, payload) VALUES (?1, ?2, ?3, ?4)",
            params![due_ms, refund_seq, kind.text(), payload],
        )?;
        self.made_due.set(true);
        Ok(self.tx.last_insert_rowid())
    }

    fn due_where(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Due>, StateError> {
        let sql = format!(
            "SELECT seq, refund, kind, payload, attempts FROM due WHERE {condition} ORDER BY due_ms, seq"
        );
        let mut statement = self.tx.prepare_cached(&sql)?;
        let rows = statement.query_map(values, |row| {
            Ok(Due {
                seq: row.get(0)?,
                refund_seq: row.get(1)?,
                kind: row.get(2)?,
                payload: row.get(3)?,
                attempts: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Everything due by now that changes a refund, in the order in which it is due.
    pub(crate) fn changes_due(&self, now_ms: i64) -> Result<Vec<Due>, StateError> {
        self.due_where("due_ms <= ?1 AND kind <> 'notify'", [now_ms])
    }

    /// Every notification due by now, in the order in which it is due.
    pub(crate) fn notifications_due(&self, now_ms: i64) -> Result<Vec<Due>, StateError> {
        self.due_where("due_ms <= ?1 AND kind = 'notify'", [now_ms])
    }

    pub(crate) fn due_by_seq(&self, seq: i64) -> Result<Option<Due>, StateError> {
        Ok(self.due_where("seq = ?1", [seq])?.pop())
    }

    /// When the next thing after now is due.
    pub(crate) fn next_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StateError> {
        let sql = "SELECT MIN(due_ms) FROM due WHERE due_ms > ?1";
        Ok(self.tx.prepare_cached(sql)?.query_row([now_ms], |row| row.get(0))?)
    }

    pub(crate) fn delete_due(&self, seq: i64) -> Result<(), StateError> {
        self.exec("DELETE FROM due WHERE seq = ?1", [seq])?;
        Ok(())
    }

    /// Puts a notification that did not arrive off until later.
    pub(crate) fn postpone_due(&self, seq: i64, due_ms: i64, attempts: u32) -> Result<(), StateError> {
        self.exec(
            "UPDATE due SET due_ms = ?2, attempts = ?3 WHERE seq = ?1",
            params![seq, due_ms, attempts],
        )?;
        self.made_due.set(true);
        Ok(())
    }
}

/// Makes the file when it is missing, for its owner only: it holds credentials of the accounts that it plays.
fn make_private(path: &Path) -> Result<(), StateError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StateError::File(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
