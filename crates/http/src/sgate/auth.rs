//! Who calls: SGate's five `x-auth-*` headers. Any other `x-auth-*` header is the caller's own affair; real clients
//! send `x-auth-uuid` and `x-auth-method`.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_engine::directory::Caller;
use redress_engine::engine::Engine;
use redress_engine::signing::sgate::{
    HEADER_KEY, HEADER_SIGN_METHOD, HEADER_SIGN_VERSION, HEADER_SIGNATURE, HEADER_TIMESTAMP, Presented,
    Refused, Signed, verify,
};
use secrecy::SecretString;

use super::ROOT;
use super::error::{Echo, SgateError, Timestamp};
use crate::credentials::only;
use crate::limits::{REFERENCE_CHARS_MAX, storable};
use crate::problem::Problem;
use crate::{current, rate};

/// The logical name of an operation, which is signed and never crosses the wire.
pub(crate) trait Method {
    /// As in `order.refund`.
    const NAME: &'static str;
}

/// A caller who proved to have signed this request for the operation `M`.
pub(crate) struct SignedBy<M> {
    pub(super) caller: Arc<Caller>,
    /// The one that the caller's key belongs to.
    pub(super) environment: Environment,
    operation: PhantomData<M>,
}

impl<M> SignedBy<M> {
    pub(super) fn merchant(&self) -> MerchantId {
        self.caller.merchant
    }
}

impl<M: Method> FromRequestParts<Engine> for SignedBy<M> {
    type Rejection = SgateError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, SgateError> {
        let headers = AuthHeaders::read(&parts.headers)?;
        let uri = parts.uri.path_and_query().map_or("/", |uri| uri.as_str());
        let uri = uri.strip_prefix(ROOT).unwrap_or(uri);
        let found = match storable(&headers.key, REFERENCE_CHARS_MAX) {
            true => engine.sgate_caller(&headers.key).await?,
            false => None,
        };
        let caller = headers.prove(engine, uri, M::NAME, found).map_err(|why| {
            tracing::info!(%why, "a signature was refused");
            SgateError::BadAuth(why, Box::new(headers.echo(uri, M::NAME)))
        })?;
        let environment = caller.environment.ok_or_else(|| {
            tracing::error!(key = %caller.credential, "an SGate key belongs to no environment");
            SgateError::Problem(Problem::Broken)
        })?;
        current::is_of(caller.merchant);
        engine.key_used(&caller);
        rate::take(engine, caller.credential).map_err(SgateError::Problem)?;
        Ok(Self { caller, environment, operation: PhantomData })
    }
}

struct AuthHeaders {
    signature: String,
    key: String,
    timestamp: String,
    sign_method: String,
    sign_version: String,
}

impl AuthHeaders {
    fn read(headers: &HeaderMap) -> Result<Self, SgateError> {
        let read = |name: &'static str| {
            let value = only(headers, name);
            let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            value.filter(|text| !text.is_empty()).ok_or(SgateError::NoAuth(name))
        };
        Ok(Self {
            signature: read(HEADER_SIGNATURE)?,
            key: read(HEADER_KEY)?,
            timestamp: read(HEADER_TIMESTAMP)?,
            sign_method: read(HEADER_SIGN_METHOD)?,
            sign_version: read(HEADER_SIGN_VERSION)?,
        })
    }

    /// A key that nobody has gets the same answers as a wrong signature, after the same work.
    fn prove(
        &self,
        engine: &Engine,
        uri: &str,
        method: &str,
        found: Option<Arc<Caller>>,
    ) -> Result<Arc<Caller>, Refused> {
        let nobodys = SecretString::default();
        let secret = found.as_ref().and_then(|caller| caller.secret.as_ref());
        self.check(engine, uri, method, secret.unwrap_or(&nobodys))?;
        found.filter(|caller| caller.secret.is_some()).ok_or(Refused::Signature)
    }

    fn check(&self, engine: &Engine, uri: &str, method: &str, secret: &SecretString) -> Result<(), Refused> {
        let check = |uri: &str| {
            let presented = Presented {
                signed: Signed { uri, key: &self.key, timestamp: &self.timestamp, method },
                sign_method: &self.sign_method,
                sign_version: &self.sign_version,
                signature: &self.signature,
            };
            verify(&presented, secret, engine.now(), engine.config().sgate_clock_tolerance)
        };
        match (check(uri), unescaped(uri)) {
            (Err(Refused::Signature), Some(plain)) => check(&plain),
            (answer, _) => answer,
        }
    }

    fn echo(&self, uri: &str, method: &'static str) -> Echo {
        Echo {
            uri: uri.to_owned(),
            key: self.key.clone(),
            timestamp: match self.timestamp.parse() {
                Ok(seconds) => Timestamp::Seconds(seconds),
                Err(_) => Timestamp::Text(self.timestamp.clone()),
            },
            sign_method: self.sign_method.clone(),
            sign_version: self.sign_version.clone(),
            method,
        }
    }
}

/// The path as a client had it before its HTTP library escaped it for the wire: the documentation's samples sign the
/// text that they were given. `None` where nothing was escaped, or where what was escaped would read as another path.
fn unescaped(uri: &str) -> Option<String> {
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    if !path.contains('%') {
        return None;
    }
    let plain = percent_decode_str(path).decode_utf8().ok()?;
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    if slashes(&plain) != slashes(path) || plain.contains(['?', '#', '%']) {
        return None;
    }
    Some(query.map_or_else(|| plain.clone().into_owned(), |query| format!("{plain}?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_as_the_same_path_is_unescaped() {
        assert_eq!(unescaped("/orders/A%20b~c(1)*/refunds").as_deref(), Some("/orders/A b~c(1)*/refunds"));
        assert_eq!(unescaped("/orders/A%20b?c=%20").as_deref(), Some("/orders/A b?c=%20"));
        for uri in [
            "/orders/A",
            "/orders/A%2Frefunds",
            "/orders/A%3Fb",
            "/orders/A%23",
            "/orders/%2541",
            "/orders/%ff",
        ] {
            assert_eq!(unescaped(uri), None, "{uri}");
        }
    }
}
