//! Who calls: an API key as bearer token.
//!
//! With who calls comes what stands behind the path's `?`: an operation takes no parameter that it does not name, so that a
//! sum that somebody wrote there is refused and does not become all that is left. [`KeyHolder`] names none; a handler that
//! takes some has [`Asking`] instead.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use redress_core::environment::Environment;
use redress_core::id::{KeyId, MerchantId};
use redress_core::right::{Right, Rights};
use redress_engine::engine::Engine;

use super::error::OwnError;
use super::query::QueryFields;
use crate::credentials::bearer;
use crate::{current, rate};

/// The proved owner of the request's API key, where the operation takes no parameters: any is refused.
#[derive(Clone, Copy)]
pub(crate) struct KeyHolder {
    pub(super) merchant: MerchantId,
    /// The one that the key belongs to.
    pub(super) environment: Environment,
    /// The key itself.
    pub(super) key: KeyId,
    rights: Rights,
}

impl KeyHolder {
    /// Refuses where the key was not given a right.
    pub(super) fn needs(&self, right: Right) -> Result<(), OwnError> {
        if self.rights.has(right) { Ok(()) } else { Err(OwnError::forbidden(right)) }
    }
}

impl FromRequestParts<Engine> for KeyHolder {
    type Rejection = OwnError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, OwnError> {
        Ok(Asking::from_request_parts(parts, engine).await?.only(&[])?.0)
    }
}

/// The proved owner of the request's API key, and its parameters, which are had only by saying which are known.
pub(crate) struct Asking {
    holder: KeyHolder,
    query: QueryFields,
}

impl Asking {
    /// Refuses every parameter but these.
    pub(super) fn only(self, known: &[&str]) -> Result<(KeyHolder, QueryFields), OwnError> {
        Ok((self.holder, self.query.only(known)?))
    }
}

impl FromRequestParts<Engine> for Asking {
    type Rejection = OwnError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, OwnError> {
        let key = bearer(&parts.headers).ok_or_else(OwnError::unauthorized)?;
        let found = engine.api_caller(key).await?.ok_or_else(OwnError::unauthorized)?;
        let caller = &found.caller;
        current::is_of(caller.merchant);
        let (merchant, key, rights) = (caller.merchant, caller.credential, caller.rights);
        rate::take(engine, key)?;
        let holder = KeyHolder { merchant, environment: found.environment, key, rights };
        Ok(Self { holder, query: QueryFields::of(&parts.uri)? })
    }
}
