//! The parameters of `POST /v1/refunds` (<https://docs.stripe.com/api/refunds/create>).

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use url::form_urlencoded;

use super::wire::Refusal;

/// Most keys of metadata, and the longest name and value, in characters (<https://docs.stripe.com/api/metadata>).
const METADATA_KEYS_MAX: usize = 50;
const METADATA_NAME_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// Longest idempotency key, in characters.
const KEY_CHARS_MAX: usize = 255;

/// Parameters that exist and change nothing here.
const UNPLAYED: [&str; 3] = ["instructions_email", "refund_application_fee", "reverse_transfer"];

/// The parameters as they came, and the key.
#[derive(Debug)]
pub(crate) struct Given {
    pairs: Vec<(String, String)>,
    /// The `Idempotency-Key`, if there is one.
    pub(crate) key: Option<String>,
}

impl Given {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Given, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|text| text.starts_with("application/x-www-form-urlencoded")) {
            return Err(Refusal::invalid(None, "", "Invalid request: the body must be form-encoded"));
        }
        let key = headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
        if key.as_ref().is_some_and(|key| key.is_empty() || key.chars().count() > KEY_CHARS_MAX) {
            return Err(Refusal::invalid(None, "", "The idempotency key must have 1 to 255 characters"));
        }
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        pairs.sort();
        Ok(Given { pairs, key })
    }

    /// Two requests of one key are one request when this is equal.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.pairs {
            for part in [name, value] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
        }
        hex::encode(hash.finalize())
    }

    /// The parameters, checked as far as that goes without looking at the payment.
    pub(crate) fn form(&self) -> Result<Form, Refusal> {
        let mut form = Form::default();
        let (mut charge, mut intent) = (None, None);
        for (name, value) in &self.pairs {
            match name.as_str() {
                "charge" => charge = Some(value.clone()),
                "payment_intent" => intent = Some(value.clone()),
                "amount" => form.count = Some(count(value)?),
                "reason" => form.reason = Some(reason(value)?),
                _ if UNPLAYED.contains(&name.as_str()) || name.starts_with("expand[") => {}
                _ => form.add_metadata(name, value)?,
            }
        }
        (form.param, form.payment) = match (charge, intent) {
            (Some(charge), None) => ("charge", charge),
            (None, Some(intent)) => ("payment_intent", intent),
            (Some(_), Some(_)) => {
                let message = "You may only specify one of these parameters: charge, payment_intent.";
                return Err(Refusal::invalid(Some("parameters_exclusive"), "charge", message));
            }
            (None, None) => {
                let message = "One of the following params should be provided: payment_intent or charge.";
                return Err(Refusal::invalid(Some("parameter_missing"), "charge", message));
            }
        };
        Ok(form)
    }
}

/// A request that is right in itself.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// `charge` or `payment_intent`.
    pub(crate) param: &'static str,
    pub(crate) payment: String,
    /// In Stripe's unit; all that is left where none is given.
    pub(crate) count: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Form {
    fn add_metadata(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let inner = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
        let Some(inner) = inner.filter(|inner| !inner.is_empty()) else {
            let message = format!("Received unknown parameter: {name}");
            return Err(Refusal::invalid(Some("parameter_unknown"), name, message));
        };
        if inner.chars().count() > METADATA_NAME_CHARS_MAX || value.chars().count() > METADATA_VALUE_CHARS_MAX
        {
            return Err(Refusal::invalid(None, "metadata", "Metadata names and values must be shorter"));
        }
        self.metadata.insert(inner.to_owned(), value.to_owned());
        if self.metadata.len() > METADATA_KEYS_MAX {
            return Err(Refusal::invalid(None, "metadata", "Metadata can have up to 50 keys"));
        }
        Ok(())
    }
}

fn count(value: &str) -> Result<i64, Refusal> {
    let wrong = |what: &str| {
        Refusal::invalid(Some("parameter_invalid_integer"), "amount", format!("Invalid {what}: {value}"))
    };
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let count: i64 = value.parse().ok().filter(|_| is_plain).ok_or_else(|| wrong("integer"))?;
    if count < 1 { Err(wrong("positive integer")) } else { Ok(count) }
}

fn reason(value: &str) -> Result<String, Refusal> {
    match value {
        "duplicate" | "fraudulent" | "requested_by_customer" => Ok(value.to_owned()),
        _ => {
            let message = "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer";
            Err(Refusal::invalid(None, "reason", message))
        }
    }
}
