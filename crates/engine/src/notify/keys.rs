//! What signs a notification: the endpoint's own secrets, and the merchant's credential where the dialect has its own way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::time::Timestamp;
use redress_store::StoreError;
use redress_store::ops::credentials::{Credential, CredentialKind, LoadCredential, NewestCredential, Proof};
use redress_store::ops::endpoints::Endpoint;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::message::NotSendable;
use super::sgate::Signer;
use crate::directory::{CREDENTIAL_COLUMN, ENDPOINT_COLUMN};
use crate::engine::Engine;
use crate::signing::standard_webhooks::{SECRET_PREFIX, SigningKey};
use crate::vault::SealContext;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoKey {
    /// The store cannot be asked now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is none, or it cannot be read.
    #[error(transparent)]
    NotSendable(#[from] NotSendable),
}

/// The keys of the Standard Webhooks headers.
pub(super) struct Keys {
    pub(super) current: SigningKey,
    /// Signs too while a rotation runs.
    pub(super) previous: Option<SigningKey>,
}

impl Engine {
    /// The keys of an endpoint: its secret, and until the end of a rotation the one before.
    pub(super) fn endpoint_keys(&self, endpoint: &Endpoint, now: Timestamp) -> Result<Keys, NotSendable> {
        let previous = endpoint.old_secret.as_ref().filter(|(_, until)| now < *until);
        Ok(Keys {
            current: self.endpoint_key(endpoint, &endpoint.secret_sealed)?,
            previous: previous.map(|(sealed, _)| self.endpoint_key(endpoint, sealed)).transpose()?,
        })
    }

    fn endpoint_key(&self, endpoint: &Endpoint, sealed: &[u8]) -> Result<SigningKey, NotSendable> {
        let context =
            SealContext { merchant: endpoint.merchant, row: endpoint.id.as_bytes(), column: ENDPOINT_COLUMN };
        let secret = self.parts.vault.open_text(&context, sealed).map_err(|error| {
            tracing::error!(endpoint = %endpoint.id, %error, "an endpoint's secret cannot be opened");
            NotSendable("the endpoint's secret cannot be opened".to_owned())
        })?;
        SigningKey::parse(&secret).map_err(|error| NotSendable(format!("the endpoint's secret is {error}")))
    }

    /// The credential that signs in a dialect's own way: the endpoint's, until it is revoked or has ended, else the merchant's
    /// newest of that kind. With what the client shows and the secret.
    pub(super) async fn signer(
        &self,
        merchant: MerchantId,
        kind: CredentialKind,
        environment: Environment,
        endpoint: Option<&Endpoint>,
    ) -> Result<Option<Signer>, NoKey> {
        let own = match endpoint.and_then(|endpoint| endpoint.credential) {
            Some(credential) => self.parts.store.read(LoadCredential { merchant, credential }).await?,
            None => None,
        };
        let own = own.filter(|own| own.counts_at(self.now()) && own.kind == kind);
        let found = match own {
            Some(own) => Some(own),
            None => {
                let newest = NewestCredential { merchant, kind, environment, now: self.now() };
                self.parts.store.read(newest).await?
            }
        };
        Ok(found.map(|found| self.opened(found)).transpose()?)
    }

    fn opened(&self, credential: Credential) -> Result<Signer, NotSendable> {
        let Proof::Sealed(sealed) = &credential.proof else {
            return Err(NotSendable("the key that signs has no secret".to_owned()));
        };
        let context = SealContext {
            merchant: credential.merchant,
            row: credential.id.as_bytes(),
            column: CREDENTIAL_COLUMN,
        };
        let secret = self.parts.vault.open_text(&context, sealed).map_err(|error| {
            tracing::error!(key = %credential.id, %error, "a key's secret cannot be opened");
            NotSendable("the secret of the key that signs cannot be opened".to_owned())
        })?;
        Ok(Signer { key: credential.public_key, secret })
    }
}

/// The key of the Standard Webhooks headers for a payment's own address, which has no secret of its own: the UTF-8 bytes
/// of the SGate secret. A receiver writes it as `whsec_` and the base64 of these bytes.
pub(super) fn own_address_keys(secret: &SecretString) -> Result<Keys, NotSendable> {
    let encoded = Zeroizing::new(STANDARD.encode(secret.expose_secret()));
    let secret = SecretString::from(format!("{SECRET_PREFIX}{}", *encoded));
    let current = SigningKey::parse(&secret)
        .map_err(|_| NotSendable("the SGate secret must have 24 to 64 bytes to sign with".to_owned()))?;
    Ok(Keys { current, previous: None })
}
