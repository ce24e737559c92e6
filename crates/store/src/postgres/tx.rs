//! The [`Tx`] over a PostgreSQL transaction: binding parameters, reading rows.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    time::Duration,
};

use bytes::BytesMut;
use deadpool_postgres::{ClientWrapper, Transaction};
use futures_util::future::{BoxFuture, FutureExt, MaybeDone, maybe_done};
use tokio_postgres::{
    Error, Statement,
    types::{IsNull, ToSql, Type},
};

use super::errors::{Meaning, answered};
use crate::{
    error::StoreError,
    tx::{Engine, OneSelect, Touches, Tx, debug_check},
    value::{Row, Value},
};

/// A transaction that somebody else began and will end, or none.
pub(crate) struct PgTx<'c> {
    on: On<'c>,
    /// How long an answer is waited for.
    answer_max: Duration,
    /// Statements that were sent and not waited for, in their order.
    ahead: Vec<Ahead<'c>>,
    /// The first failure: PostgreSQL has given up the transaction, and a COMMIT would quietly roll back.
    failed: Option<Meaning>,
    /// What keeps a query to what needs no transaction, where there is none.
    one: Option<OneSelect>,
}

/// A statement whose answer is still to come.
struct Ahead<'c> {
    sql: &'static str,
    touches: Touches,
    answer: MaybeDone<BoxFuture<'c, Result<u64, Error>>>,
}

/// What statements run on.
#[derive(Clone, Copy)]
enum On<'c> {
    Transaction(&'c Transaction<'c>),
    Connection(&'c ClientWrapper),
}

impl<'c> PgTx<'c> {
    pub(super) fn new(tx: &'c Transaction<'c>, answer_max: Duration) -> Self {
        PgTx { on: On::Transaction(tx), answer_max, ahead: Vec::new(), failed: None, one: None }
    }

    /// No transaction, for a query of one statement.
    pub(super) fn autocommit(client: &'c ClientWrapper, answer_max: Duration) -> Self {
        let one = Some(OneSelect::default());
        PgTx { on: On::Connection(client), answer_max, ahead: Vec::new(), failed: None, one }
    }

    /// The first failure, where there was one. What is still to come is not waited for.
    pub(super) fn into_failed(self) -> Option<Meaning> {
        self.failed
    }

    /// Waits for what was sent ahead: before that is well, nothing may be committed.
    pub(super) async fn arrive(&mut self) -> Result<(), StoreError> {
        let arrived = self.arrived().await;
        self.noted(arrived)
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
        self.goes_on(sql)?;
        if let Some(one) = &mut self.one {
            one.step(sql)?;
        }
        let query = pin!(Self::try_query(self.on, self.answer_max, sql, params));
        let result = beside(&mut self.ahead, query).await;
        // The answers come in the order of the statements. One that was sent ahead and failed is why this one did.
        let result = match result {
            Err(meaning) if !meaning.is_well() => Err(meaning),
            result => self.arrived().await.and(result),
        };
        self.noted(result)
    }

    fn goes_on(&self, sql: &str) -> Result<(), StoreError> {
        match self.failed {
            None => Ok(()),
            Some(_) => Err(StoreError::Internal(format!("a statement after a failed one: {sql}"))),
        }
    }

    /// Keeps a failure: nothing runs after it.
    fn noted<R>(&mut self, result: Result<R, Meaning>) -> Result<R, StoreError> {
        result.map_err(|meaning| {
            let error = meaning.error.clone();
            self.failed = Some(meaning);
            error
        })
    }

    async fn arrived(&mut self) -> Result<(), Meaning> {
        for mut ahead in self.ahead.drain(..) {
            let Ahead { sql, touches, answer } = &mut ahead;
            let touched = answered(self.answer_max, sql, async {
                (&mut *answer).await;
                // It is there now, and is taken once.
                Pin::new(answer).take_output().unwrap_or(Ok(0))
            });
            touches.check(touched.await?).map_err(Meaning::of)?;
        }
        Ok(())
    }

    /// Sends a statement. Its answer is waited for by [`PgTx::arrived`].
    async fn try_ahead(
        &mut self,
        tx: &'c Transaction<'c>,
        sql: &'static str,
        params: &[Value<'_>],
        touches: Touches,
    ) -> Result<(), Meaning> {
        let prepared = pin!(answered(self.answer_max, sql, tx.prepare_cached(sql)));
        let statement = beside(&mut self.ahead, prepared).await?;
        check(&statement, params, sql).map_err(Meaning::of)?;
        let params = Row::new(params.iter().copied());
        let mut answer = maybe_done(Box::pin(async move {
            let bound: Vec<Bind<'_>> = params.values().map(Bind).collect();
            let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bind| bind as _).collect();
            tx.execute(&statement, &bound).await
        }) as BoxFuture<'c, _>);
        // The first look at it sends it.
        let _ = (&mut answer).now_or_never();
        self.ahead.push(Ahead { sql, touches, answer });
        Ok(())
    }

    async fn try_query(
        on: On<'c>,
        limit: Duration,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<(u64, Vec<Row>), Meaning> {
        let statement = match on {
            On::Transaction(tx) => answered(limit, sql, tx.prepare_cached(sql)).await?,
            On::Connection(client) => answered(limit, sql, client.prepare_cached(sql)).await?,
        };
        check(&statement, params, sql).map_err(Meaning::of)?;
        let bound: Vec<Bind<'_>> = params.iter().map(|value| Bind(*value)).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bind| bind as _).collect();
        let rows = match on {
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

    async fn exec_ahead(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        touches: Touches,
    ) -> Result<(), StoreError> {
        let On::Transaction(tx) = self.on else { return touches.check(self.exec(sql, params).await?) };
        debug_check(sql, params);
        self.goes_on(sql)?;
        let sent = match self.try_ahead(tx, sql, params, touches).await {
            Err(meaning) if meaning.is_well() => self.arrived().await.and(Err(meaning)),
            sent => sent,
        };
        self.noted(sent)
    }
}

/// Waits for something, and takes in meanwhile what comes of the statements that were sent ahead. The driver keeps no more than two
/// pieces of an answer that nobody takes, and reads nothing further of the connection until somebody does: an answer that
/// comes in three, as each may, would hold up the later one that is waited for, for ever.
async fn beside<R>(ahead: &mut [Ahead<'_>], mut waited_for: Pin<&mut impl Future<Output = R>>) -> R {
    poll_fn(|context| {
        for one in &mut *ahead {
            // Where it is there, it stays so until it is taken.
            let _ = Pin::new(&mut one.answer).poll(context);
        }
        waited_for.as_mut().poll(context)
    })
    .await
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
