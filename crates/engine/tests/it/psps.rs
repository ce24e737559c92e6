//! The PSPs as these tests know them: what an account there needs, and what its payments look like. A PSP more is a row
//! more, and is then held to the contract.

use redress_core::id::AccountId;
use serde_json::{Value, json};

/// One PSP.
pub(crate) struct Psp {
    /// The connector's folder.
    pub(crate) name: &'static str,
    pub(crate) account: AccountId,
    /// What follows the sandbox's address.
    pub(crate) path: &'static str,
    pub(crate) currency: &'static str,
    /// A refund of 200 000 minor units, in major units.
    pub(crate) part: &'static str,
    /// It is told once where its notifications go.
    pub(crate) has_webhook: bool,
    /// It tells by itself what became of a refund.
    pub(crate) notifies: bool,
    /// It gives our reference back, so that the ledger has it.
    pub(crate) knows_our_key: bool,
    /// It has a word for a refusal that may pass.
    pub(crate) refuses_for_now: bool,
    /// It has a word for a refund whose end is open.
    pub(crate) pends: bool,
    credentials: fn() -> Value,
    payment_id: fn(u8) -> String,
}

impl Psp {
    pub(crate) fn named(name: &str) -> &'static Self {
        ALL.iter().find(|psp| psp.name == name).expect("a PSP of these tests")
    }

    /// Those that the sandbox takes.
    pub(crate) fn credentials(&self) -> Value {
        (self.credentials)()
    }

    /// The PSP's id of a payment.
    pub(crate) fn payment_id(&self, number: u8) -> String {
        (self.payment_id)(number)
    }
}

const fn account(byte: u8) -> AccountId {
    AccountId::from_bytes([byte; 16])
}

/// All of them.
pub(crate) static ALL: &[Psp] = &[
    Psp {
        name: "adyen",
        account: account(7),
        path: "/v71",
        currency: "EUR",
        part: "2000.00",
        has_webhook: true,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: false,
        pends: true,
        credentials: || {
            json!({"api_key": "ADYEN_API_KEY", "merchant_account": "TestMerchant",
                "hmac_key": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"})
        },
        payment_id: |number| format!("99361789490{number:05}"),
    },
    Psp {
        name: "momo",
        account: account(2),
        path: "",
        currency: "VND",
        part: "200000",
        has_webhook: false,
        notifies: false,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || {
            json!({"partner_code": "MOMO", "access_key": "F8BBA842ECF85",
                "secret_key": "K951B6PE1waDMi640xX08PD3vg6EkVlz"})
        },
        payment_id: |number| format!("28200{number:05}"),
    },
    Psp {
        name: "mpgs",
        account: account(4),
        path: "",
        currency: "SAR",
        part: "2000.00",
        has_webhook: false,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || {
            json!({"merchant_id": "TESTREDRESS01", "password": "7f1d3a9c5e2b4860a1c3e5f708192a3b",
                "notification_secret": "A1B2C3D4E5F60718293A4B5C6D7E8F90"})
        },
        payment_id: |number| format!("ORDER-{number:05}"),
    },
    Psp {
        name: "oppwa",
        account: account(8),
        path: "",
        currency: "SAR",
        part: "2000.00",
        has_webhook: true,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || {
            json!({"access_token": "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=",
                "entity_id": "8a8294174b7ecb28014b9699220015ca", "test_mode": "EXTERNAL",
                "webhook_key": "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"})
        },
        payment_id: |number| format!("8ac7a4a09136ba28019137{number:010}"),
    },
    Psp {
        name: "paypal",
        account: account(9),
        path: "",
        currency: "USD",
        part: "2000.00",
        has_webhook: true,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || {
            json!({"client_id": "sandbox-paypal-client",
                "client_secret": "sandbox-paypal-client-secret", "webhook_id": "1JE4291016473214C",
                "merchant_id": "7KAQ2M5V9XWEJ"})
        },
        payment_id: |number| format!("2GG279541U47{number:05}"),
    },
    Psp {
        name: "stcpay",
        account: account(5),
        path: "",
        currency: "SAR",
        part: "2000.00",
        has_webhook: false,
        notifies: false,
        knows_our_key: false,
        refuses_for_now: false,
        pends: false,
        credentials: || json!({"client_code": "61000000001"}),
        payment_id: |number| format!("12626780{number:05}"),
    },
    Psp {
        name: "stripe",
        account: account(6),
        path: "",
        currency: "USD",
        part: "2000.00",
        has_webhook: true,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || json!({"secret_key": "sk_test_sandbox", "webhook_secret": "whsec_sandbox"}),
        payment_id: |number| format!("ch_3Lmj{number:05}"),
    },
    Psp {
        name: "tap",
        account: account(3),
        path: "",
        currency: "SAR",
        part: "2000.00",
        has_webhook: false,
        notifies: true,
        knows_our_key: true,
        refuses_for_now: true,
        pends: true,
        credentials: || json!({"secret_key": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"}),
        payment_id: |number| format!("chg_TS{number:05}"),
    },
];
