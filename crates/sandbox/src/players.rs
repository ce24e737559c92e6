//! Which folder plays which PSP.

use crate::play::Play;
use crate::psp::Psp;
use crate::{adyen, momo, mpgs, oppwa, paypal, stcpay, stripe, tap};

impl Psp {
    /// What is particular to it.
    pub(crate) fn play(self) -> &'static dyn Play {
        match self {
            Psp::Adyen => &adyen::Adyen,
            Psp::Momo => &momo::Momo,
            Psp::Mpgs => &mpgs::Mpgs,
            Psp::Oppwa => &oppwa::Oppwa,
            Psp::PayPal => &paypal::PayPal,
            Psp::StcPay => &stcpay::StcPay,
            Psp::Stripe => &stripe::Stripe,
            Psp::Tap => &tap::Tap,
        }
    }
}
