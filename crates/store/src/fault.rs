//! Faults on purpose: what a simulator or a test may inject in front of every operation of a store.

use std::future::Future;

use futures_util::future::BoxFuture;

use crate::{
    error::StoreError,
    op::{Done, Operation},
    tx::{Engine, Touches, Tx},
    value::{Row, Value},
};

/// The reason an injected failure gives.
pub(crate) const INJECTED: &str = "a fault was injected";

/// What goes wrong with one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is refused before it starts.
    Refuse(StoreError),
    /// Its n-th statement, counted from zero, fails as if the database had gone.
    FailStatement(usize),
    /// It is done and kept, but the answer is lost: the caller hears `Unavailable` with `maybe_committed`.
    LoseAnswer,
}

/// Where an operation or a query stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It was handed over, and nothing of it was done.
    Before,
    /// It is done, and its caller does not know yet.
    After,
}

/// Decides about each operation as it is handed to the store, by its name.
pub trait Faults: Send + Sync {
    /// What goes wrong with this one.
    fn next(&self, operation: &'static str) -> Fault;

    /// Why this query fails, where it does.
    fn next_read(&self, _query: &'static str) -> Option<StoreError> {
        None
    }

    /// Waited for before and after each operation and query. A database takes its time here, and a process that dies
    /// goes no further.
    fn pass<'a>(&'a self, _moment: Moment, _name: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// An operation whose n-th statement, counted from zero, fails.
pub(crate) struct FailStatement<O> {
    pub(crate) op: O,
    pub(crate) at: usize,
}

impl<O: Operation> Operation for FailStatement<O> {
    type Out = O::Out;
    const NAME: &'static str = O::NAME;
    const PATIENT: bool = O::PATIENT;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<O::Out>, StoreError> {
        let mut tx = FailAt { tx, left: self.at };
        self.op.run(&mut tx).await
    }
}

/// A transaction whose n-th statement fails instead of reaching the engine.
pub(crate) struct FailAt<'t, T> {
    pub(crate) tx: &'t mut T,
    pub(crate) left: usize,
}

impl<T: Tx> FailAt<'_, T> {
    fn step(&mut self) -> Result<(), StoreError> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(StoreError::unavailable(INJECTED)),
        }
    }
}

impl<T: Tx> Tx for FailAt<'_, T> {
    const ENGINE: Engine = T::ENGINE;

    fn exec(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let step = self.step();
        async move {
            step?;
            self.tx.exec(sql, params).await
        }
    }

    fn rows(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send {
        let step = self.step();
        async move {
            step?;
            self.tx.rows(sql, params).await
        }
    }

    fn exec_ahead(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        touches: Touches,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let step = self.step();
        async move {
            step?;
            self.tx.exec_ahead(sql, params, touches).await
        }
    }
}
