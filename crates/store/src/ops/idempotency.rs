//! The idempotency keys of requests that create no refund. A refund is the record of its own key; what else is asked for
//! leaves a row here: who runs it, then what came of it.

use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::time::Timestamp;

use super::rows;
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;
use crate::value::Value;

/// Each request that runs takes away so many rows that are too old, whoever's they are.
const PRUNED_AT_ONCE: u32 = 4;

/// Whose key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The merchant.
    pub merchant: MerchantId,
    /// Where; the same key in the other environment is another.
    pub environment: Environment,
    /// The key as the caller gave it.
    pub key: String,
}

impl KeyName {
    fn params(&self) -> [Value<'_>; 3] {
        [self.merchant.as_bytes().into(), self.environment.as_str().into(), (&self.key).into()]
    }
}

/// A request with a key begins.
#[derive(Clone, Debug)]
pub struct BeginKeyed {
    /// The key.
    pub name: KeyName,
    /// What a repeat must have in common with the first.
    pub request_hash: [u8; 16],
    /// Drawn for this run.
    pub run: [u8; 16],
    /// Until then the run is thought to be alive.
    pub run_until: Timestamp,
    /// Rows made before are as if they were not there.
    pub forgotten_before: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// What the request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The first, or the first after one that is forgotten or was refused: it runs.
    First,
    /// It runs once more: the run before died, or nobody knows what it did. What it did may be there.
    Again {
        /// When the first run began.
        since: Timestamp,
    },
    /// A repeat: the first was answered with this.
    Repeat {
        /// As [`EndKeyed::object`].
        object: String,
    },
    /// The key belongs to another request.
    Reused,
    /// The first still runs.
    InUse,
}

impl Operation for BeginKeyed {
    type Out = Begun;
    const NAME: &'static str = "begin_keyed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Begun>, StoreError> {
        let inserted = tx
            .exec(
                "INSERT INTO idempotency_keys (request_hash, run, run_until, created_at, merchant_id, environment, \
                 idempotency_key) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                &self.params(self.now),
            )
            .await?;
        let mut begun = Begun::First;
        if inserted == 0 {
            let since = match self.there(tx).await? {
                There::Told(begun) => return Ok(Done::Rollback(begun)),
                There::Free => self.now,
                There::Open { since } => {
                    begun = Begun::Again { since };
                    since
                }
            };
            tx.exec(
                "UPDATE idempotency_keys SET request_hash = $1, run = $2, run_until = $3, created_at = $4, object = NULL \
                 WHERE merchant_id = $5 AND environment = $6 AND idempotency_key = $7",
                &self.params(since),
            )
            .await?;
        }
        self.prune(tx).await?;
        Ok(Done::Commit(begun))
    }
}

/// What the row that has a key says.
enum There {
    /// What the request is.
    Told(Begun),
    /// Nothing that counts any more, since it is forgotten: any request may have the key.
    Free,
    /// The time of a run of the same request is over, and what it did is not known.
    Open { since: Timestamp },
}

impl BeginKeyed {
    fn params(&self, since: Timestamp) -> [Value<'_>; 7] {
        let [merchant, environment, key] = self.name.params();
        [
            (&self.request_hash).into(),
            (&self.run).into(),
            self.run_until.as_micros().into(),
            since.as_micros().into(),
            merchant,
            environment,
            key,
        ]
    }

    /// What the row that has the key says. Locks it.
    async fn there<T: Tx>(&self, tx: &mut T) -> Result<There, StoreError> {
        let found = tx
            .rows(
                "UPDATE idempotency_keys SET created_at = created_at \
                 WHERE merchant_id = $1 AND environment = $2 AND idempotency_key = $3 \
                 RETURNING request_hash, run_until, object, created_at",
                &self.name.params(),
            )
            .await?;
        // Taken away between the two statements: whoever comes back finds the key free.
        let Some(row) = found.first() else { return Ok(There::Told(Begun::InUse)) };
        let (run_until, object, since) = (rows::opt_time(row, 1)?, row.opt_text(2)?, rows::time(row, 3)?);
        let over = run_until.is_some_and(|until| until <= self.now);
        let same = row.id16(0)? == self.request_hash;
        if since < self.forgotten_before {
            return Ok(There::Free);
        }
        // Also where the run is over: nobody knows what it did, and whoever asked for that must be able to learn it.
        if !same {
            return Ok(There::Told(Begun::Reused));
        }
        if over {
            return Ok(There::Open { since });
        }
        Ok(There::Told(object.map_or(Begun::InUse, |object| Begun::Repeat { object })))
    }

    async fn prune<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let old = tx
            .rows(
                "SELECT merchant_id, environment, idempotency_key FROM idempotency_keys WHERE created_at < $1 \
                 ORDER BY created_at LIMIT $2",
                &[self.forgotten_before.as_micros().into(), PRUNED_AT_ONCE.into()],
            )
            .await?;
        for row in &old {
            let (merchant, environment, key) = (row.id16(0)?, row.text(1)?, row.text(2)?);
            tx.exec(
                "DELETE FROM idempotency_keys WHERE merchant_id = $1 AND environment = $2 AND idempotency_key = $3 \
                 AND created_at < $4",
                &[
                    (&merchant).into(),
                    (&environment).into(),
                    (&key).into(),
                    self.forgotten_before.as_micros().into(),
                ],
            )
            .await?;
        }
        Ok(())
    }
}

/// A request with a key was answered.
#[derive(Clone, Debug)]
pub struct EndKeyed {
    /// The key.
    pub name: KeyName,
    /// The run that began it; one whose time was over, so that another took the key, changes nothing.
    pub run: [u8; 16],
    /// The name of what it made or changed, for repeats; `None` where it was refused and the key is free again.
    pub object: Option<String>,
}

impl Operation for EndKeyed {
    type Out = ();
    const NAME: &'static str = "end_keyed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let [merchant, environment, key] = self.name.params();
        let run = (&self.run).into();
        match &self.object {
            Some(object) => {
                tx.exec(
                    "UPDATE idempotency_keys SET run = NULL, run_until = NULL, object = $1 \
                     WHERE merchant_id = $2 AND environment = $3 AND idempotency_key = $4 AND run = $5",
                    &[object.into(), merchant, environment, key, run],
                )
                .await?
            }
            None => {
                tx.exec(
                    "DELETE FROM idempotency_keys \
                     WHERE merchant_id = $1 AND environment = $2 AND idempotency_key = $3 AND run = $4",
                    &[merchant, environment, key, run],
                )
                .await?
            }
        };
        Ok(Done::Commit(()))
    }
}

/// Nobody knows whether a request with a key was done: its run is over, and the next repeat is [`Begun::Again`].
#[derive(Clone, Debug)]
pub struct LeaveKeyed {
    /// The key.
    pub name: KeyName,
    /// The run that began it, as [`EndKeyed::run`].
    pub run: [u8; 16],
    /// The time.
    pub now: Timestamp,
}

impl Operation for LeaveKeyed {
    type Out = ();
    const NAME: &'static str = "leave_keyed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let [merchant, environment, key] = self.name.params();
        let (now, run) = (self.now.as_micros().into(), (&self.run).into());
        tx.exec(
            "UPDATE idempotency_keys SET run_until = $1 \
             WHERE merchant_id = $2 AND environment = $3 AND idempotency_key = $4 AND run = $5",
            &[now, merchant, environment, key, run],
        )
        .await?;
        Ok(Done::Commit(()))
    }
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
