//! The payments of the demo's merchant: captured sums that can be given back. The sums are the same in every demo, the
//! references are made of the demo's seed.

use redress_core::environment::Environment;
use redress_core::id::AccountId;
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_engine::admin::payments::NewPayment;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

use super::kind::{Face, IdShape, Kind};
use super::state::State;
use crate::failure::Failure;

const HOUR_MICROS: i64 = 3_600_000_000;

/// SGate writes order numbers in local time.
const GMT_PLUS_3_MICROS: i64 = 3 * HOUR_MICROS;

/// So many payments of one moment SGate's order numbers tell apart.
const SGATE_DIGITS: u64 = 100_000;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A payment as `demo.json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Payment {
    pub(super) order_ref: String,
    pub(super) merchant_order_ref: String,
    pub(super) channel: &'static str,
    pub(super) payment_method: &'static str,
    pub(super) psp: &'static str,
    pub(super) psp_payment_id: String,
    pub(super) currency: &'static str,
    /// Decimal text in major units.
    pub(super) amount: String,
    pub(super) environment: &'static str,
    #[serde(skip)]
    pub(super) kind: Kind,
    #[serde(skip)]
    pub(super) captured: Amount,
    #[serde(skip)]
    captured_at: Timestamp,
}

/// All of them, kind by kind. The tour uses the first five of each.
pub(super) fn all(state: &State, merchant_code: &str) -> Result<Vec<Payment>, Failure> {
    let numbers = Kind::ALL.into_iter().flat_map(|kind| (0..kind.count()).map(move |number| (kind, number)));
    let mut taken = BTreeSet::new();
    numbers
        .map(|(kind, number)| {
            let payment = payment(state, merchant_code, kind, number, &taken)?;
            taken.insert(payment.order_ref.clone());
            Ok(payment)
        })
        .collect()
}

/// `taken`: the references of those before. SGate's have five digits to tell apart what was captured in one moment, which
/// of many demos are the same twice in some.
fn payment(
    state: &State,
    merchant_code: &str,
    kind: Kind,
    number: u32,
    taken: &BTreeSet<String>,
) -> Result<Payment, Failure> {
    let broken = |what: &str| Failure::unable(format!("the demo's payments: {what}"));
    let of = kind.sheet();
    let currency = Currency::from_code(of.currency).map_err(|error| broken(&error.to_string()))?;
    let captured = Amount::new(kind.captured_minor(number), currency);
    let drawn = Drawn { seed: &state.seed, of: of.name, number };
    let captured_at = state.made_at().as_micros() - i64::from(number + 1) * HOUR_MICROS;
    let order_ref = match of.face {
        Face::Portone => drawn.portone_ref(),
        Face::Sgate => {
            drawn.sgate_ref(merchant_code, captured_at, taken).ok_or_else(|| broken("the clock"))?
        }
    };
    Ok(Payment {
        order_ref,
        merchant_order_ref: format!("DEMO-{}-{:03}", of.name, number + 1),
        channel: of.channel,
        payment_method: kind.method(number),
        psp: of.psp,
        psp_payment_id: drawn.psp_id(of.id),
        currency: captured.currency().code(),
        amount: captured.to_fixed(),
        environment: Environment::Sandbox.as_str(),
        kind,
        captured,
        captured_at: Timestamp::from_micros(captured_at),
    })
}

impl Payment {
    /// As the store takes it in. SGate's payments have an address of their own for its callback.
    pub(super) fn to_import(&self, account: AccountId, callback_url: &str) -> NewPayment {
        NewPayment {
            environment: Environment::Sandbox,
            order_ref: self.order_ref.clone(),
            merchant_order_ref: Some(self.merchant_order_ref.clone()),
            account,
            psp_payment_id: self.psp_payment_id.clone(),
            captured: self.captured,
            refunded_before: 0,
            captured_at: self.captured_at,
            channel: Some(self.channel.to_owned()),
            payment_method: Some(self.payment_method.to_owned()),
            customer_ref: None,
            notification_url: (self.kind.sheet().face == Face::Sgate).then(|| callback_url.to_owned()),
        }
    }
}

/// What is drawn for one payment: the same every time.
struct Drawn<'a> {
    seed: &'a str,
    /// The kind's name.
    of: &'static str,
    number: u32,
}

impl Drawn<'_> {
    fn bytes(&self, what: &str) -> [u8; 32] {
        let text = format!("{}/{}/{}/{what}", self.seed, self.of, self.number);
        Sha256::digest(text.as_bytes()).into()
    }

    fn characters(&self, what: &str, count: usize) -> String {
        let bytes = self.bytes(what);
        bytes
            .iter()
            .cycle()
            .take(count)
            .map(|byte| char::from(BASE62[usize::from(*byte) % BASE62.len()]))
            .collect()
    }

    fn number(&self, what: &str, below: u64) -> u64 {
        let bytes = self.bytes(what);
        bytes.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte)) % below
    }

    /// 27 characters, as PortOne's.
    fn portone_ref(&self) -> String {
        format!("2{}", self.characters("order", 26))
    }

    /// `{merchant}T{YYYYMMDDHHMMSSmmm}{5 digits}`, as SGate's: the first drawn that is free.
    fn sgate_ref(&self, merchant_code: &str, captured_at: i64, taken: &BTreeSet<String>) -> Option<String> {
        let local = jiff::Timestamp::from_microsecond(captured_at + GMT_PLUS_3_MICROS).ok()?;
        let first = self.number("order", SGATE_DIGITS);
        (first..SGATE_DIGITS)
            .chain(0..first)
            .map(|digits| format!("{merchant_code}T{}{digits:05}", local.strftime("%Y%m%d%H%M%S%3f")))
            .find(|order_ref| !taken.contains(order_ref))
    }

    /// The PSP's id of the payment.
    fn psp_id(&self, shape: IdShape) -> String {
        match shape {
            // As many digits as MoMo's have.
            IdShape::Digits => (1_000_000_000_000 + self.number("payment", 9_000_000_000_000)).to_string(),
            IdShape::Characters { prefix, count } => {
                format!("{prefix}{}", self.characters("payment", count))
            }
            IdShape::Capitals { count } => self.characters("payment", count).to_ascii_uppercase(),
            IdShape::Hex { count } => hex::encode(self.bytes("payment")).chars().take(count).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::state::StateFile;
    use crate::open::real_world;

    #[tokio::test]
    async fn there_are_enough_of_each_kind_and_all_differ() {
        let dir = tempfile::tempdir().unwrap();
        let (world, _) = real_world().unwrap();
        let state = StateFile::open(dir.path(), false, &world).unwrap().state;
        let all = all(&state, "M948164").unwrap();
        for (psp, currency, method, least, most) in [
            ("momo", "VND", "MOMOPAY_WALLET", 1_000_000, 50_000_000),
            ("tap", "SAR", "tap", 10_000, 1_000_000),
            ("tap", "KWD", "tap", 10_000, i64::MAX),
            ("mpgs", "SAR", "mastercard", 10_000, 1_000_000),
            ("mpgs", "SAR", "applePay", 10_000, 1_000_000),
            ("stcpay", "SAR", "stcpay", 10_000, 1_000_000),
            ("oppwa", "SAR", "stcpay", 10_000, 1_000_000),
            ("stripe", "USD", "card", 10_000, 1_000_000),
            ("adyen", "EUR", "card", 10_000, 1_000_000),
            ("paypal", "USD", "PAYPAL", 10_000, 1_000_000),
        ] {
            let is_it =
                |one: &&Payment| (one.psp, one.currency, one.payment_method) == (psp, currency, method);
            let kind: Vec<_> = all.iter().filter(is_it).collect();
            assert!(kind.len() >= 20, "{psp} {currency} {method}");
            assert!(kind.iter().all(|one| (least..=most).contains(&one.captured.minor())), "{currency}");
            assert!(kind.iter().all(|one| one.order_ref.len()
                == if ["momo", "stripe", "adyen", "paypal"].contains(&psp) { 27 } else { 30 }));
        }
        let distinct = |of: fn(&Payment) -> &str| all.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|one| &one.order_ref), all.len());
        assert_eq!(distinct(|one| &one.psp_payment_id), all.len());
        assert_eq!(super::all(&state, "M948164").unwrap(), all, "the same every time");
        assert_eq!(
            (all[0].amount.as_str(), all[40].amount.as_str(), all[80].amount.as_str()),
            ("1000000", "100.00", "10.000")
        );
    }

    #[tokio::test]
    async fn what_is_drawn_twice_is_given_out_once() {
        let dir = tempfile::tempdir().unwrap();
        let (world, _) = real_world().unwrap();
        let mut state = StateFile::open(dir.path(), false, &world).unwrap().state;
        // One of some two hundred seeds draws the same five digits twice for what was captured in one moment.
        let drawn_twice = |seed: &str| {
            let sgate = || Kind::ALL.into_iter().filter(|kind| kind.sheet().face == Face::Sgate);
            let drawn = |kind: Kind, number| {
                Drawn { seed, of: kind.sheet().name, number }.number("order", SGATE_DIGITS)
            };
            (0..20).any(|number| {
                sgate().map(|kind| drawn(kind, number)).collect::<BTreeSet<_>>().len() < sgate().count()
            })
        };
        state.seed = (0..).map(|n| format!("seed {n}")).find(|seed| drawn_twice(seed)).unwrap();
        let all = all(&state, "M948164").unwrap();
        assert_eq!(all.iter().map(|one| &one.order_ref).collect::<BTreeSet<_>>().len(), all.len());
    }
}
