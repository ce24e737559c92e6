//! Many callers at once, on one payment.

use std::sync::Barrier;

use crate::harness::payment::Psp;
use crate::harness::time::{LIMIT, until};
use crate::harness::wire::Answer;
use crate::harness::{Kind, Site, Tuning};

/// Requests at once.
const REQUESTS: usize = 200;

/// What is asked for together is about twice of what was captured.
fn amount(number: usize) -> i64 {
    1_000 * [20, 30, 40, 50][number % 4]
}
const CAPTURED: i64 = 3_505_000;

#[test]
fn parallel_refunds_never_pass_what_was_captured_on_sqlite() {
    parallel_refunds(Kind::Sqlite);
}

#[test]
fn parallel_refunds_never_pass_what_was_captured_on_postgres() {
    parallel_refunds(Kind::Postgres);
}

fn parallel_refunds(kind: Kind) {
    if !kind.is_here() {
        return;
    }
    let site = Site::new(kind, Tuning { max_in_flight: 32, ..Tuning::default() });
    let server = site.serve(0);
    let merchant = site.merchant(None);
    for psp in Psp::ALL {
        let payment = site.payment(&server, &merchant, psp, CAPTURED);
        let together = Barrier::new(REQUESTS);
        let ask = |number: usize| {
            let name = format!("{}-{number}", payment.order_ref);
            let call = match number / 4 % 2 {
                0 => merchant.portone_refund(&payment, amount(number), &name),
                _ => merchant.sgate_refund(&payment, amount(number), &name),
            };
            together.wait();
            call.answer(&server.at)
        };
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..REQUESTS).map(|number| scope.spawn(move || ask(number))).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        let granted = |number: &usize| answers[*number].status == 200;
        let sum: i64 = (0..REQUESTS).filter(granted).map(amount).sum();
        let left = CAPTURED - sum;
        assert!(left >= 0, "{sum} was granted of {CAPTURED}");
        for number in (0..REQUESTS).filter(|number| !granted(number)) {
            // Nothing fails here, so what is left only shrinks: who was refused would not fit now either.
            assert!(left < amount(number), "{} was refused and {left} is left", amount(number));
            is_refused_clearly(&answers[number], number / 4 % 2 == 0);
        }
        let refunds = until("end of all refunds", LIMIT, || {
            let (refunds, shown) = merchant.refunds(&server, &payment);
            assert_eq!(shown, left);
            refunds.iter().all(|refund| refund.status == "SUCCESS").then_some(refunds)
        });
        assert_eq!(refunds.len(), (0..REQUESTS).filter(granted).count());
        let effects = site.effects(&payment);
        assert_eq!(effects.iter().map(|effect| effect.amount_minor).sum::<i64>(), sum);
        assert_eq!(effects.len(), refunds.len());
    }
    site.verify();
}

fn is_refused_clearly(answer: &Answer, by_portone: bool) {
    if by_portone {
        let code = answer.expect(400)["status_code"].clone();
        assert!(code == "4041" || code == "4070", "{answer:?}");
    } else {
        let body = answer.expect(403);
        assert_eq!(body["code"], "notAllowed", "{answer:?}");
        assert!(!body["data"][0].as_str().unwrap().is_empty(), "it says why: {answer:?}");
    }
}
