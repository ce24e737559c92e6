//! The demo's callers: the merchant's programs, as clients of the two APIs, and whoever steers the sandbox.

use std::sync::Arc;
use std::time::Duration;

use redress_engine::signing::sgate;
use redress_engine::world::Clock;
use redress_psp::http::HttpClient;
use redress_psp::transport::{HttpRequest, Transport};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::state::Merchant;

/// For one exchange; longer than PortOne's face waits for the PSP, and than a slow disk keeps a commit waiting.
const TIMEOUT: Duration = Duration::from_secs(40);

/// The longest answer that is read, in bytes: a ledger with many effects.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An answer: any status, any body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// The body as what a success is.
    ///
    /// # Errors
    /// The answer in words, where it is none.
    pub(super) fn success<T: DeserializeOwned>(&self) -> Result<T, String> {
        if !(200..300).contains(&self.status) {
            return Err(self.in_words());
        }
        self.json()
    }

    /// The body as JSON, whatever the status.
    ///
    /// # Errors
    /// The answer in words, where it is none.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.body).map_err(|error| format!("{}: {error}", self.in_words()))
    }

    pub(super) fn in_words(&self) -> String {
        let shown: String = self.body.chars().take(300).collect();
        format!("answered {} {shown}", self.status)
    }
}

/// The HTTP of all of them.
#[derive(Clone)]
pub(super) struct Http(Arc<HttpClient>);

impl Http {
    pub(super) fn new(client: HttpClient) -> Self {
        Self(Arc::new(client))
    }

    async fn call(&self, mut request: HttpRequest, body: Option<&Value>) -> Result<Answer, String> {
        if let Some(body) = body {
            request = request.body("application/json", body.to_string());
        }
        request.timeout = TIMEOUT;
        request.body_bytes_max = ANSWER_BYTES_MAX;
        let shown = request.shown_url().to_owned();
        let answer = self.0.send(request).await.map_err(|error| format!("{shown}: {error}"))?;
        Ok(Answer { status: answer.status, body: String::from_utf8_lossy(&answer.body).into_owned() })
    }
}

/// The merchant's backend as a client of Redress.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base_url: String,
    pub(super) merchant: Arc<Merchant>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Client {
    /// A token of PortOne's token API.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) async fn portone_token(&self) -> Result<String, String> {
        let pair = &self.merchant.portone;
        let body = json!({ "portone_key": pair.key, "portone_secret": pair.secret });
        let request =
            HttpRequest::new(http::Method::POST, format!("{}/api/merchant/auth-token", self.base_url));
        let answer: Value = self.http.call(request, Some(&body)).await?.success()?;
        answer["content"]["token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| "no token in the answer".to_owned())
    }

    /// PortOne's `POST /api/refund/{order_ref}`, or GET without a body.
    ///
    /// # Errors
    /// Where there is no answer at all.
    pub(super) async fn portone_refund(
        &self,
        order_ref: &str,
        create: Option<(&Value, &str)>,
    ) -> Result<Answer, String> {
        let token = self.portone_token().await?;
        let method = if create.is_some() { http::Method::POST } else { http::Method::GET };
        let mut request = HttpRequest::new(method, format!("{}/api/refund/{order_ref}", self.base_url))
            .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
            .header(http::HeaderName::from_static("x-portone-client-key"), self.merchant.portone.key.clone());
        if let Some((_, key)) = create {
            request = request.header(http::HeaderName::from_static("idempotency-key"), key);
        }
        self.http.call(request, create.map(|(body, _)| body)).await
    }

    /// A call of SGate's API: `path` without `/api_v1`, `operation` the name that is signed. A body makes it a POST.
    ///
    /// # Errors
    /// Where there is no answer at all.
    pub(super) async fn sgate(
        &self,
        path: &str,
        operation: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let pair = &self.merchant.sgate;
        let method = if body.is_some() { http::Method::POST } else { http::Method::GET };
        let mut request = HttpRequest::new(method, format!("{}/api_v1{path}", self.base_url));
        let secret = SecretString::from(pair.secret.as_str());
        for (name, value) in sgate::headers(path, operation, &pair.key, &secret, self.clock.now()) {
            request = request.header(http::HeaderName::from_static(name), value);
        }
        self.http.call(request, body).await
    }
}

/// Whoever steers the sandbox.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) http: Http,
    pub(super) url: String,
}

/// One line of the sandbox' ledger.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Effect {
    pub(super) psp: String,
    pub(super) payment: String,
    pub(super) refund: String,
    pub(super) amount_minor: i64,
    pub(super) state: String,
}

impl Control {
    /// Makes a payment known. The same again changes nothing.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) async fn announce(&self, payment: &super::payments::Payment) -> Result<(), String> {
        let body = json!({
            "psp": payment.psp,
            "payment": payment.psp_payment_id,
            "currency": payment.currency,
            "amount_minor": payment.captured.minor(),
        });
        self.post("/control/payment", &body).await
    }

    /// Tells a PSP where its notifications go.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) async fn webhook(&self, psp: &str, url: &str) -> Result<(), String> {
        self.post("/control/webhook", &json!({ "psp": psp, "url": url })).await
    }

    /// Scripts what happens to the next submits for a payment.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) async fn script(&self, psp: &str, payment: &str, steps: &[&str]) -> Result<(), String> {
        self.post("/control/script", &json!({ "psp": psp, "payment": payment, "steps": steps })).await
    }

    /// All effects on one payment, oldest first.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) async fn effects(&self, psp: &str, payment: &str) -> Result<Vec<Effect>, String> {
        #[derive(serde::Deserialize)]
        struct Ledger {
            effects: Vec<Effect>,
        }
        let request = HttpRequest::new(http::Method::GET, format!("{}/control/ledger", self.url));
        let ledger: Ledger = self.http.call(request, None).await?.success()?;
        Ok(ledger.effects.into_iter().filter(|one| one.psp == psp && one.payment == payment).collect())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        let request = HttpRequest::new(http::Method::POST, format!("{}{path}", self.url));
        self.http.call(request, Some(body)).await?.success::<Value>().map(|_| ())
    }
}
