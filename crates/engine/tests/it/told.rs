//! Notifications as each PSP would send them, signed with the keys that the tests know, and not by the sandbox: so that
//! they can tell anything.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::psps::Psp;

/// What is told of a refund that was done, or of which Adyen tells another event, or Stripe or Tap that it is `PENDING` or
/// `FAILED`.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Our reference, as the PSP gives it back.
    pub(crate) key: String,
    /// The PSP's id of the refund.
    pub(crate) refund: String,
    pub(crate) payment: String,
    /// In hundredths of the currency's unit.
    pub(crate) hundredths: i64,
    pub(crate) currency: &'static str,
    /// The merchant or contract that it names; `None` for the account's own.
    pub(crate) whose: Option<&'static str>,
    /// How Adyen calls it; for Stripe and Tap `REFUND`, `PENDING` or `FAILED`.
    pub(crate) event: &'static str,
    /// When it is sent, in seconds.
    pub(crate) at_s: i64,
}

/// Headers and body.
pub(crate) struct Message {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Told {
    /// As this PSP says it.
    pub(crate) fn by(&self, psp: &Psp) -> Message {
        let keys = psp.credentials();
        let secret = |name: &str| keys[name].as_str().unwrap().to_owned();
        match psp.name {
            "adyen" => Self::together(std::slice::from_ref(self), psp),
            "mpgs" => self.mpgs(&secret("merchant_id"), secret("notification_secret")),
            "oppwa" => self.oppwa(&secret("entity_id"), &secret("webhook_key")),
            "paypal" => self.paypal(&secret("merchant_id"), &secret("webhook_id"), &secret("client_secret")),
            "stripe" => self.stripe(&secret("webhook_secret")),
            "tap" => self.tap(&secret("secret_key")),
            other => panic!("{other} tells nothing, or is not known here"),
        }
    }

    fn amount(&self) -> String {
        format!("{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }

    /// The word of a PSP that says `done` of what is done.
    fn status(&self, done: &'static str) -> &'static str {
        if matches!(self.event, "PENDING" | "FAILED") { self.event } else { done }
    }

    /// One message of Adyen's that tells of all of these.
    pub(crate) fn together(all: &[Self], psp: &Psp) -> Message {
        let keys = psp.credentials();
        let secret = |name: &str| keys[name].as_str().unwrap().to_owned();
        let (own, hmac_key) = (secret("merchant_account"), secret("hmac_key"));
        let items: Vec<Value> = all.iter().map(|told| told.adyen_item(&own, &hmac_key)).collect();
        plain(&json!({"live": "false", "notificationItems": items}))
    }

    fn adyen_item(&self, own: &str, hmac_key: &str) -> Value {
        let Self { key, refund, payment, hundredths, currency, event, .. } = self;
        let account = self.whose.unwrap_or(own);
        let text = format!("{refund}:{payment}:{account}:{key}:{hundredths}:{currency}:{event}:true");
        let signature = STANDARD.encode(mac(&hex::decode(hmac_key).unwrap(), &text));
        let item = json!({"additionalData": {"hmacSignature": signature}, "eventCode": event, "success": "true",
            "amount": {"currency": currency, "value": hundredths}, "eventDate": "2026-11-18T10:00:00+00:00",
            "merchantAccountCode": account, "merchantReference": key, "originalReference": payment,
            "paymentMethod": "visa", "pspReference": refund, "reason": ""});
        json!({"NotificationRequestItem": item})
    }

    fn mpgs(&self, own: &str, notification_secret: String) -> Message {
        let body = format!(
            r#"{{"result":"SUCCESS","merchant":"{}","order":{{"id":"{}"}},"response":{{"gatewayCode":"APPROVED"}},
            "transaction":{{"id":"{}","type":"REFUND","amount":{},"currency":"{}"}}}}"#,
            self.whose.unwrap_or(own),
            self.payment,
            self.key,
            self.amount(),
            self.currency
        );
        Message { headers: vec![("x-notification-secret", notification_secret)], body }
    }

    fn oppwa(&self, own: &str, webhook_key: &str) -> Message {
        let payload = json!({"id": self.refund, "paymentType": "RF", "referencedId": self.payment,
            "merchantTransactionId": self.key, "amount": self.amount(), "currency": self.currency,
            "result": {"code": "000.000.000", "description": "Transaction succeeded"},
            "authentication": {"entityId": self.whose.unwrap_or(own)}});
        let mut bytes = json!({"type": "PAYMENT", "payload": payload}).to_string().into_bytes();
        let key: [u8; 32] = hex::decode(webhook_key).unwrap().try_into().unwrap();
        let cipher = <Aes256Gcm as aes_gcm::KeyInit>::new(&key.into());
        let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(&[7; 12]), b"", &mut bytes).unwrap();
        let headers = vec![
            ("x-initialization-vector", hex::encode_upper([7; 12])),
            ("x-authentication-tag", hex::encode_upper(tag)),
        ];
        Message { headers, body: hex::encode_upper(bytes) }
    }

    /// The signature is the sandbox's own, since PayPal itself is asked about it.
    fn paypal(&self, own: &str, webhook_id: &str, client_secret: &str) -> Message {
        let up = format!("https://api.sandbox.paypal.com/v2/payments/captures/{}", self.payment);
        let resource = json!({"id": self.refund, "status": "COMPLETED", "custom_id": self.key,
            "amount": {"value": self.amount(), "currency_code": self.currency},
            "payer": {"merchant_id": self.whose.unwrap_or(own)},
            "links": [{"rel": "up", "href": up, "method": "GET"}]});
        let event = json!({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.REFUNDED", "resource": resource});
        let mut message = plain(&event);
        let (id, time) = ("69cd13f0-d67a-11e5-baa3-778b53f4ae55", "2026-11-18T10:00:00Z");
        let text = format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(message.body.as_bytes()));
        message.headers = vec![
            ("paypal-auth-algo", "SHA256withRSA".to_owned()),
            ("paypal-cert-url", "https://api.sandbox.paypal.com/certs/1".to_owned()),
            ("paypal-transmission-id", id.to_owned()),
            ("paypal-transmission-sig", STANDARD.encode(mac(client_secret.as_bytes(), &text))),
            ("paypal-transmission-time", time.to_owned()),
        ];
        message
    }

    fn stripe(&self, webhook_secret: &str) -> Message {
        let refund = json!({"id": self.refund, "object": "refund", "amount": self.hundredths,
            "currency": self.currency.to_lowercase(), "charge": self.payment, "payment_intent": null,
            "metadata": {"redress_refund": self.key},
            "status": self.status("succeeded").to_lowercase()});
        let mut event = json!({"id": "evt_1", "object": "event", "type": "refund.updated", "livemode": false,
            "data": {"object": refund}});
        if let Some(connected) = self.whose {
            event["account"] = connected.into();
        }
        let mut message = plain(&event);
        let signature =
            hex::encode(mac(webhook_secret.as_bytes(), &format!("{}.{}", self.at_s, message.body)));
        message.headers = vec![("stripe-signature", format!("t={},v1={signature}", self.at_s))];
        message
    }

    /// Tap names no merchant; its signature covers neither the charge nor our reference.
    fn tap(&self, secret_key: &str) -> Message {
        let Self { key, refund, payment, currency, .. } = self;
        let (amount, status) = (self.amount(), self.status("REFUNDED"));
        let body = format!(
            r#"{{"id":"{refund}","object":"refund","status":"{status}","amount":{amount},"currency":"{currency}",
            "created":"1","charge_id":"{payment}","reference":{{"merchant":"{key}"}}}}"#
        );
        let text = format!(
            "x_id{refund}x_amount{amount}x_currency{currency}x_gateway_referencex_payment_referencex_status{status}\
             x_created1"
        );
        Message { headers: vec![("hashstring", hex::encode(mac(secret_key.as_bytes(), &text)))], body }
    }
}

fn plain(body: &Value) -> Message {
    Message { headers: Vec::new(), body: body.to_string() }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
