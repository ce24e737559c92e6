//! The other PSPs: a part of one payment each, by the API that its method belongs to.

use redress_core::money::Amount;

use super::super::kind::Kind;
use super::sgate::Refund;
use super::{Guide, Told, check};

/// What is given back, in minor units.
const PART_MINOR: i64 = 2_500;

pub(super) async fn mpgs(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::Mpgs, 0)?;
    let amount = Amount::new(PART_MINOR, payment.captured.currency());
    let made: Refund = guide.sgate_create(payment, amount, "mpgs").await?.success()?;
    guide
        .wait_for(async || {
            let now = guide.sgate_refund(&made.id).await?;
            check(now.status != "fail", || "the refund has failed".to_owned())?;
            Ok((now.status == "success").then_some(()))
        })
        .await?;
    let effect = guide.one_effect(payment, PART_MINOR).await?;
    Ok(format!("{amount} of {} by SGate's API: one effect, {}", payment.captured, effect.refund))
}

pub(super) async fn stripe(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::Stripe, 0)?;
    let amount = Amount::new(PART_MINOR, payment.captured.currency());
    let body = super::portone::body(payment, "partial", amount)?;
    guide.portone_succeeds(payment, &body, "stripe").await?;
    let effect = guide.one_effect(payment, PART_MINOR).await?;
    Ok(format!("{amount} of {} by PortOne's API: one effect, {}", payment.captured, effect.refund))
}
