//! The kinds of payment that the demo has: each a PSP and a currency, and the API that its refunds are asked for by.

/// The PSP and the currency of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// MoMo wallet payments, in dong.
    MomoVnd,
    /// Tap payments in riyals.
    TapSar,
    /// Tap payments in Kuwaiti dinars, which have three decimals.
    TapKwd,
    /// Cards and Apple Pay at a bank on Mastercard Gateway.
    Mpgs,
    /// stc pay directly.
    StcPay,
    /// stc pay through OPPWA.
    Oppwa,
    /// Cards at Stripe, in dollars.
    Stripe,
    /// Cards at Adyen, in euros.
    Adyen,
    /// PayPal wallets, in dollars.
    PayPal,
}

/// The API that a kind's refunds are asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Portone,
    Sgate,
}

/// What the PSP's ids of payments look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdShape {
    /// A whole number.
    Digits,
    /// Letters and digits after a prefix.
    Characters { prefix: &'static str, count: usize },
    /// Capital letters and digits.
    Capitals { count: usize },
    /// Hexadecimal digits.
    Hex { count: usize },
}

/// What the payments of a kind have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet {
    /// In the merchant's own references; the currency, or the PSP where another kind has that already.
    pub(super) name: &'static str,
    /// The connector's folder.
    pub(super) psp: &'static str,
    pub(super) face: Face,
    pub(super) channel: &'static str,
    /// One after the other.
    methods: &'static [&'static str],
    pub(super) currency: &'static str,
    pub(super) id: IdShape,
}

/// So many of each kind and method.
const OF_EACH: u32 = 40;

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::MomoVnd,
        Self::TapSar,
        Self::TapKwd,
        Self::Mpgs,
        Self::StcPay,
        Self::Oppwa,
        Self::Stripe,
        Self::Adyen,
        Self::PayPal,
    ];

    pub(super) const fn sheet(self) -> Sheet {
        match self {
            Self::MomoVnd => Sheet {
                name: "VND",
                psp: "momo",
                face: Face::Portone,
                channel: "MOMOPAY",
                methods: &["MOMOPAY_WALLET"],
                currency: "VND",
                id: IdShape::Digits,
            },
            Self::TapSar => Sheet { name: "SAR", currency: "SAR", ..TAP },
            Self::TapKwd => Sheet { name: "KWD", currency: "KWD", ..TAP },
            Self::Mpgs => Sheet {
                name: "MPGS",
                psp: "mpgs",
                face: Face::Sgate,
                channel: "MPGS",
                methods: &["mastercard", "applePay"],
                currency: "SAR",
                id: IdShape::Characters { prefix: "ORD-", count: 16 },
            },
            Self::StcPay => Sheet {
                name: "STCPAY",
                psp: "stcpay",
                face: Face::Sgate,
                channel: "STCPAY",
                methods: &["stcpay"],
                currency: "SAR",
                id: IdShape::Digits,
            },
            Self::Oppwa => Sheet {
                name: "OPPWA",
                psp: "oppwa",
                face: Face::Sgate,
                channel: "OPPWA",
                methods: &["stcpay"],
                currency: "SAR",
                id: IdShape::Hex { count: 32 },
            },
            Self::Adyen => Sheet {
                name: "ADYEN",
                psp: "adyen",
                face: Face::Portone,
                channel: "ADYEN",
                methods: &["card"],
                currency: "EUR",
                id: IdShape::Capitals { count: 16 },
            },
            Self::PayPal => Sheet {
                name: "PAYPAL",
                psp: "paypal",
                face: Face::Portone,
                channel: "PAYPAL",
                methods: &["PAYPAL"],
                currency: "USD",
                id: IdShape::Capitals { count: 17 },
            },
            Self::Stripe => Sheet {
                name: "STRIPE",
                psp: "stripe",
                face: Face::Portone,
                channel: "STRIPE",
                methods: &["card"],
                currency: "USD",
                id: IdShape::Characters { prefix: "ch_3", count: 23 },
            },
        }
    }

    /// How many payments there are.
    pub(super) fn count(self) -> u32 {
        OF_EACH * u32::try_from(self.sheet().methods.len()).unwrap_or(1)
    }

    /// How the payment of a number was paid.
    pub(super) fn method(self, number: u32) -> &'static str {
        self.sheet().methods.iter().cycle().nth(number as usize).copied().unwrap_or_default()
    }

    /// In minor units. Kuwaiti sums end in a zero: SGate's API takes two decimals, so all of a payment can be asked for
    /// there too.
    pub(super) fn captured_minor(self, number: u32) -> i64 {
        let varied = i64::from(number) * 7_919;
        match self {
            Self::MomoVnd => 1_000_000 + varied % 491 * 100_000,
            Self::TapKwd => 10_000 + varied % 9_000 * 10,
            _ => 10_000 + varied % 490_000,
        }
    }
}

const TAP: Sheet = Sheet {
    name: "",
    psp: "tap",
    face: Face::Sgate,
    channel: "TAP",
    methods: &["tap"],
    currency: "",
    id: IdShape::Characters { prefix: "chg_TS", count: 22 },
};
