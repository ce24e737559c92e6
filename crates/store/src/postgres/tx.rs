//! The [`Tx`] over a PostgreSQL transaction: binding parameters, reading rows.

use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::{
    Statement,
    types::{IsNull, ToSql, Type},
};

use super::errors::{Meaning, answered};
use crate::{
    error::StoreError,
    tx::{Engine, OneSelect, Tx, debug_check},
    value::{Row, Value},
};

/// A transaction that somebody else began and will end, or none.
pub(crate) struct PgTx<'c> {
    on: On<'c>,
    /// How long an answer is waited for.
    answer_max: Duration,
    /// The first failure: PostgreSQL has given up the transaction, and a COMMIT would quietly roll back.
    pub(super) failed: Option<Meaning>,
    /// What keeps a query to what needs no transaction, where there is none.
    one: Option<OneSelect>,
}

/// What statements run on.
#[derive(Clone, Copy)]
enum On<'c> {
    Transaction(&'c Transaction<'c>),
    Connection(&'c ClientWrapper),
}

impl<'c> PgTx<'c> {
    pub(super) fn new(tx: &'c Transaction<'c>, answer_max: Duration) -> Self {
        PgTx { on: On::Transaction(tx), answer_max, failed: None, one: None }
    }

    /// No transaction, for a query of one statement.
    pub(super) fn autocommit(client: &'c ClientWrapper, answer_max: Duration) -> Self {
        PgTx { on: On::Connection(client), answer_max, failed: None, one: Some(OneSelect::default()) }
    }

    /// True where there is no transaction and the query has to begin anew in one.
    pub(super) fn needs_transaction(&self) -> bool {
        self.one.as_ref().is_some_and(OneSelect::refused)
    }

    async fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<(u64, Vec<Row>), StoreError> {
        debug_check(sql, params);
        if self.failed.is_some() {
            return Err(StoreError::Internal(format!("a statement after a failed one: {sql}")));
        }
        if let Some(one) = &mut self.one {
            one.step(sql)?;
        }
        let result = self.try_query(sql, params).await;
        result.map_err(|meaning| {
            let error = meaning.error.clone();
            self.failed = Some(meaning);
            error
        })
    }

    async fn try_query(&self, sql: &'static str, params: &[Value<'_>]) -> Result<(u64, Vec<Row>), Meaning> {
        let limit = self.answer_max;
        let statement = match self.on {
            On::Transaction(tx) => answered(limit, sql, tx.prepare_cached(sql)).await?,
            On::Connection(client) => answered(limit, sql, client.prepare_cached(sql)).await?,
        };
        check(&statement, params, sql).map_err(Meaning::of)?;
        let bound: Vec<Bind<'_>> = params.iter().map(|value| Bind(*value)).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bind| bind as _).collect();
        let rows = match self.on {
            On::Transaction(tx) if statement.columns().is_empty() => {
                return Ok((answered(limit, sql, tx.execute(&statement, &bound)).await?, Vec::new()));
            }
            On::Transaction(tx) => answered(limit, sql, tx.query(&statement, &bound)).await?,
            On::Connection(client) => answered(limit, sql, client.query(&statement, &bound)).await?,
        };
        let rows: Vec<Row> =
            rows.iter().map(|row| read(row, sql)).collect::<Result<_, _>>().map_err(Meaning::of)?;
        Ok((rows.len() as u64, rows))
    }
}

impl Tx for PgTx<'_> {
    const ENGINE: Engine = Engine::Postgres;

    async fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        Ok(self.query(sql, params).await?.0)
    }

    async fn rows(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        Ok(self.query(sql, params).await?.1)
    }
}

fn fits(value: Value<'_>, ty: &Type) -> bool {
    match value {
        Value::Null => true,
        Value::Int(n) => {
            *ty == Type::INT8
                || *ty == Type::INT4 && i32::try_from(n).is_ok()
                || *ty == Type::INT2 && i16::try_from(n).is_ok()
        }
        Value::Text(_) => [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME].contains(ty),
        Value::Bytes(_) => *ty == Type::BYTEA,
    }
}

fn check(statement: &Statement, params: &[Value<'_>], sql: &str) -> Result<(), StoreError> {
    let types = statement.params();
    if types.len() != params.len() {
        let (wants, got) = (types.len(), params.len());
        return Err(StoreError::Internal(format!("{wants} parameters wanted, {got} given in: {sql}")));
    }
    match types.iter().zip(params).position(|(ty, value)| !fits(*value, ty)) {
        None => Ok(()),
        Some(i) => {
            let (ty, n) = (&types[i], i + 1);
            Err(StoreError::Internal(format!("${n} is a {ty} and cannot take what is bound in: {sql}")))
        }
    }
}

#[derive(Debug)]
struct Bind<'a>(Value<'a>);

type Bound = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Bind<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Bound {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) if *ty == Type::INT4 => i32::try_from(n)?.to_sql(ty, out),
            Value::Int(n) if *ty == Type::INT2 => i16::try_from(n)?.to_sql(ty, out),
            Value::Int(n) => n.to_sql(ty, out),
            Value::Text(text) => text.to_sql(ty, out),
            Value::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Null goes everywhere; `fits` has judged the rest.
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Reads a row; also used by tests that read whole tables.
pub(super) fn read(row: &tokio_postgres::Row, sql: &str) -> Result<Row, StoreError> {
    let mut cells = Row::with_columns(row.len());
    for (i, column) in row.columns().iter().enumerate() {
        let ty = column.type_();
        let value = match *ty {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(i).map(Value::from),
            Type::INT2 => row.try_get::<_, Option<i16>>(i).map(Value::from),
            // A comparison is an integer on SQLite.
            Type::BOOL => row.try_get::<_, Option<bool>>(i).map(Value::from),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
                row.try_get::<_, Option<&str>>(i).map(Value::from)
            }
            Type::BYTEA => row.try_get::<_, Option<&[u8]>>(i).map(Value::from),
            _ => {
                let hint = "CAST it AS BIGINT or TEXT";
                return Err(StoreError::Internal(format!("column {i} is of type {ty}; {hint} in: {sql}")));
            }
        };
        match value {
            Ok(value) => cells.push(value),
            Err(error) => {
                return Err(StoreError::inconsistent(format!("column {i}: {error} in: {sql}")));
            }
        }
    }
    Ok(cells)
}
