//! Who calls: an API key as bearer token (RFC 6750, section 2.1).

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_engine::engine::Engine;

use super::error::OwnError;
use crate::outermost;

/// The proved owner of the request's API key.
pub(crate) struct KeyHolder {
    pub(super) merchant: MerchantId,
    /// The one that the key belongs to.
    pub(super) environment: Environment,
}

impl FromRequestParts<Engine> for KeyHolder {
    type Rejection = OwnError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, OwnError> {
        let key = bearer(parts).ok_or_else(OwnError::unauthorized)?;
        let found = engine.api_caller(key).await?.ok_or_else(OwnError::unauthorized)?;
        outermost::is_of(found.caller.merchant);
        Ok(Self { merchant: found.caller.merchant, environment: found.environment })
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, key) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
