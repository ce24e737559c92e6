//! Two servers on one PostgreSQL.

use std::time::Duration;

use crate::harness::audit::{Asked, Audit};
use crate::harness::merchant::Merchant;
use crate::harness::payment::{Payment, Psp};
use crate::harness::receiver::Receiver;
use crate::harness::time::{LIMIT, pass, until};
use crate::harness::{Kind, Server, Site, Tuning};

const CAPTURED: i64 = 10_000_000;

/// Refunds that a server has sent: an exchange that was given up before the socket is none.
fn sent(server: &Server) -> u64 {
    let submits = ["redress_exchanges_total", "via=\"submit\""];
    let [name, via] = submits;
    server.counted(&submits) - server.counted(&[name, via, "outcome=\"not_sent\""])
}

fn sum_sent(servers: &[&Server; 2]) -> u64 {
    servers.map(sent).iter().sum()
}

/// Of those, the ones that nobody answered in time, as where the machine stands still: what comes of them is looked up, and
/// at a PSP that takes the same again as the same they are sent once more.
fn lost(servers: &[&Server; 2]) -> u64 {
    let no_answer = ["redress_exchanges_total", "via=\"submit\"", "outcome=\"no_answer\""];
    servers.map(|server| server.counted(&no_answer)).iter().sum()
}

fn refunds_of(asked: &[(Payment, Asked)]) -> u64 {
    let refunds: usize = asked.iter().map(|(_, asked)| asked.acknowledged.len()).sum();
    u64::try_from(refunds).unwrap()
}

#[test]
fn two_servers_share_the_work_and_do_nothing_twice() {
    if !Kind::Postgres.is_here() {
        return;
    }
    // Here an exchange that a busy machine holds up must not be given up: what is sent again counts as sent twice.
    let tuning = Tuning { max_in_flight: 4, psp_timeout_ms: 3_000, ..Tuning::default() };
    let site = Site::new(Kind::Postgres, tuning);
    let receiver = Receiver::start();
    let (mut first, second) = (site.serve(0), site.serve(1));
    let merchant = site.merchant(Some(&receiver.url));
    let servers = [&first, &second];
    let mut asked = asked_at_both(&site, &merchant, &servers);
    // Before the count below begins.
    until("sends of all", LIMIT, || (sum_sent(&servers) >= refunds_of(&asked)).then_some(()));
    asked.push(queued_at_one(&site, &merchant, &servers));
    Audit { site: &site, server: &second, merchant: &merchant, receiver: &receiver }.pass(&asked);
    // A notification may end a refund before the answer to its request does, which is counted then.
    until("answers to all", LIMIT, || (sum_sent(&servers) >= refunds_of(&asked)).then_some(()));
    // A refund sent twice would be answered twice; Tap would even do it twice.
    let (all, unanswered, refunds) = (sum_sent(&servers), lost(&servers), refunds_of(&asked));
    let told = format!("{all} sent, {unanswered} of them not answered, for {refunds} refunds");
    assert!(all - unanswered <= refunds, "{told}");

    asked.extend(left_by_one(&site, &merchant, &mut first, &second));
    let ends = Audit { site: &site, server: &second, merchant: &merchant, receiver: &receiver }.pass(&asked);
    assert!(ends.iter().flat_map(|ends| ends.values()).all(|refund| refund.status == "SUCCESS"), "{ends:#?}");
}

/// Refunds of both PSPs, created at both servers at once; the same ones asked for at both are one.
fn asked_at_both(site: &Site, merchant: &Merchant, servers: &[&Server; 2]) -> Vec<(Payment, Asked)> {
    let mut asked = Vec::new();
    for psp in Psp::ALL {
        let payment = site.payment(servers[0], merchant, psp, CAPTURED);
        let amounts = 1_000..1_024;
        std::thread::scope(|scope| {
            for amount in amounts.clone() {
                for server in servers {
                    let name = format!("{}-{amount}", payment.order_ref);
                    let call = merchant.sgate_refund(&payment, amount, &name);
                    scope.spawn(move || call.answer(&server.at).expect(200));
                }
            }
        });
        asked.push((payment, Asked { acknowledged: amounts.collect(), ..Asked::default() }));
    }
    asked
}

/// Refunds that all lie in the queue: each server takes its part of them.
fn queued_at_one(site: &Site, merchant: &Merchant, servers: &[&Server; 2]) -> (Payment, Asked) {
    let payment = site.payment(servers[0], merchant, Psp::Tap, CAPTURED);
    site.script(&payment, &["slow:500"; 32]);
    let account = merchant.account(Psp::Tap);
    assert_eq!(site.run(&format!("psp-account pause {account}")).code, Some(0));
    pass(Duration::from_millis(1_100));
    let before = servers.map(sent);
    let amounts = 2_000..2_032;
    for amount in amounts.clone() {
        let call = merchant.sgate_refund(&payment, amount, &format!("{}-{amount}", payment.order_ref));
        call.answer(&servers[0].at).expect(200);
    }
    assert_eq!(servers.map(sent), before, "a paused account sends nothing");
    assert_eq!(site.run(&format!("psp-account resume {account}")).code, Some(0));
    until("effects of all", LIMIT, || (site.effects(&payment).len() == 32).then_some(()));
    let after = servers.map(sent);
    assert!(after[0] > before[0] && after[1] > before[1], "both took part: {before:?} {after:?}");
    (payment, Asked { acknowledged: amounts.collect(), ..Asked::default() })
}

/// Refunds that one server is sending when it is killed: the other one takes over its leases.
fn left_by_one(
    site: &Site,
    merchant: &Merchant,
    first: &mut Server,
    second: &Server,
) -> Vec<(Payment, Asked)> {
    let looked_up = ["redress_exchanges_total", "via=\"query\""];
    let before = second.counted(&looked_up);
    let payments = Psp::ALL.map(|psp| site.payment(second, merchant, psp, CAPTURED));
    for payment in &payments {
        site.script(payment, &["timeout_after_effect"; 4]);
        for amount in 3_000..3_004 {
            let call = merchant.sgate_refund(payment, amount, &format!("{}-{amount}", payment.order_ref));
            call.answer(&first.at).expect(200);
        }
    }
    let all_done = |payment: &Payment| site.effects(payment).len() == 4;
    until("effects of all", LIMIT, || payments.iter().all(all_done).then_some(()));
    first.kill();
    until("look-ups by the other", LIMIT, || (second.counted(&looked_up) > before).then_some(()));
    payments
        .map(|payment| (payment, Asked { acknowledged: (3_000..3_004).collect(), ..Asked::default() }))
        .into()
}
