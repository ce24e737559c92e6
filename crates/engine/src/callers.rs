//! Who calls: finding the owner of what a caller shows. The faces check the proof that their API prescribes.

use std::sync::Arc;

use redress_core::environment::Environment;
use redress_core::id::KeyId;
use redress_store::ops::credentials::CredentialKind;

use crate::api_key::ApiKey;
use crate::directory::Caller;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::rate::Turn;

/// The owner of an API key that was proved.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// The caller.
    pub caller: Arc<Caller>,
    /// The environment the key belongs to.
    pub environment: Environment,
}

impl Engine {
    /// The owner of a PortOne client key. The face checks the JWT with the caller's secret.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn portone_caller(&self, client_key: &str) -> Result<Option<Arc<Caller>>, EngineError> {
        Ok(self.parts.directory.caller(CredentialKind::Portone, client_key, self.now()).await?)
    }

    /// The owner of an SGate key. The face checks the signature with the caller's secret.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn sgate_caller(&self, key: &str) -> Result<Option<Arc<Caller>>, EngineError> {
        Ok(self.parts.directory.caller(CredentialKind::Sgate, key, self.now()).await?)
    }

    /// The owner of an API key of Redress's own API, proved.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn api_caller(&self, key: &str) -> Result<Option<ApiCaller>, EngineError> {
        let Ok(key) = ApiKey::parse(key) else { return Ok(None) };
        let found = self.parts.directory.caller(CredentialKind::Api, key.public_part(), self.now()).await?;
        Ok(found.filter(|caller| caller.proves(&key)).and_then(|caller| {
            self.key_used(&caller);
            let environment = caller.environment?;
            Some(ApiCaller { caller, environment })
        }))
    }

    /// Remembers that a key was proved now. To be called once the proof was found good; costs no write.
    pub fn key_used(&self, caller: &Caller) {
        self.parts.key_uses.used((caller.merchant, caller.credential), self.now());
    }

    /// Takes one request out of a key's bucket.
    pub fn take_turn(&self, key: KeyId) -> Turn {
        self.parts.rates.take(key)
    }
}
