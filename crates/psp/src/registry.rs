//! The PSPs that are spoken to.

use crate::adyen::Adyen;
use crate::connector::Connector;
use crate::discreet::Discreet;
use crate::momo::Momo;
use crate::mpgs::Mpgs;
use crate::oppwa::Oppwa;
use crate::paypal::PayPal;
use crate::stcpay::StcPay;
use crate::stripe::Stripe;
use crate::tap::Tap;

/// Every connector, in the order of their names. What they say holds no secret of the account.
pub fn all() -> &'static [&'static dyn Connector] {
    &[
        &Discreet(&Adyen),
        &Discreet(&Momo),
        &Discreet(&Mpgs),
        &Discreet(&Oppwa),
        &Discreet(&PayPal),
        &Discreet(&StcPay),
        &Discreet(&Stripe),
        &Discreet(&Tap),
    ]
}

/// The connector of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Connector> {
    all().iter().copied().find(|connector| connector.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::money::Currency;

    #[test]
    fn connectors_are_found_by_their_names() {
        let names: Vec<_> = all().iter().map(|connector| connector.name()).collect();
        assert_eq!(names, ["adyen", "momo", "mpgs", "oppwa", "paypal", "stcpay", "stripe", "tap"]);
        for name in names {
            assert_eq!(by_name(name).map(|connector| connector.name()), Some(name));
        }
        assert!(by_name("Tap").is_none());
    }

    #[test]
    fn a_step_is_one_that_the_psps_own_unit_can_express() {
        for connector in all() {
            for unit in connector.capabilities().units {
                let currency = Currency::from_code(unit.currency).expect("a currency");
                let coarser = currency.decimals().saturating_sub(unit.decimals);
                let name = (connector.name(), unit.currency);
                assert_eq!(unit.step_minor % 10_i64.pow(coarser), 0, "{name:?}");
                assert!(
                    unit.decimals != currency.decimals() || unit.step_minor != 1,
                    "{name:?} is as in ISO 4217"
                );
            }
        }
    }
}
