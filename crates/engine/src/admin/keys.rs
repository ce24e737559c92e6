//! Keys: what callers of the faces and of the API prove themselves with.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::id::{KeyId, MerchantId, UserId};
use redress_core::right::Rights;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_store::ops::credentials::{
    AddCredential, CredentialAdding, KeysUsed, ListCredentials, LoadCredential, Proof, RevokeCredential,
    Revoking, RotateCredential, Rotating,
};
use secrecy::{ExposeSecret, SecretString};

pub use redress_store::ops::credentials::{Credential, CredentialKind};

use super::fault::FaultCode;
use super::{AdminError, PAGE_ROWS};
use crate::api_key::ApiKey;
use crate::directory::CREDENTIAL_COLUMN;
use crate::engine::Engine;
use crate::key_material;
use crate::portal::PortalError;
use crate::vault::SealContext;

/// A key that is replaced goes on for so long at most.
pub const KEY_OVERLAP_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A key, and when it was last used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInUse {
    /// The key.
    pub key: Credential,
    /// To the hour; `None` where no use was seen. A use is noted a minute later or so.
    pub last_used_at: Option<Timestamp>,
}

impl Engine {
    /// Makes a key; answers it with its secret, which is shown now and never again. For an API key the secret is the
    /// whole key. `environment` is needed for SGate and API keys and must be `None` for PortOne's, which serve both.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong.
    pub async fn add_key(
        &self,
        merchant: MerchantId,
        kind: CredentialKind,
        environment: Option<Environment>,
    ) -> Result<(Credential, SecretString), AdminError> {
        self.add_key_with(merchant, kind, environment, Rights::NONE).await
    }

    /// The same, with rights besides those that every key of its kind has: only API keys can have any.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong.
    pub async fn add_key_with(
        &self,
        merchant: MerchantId,
        kind: CredentialKind,
        environment: Option<Environment>,
        rights: Rights,
    ) -> Result<(Credential, SecretString), AdminError> {
        let (credential, secret) = self.new_key(merchant, kind, environment, rights)?;
        self.keep_key(None, &credential).await.map_err(PortalError::unjudged)?;
        Ok((credential, secret))
    }

    /// Keeps a key, while whoever wants it may make one.
    pub(crate) async fn keep_key(
        &self,
        by: Option<UserId>,
        credential: &Credential,
    ) -> Result<(), PortalError> {
        let (merchant, add) = (credential.merchant, AddCredential(credential.clone()));
        match self.run_wanted(by, merchant, &Act::ManageKeys, add).await? {
            CredentialAdding::Added => Ok(()),
            CredentialAdding::Closed(closed) => Err(AdminError::from(closed).into()),
            CredentialAdding::PublicKeyTaken => Err(drawn_twice().into()),
        }
    }

    /// A key to be kept, with its secret; nothing is written.
    pub(crate) fn new_key(
        &self,
        merchant: MerchantId,
        kind: CredentialKind,
        environment: Option<Environment>,
        rights: Rights,
    ) -> Result<(Credential, SecretString), AdminError> {
        if rights != Rights::NONE && kind != CredentialKind::Api {
            return Err(AdminError::invalid("rights", "are for api keys alone"));
        }
        let random = &*self.parts.world.random;
        let now = self.now();
        let id = KeyId::new(now, random.bytes10());
        let (public_key, secret, proof) = match (kind, environment) {
            (CredentialKind::Portone, None) => self.sealed(merchant, id, key_material::portone(random)),
            (CredentialKind::Sgate, Some(_)) => self.sealed(merchant, id, key_material::sgate(random)),
            (CredentialKind::Api, Some(environment)) => {
                let key = ApiKey::generate(environment, random);
                (
                    key.public_part().to_owned(),
                    key.secret().clone(),
                    Proof::Hash(key.hash().as_bytes().to_vec()),
                )
            }
            (CredentialKind::Portone, Some(_)) => {
                let problem = "must be left out: a portone key serves both environments";
                return Err(AdminError::invalid("environment", problem));
            }
            (CredentialKind::Sgate | CredentialKind::Api, None) => {
                return Err(AdminError::invalid("environment", "is needed: sandbox or live"));
            }
        };
        let credential = Credential {
            merchant,
            id,
            kind,
            environment,
            public_key,
            proof,
            rights,
            created_at: now,
            revoked_at: None,
        };
        Ok((credential, secret))
    }

    /// Makes a key in the place of another, of the same kind and environment and with the same rights; answers it with its
    /// secret, which is shown now and never again. The old one goes on for so long, [`KEY_OVERLAP_MAX`] at most, and can be
    /// revoked before. Notifications in the dialects' own ways are signed by the new one at once, but those of an endpoint that
    /// names the old one, which signs them until it ends.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when the old one is revoked or was replaced, or the merchant is revoked.
    pub async fn rotate_key(
        &self,
        merchant: MerchantId,
        old: KeyId,
        overlap: Duration,
    ) -> Result<(Credential, SecretString), AdminError> {
        self.rotate_key_wanted(None, merchant, old, overlap).await.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn rotate_key_wanted(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        old: KeyId,
        overlap: Duration,
    ) -> Result<(Credential, SecretString), PortalError> {
        if overlap > KEY_OVERLAP_MAX {
            return Err(AdminError::invalid("overlap", "is longer than 30 days").into());
        }
        let found = self.parts.store.read(LoadCredential { merchant, credential: old }).await?;
        let found = found.ok_or(AdminError::NotFound("key"))?;
        let (new, secret) = self.new_key(merchant, found.kind, found.environment, found.rights)?;
        let until = self.now().plus(overlap);
        let rotate = RotateCredential { old, until, new: new.clone() };
        match self.run_wanted(by, merchant, &Act::ManageKeys, rotate).await? {
            Rotating::Rotated => Ok((new, secret)),
            Rotating::Ended => Err(AdminError::conflict(
                FaultCode::KeyEnded.told("the key is revoked, or another was put in its place"),
            )
            .into()),
            Rotating::NotFound => Err(AdminError::NotFound("key").into()),
            Rotating::Closed(closed) => Err(AdminError::from(closed).into()),
            Rotating::PublicKeyTaken => Err(drawn_twice().into()),
        }
    }

    fn sealed(
        &self,
        merchant: MerchantId,
        id: KeyId,
        pair: key_material::KeyPair,
    ) -> (String, SecretString, Proof) {
        let context = SealContext { merchant, row: id.as_bytes(), column: CREDENTIAL_COLUMN };
        let random = &*self.parts.world.random;
        let sealed = self.parts.vault.seal(random, &context, pair.secret.expose_secret().as_bytes());
        (pair.key, pair.secret, Proof::Sealed(sealed))
    }

    /// All keys of a merchant, revoked ones too, oldest first. They hold no secret that could be shown.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn list_keys(&self, merchant: MerchantId) -> Result<Vec<Credential>, AdminError> {
        let mut all: Vec<Credential> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id);
            let page = self.parts.store.read(ListCredentials { merchant, after, limit: PAGE_ROWS }).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// All keys of a merchant as [`Engine::list_keys`] has them, each with its last use.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn keys_in_use(&self, merchant: MerchantId) -> Result<Vec<KeyInUse>, AdminError> {
        let keys = self.list_keys(merchant).await?;
        let limit = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let used: BTreeMap<KeyId, Timestamp> =
            self.parts.store.read(KeysUsed { merchant, limit }).await?.into_iter().collect();
        let in_use = |key: Credential| KeyInUse { last_used_at: used.get(&key.id).copied(), key };
        Ok(keys.into_iter().map(in_use).collect())
    }

    /// Revokes a key for ever, at once; answers false when it had been before.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the merchant has no such key.
    pub async fn revoke_key(&self, merchant: MerchantId, credential: KeyId) -> Result<bool, AdminError> {
        self.revoke_key_wanted(None, merchant, credential).await.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn revoke_key_wanted(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        credential: KeyId,
    ) -> Result<bool, PortalError> {
        let revoke = RevokeCredential { merchant, credential, now: self.now() };
        match self.run_wanted(by, merchant, &Act::ManageKeys, revoke).await? {
            Revoking::Revoked => Ok(true),
            Revoking::Already => Ok(false),
            Revoking::NotFound => Err(AdminError::NotFound("key").into()),
        }
    }
}

fn drawn_twice() -> AdminError {
    AdminError::conflict(FaultCode::TryAgain.told("the key that was drawn exists already: try again"))
}
