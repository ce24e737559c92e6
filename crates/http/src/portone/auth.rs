//! Who calls PortOne's face: the client key in a header, proved by a token signed with its secret.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use redress_engine::directory::Caller;
use redress_engine::engine::Engine;

use super::error::{PortoneError, of_problem};
use super::jwt;
use crate::credentials::{bearer, only};
use crate::limits::{REFERENCE_CHARS_MAX, storable};
use crate::{current, rate};

/// Today's header, and the one of clients from when PortOne was called ChaiPay.
const KEY_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-portone-client-key"), HeaderName::from_static("x-chaipay-client-key")];

/// A caller who proved who they are.
pub(crate) struct PortoneCaller(Arc<Caller>);

impl std::ops::Deref for PortoneCaller {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl PortoneCaller {
    /// Checks that the key in a path is the caller's own.
    ///
    /// # Errors
    /// [`PortoneError::KeyInvalid`], as for a key that does not exist.
    pub(super) fn is(&self, key: Option<&str>) -> Result<(), PortoneError> {
        if key == Some(self.public_key.as_str()) { Ok(()) } else { Err(PortoneError::KeyInvalid) }
    }
}

impl FromRequestParts<Engine> for PortoneCaller {
    type Rejection = PortoneError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, PortoneError> {
        let key = client_key(&parts.headers)?;
        let caller = engine.portone_caller(key).await?.ok_or(PortoneError::KeyInvalid)?;
        let token = bearer(&parts.headers).ok_or(PortoneError::TokenInvalid)?;
        let secret = caller.secret.as_ref().ok_or(PortoneError::TokenInvalid)?;
        if !jwt::proves(token, &caller.public_key, secret, engine.now()) {
            return Err(PortoneError::TokenInvalid);
        }
        current::is_of(caller.merchant);
        engine.key_used(&caller);
        rate::take(engine, caller.credential).map_err(of_problem)?;
        Ok(Self(caller))
    }
}

fn client_key(headers: &HeaderMap) -> Result<&str, PortoneError> {
    let name =
        KEY_HEADERS.into_iter().find(|name| headers.contains_key(name)).ok_or(PortoneError::KeyMissing)?;
    let value = only(headers, &name).ok_or(PortoneError::KeyInvalid)?;
    let key = value.to_str().map_err(|_| PortoneError::KeyInvalid)?;
    match key {
        "" => Err(PortoneError::KeyMissing),
        key if storable(key, REFERENCE_CHARS_MAX) => Ok(key),
        _ => Err(PortoneError::KeyInvalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn todays_header_wins_over_the_older_one() {
        let both = headers(&[("x-chaipay-client-key", "old"), ("x-portone-client-key", "new")]);
        assert_eq!(client_key(&both), Ok("new"));
        assert_eq!(client_key(&headers(&[("x-chaipay-client-key", "old")])), Ok("old"));
        assert_eq!(client_key(&headers(&[])), Err(PortoneError::KeyMissing));
        assert_eq!(client_key(&headers(&[("x-portone-client-key", "")])), Err(PortoneError::KeyMissing));
        let mut odd = headers(&[]);
        odd.insert(&KEY_HEADERS[0], HeaderValue::from_bytes("caf\u{e9}".as_bytes()).unwrap());
        assert_eq!(client_key(&odd), Err(PortoneError::KeyInvalid));
    }
}
