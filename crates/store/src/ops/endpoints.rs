//! Where merchants want to be told.

mod change;

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{EndpointId, KeyId, MerchantId};
use redress_core::time::Timestamp;

use super::cases::{Ending, end_for_endpoint};
use super::credentials::Revoking;
use super::merchants::{Closed, closed};
use super::rows::{self, opt_time, parsed, time};
use super::settings_version::{AsOf, bump};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

pub use change::{ChangeEndpoint, EndpointChanging, SeenEndpoint};

/// The shape a notification takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// PortOne's `refund_status`.
    Portone,
    /// SGate's callback.
    Sgate,
    /// Standard Webhooks.
    Standard,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Portone, Self::Sgate, Self::Standard];

    /// The name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portone => "portone",
            Self::Sgate => "sgate",
            Self::Standard => "standard",
        }
    }

    /// Reads the name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text)
    }
}

/// An address of a merchant.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id; unique over all merchants.
    pub id: EndpointId,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The shape it is told in.
    pub dialect: Dialect,
    /// Whose refunds it is told of.
    pub environment: Environment,
    /// The kinds of events it wants: a sum of [`EventKind::bit`].
    pub event_mask: i64,
    /// The credential whose secret signs in the dialect's own way; `None` for the merchant's newest.
    pub credential: Option<KeyId>,
    /// The signing secret, encrypted.
    pub secret_sealed: Vec<u8>,
    /// The secret before the last rotation, encrypted as it was when it was the secret, and until when it signs too.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was revoked; nothing is sent to it any more.
    pub revoked_at: Option<Timestamp>,
    /// Since when it has taken nothing; `None` while it took the last thing that was sent.
    pub failing_since: Option<Timestamp>,
    /// Since when nothing is sent to it: because it had failed for too long, or because a person wanted it so.
    pub disabled_at: Option<Timestamp>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address is left out too: merchants put secrets into theirs.
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("dialect", &self.dialect)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// The most endpoints of a merchant in one environment, revoked ones not counted: each step of a refund inserts a delivery
/// for each of them.
pub const ENDPOINTS_MAX: usize = 50;

/// Adds an endpoint.
#[derive(Clone, Debug)]
pub struct AddEndpoint(pub Endpoint);

/// What came of adding an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointAdding {
    /// It is there now.
    Added,
    /// The merchant takes nothing new; nothing was changed.
    Closed(Closed),
    /// It was there before, by its id.
    Already,
    /// The merchant has no such credential.
    NoCredential,
    /// The merchant has [`ENDPOINTS_MAX`] in the environment.
    TooMany,
}

impl Operation for AddEndpoint {
    type Out = EndpointAdding;
    const NAME: &'static str = "add_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<EndpointAdding>, StoreError> {
        let new = &self.0;
        // The merchant is locked, so that of two that add the last one at once the second sees what the first added.
        if let Some(closed) = closed(tx, new.merchant).await? {
            return Ok(Done::Rollback(EndpointAdding::Closed(closed)));
        }
        // No more than the most that there may be.
        let there = "SELECT endpoint_id FROM endpoints \
             WHERE merchant_id = $1 AND environment = $2 AND revoked_at IS NULL";
        let params = [new.merchant.as_bytes().into(), new.environment.as_str().into()];
        let there = tx.rows(there, &params).await?;
        for row in &there {
            if row.id16(0)? == *new.id.as_bytes() {
                return Ok(Done::Rollback(EndpointAdding::Already));
            }
        }
        if there.len() >= ENDPOINTS_MAX {
            return Ok(Done::Rollback(EndpointAdding::TooMany));
        }
        if let Some(credential) = &new.credential {
            let sql = "SELECT 1 FROM api_credentials WHERE merchant_id = $1 AND credential_id = $2";
            let params = [new.merchant.as_bytes().into(), credential.as_bytes().into()];
            if tx.rows(sql, &params).await?.is_empty() {
                return Ok(Done::Rollback(EndpointAdding::NoCredential));
            }
        }
        insert(tx, new).await?;
        bump(tx).await?;
        Ok(Done::Commit(EndpointAdding::Added))
    }
}

macro_rules! endpoint_columns {
    () => {
        "merchant_id, endpoint_id, name, url, dialect, environment, event_mask, credential_id, secret_sealed, \
         old_secret_sealed, old_secret_until, created_at, revoked_at, failing_since, disabled_at"
    };
}

async fn insert<T: Tx>(tx: &mut T, new: &Endpoint) -> Result<(), StoreError> {
    let (old_secret, old_until) = new
        .old_secret
        .as_ref()
        .map_or((None, None), |(secret, until)| (Some(secret), Some(until.as_micros())));
    let sql = concat!(
        "INSERT INTO endpoints (",
        endpoint_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    );
    let params = [
        new.merchant.as_bytes().into(),
        new.id.as_bytes().into(),
        (&new.name).into(),
        (&new.url).into(),
        new.dialect.as_str().into(),
        new.environment.as_str().into(),
        new.event_mask.into(),
        new.credential.as_ref().map(KeyId::as_bytes).into(),
        (&new.secret_sealed).into(),
        old_secret.into(),
        old_until.into(),
        new.created_at.as_micros().into(),
        new.revoked_at.map(Timestamp::as_micros).into(),
        new.failing_since.map(Timestamp::as_micros).into(),
        new.disabled_at.map(Timestamp::as_micros).into(),
    ];
    tx.exec(sql, &params).await.map(|_| ())
}

/// Revokes an endpoint, for ever. What is still owed to it is found by the next claim, which shows it as revoked.
#[derive(Clone, Copy, Debug)]
pub struct RevokeEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// The time.
    pub now: Timestamp,
}

impl Operation for RevokeEndpoint {
    type Out = Revoking;
    const NAME: &'static str = "revoke_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Revoking>, StoreError> {
        let revoked = tx
            .exec(
                "UPDATE endpoints SET revoked_at = $1, disabled_at = NULL \
                 WHERE merchant_id = $2 AND endpoint_id = $3 AND revoked_at IS NULL",
                &[
                    self.now.as_micros().into(),
                    self.merchant.as_bytes().into(),
                    self.endpoint.as_bytes().into(),
                ],
            )
            .await?;
        if revoked == 0 {
            let there = find(tx, self.merchant, self.endpoint).await?.is_some();
            return Ok(Done::Rollback(if there { Revoking::Already } else { Revoking::NotFound }));
        }
        let ending = Ending { author: "redress", reason: "the endpoint is revoked", now: self.now };
        end_for_endpoint(tx, self.merchant, self.endpoint, ending).await?;
        bump(tx).await?;
        Ok(Done::Commit(Revoking::Revoked))
    }
}

/// Gives an endpoint a new secret; the one before signs too for a while. One still older does no more.
#[derive(Clone)]
pub struct RotateSecret {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// The new secret, encrypted.
    pub secret_sealed: Vec<u8>,
    /// Until when the one before signs too.
    pub old_until: Timestamp,
    /// Where a run before may have done it, since when: not again, and not in place of a rotation that came after it.
    pub unless_since: Option<Timestamp>,
    /// What whoever wants it was shown: where the secret is another by now, it stays. The one that was shown would be one still
    /// older, and end at once. `None` where nothing was shown.
    pub seen: Option<SeenSecret>,
    /// The time.
    pub now: Timestamp,
}

/// What somebody who gives an endpoint another secret was shown of the one it has: until when the secret before signs too, which
/// is another time with each rotation; `None` where there was none before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenSecret(pub Option<Timestamp>);

impl SeenSecret {
    /// What there is to be shown of an endpoint now.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        Self(endpoint.old_secret.as_ref().map(|(_, until)| *until))
    }

    /// As it is compared in the store.
    fn as_micros(self) -> i64 {
        self.0.map_or(NEVER_ROTATED, Timestamp::as_micros)
    }
}

/// No secret ended then.
const NEVER_ROTATED: i64 = -1;

/// What came of rotating a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotating {
    /// The new one signs.
    Rotated,
    /// It was rotated since [`RotateSecret::unless_since`].
    Already,
    /// It is not the one that was seen; nothing was changed.
    Overtaken,
    /// The merchant has no such endpoint, or it is revoked.
    NotThere,
}

impl std::fmt::Debug for RotateSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RotateSecret").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Operation for RotateSecret {
    type Out = Rotating;
    const NAME: &'static str = "rotate_endpoint_secret";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Rotating>, StoreError> {
        let before = self.unless_since.map_or(i64::MAX, Timestamp::as_micros);
        let rotated = tx
            .exec(
                "UPDATE endpoints SET old_secret_sealed = secret_sealed, old_secret_until = $1, secret_sealed = $2, \
                 secret_since = $3 WHERE merchant_id = $4 AND endpoint_id = $5 AND revoked_at IS NULL \
                 AND (secret_since IS NULL OR secret_since < $6) \
                 AND COALESCE(old_secret_until, -1) = COALESCE($7, COALESCE(old_secret_until, -1))",
                &[
                    self.old_until.as_micros().into(),
                    (&self.secret_sealed).into(),
                    self.now.as_micros().into(),
                    self.merchant.as_bytes().into(),
                    self.endpoint.as_bytes().into(),
                    before.into(),
                    self.seen.map(SeenSecret::as_micros).into(),
                ],
            )
            .await?;
        if rotated == 0 {
            let since = "SELECT secret_since FROM endpoints WHERE merchant_id = $1 AND endpoint_id = $2 \
                 AND revoked_at IS NULL";
            let params = [self.merchant.as_bytes().into(), self.endpoint.as_bytes().into()];
            let found = tx.rows(since, &params).await?;
            let Some(row) = found.first() else { return Ok(Done::Rollback(Rotating::NotThere)) };
            // A run before changed what was seen by itself.
            let is_done = row.opt_int(0)?.is_some_and(|since| since >= before);
            return Ok(Done::Rollback(if is_done { Rotating::Already } else { Rotating::Overtaken }));
        }
        bump(tx).await?;
        Ok(Done::Commit(Rotating::Rotated))
    }
}

/// One endpoint of a merchant, revoked or not.
#[derive(Clone, Copy, Debug)]
pub struct FindEndpoint {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
}

impl Query for FindEndpoint {
    type Out = Option<Endpoint>;
    const NAME: &'static str = "find_endpoint";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Endpoint>, StoreError> {
        find(tx, self.merchant, self.endpoint).await
    }
}

pub(crate) async fn find<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    endpoint: EndpointId,
) -> Result<Option<Endpoint>, StoreError> {
    let sql = concat!(
        "SELECT ",
        endpoint_columns!(),
        " FROM endpoints WHERE merchant_id = $1 AND endpoint_id = $2"
    );
    tx.rows(sql, &[merchant.as_bytes().into(), endpoint.as_bytes().into()])
        .await?
        .first()
        .map(read)
        .transpose()
}

/// A page of a merchant's endpoints, revoked ones too, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ListEndpoints {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those of one environment.
    pub environment: Option<Environment>,
    /// The last endpoint of the page before.
    pub after: Option<EndpointId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListEndpoints {
    type Out = Vec<Endpoint>;
    const NAME: &'static str = "list_endpoints";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Endpoint>, StoreError> {
        let after = self.after.map_or([0; 16], |id| *id.as_bytes());
        let (merchant, limit) = (self.merchant.as_bytes(), self.limit);
        let rows = match self.environment {
            Some(environment) => {
                let sql = concat!(
                    "SELECT ",
                    endpoint_columns!(),
                    " FROM endpoints WHERE merchant_id = $1 AND environment = $2 AND endpoint_id > $3 \
                     ORDER BY endpoint_id LIMIT $4"
                );
                let params = [merchant.into(), environment.as_str().into(), (&after).into(), limit.into()];
                tx.rows(sql, &params).await?
            }
            None => {
                let sql = concat!(
                    "SELECT ",
                    endpoint_columns!(),
                    " FROM endpoints WHERE merchant_id = $1 AND endpoint_id > $2 ORDER BY endpoint_id LIMIT $3"
                );
                tx.rows(sql, &[merchant.into(), (&after).into(), limit.into()]).await?
            }
        };
        rows.iter().map(read).collect()
    }
}

/// Whether any endpoint of the merchant, in whichever environment, wants to be told of a kind of event.
#[derive(Clone, Copy, Debug)]
pub struct AnyEndpointWants {
    /// Whose.
    pub merchant: MerchantId,
    /// The kind.
    pub kind: EventKind,
}

impl Query for AnyEndpointWants {
    type Out = AsOf<bool>;
    const NAME: &'static str = "any_endpoint_wants";

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<AsOf<bool>, StoreError> {
        let sql = "SELECT version, (SELECT COUNT(*) FROM endpoints WHERE merchant_id = $1 AND revoked_at IS NULL \
                   AND (event_mask & $2) <> 0) FROM settings_version WHERE one = 1";
        let rows = tx.rows(sql, &[self.merchant.as_bytes().into(), self.kind.bit().into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::inconsistent("the settings have no version"))?;
        Ok(AsOf { version: row.int(0)?, found: row.int(1)? > 0 })
    }
}

fn read(row: &Row) -> Result<Endpoint, StoreError> {
    Ok(Endpoint {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: EndpointId::from_bytes(row.id16(1)?),
        name: row.text(2)?,
        url: row.text(3)?,
        dialect: parsed(row, 4, Dialect::parse)?,
        environment: rows::environment(row, 5)?,
        event_mask: row.int(6)?,
        credential: row.opt_id16(7)?.map(KeyId::from_bytes),
        secret_sealed: row.bytes(8)?,
        old_secret: row.opt_bytes(9)?.zip(opt_time(row, 10)?),
        created_at: time(row, 11)?,
        revoked_at: opt_time(row, 12)?,
        failing_since: opt_time(row, 13)?,
        disabled_at: opt_time(row, 14)?,
    })
}

#[cfg(test)]
mod tests;
