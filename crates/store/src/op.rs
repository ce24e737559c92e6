//! What a storage operation is.
//!
//! An operation is a plain value with all its inputs, and a `run` over any [`Tx`]. It holds no transaction across an
//! await of its own, calls no network, reads no clock. So the engines may group it with others, retry it whole, fail it
//! at its n-th statement in a test, and a simulator may replay it.

use std::future::Future;

use crate::{error::StoreError, tx::Tx};

/// How a finished operation wants its statements treated. Either way the caller gets the answer inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<T> {
    /// Keep what was written.
    Commit(T),
    /// Undo this operation's own statements: a refusal leaves no row.
    Rollback(T),
}

/// A storage operation that writes.
pub trait Operation: Send + Sync + 'static {
    /// The answer.
    type Out: Send + 'static;

    /// For logs and metrics, such as `accept_refund`.
    const NAME: &'static str;

    /// Whether it may wait two milliseconds for others to share its commit with: nothing else waits for its answer than
    /// what waited for a PSP or an endpoint before. SQLite only.
    const PATIENT: bool = false;

    /// Runs the operation. May be called again from the start in another transaction (serialization failure,
    /// deadlock): it must be a function of `self` and the database alone. On an error nothing it wrote is kept.
    ///
    /// It may await only `tx`: the SQLite writer polls it once.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Done<Self::Out>, StoreError>> + Send;
}

/// A storage operation that only reads. It may run on a connection that cannot write, and sees one snapshot.
pub trait Query: Send + Sync + 'static {
    /// The answer.
    type Out: Send + 'static;

    /// For logs and metrics, such as `list_refunds`.
    const NAME: &'static str;

    /// Whether it reads a few rows by their keys. On SQLite it then runs on the caller's thread; should it last longer than a
    /// millisecond after all, it begins anew on a reader's.
    const BRIEF: bool = false;

    /// Whether it runs one statement as a rule, a `SELECT`. That is a snapshot by itself: it runs without a transaction around
    /// it, and where the query asks for another statement after all, it begins anew in one.
    fn autocommit(&self) -> bool {
        false
    }

    /// Runs the query. The same rules hold as for [`Operation::run`].
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Out, StoreError>> + Send;
}
