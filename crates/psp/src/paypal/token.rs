//! Access tokens: got for the client's id and secret, kept with the account's version, and renewed when PayPal no longer
//! takes them.
//!
//! `POST /v1/oauth2/token` is stated in `openapi/payments_payment_v2.json` (`securitySchemes`) of
//! <https://github.com/paypal/paypal-rest-api-specifications>; its form is RFC 6749, section 4.4.2.

use super::wire::{TokenAnswer, TokenError};
use crate::account::{AccountConfig, AccountConfigError};
use crate::exchange::{self, json, prepare};
use crate::record::Record;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use redress_core::outcome::Outcome;
use secrecy::{ExposeSecret, SecretString};

/// A longer token is none, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How often one request is sent at most: a second time with a new token.
const TRIES: usize = 2;

/// What a token must be good for (`captures.refund` in the same file).
pub(super) const REFUND_SCOPE: &str = "https://uri.paypal.com/services/payments/refund";

/// A new token.
pub(super) struct Granted {
    token: SecretString,
    /// Whether it is good for refunds; nothing where PayPal does not say.
    pub(super) may_refund: Option<bool>,
}

/// Why there is no token. The texts are for people and hold no secret.
#[derive(Debug)]
pub(super) enum NoToken {
    /// PayPal does not take the client's id or secret.
    Refused(String),
    /// Whatever else.
    Unclear(String),
}

impl NoToken {
    fn text(&self) -> &str {
        match self {
            Self::Refused(text) | Self::Unclear(text) => text,
        }
    }
}

/// One account's way to PayPal.
pub(super) struct Desk<'a> {
    transport: &'a dyn Transport,
    account: &'a AccountConfig,
    client_id: &'a str,
    client_secret: &'a str,
}

impl<'a> Desk<'a> {
    pub(super) fn open(
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
    ) -> Result<Self, AccountConfigError> {
        let client_id = account.credentials.need("client_id")?;
        let client_secret = account.credentials.need("client_secret")?;
        Ok(Self { transport, account, client_id, client_secret })
    }

    /// Sends a request with an access token. Where PayPal does not let it in it did nothing, and the same is sent once more
    /// with a new token.
    pub(super) async fn send(
        &self,
        record: &mut Record,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Outcome> {
        let mut answer = None;
        for _ in 0..TRIES {
            let token = self.token(record).await.map_err(|problem| Outcome::NotSent {
                reason: format!("no access token: {}", problem.text()),
            })?;
            record.keep_out(&token);
            let bearer = format!("Bearer {}", token.expose_secret());
            let authorized = request.clone().header(header::AUTHORIZATION, bearer);
            let response = exchange::send(self.transport, record, authorized).await?;
            if response.status != 401 {
                return Ok(response);
            }
            self.forget(&token);
            answer = Some(response);
        }
        answer.ok_or_else(|| Outcome::NotSent { reason: "it was not tried".to_owned() })
    }

    async fn token(&self, record: &mut Record) -> Result<SecretString, NoToken> {
        match self.account.session.token() {
            Some(token) => Ok(token),
            None => self.new_token(record).await.map(|granted| granted.token),
        }
    }

    /// Gets a new token and keeps it. The answer holds it, so that only a remark is recorded.
    pub(super) async fn new_token(&self, record: &mut Record) -> Result<Granted, NoToken> {
        let url = format!("{}/v1/oauth2/token", super::base(self.account));
        let pair = STANDARD.encode(format!("{}:{}", self.client_id, self.client_secret));
        let request = prepare(self.account, HttpRequest::new(Method::POST, url))
            .header(header::AUTHORIZATION, format!("Basic {pair}"))
            .header(header::ACCEPT, "application/json")
            .body("application/x-www-form-urlencoded", "grant_type=client_credentials");
        let granted = read(self.transport.send(request).await);
        match &granted {
            Ok(granted) => {
                record.line("PayPal gave an access token");
                self.account.session.keep(Some(granted.token.clone()));
            }
            Err(problem) => record.line(&format!("PayPal gave no access token: {}", problem.text())),
        }
        granted
    }

    /// Forgets a token, unless somebody has got another one meanwhile.
    fn forget(&self, token: &SecretString) {
        let session = &self.account.session;
        if session.token().is_some_and(|kept| kept.expose_secret() == token.expose_secret()) {
            session.keep(None);
        }
    }
}

fn read(answer: Result<HttpResponse, TransportError>) -> Result<Granted, NoToken> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(TransportError::NotSent(reason)) => return Err(NoToken::Unclear(reason)),
        Err(TransportError::Broken(reason)) => {
            return Err(NoToken::Unclear(format!("no answer came: {reason}")));
        }
    };
    let status = answer.status;
    if status != 200 {
        let error = error_code(&answer.body);
        let text = format!("PayPal answered HTTP {status} {}", error.as_deref().unwrap_or_default());
        let text = text.trim_end().to_owned();
        return Err(match (status, error.as_deref()) {
            (400 | 401 | 403, Some("invalid_client" | "unauthorized_client")) | (401, _) => {
                NoToken::Refused(text)
            }
            _ => NoToken::Unclear(text),
        });
    }
    let answer: Option<TokenAnswer<'_>> = json(&answer.body);
    let answer = answer.filter(|answer| is_token(&answer.access_token));
    let Some(TokenAnswer { access_token, scope }) = answer else {
        return Err(NoToken::Unclear("PayPal's answer holds none".to_owned()));
    };
    let scope: Option<String> = scope.and_then(|scope| json(scope.get().as_bytes()));
    let may_refund = scope.map(|scope| scope.split(' ').any(|one| one == REFUND_SCOPE));
    Ok(Granted { token: access_token.into(), may_refund })
}

fn is_token(text: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The error's name, if it is one: whatever else stands there could hold what we sent.
fn error_code(body: &[u8]) -> Option<String> {
    let error = json::<TokenError>(body)?.error;
    let is_name =
        (1..=64).contains(&error.len()) && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_name.then_some(error)
}
