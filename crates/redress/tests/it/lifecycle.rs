//! A server among others, and its orderly end.

use std::time::Duration;

use redress_core::id::RefundId;

use crate::harness::payment::Psp;
use crate::harness::time::{LIMIT, stopwatch, until};
use crate::harness::wire::read_answer;
use crate::harness::{Kind, Site, Tuning};

#[test]
fn one_server_a_file() {
    let site = Site::new(Kind::Sqlite, Tuning::default());
    let mut first = site.serve(0);
    let start = stopwatch();
    let mut second = site.start(1);
    let status = second.process.ended(LIMIT);
    assert_eq!(status.code(), Some(2));
    assert!(start.elapsed() > Duration::from_secs(4), "it waits for one that is just ending");
    let said = second.process.log();
    assert!(said.contains("another server"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    // The first was not disturbed, and its death blocks nobody: the next one would end as the second did.
    assert!(first.process.runs());
    first.kill();
    let _next = site.serve(1);
}

#[test]
fn an_exchange_under_way_is_finished_before_the_end() {
    // Nobody gives up on a machine that stands still for a while: neither who waits for the PSP, nor who waits for us.
    let tuning = Tuning { psp_timeout_ms: 100_000, face_wait_ms: 100_000, ..Tuning::default() };
    let site = Site::new(Kind::Sqlite, tuning);
    let mut server = site.serve(0);
    let merchant = site.merchant(None);
    let payment = site.payment(&server, &merchant, Psp::Momo, 1_000_000);
    // The one that nobody waits for takes longer than the other.
    site.script(&payment, &["slow:2200", "slow:1000"]);
    merchant.sgate_refund(&payment, 1_000, "sgate").answer(&server.at).expect(200);
    let waiting = merchant.portone_refund(&payment, 2_000, "portone").send(&server.at).unwrap();
    until("effects", LIMIT, || (site.effects(&payment).len() == 2).then_some(()));
    server.process.terminate();
    // Who waits is answered, and what nobody waits for is settled too.
    let answer = read_answer(waiting).unwrap();
    let refunds = answer.expect(200)["refundDetails"].clone();
    assert_eq!(refunds[1]["refund_status"], "SUCCESS", "{refunds}");
    assert_eq!(server.process.ended(LIMIT).code(), Some(0));
    let sgate = site.effects(&payment).into_iter().find(|effect| effect.amount_minor == 1_000).unwrap();
    let refund = RefundId::from_psp_key(&sgate.key).unwrap();
    let stands = site.json(&format!("refund show {refund}"));
    assert_eq!(stands["state"], "succeeded", "{stands}");
    assert_eq!(stands["attempts"].as_array().unwrap().len(), 1, "answered, not looked up: {stands}");
    site.verify();
}
