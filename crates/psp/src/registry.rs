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
    use crate::profile::FieldKind::{Contract, Manner, Proof};
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

    /// Of one that is decided wrongly an account becomes another contract's, or its key cannot be replaced.
    #[test]
    fn each_field_of_an_account_is_known_for_what_it_says() {
        let said = all().iter().flat_map(|connector| {
            let fields = connector.profile().credentials.iter();
            fields.map(move |field| (connector.name(), field.name, field.kind))
        });
        let expected = [
            ("adyen", "api_key", Proof),
            ("adyen", "merchant_account", Contract),
            ("adyen", "hmac_key", Proof),
            ("adyen", "hmac_key_old", Proof),
            ("momo", "partner_code", Contract),
            ("momo", "access_key", Proof),
            ("momo", "secret_key", Proof),
            ("momo", "query_path", Manner),
            ("mpgs", "merchant_id", Contract),
            ("mpgs", "password", Proof),
            ("mpgs", "notification_secret", Proof),
            ("mpgs", "api_version", Manner),
            ("oppwa", "access_token", Proof),
            ("oppwa", "entity_id", Contract),
            ("oppwa", "webhook_key", Proof),
            ("oppwa", "query_path", Manner),
            ("oppwa", "test_mode", Manner),
            ("paypal", "client_id", Proof),
            ("paypal", "client_secret", Proof),
            ("paypal", "webhook_id", Proof),
            ("paypal", "merchant_id", Contract),
            ("stcpay", "client_code", Contract),
            ("stcpay", "certificate", Proof),
            ("stcpay", "private_key", Proof),
            ("stcpay", "user_name", Proof),
            ("stcpay", "password", Proof),
            ("stcpay", "refund_path", Manner),
            ("stcpay", "inquiry_path", Manner),
            ("stripe", "secret_key", Proof),
            ("stripe", "webhook_secret", Proof),
            ("stripe", "api_version", Manner),
            ("tap", "secret_key", Proof),
        ];
        assert_eq!(said.collect::<Vec<_>>(), expected);
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
