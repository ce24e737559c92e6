//! Retries, ends, leases, and who delays whom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redress_store::StoreError;
use redress_store::ops::credentials::CredentialKind;
use redress_store::ops::deliveries::DeliveryState;
use redress_store::{Fault, Faults};

use super::rig::{ORDER, Reply, Rig, START, soon, work};
use crate::admin::endpoints::Dialect;
use crate::config::EngineConfig;
use crate::counts::Counts;

const SGATE_SECRET: &str = "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z";

fn nobody(times: usize) -> impl Iterator<Item = Reply> {
    std::iter::repeat_with(|| Reply::Nobody).take(times)
}

fn tries_max(tries_max: u32) -> EngineConfig {
    let mut config = EngineConfig::default();
    config.delivery.tries_max = tries_max;
    config
}

#[tokio::test]
async fn sgate_is_tried_three_times_more_at_once_then_every_quarter_of_an_hour() {
    let rig = Rig::new().await;
    rig.key(CredentialKind::Sgate, "key", SGATE_SECRET).await;
    rig.payment(ORDER, Some("https://shop.example/")).await;
    let refund = rig.refund(ORDER).await;
    rig.receivers.script("shop.example", nobody(5));
    rig.receivers.script("shop.example", [Reply::Answer(200, format!("COMPLETED::{ORDER}"))]);
    rig.succeeded(&refund).await;
    rig.pass(2_000).await;
    assert_eq!(rig.seconds_of("shop.example"), [0, 5, 10, 15, 915, 1_815]);
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.attempts.len()), (DeliveryState::Delivered, 6));
    assert_eq!(told.attempts[0].answer, "not sent: connection refused");
    let signatures: Vec<_> = rig
        .receivers
        .sent_to("shop.example")
        .iter()
        .map(|sent| sent.header("x-auth-timestamp").to_owned())
        .collect();
    assert_eq!(signatures[1], (START.as_seconds() + 5).to_string(), "each try is signed anew");
}

#[tokio::test]
async fn the_others_double_their_pauses_and_keep_their_id_and_body() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    for (dialect, host) in [(Dialect::Portone, "portone.example"), (Dialect::Standard, "standard.example")] {
        rig.endpoint(dialect, &format!("https://{host}/")).await;
    }
    let refund = rig.refund(ORDER).await;
    rig.work().await;
    rig.succeeded(&refund).await;
    let before = rig.receivers.count_of("standard.example");
    for host in ["portone.example", "standard.example"] {
        rig.receivers.script(host, nobody(2));
        rig.receivers.script(host, [Reply::Answer(500, "a\nb\0c".into()), Reply::Answer(301, String::new())]);
    }
    rig.pass(100).await;
    for (host, skip) in [("portone.example", 0), ("standard.example", before)] {
        let seconds = &rig.seconds_of(host)[skip..];
        let pauses: Vec<_> = seconds.windows(2).map(|two| two[1] - two[0]).collect();
        // Up to a tenth longer, and the clock of this test moves by whole seconds.
        for (pause, plain) in pauses.iter().zip([5, 10, 20, 40]) {
            assert!((plain..=plain + plain / 10 + 1).contains(pause), "{host}: {pauses:?}");
        }
        assert_eq!(pauses.len(), 4);
        let sent = &rig.receivers.sent_to(host)[skip..];
        assert!(sent.iter().all(|again| again.request.body == sent[0].request.body));
        assert!(sent.iter().all(|again| again.header("webhook-id") == sent[0].header("webhook-id")));
        assert_ne!(sent[1].header("webhook-signature"), sent[0].header("webhook-signature"));
    }
    let told = rig.deliveries(&refund).await;
    let last = told.iter().find(|told| told.number == 3).unwrap();
    let statuses: Vec<_> = last.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [None, None, Some(500), Some(301), Some(200)]);
    assert_eq!(last.attempts[2].answer, "a b c", "on one line");
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    rig.receivers.script("hook.example", [Reply::Answer(200, "ü".repeat(5_000))]);
    let refund = rig.refund(ORDER).await;
    rig.work().await;
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!(told.state, DeliveryState::Delivered, "its length is no fault");
    assert_eq!(told.attempts[0].answer.chars().count(), 512);
}

#[test]
fn what_nobody_takes_is_given_up_counted_and_stays_visible() {
    let counts = Counts::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    metrics::with_local_recorder(&counts, || {
        runtime.block_on(async {
            let rig = Rig::with(START, tries_max(3)).await;
            rig.payment(ORDER, None).await;
            rig.endpoint(Dialect::Portone, "https://hook.example/").await;
            let refund = rig.refund(ORDER).await;
            rig.receivers.script("hook.example", [Reply::Nobody, Reply::Answer(500, "first".into())]);
            rig.receivers.script("hook.example", [Reply::Answer(404, "no such hook".into())]);
            rig.succeeded(&refund).await;
            rig.pass(3_600).await;
            assert_eq!(rig.receivers.count_of("hook.example"), 3);
            let told = &rig.deliveries(&refund).await[0];
            assert_eq!((told.state, told.due_at), (DeliveryState::GivenUp, None));
            assert!(told.finished_at.is_some());
            assert_eq!(told.attempts.len(), 3);
            assert_eq!(told.attempts[2].answer, "no such hook");
            let other = rig.refund(ORDER).await;
            rig.succeeded(&other).await;
            rig.work().await;
            assert_eq!(rig.deliveries(&other).await[0].state, DeliveryState::Delivered, "the next is tried");
        });
    });
    let expected = [("delivered", 1), ("given_up", 1), ("no_answer", 1), ("wrong_answer", 1)];
    assert_eq!(counts.of("redress_deliveries_total"), BTreeMap::from(expected.map(own)));
}

fn own((outcome, count): (&str, u64)) -> (String, u64) {
    (format!("portone {outcome}"), count)
}

#[tokio::test]
async fn what_is_owed_to_a_revoked_endpoint_is_given_up_unsent() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    rig.receivers.script("hook.example", nobody(2));
    let refund = rig.refund(ORDER).await;
    rig.work().await;
    assert_eq!(rig.receivers.count_of("hook.example"), 2);
    rig.engine.revoke_endpoint(rig.merchant, endpoint.id).await.unwrap();
    rig.pass(60).await;
    assert_eq!(rig.receivers.count_of("hook.example"), 2);
    for told in rig.deliveries(&refund).await {
        assert_eq!((told.state, told.attempts.len()), (DeliveryState::GivenUp, 2));
        assert_eq!(told.attempts[1].answer, "endpoint revoked");
    }
}

#[tokio::test]
async fn a_stalling_endpoint_delays_nobody_else() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.receivers.always_stall("slow.example");
    rig.endpoint(Dialect::Standard, "https://slow.example/").await;
    rig.clock.advance(Duration::from_millis(1));
    rig.endpoint(Dialect::Standard, "https://quick.example/").await;
    for _ in 0..10 {
        rig.refund(ORDER).await;
    }
    rig.work().await;
    assert_eq!(rig.receivers.count_of("quick.example"), 20, "no time has passed");
    assert_eq!(rig.receivers.count_of("slow.example"), 8);
    let timeout = EngineConfig::default().delivery_timeout.as_secs();
    rig.pass(timeout).await;
    assert_eq!(rig.receivers.count_of("slow.example"), 9, "while it is silent, one at a time");
}

#[tokio::test]
async fn many_stalling_endpoints_hold_their_merchants_others_up_for_two_timeouts_at_most() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.receivers.always_stall("slow.example");
    for _ in 0..16 {
        rig.clock.advance(Duration::from_millis(1));
        rig.endpoint(Dialect::Standard, "https://slow.example/").await;
    }
    rig.clock.advance(Duration::from_millis(1));
    rig.endpoint(Dialect::Standard, "https://quick.example/").await;
    for _ in 0..20 {
        rig.refund(ORDER).await;
    }
    rig.work().await;
    assert_eq!(rig.receivers.count_of("slow.example"), 64, "every slot of the merchant is taken");
    assert_eq!(rig.receivers.count_of("quick.example"), 0);
    rig.pass(EngineConfig::default().delivery_timeout.as_secs()).await;
    rig.pass(EngineConfig::default().delivery_timeout.as_secs()).await;
    assert_eq!(rig.receivers.count_of("quick.example"), 40);
}

#[tokio::test]
async fn what_was_sent_and_not_recorded_is_sent_again_after_the_lease() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Portone, "https://hook.example/").await;
    let refund = rig.refund(ORDER).await;
    // The first process gets no further than the socket.
    rig.receivers.always_stall("hook.example");
    rig.succeeded(&refund).await;
    rig.engine.work_deliveries_once().await.unwrap();
    soon(|| rig.receivers.count_of("hook.example") == 1).await;
    let other = Arc::new(super::rig::Receivers::new(&rig.clock));
    let process = rig.other_process(Arc::<super::rig::Receivers>::clone(&other));
    let (timeout, lease) = (EngineConfig::default().delivery_timeout, Duration::from_secs(30));
    assert!(lease > timeout * 2);
    work(&process).await;
    assert_eq!(other.count_of("hook.example"), 0, "the lease holds");
    rig.clock.set(START.plus(lease - Duration::from_micros(1)));
    process.work_deliveries_once().await.unwrap();
    assert_eq!(other.count_of("hook.example"), 0, "a microsecond is missing");
    rig.clock.set(START.plus(lease));
    work(&process).await;
    let (first, again) = (&rig.receivers.sent_to("hook.example")[0], &other.sent_to("hook.example"));
    assert_eq!(again.len(), 1);
    assert_eq!(first.header("webhook-id"), again[0].header("webhook-id"));
    assert_eq!(first.request.body, again[0].request.body);
    rig.spawner.wait_idle().await;
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!(told.attempts.len(), 1, "one of both is on record, whoever was first");
}

#[tokio::test]
async fn what_waited_too_long_to_be_sent_within_its_lease_is_left_to_the_next_claim() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Portone, "https://hook.example/").await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.engine.work_deliveries_once().await.unwrap();
    // Claimed, and the task has not begun.
    rig.clock.advance(Duration::from_secs(21));
    rig.work().await;
    assert_eq!(rig.receivers.count_of("hook.example"), 0, "a try takes up to 10 s, and 9 are left");
    rig.pass(9).await;
    assert_eq!(rig.seconds_of("hook.example"), [30]);
}

#[tokio::test]
async fn what_was_claimed_for_an_endpoint_that_stalls_is_put_back_and_not_held_until_its_lease_ends() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    rig.receivers.always_stall("hook.example");
    // Created and pending: 24 notifications, three for each of the endpoint's slots.
    for _ in 0..12 {
        rig.refund(ORDER).await;
    }
    rig.pass(10).await;
    let seconds = rig.seconds_of("hook.example");
    assert_eq!(seconds[..8], [0; 8], "no more than eight at once");
    assert_eq!(seconds[8..], [10], "one at a time, since nothing answers, and not only when the lease ends");
}

#[tokio::test]
async fn a_quick_endpoint_is_told_of_many_with_one_claim() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    let mut refunds = Vec::new();
    for _ in 0..12 {
        refunds.push(rig.refund(ORDER).await);
    }
    rig.engine.work_deliveries_once().await.unwrap();
    rig.spawner.wait_idle().await;
    assert_eq!(rig.receivers.count_of("hook.example"), 24);
    for refund in &refunds {
        let told = rig.deliveries(refund).await;
        assert!(told.iter().all(|one| one.state == DeliveryState::Delivered && one.attempts.len() == 1));
    }
}

/// Fails the first so many recordings.
struct FailRecording(AtomicU32, Fault);

impl Faults for FailRecording {
    fn next(&self, operation: &'static str) -> Fault {
        let counts = operation == "record_deliveries";
        let spent = |left: u32| left.checked_sub(1);
        if counts && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent).is_ok() {
            self.1.clone()
        } else {
            Fault::None
        }
    }
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_costs_no_second_notification() {
    for fault in [Fault::Refuse(StoreError::unavailable("disk")), Fault::FailStatement(1), Fault::LoseAnswer]
    {
        let rig = Rig::new().await;
        rig.payment(ORDER, None).await;
        rig.endpoint(Dialect::Portone, "https://hook.example/").await;
        let refund = rig.refund(ORDER).await;
        rig.succeeded(&refund).await;
        let process = rig.faulty_process(Arc::new(FailRecording(AtomicU32::new(3), fault.clone())));
        for _ in 0..60 {
            work(&process).await;
            rig.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(rig.receivers.count_of("hook.example"), 1, "{fault:?}");
        let told = &rig.deliveries(&refund).await[0];
        assert_eq!((told.state, told.attempts.len()), (DeliveryState::Delivered, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_with_others_is_recorded_alone() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    let mut refunds = Vec::new();
    for _ in 0..12 {
        refunds.push(rig.refund(ORDER).await);
    }
    let fault = Fault::Refuse(StoreError::Internal("something about one of them".into()));
    // Of the endpoint's eight slots, each with three notifications, one cannot record what it did together.
    let process = rig.faulty_process(Arc::new(FailRecording(AtomicU32::new(1), fault)));
    work(&process).await;
    rig.pass(60).await;
    assert_eq!(rig.receivers.count_of("hook.example"), 24, "none of them twice");
    for refund in &refunds {
        let told = rig.deliveries(refund).await;
        assert!(told.iter().all(|one| one.state == DeliveryState::Delivered && one.attempts.len() == 1));
    }
}

#[tokio::test]
async fn the_loop_sends_what_becomes_due_and_stops_when_told() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let looping = rig.engine.work_deliveries(async move { stopped.await.unwrap() });
    let test = async {
        soon(|| rig.clock.sleepers() == 1).await;
        // Settling wakes the loop: the clock stands still.
        rig.refund(ORDER).await;
        soon(|| rig.receivers.count_of("hook.example") == 2).await;
        stop.send(()).unwrap();
    };
    tokio::join!(looping, test);
}
