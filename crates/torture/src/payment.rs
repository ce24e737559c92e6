//! A captured payment, and the PSP that took it.

use serde_json::Value;

/// A payment service provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Psp {
    /// Knows repeated requests by their key.
    Momo,
    /// Knows none, and notifies.
    Tap,
}

impl Psp {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Momo, Self::Tap];

    /// As commands and the sandbox name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Momo => "momo",
            Self::Tap => "tap",
        }
    }

    pub(crate) fn channel(self) -> &'static str {
        match self {
            Self::Momo => "MOMOPAY",
            Self::Tap => "TAP",
        }
    }

    /// The currency of these tests' payments there.
    pub(crate) fn currency(self) -> &'static str {
        match self {
            Self::Momo => "VND",
            Self::Tap => "SAR",
        }
    }

    /// A sum in major units, as text.
    pub fn major(self, minor: i64) -> String {
        match self {
            Self::Momo => minor.to_string(),
            Self::Tap => format!("{}.{:02}", minor / 100, minor % 100),
        }
    }

    /// A sum in minor units, from the number of an answer.
    pub fn minor(self, number: &Value) -> i64 {
        let text = number.to_string();
        match self {
            Self::Momo => text.parse().unwrap(),
            Self::Tap => {
                let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
                format!("{whole}{decimals:0<2}").parse().unwrap()
            }
        }
    }
}

/// A captured payment.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Where it was taken.
    pub psp: Psp,
    /// Redress's reference of it.
    pub order_ref: String,
    /// The PSP's id of it.
    pub psp_payment_id: String,
    /// What was captured, in minor units.
    pub captured: i64,
}
