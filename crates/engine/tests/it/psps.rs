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
        name: "momo",
        account: account(2),
        path: "",
        currency: "VND",
        part: "200000",
        has_webhook: false,
        notifies: false,
        knows_our_key: true,
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
        credentials: || {
            json!({"merchant_id": "TESTREDRESS01", "password": "7f1d3a9c5e2b4860a1c3e5f708192a3b",
                "notification_secret": "A1B2C3D4E5F60718293A4B5C6D7E8F90"})
        },
        payment_id: |number| format!("ORDER-{number:05}"),
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
        credentials: || json!({"secret_key": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"}),
        payment_id: |number| format!("chg_TS{number:05}"),
    },
];
