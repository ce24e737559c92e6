//! The one view an operation has of a database: run a statement, read rows. Nothing else.

use std::future::Future;

use crate::{
    error::StoreError,
    value::{Row, Value},
};

/// Which engine runs an operation. Only claiming due rows may look at it, to pick between two statement texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One writer; a claim needs no locking clause.
    Sqlite,
    /// Many writers; a claim adds `FOR UPDATE SKIP LOCKED`.
    Postgres,
}

/// The transaction an operation runs in. It cannot be committed, kept, or held across an await of the caller's own.
///
/// A statement's text is constant, so it is prepared once. Its placeholders are `$1..$n`, and `$k` appears first after
/// `$1..$(k-1)` have: SQLite numbers them by first appearance. Debug builds check that.
pub trait Tx: Send {
    /// The engine behind this transaction.
    const ENGINE: Engine;

    /// Runs one statement and answers the number of rows it inserted, changed or deleted.
    ///
    /// After an error the operation must give up and return it: on PostgreSQL no further statement would run.
    fn exec(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Runs one statement and answers all its rows (`SELECT`, or `RETURNING`).
    ///
    /// After an error the operation must give up, as with [`Tx::exec`]. The statement itself bounds how many rows come.
    fn rows(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Runs one statement of whose answer an operation needs no more than that it touched what it should. It takes its place
    /// in the order of the statements, but its answer need not have come when this returns: to PostgreSQL the next one is
    /// sent without waiting.
    ///
    /// What goes wrong with it is the error of the next statement, or of the operation in place of its commit.
    fn exec_ahead(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        touches: Touches,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move { touches.check(self.exec(sql, params).await?) }
    }
}

/// How many rows a statement is to insert, change or delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touches {
    /// As many as there are.
    Any,
    /// One, of this table.
    One(&'static str),
}

impl Touches {
    /// Holds the statement to it.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] with the table, where it touched more or fewer.
    pub fn check(self, touched: u64) -> Result<(), StoreError> {
        match self {
            Touches::One(table) if touched != 1 => {
                Err(StoreError::inconsistent(format!("an update of {table} touched {touched} rows, not one")))
            }
            Touches::Any | Touches::One(_) => Ok(()),
        }
    }
}

/// Keeps a query that has no transaction to one `SELECT`: that is a snapshot by itself, two are not, and what writes
/// could not be undone.
#[derive(Debug, Default)]
pub(crate) struct OneSelect {
    ran: bool,
    refused: bool,
}

impl OneSelect {
    /// Refuses any other statement.
    pub(crate) fn step(&mut self, sql: &str) -> Result<(), StoreError> {
        let is_first = !std::mem::replace(&mut self.ran, true);
        if is_first && sql.starts_with("SELECT ") {
            return Ok(());
        }
        self.refused = true;
        Err(StoreError::Internal(format!("a transaction is needed for: {sql}")))
    }

    /// Whether a statement was refused: the query must begin anew, in a transaction.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

/// Checks a statement's placeholders: `$1..$n` without a gap, first used in ascending order. Answers `n`.
///
/// # Errors
/// A sentence that names the first placeholder out of order, for a failing test or assertion.
pub fn check_placeholders(sql: &str) -> Result<usize, String> {
    let bytes = sql.as_bytes();
    let (mut seen, mut i) = (0, 0);
    while i < bytes.len() {
        match bytes[i] {
            b'\'' => i += 1 + bytes[i + 1..].iter().position(|b| *b == b'\'').map_or(bytes.len(), |n| n + 1),
            b'-' if bytes.get(i + 1) == Some(&b'-') => {
                i += bytes[i..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| n + 1);
            }
            b'$' => {
                let digits: String = sql[i + 1..].chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().map_err(|_| format!("a bare $ in: {sql}"))?;
                if number == 0 || number > seen + 1 {
                    return Err(format!("${number} appears before ${} in: {sql}", seen + 1));
                }
                seen = seen.max(number);
                i += 1 + digits.len();
            }
            b'?' => return Err(format!("a ? placeholder in: {sql}")),
            _ => i += 1,
        }
    }
    Ok(seen)
}

/// The engines call this before each statement: a mistake in a text shows in the first test that runs it.
pub(crate) fn debug_check(sql: &str, params: &[Value<'_>]) {
    if cfg!(debug_assertions) {
        match check_placeholders(sql) {
            Ok(n) => assert_eq!(n, params.len(), "placeholders and parameters differ in number in: {sql}"),
            Err(said) => panic!("{said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_ascend_by_first_appearance() {
        assert_eq!(check_placeholders("SELECT 1"), Ok(0));
        assert_eq!(check_placeholders("UPDATE t SET a = $1, b = $2 WHERE a <> $1 AND c = $3"), Ok(3));
        assert_eq!(check_placeholders("SELECT '$9' -- $7\n, $1"), Ok(1));
        assert_eq!(check_placeholders("SELECT 'it''s $4', $1"), Ok(1));
        for wrong in ["SELECT $2, $1", "SELECT $1, $3", "SELECT $0", "SELECT ?", "SELECT ?1", "SELECT $a"] {
            assert!(check_placeholders(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_update_that_misses_or_hits_too_much_is_an_error() {
        assert!(Touches::One("payments").check(1).is_ok());
        for touched in [0, 2] {
            assert!(Touches::Any.check(touched).is_ok());
            let error = Touches::One("payments").check(touched).unwrap_err().to_string();
            assert!(error.contains(&format!("payments touched {touched} rows")), "{error}");
        }
    }

    #[test]
    fn without_a_transaction_one_select_runs() {
        let mut one = OneSelect::default();
        assert_eq!(one.step("SELECT 1"), Ok(()));
        assert!(!one.refused());
        assert!(one.step("SELECT 2").is_err() && one.refused());
        for other in ["DELETE FROM t", "WITH n AS (SELECT 1) SELECT 2", "UPDATE t SET a = 1 RETURNING a"] {
            let mut one = OneSelect::default();
            assert!(one.step(other).is_err() && one.refused(), "{other}");
        }
    }

    #[test]
    #[should_panic(expected = "differ in number")]
    fn the_number_of_parameters_is_checked() {
        debug_check("SELECT $1", &[]);
    }
}
