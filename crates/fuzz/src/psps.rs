//! The PSPs as the targets know them: an account there, and the refund that is asked about. A PSP more is a row more.

use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::id::RefundId;
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_psp::account::{AccountConfig, Credentials};
use redress_psp::connector::{Connector, QueryAsk, SubmitAsk};
use redress_psp::registry;
use redress_psp::session::Session;

/// When everything happens: 2026-11-18T15:06:40Z.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_014_400_000_000);

/// The refund that is asked about.
const REFUND: RefundId = RefundId::from_bytes([7; 16]);

/// Its sum, in minor units.
const MINOR: i64 = 200_000;

/// One PSP.
pub struct Psp {
    /// The connector's name.
    pub name: &'static str,
    /// What follows the sandbox's address.
    pub path: &'static str,
    /// The payment's currency.
    pub currency: &'static str,
    /// The payment's id.
    pub payment: &'static str,
    /// The account's credentials, as the sandbox takes them.
    pub credentials: &'static str,
    /// The credential that proves a notification, and another value of it.
    pub(crate) proof: Option<(&'static str, &'static str)>,
    /// Nothing is taken for done without its sum.
    pub(crate) names_the_sum: bool,
    /// Nothing is taken for done without its payment.
    pub(crate) names_the_payment: bool,
    /// Nothing is taken for done without our reference.
    pub(crate) names_the_key: bool,
}

/// The PSP of that name.
///
/// # Panics
/// Where there is none.
pub fn named(name: &str) -> &'static Psp {
    ALL.iter().find(|psp| psp.name == name).expect("a PSP of the table")
}

impl Psp {
    /// The connector.
    ///
    /// # Panics
    /// Where there is none.
    pub fn connector(&self) -> &'static dyn Connector {
        registry::by_name(self.name).expect("a connector")
    }

    /// An account, with nothing kept from earlier exchanges.
    pub fn account(&self, base: &str) -> AccountConfig {
        AccountConfig {
            environment: Environment::Sandbox,
            base_url: Some(format!("{base}{}", self.path)),
            notification_url: Some(format!("{base}/notify")),
            credentials: Credentials::from_json(self.credentials.as_bytes()).expect("texts"),
            timeout: Duration::from_secs(30),
            session: Session::default(),
        }
    }

    /// An account with another secret for notifications, which nobody who writes an input knows.
    pub(crate) fn account_of_others(&self, base: &str) -> AccountConfig {
        let mut account = self.account(base);
        let value = |name: &str| match self.proof {
            Some((proof, other)) if proof == name => other.to_owned(),
            _ => account.credentials.get(name).unwrap_or_default().to_owned(),
        };
        account.credentials =
            account.credentials.names().map(|name| (name.to_owned(), value(name))).collect();
        account
    }

    pub(crate) fn credential(&self, name: &str) -> String {
        self.account("").credentials.get(name).unwrap_or_default().to_owned()
    }

    /// The refund, as it is sent.
    ///
    /// # Panics
    /// Where the table names no currency.
    pub fn submit(&self) -> SubmitAsk {
        SubmitAsk {
            key: REFUND.psp_key(),
            psp_payment_id: self.payment.to_owned(),
            amount: Amount::new(MINOR, Currency::from_code(self.currency).expect("a currency")),
            reason: "as agreed".to_owned(),
        }
    }

    /// The same, as it is asked about.
    pub fn query(&self, psp_refund_id: Option<String>) -> QueryAsk {
        let SubmitAsk { key, psp_payment_id, amount, .. } = self.submit();
        QueryAsk {
            key,
            psp_payment_id,
            psp_refund_id,
            amount,
            first_sent_at: NOW,
            now: NOW.plus(Duration::from_secs(20)),
            nonce: [9; 10],
            bound_elsewhere: vec!["bound-elsewhere".to_owned()],
        }
    }
}

static ALL: &[Psp] = &[
    Psp {
        name: "adyen",
        path: "/v71",
        currency: "EUR",
        payment: "9936178949000001",
        credentials: r#"{"api_key": "ADYEN_API_KEY", "merchant_account": "TestMerchant",
            "hmac_key": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"}"#,
        proof: Some(("hmac_key", "55782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056")),
        names_the_sum: true,
        names_the_payment: true,
        names_the_key: false,
    },
    Psp {
        name: "momo",
        path: "",
        currency: "VND",
        payment: "2820000001",
        credentials: r#"{"partner_code": "MOMO", "access_key": "F8BBA842ECF85",
            "secret_key": "K951B6PE1waDMi640xX08PD3vg6EkVlz"}"#,
        proof: None,
        names_the_sum: true,
        names_the_payment: false,
        names_the_key: true,
    },
    Psp {
        name: "mpgs",
        path: "",
        currency: "SAR",
        payment: "ORDER-00001",
        credentials: r#"{"merchant_id": "TESTREDRESS01", "password": "7f1d3a9c5e2b4860a1c3e5f708192a3b",
            "notification_secret": "A1B2C3D4E5F60718293A4B5C6D7E8F90"}"#,
        proof: Some(("notification_secret", "B1B2C3D4E5F60718293A4B5C6D7E8F90")),
        names_the_sum: true,
        names_the_payment: true,
        names_the_key: true,
    },
    Psp {
        name: "oppwa",
        path: "",
        currency: "SAR",
        payment: "8ac7a4a09136ba280191370000000001",
        credentials: r#"{"access_token": "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=",
            "entity_id": "8a8294174b7ecb28014b9699220015ca", "test_mode": "EXTERNAL",
            "webhook_key": "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"}"#,
        proof: Some(("webhook_key", "100102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F")),
        names_the_sum: true,
        names_the_payment: false,
        names_the_key: false,
    },
    Psp {
        name: "paypal",
        path: "",
        currency: "USD",
        payment: "2GG279541U4700001",
        credentials: r#"{"client_id": "sandbox-paypal-client",
            "client_secret": "sandbox-paypal-client-secret", "webhook_id": "1JE4291016473214C"}"#,
        proof: None,
        names_the_sum: true,
        names_the_payment: false,
        names_the_key: false,
    },
    Psp {
        name: "stcpay",
        path: "",
        currency: "SAR",
        payment: "1262678000001",
        credentials: r#"{"client_code": "61000000001"}"#,
        proof: None,
        names_the_sum: false,
        names_the_payment: false,
        names_the_key: false,
    },
    Psp {
        name: "stripe",
        path: "",
        currency: "USD",
        payment: "ch_3Lmj00001",
        credentials: r#"{"secret_key": "sk_test_sandbox", "webhook_secret": "whsec_sandbox"}"#,
        proof: Some(("webhook_secret", "whsec_nobodys")),
        names_the_sum: true,
        names_the_payment: true,
        names_the_key: true,
    },
    Psp {
        name: "tap",
        path: "",
        currency: "SAR",
        payment: "chg_TS00001",
        credentials: r#"{"secret_key": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"}"#,
        proof: Some(("secret_key", "sk_test_AAokBfNWv6FIYuTMg5sLPjhJ")),
        names_the_sum: true,
        names_the_payment: true,
        names_the_key: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connector_has_its_targets() {
        for connector in registry::all() {
            let psp = named(connector.name());
            connector.check_account(&psp.account("https://psp.test")).expect("a whole account");
            for what in ["answers", "notifications"] {
                assert!(crate::target(&format!("{what}-{}", psp.name)).is_some(), "{what} of {}", psp.name);
            }
        }
    }
}
