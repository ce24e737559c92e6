//! Every notification proves itself, in its dialect's way and by the Standard Webhooks headers, and shows what the
//! tables say, of its own merchant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use standardwebhooks::Webhook;

use super::{Books, Merchant};
use crate::wire::{base32, base62, component, form, hmac64};
use crate::witness::Received;

/// The dialect `standard`.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    id: String,
    order_ref: String,
    amount_minor: i64,
    reason: String,
    event_number: i64,
}

/// The dialect `portone`.
#[derive(Deserialize)]
struct Flat {
    refund_id: String,
    psp_refund_id: String,
    amount: Box<RawValue>,
    currency: String,
    refund_status: String,
    refund_type: String,
    merchant_id: String,
    payment_txn_ref: String,
    payment_channel: String,
    signature_hash: String,
}

impl Books<'_> {
    pub(super) fn judge_signatures(&mut self) {
        let mut said = Vec::new();
        for received in &self.evidence.received {
            let merchant = &self.evidence.merchants[received.merchant];
            let fault = standard_headers(merchant, received).err().or_else(|| match received.endpoint {
                "standard" => self.standard(merchant, received).err(),
                "portone" => self.portone(merchant, received).err(),
                _ => sgate(merchant, received).err(),
            });
            if let Some(fault) = fault {
                said.push(format!("a notification {fault}: {received:?}"));
            }
        }
        self.found.extend(said);
    }

    fn standard(&self, merchant: &Merchant, received: &Received) -> Result<(), &'static str> {
        let told: Told = serde_json::from_str(&received.body).map_err(|_| "has another shape")?;
        let refund = self.refunds.iter().find(|it| format!("rf_{}", base32(it.id)) == told.data.id);
        let refund =
            refund.filter(|it| it.merchant == merchant.id).ok_or("is of no refund of the merchant")?;
        let events = self.events.get(&refund.id).ok_or("is of no event")?;
        let event = events.iter().find(|event| event.number == told.data.event_number);
        if event.is_none_or(|event| event.kind != told.kind) {
            return Err("tells of another event");
        }
        let order = self.payment_row(refund.payment).map(|payment| payment.order_ref.as_str());
        let right = (told.data.amount_minor, told.data.reason.as_str(), Some(told.data.order_ref.as_str()))
            == (refund.amount, refund.reason.as_str(), order);
        if right { Ok(()) } else { Err("shows another refund") }
    }

    fn portone(&self, merchant: &Merchant, received: &Received) -> Result<(), &'static str> {
        let flat: Flat = serde_json::from_str(&received.body).map_err(|_| "has another shape")?;
        let refund = self.refunds.iter().find(|it| base62(it.id) == flat.refund_id);
        refund.filter(|it| it.merchant == merchant.id).ok_or("is of no refund of the merchant")?;
        let fields = [
            ("amount", flat.amount.get()),
            ("currency", &flat.currency),
            ("merchant_id", &flat.merchant_id),
            ("payment_channel", &flat.payment_channel),
            ("payment_txn_ref", &flat.payment_txn_ref),
            ("psp_refund_id", &flat.psp_refund_id),
            ("refund_id", &flat.refund_id),
            ("refund_status", &flat.refund_status),
            ("refund_type", &flat.refund_type),
        ];
        let text: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", form(value))).collect();
        if hmac64(merchant.portone_secret.as_bytes(), &text.join("&")) == flat.signature_hash {
            Ok(())
        } else {
            Err("is signed wrongly in PortOne's way")
        }
    }
}

fn standard_headers(merchant: &Merchant, received: &Received) -> Result<(), &'static str> {
    let own = format!("whsec_{}", STANDARD.encode(&merchant.sgate_secret));
    let endpoint = merchant.endpoints.iter().find(|endpoint| endpoint.name == received.endpoint);
    let secrets = endpoint.map_or_else(|| vec![own], |endpoint| endpoint.secrets.clone());
    let header = |name: &str| {
        received.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    };
    let id = header("webhook-id").ok_or("has no id")?;
    let at = header("webhook-timestamp").and_then(|at| at.parse().ok()).ok_or("has no time")?;
    let given: Vec<&str> = header("webhook-signature").ok_or("has no signature")?.split(' ').collect();
    // The library that receivers use; its own check would compare with the time on this machine's wall.
    let proves = |secret: &String| {
        let signed = Webhook::new(secret).and_then(|key| key.sign(id, at, received.body.as_bytes()));
        signed.is_ok_and(|signed| given.contains(&signed.as_str()))
    };
    if secrets.iter().any(proves) { Ok(()) } else { Err("does not prove itself") }
}

fn sgate(merchant: &Merchant, received: &Received) -> Result<(), &'static str> {
    let header = |name: &str| {
        let found = received.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let text = format!(
        "key={}&method=order.notification&signMethod=HmacSHA256&signVersion=1&timestamp={}&uri={}",
        component(&merchant.sgate_key),
        header("x-auth-timestamp"),
        component(&received.target)
    );
    let signed = hmac64(merchant.sgate_secret.as_bytes(), &text) == header("x-auth-signature");
    if !signed || header("x-auth-key") != merchant.sgate_key {
        return Err("is signed wrongly in SGate's way");
    }
    let order = received.target.split("_orderId=").nth(1).and_then(|rest| rest.split('&').next());
    let own = order.is_some_and(|order| merchant.payments.iter().any(|payment| payment.order_ref == order));
    if own { Ok(()) } else { Err("is of no order of the merchant") }
}
