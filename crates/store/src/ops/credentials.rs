//! What callers prove themselves with, and what signs notifications in PortOne's and SGate's own ways.

mod rotate;
mod used;

use redress_core::environment::Environment;
use redress_core::id::{KeyId, MerchantId};
use redress_core::right::Rights;
use redress_core::time::Timestamp;

use super::merchants::{Closed, closed};
use super::rows::{self, opt_time, parsed, time};
use super::settings_version::{AsOf, bump, version_column};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

pub use rotate::{RotateCredential, Rotating};
pub use used::{KeyUse, KeysUsed, NoteKeysUsed};

/// Which door a credential opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialKind {
    /// PortOne's face, in both environments.
    Portone,
    /// SGate's face, in one environment.
    Sgate,
    /// Redress's own API, in one environment.
    Api,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Portone, Self::Sgate, Self::Api];

    /// The name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portone => "portone",
            Self::Sgate => "sgate",
            Self::Api => "api",
        }
    }

    /// Reads the name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What proves a credential, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The secret itself, encrypted: the face computes with it.
    Sealed(Vec<u8>),
    /// A hash of it: it is only compared.
    Hash(Vec<u8>),
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Proof::Sealed(_) => "Sealed(..)",
            Proof::Hash(_) => "Hash(..)",
        })
    }
}

/// A credential of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: KeyId,
    /// Which door it opens.
    pub kind: CredentialKind,
    /// Where it counts; `None` exactly for PortOne's, which serve both environments.
    pub environment: Option<Environment>,
    /// What the caller shows; unique among its kind, over all merchants.
    pub public_key: String,
    /// What proves it.
    pub proof: Proof,
    /// What it may do besides what every key of its kind may.
    pub rights: Rights,
    /// When it was added.
    pub created_at: Timestamp,
    /// From when on it proves nothing: it was revoked then, or it ends then because another was put in its place.
    pub revoked_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it proves anything at a time.
    #[must_use]
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none_or(|end| now < end)
    }
}

/// Adds a credential.
#[derive(Clone, Debug)]
pub struct AddCredential(pub Credential);

/// What came of adding a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialAdding {
    /// It is there now.
    Added,
    /// A credential of this kind shows the same key; nothing was changed.
    PublicKeyTaken,
    /// The merchant takes nothing new; nothing was changed.
    Closed(Closed),
}

impl Operation for AddCredential {
    type Out = CredentialAdding;
    const NAME: &'static str = "add_credential";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<CredentialAdding>, StoreError> {
        let new = &self.0;
        if let Some(closed) = closed(tx, new.merchant).await? {
            return Ok(Done::Rollback(CredentialAdding::Closed(closed)));
        }
        if !insert(tx, new).await? {
            return Ok(Done::Rollback(CredentialAdding::PublicKeyTaken));
        }
        bump(tx).await?;
        Ok(Done::Commit(CredentialAdding::Added))
    }
}

/// False where a credential of its kind shows the same key; nothing was written then.
async fn insert<T: Tx>(tx: &mut T, new: &Credential) -> Result<bool, StoreError> {
    let (sealed, hash) = match &new.proof {
        Proof::Sealed(bytes) => (Some(bytes), None),
        Proof::Hash(bytes) => (None, Some(bytes)),
    };
    let inserted = tx
        .exec(
            "INSERT INTO api_credentials (merchant_id, credential_id, kind, environment, public_key, \
             secret_sealed, secret_hash, created_at, revoked_at, rights) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (kind, public_key) DO NOTHING",
            &[
                new.merchant.as_bytes().into(),
                new.id.as_bytes().into(),
                new.kind.as_str().into(),
                new.environment.map(Environment::as_str).into(),
                (&new.public_key).into(),
                sealed.into(),
                hash.into(),
                new.created_at.as_micros().into(),
                new.revoked_at.map(Timestamp::as_micros).into(),
                (&new.rights.to_string()).into(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Revokes a credential, for ever; one that is to end, at once.
#[derive(Clone, Copy, Debug)]
pub struct RevokeCredential {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub credential: KeyId,
    /// The time.
    pub now: Timestamp,
}

/// What came of revoking a merchant, a credential or an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoking {
    /// It counts no more.
    Revoked,
    /// It had been revoked before; nothing was changed.
    Already,
    /// There is no such thing, or it is another merchant's.
    NotFound,
}

impl Operation for RevokeCredential {
    type Out = Revoking;
    const NAME: &'static str = "revoke_credential";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Revoking>, StoreError> {
        let (merchant, credential) = (self.merchant.as_bytes(), self.credential.as_bytes());
        let revoked = tx
            .exec(
                "UPDATE api_credentials SET revoked_at = $1 \
                 WHERE merchant_id = $2 AND credential_id = $3 AND (revoked_at IS NULL OR revoked_at > $1)",
                &[self.now.as_micros().into(), merchant.into(), credential.into()],
            )
            .await?;
        if revoked == 0 {
            let sql = "SELECT 1 FROM api_credentials WHERE merchant_id = $1 AND credential_id = $2";
            let there = !tx.rows(sql, &[merchant.into(), credential.into()]).await?.is_empty();
            return Ok(Done::Rollback(if there { Revoking::Already } else { Revoking::NotFound }));
        }
        bump(tx).await?;
        Ok(Done::Commit(Revoking::Revoked))
    }
}

macro_rules! credential_columns {
    () => {
        "merchant_id, credential_id, kind, environment, public_key, secret_sealed, secret_hash, created_at, revoked_at, \
         rights"
    };
}

/// The credential that a caller shows, of whatever merchant; a revoked one too: the caller of this judges.
#[derive(Clone, Debug)]
pub struct FindCredential {
    /// The door.
    pub kind: CredentialKind,
    /// What was shown.
    pub public_key: String,
}

impl Query for FindCredential {
    type Out = Option<AsOf<Credential>>;
    const NAME: &'static str = "find_credential";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<AsOf<Credential>>, StoreError> {
        let sql = concat!(
            "SELECT ",
            credential_columns!(),
            ", ",
            version_column!(),
            " FROM api_credentials WHERE kind = $1 AND public_key = $2"
        );
        let rows = tx.rows(sql, &[self.kind.as_str().into(), (&self.public_key).into()]).await?;
        let as_of = |row: &Row| Ok(AsOf { version: row.int(10)?, found: read(row)? });
        rows.first().map(as_of).transpose()
    }
}

/// The newest credential of a kind that is not revoked: it signs notifications where the endpoint names none.
/// One that is to end, since another was put in its place, only where no other counts: the other may have been revoked.
#[derive(Clone, Copy, Debug)]
pub struct NewestCredential {
    /// Whose.
    pub merchant: MerchantId,
    /// The kind.
    pub kind: CredentialKind,
    /// The environment it must serve; PortOne's serve every one.
    pub environment: Environment,
    /// The time.
    pub now: Timestamp,
}

impl Query for NewestCredential {
    type Out = Option<Credential>;
    const NAME: &'static str = "newest_credential";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Credential>, StoreError> {
        let sql = concat!(
            "SELECT ",
            credential_columns!(),
            " FROM api_credentials WHERE merchant_id = $1 AND kind = $2 AND (environment = $3 OR environment IS NULL) \
             AND (revoked_at IS NULL OR revoked_at > $4) \
             ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at DESC, credential_id DESC LIMIT 1"
        );
        let params = [
            self.merchant.as_bytes().into(),
            self.kind.as_str().into(),
            self.environment.as_str().into(),
            self.now.as_micros().into(),
        ];
        tx.rows(sql, &params).await?.first().map(read).transpose()
    }
}

/// One credential of a merchant by its id, revoked or not.
#[derive(Clone, Copy, Debug)]
pub struct LoadCredential {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub credential: KeyId,
}

impl Query for LoadCredential {
    type Out = Option<Credential>;
    const NAME: &'static str = "load_credential";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Credential>, StoreError> {
        let sql = concat!(
            "SELECT ",
            credential_columns!(),
            " FROM api_credentials WHERE merchant_id = $1 AND credential_id = $2"
        );
        let rows =
            tx.rows(sql, &[self.merchant.as_bytes().into(), self.credential.as_bytes().into()]).await?;
        rows.first().map(read).transpose()
    }
}

/// A page of a merchant's credentials, revoked ones too, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ListCredentials {
    /// Whose.
    pub merchant: MerchantId,
    /// The last credential of the page before.
    pub after: Option<KeyId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListCredentials {
    type Out = Vec<Credential>;
    const NAME: &'static str = "list_credentials";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Credential>, StoreError> {
        let sql = concat!(
            "SELECT ",
            credential_columns!(),
            " FROM api_credentials WHERE merchant_id = $1 AND credential_id > $2 ORDER BY credential_id LIMIT $3"
        );
        let after = self.after.map_or([0; 16], |id| *id.as_bytes());
        let rows =
            tx.rows(sql, &[self.merchant.as_bytes().into(), (&after).into(), self.limit.into()]).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Credential, StoreError> {
    let proof = match (row.opt_bytes(5)?, row.opt_bytes(6)?) {
        (Some(sealed), None) => Proof::Sealed(sealed),
        (None, Some(hash)) => Proof::Hash(hash),
        _ => return Err(StoreError::inconsistent("a credential with no proof, or with two")),
    };
    Ok(Credential {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: KeyId::from_bytes(row.id16(1)?),
        kind: parsed(row, 2, CredentialKind::parse)?,
        environment: row.opt_text(3)?.map(|_| rows::environment(row, 3)).transpose()?,
        public_key: row.text(4)?,
        proof,
        rights: parsed(row, 9, Rights::parse)?,
        created_at: time(row, 7)?,
        revoked_at: opt_time(row, 8)?,
    })
}

#[cfg(test)]
mod tests;
