//! What cannot be a PSP's id of a payment is known before the payment is taken in: with it nothing is ever sent.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Outcome;
use redress_psp::account::{AccountConfig, Credentials};
use redress_psp::connector::SubmitAsk;
use redress_psp::registry;
use redress_psp::session::Session;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};

use crate::psps::Psp;

/// A network on which nothing may be sent.
struct Forbidden;

impl Transport for Forbidden {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        panic!("sent to {}", request.shown_url())
    }
}

/// What would name something else in an address or a body, and what no PSP gives.
const NO_IDS: [&str; 6] = ["", " ", "../refunds", "a/b", "\u{e9}", "a\nb"];

/// What only Mastercard Gateway takes, where the id is the merchant's own.
const ONLY_A_MERCHANTS: [&str; 2] = ["a b", "a?b=c"];

#[test]
fn an_id_that_is_refused_when_it_comes_in_is_one_with_which_nothing_is_sent() {
    for connector in registry::all() {
        let psp = Psp::named(connector.name());
        assert_eq!(connector.check_payment_id(&psp.payment_id(1)), Ok(()), "{}", psp.name);
        let account = AccountConfig {
            environment: Environment::Sandbox,
            base_url: Some(format!("http://psp.test{}", psp.path)),
            notification_url: None,
            credentials: Credentials::from_json(psp.credentials().to_string().as_bytes()).unwrap(),
            timeout: Duration::from_secs(3),
            session: Session::default(),
        };
        let own: &[&str] = match psp.name {
            "mpgs" => &[".", "..", "a\\b", " a", "a "],
            "momo" => &["0", "-1", "007", "1.5", "chg_1", "9223372036854775808"],
            "stripe" => &["1", "re_1", "pi", "ch_ 1"],
            _ => &[],
        };
        let too_long = "1".repeat(129);
        let others: &[&str] = if psp.name == "mpgs" { &[] } else { &ONLY_A_MERCHANTS };
        for id in NO_IDS.iter().chain(others).chain(own).copied().chain([too_long.as_str()]) {
            let what = format!("{} {id:?}", psp.name);
            let problem = connector.check_payment_id(id).expect_err(&what);
            assert!(problem.starts_with("must be "), "{what}: {problem}");
            let ask = SubmitAsk {
                key: "01J0000000000000000000000A".to_owned(),
                psp_payment_id: id.to_owned(),
                amount: Amount::new(200_000, Currency::from_code(psp.currency).unwrap()),
                reason: "broken".to_owned(),
            };
            let exchange = connector.submit(&Forbidden, &account, &ask).now_or_never().expect(&what);
            assert!(matches!(exchange.outcome, Outcome::Refused(_)), "{what}: {exchange:?}");
        }
    }
}
