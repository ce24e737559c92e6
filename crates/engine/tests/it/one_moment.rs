//! What another process does in the same moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use redress_engine::accept::{Made, Reused};
use redress_store::ops::accept::KEY_KEPT_MEANWHILE;
use redress_store::{Fault, Faults, StoreError};

use crate::rig::Rig;

/// As if another process kept the key for another refund, where the next refund that is accepted cannot see it yet.
#[derive(Default)]
struct KeptElsewhere(AtomicBool);

impl Faults for KeptElsewhere {
    fn next(&self, operation: &'static str) -> Fault {
        if operation == "accept_refund" && self.0.swap(false, SeqCst) {
            return Fault::Refuse(StoreError::Conflict(KEY_KEPT_MEANWHILE.to_owned()));
        }
        Fault::None
    }
}

#[tokio::test]
async fn a_key_that_is_kept_for_another_refund_meanwhile_is_answered_as_used() {
    let faults = Arc::new(KeptElsewhere::default());
    let rig = Rig::with_faults(Arc::clone(&faults) as Arc<dyn Faults>).await;
    let mut asks = Vec::new();
    for number in [1, 2] {
        let order = rig.payment("momo", number, 500_000).await;
        let mut ask = rig.ask(&order, "1000");
        ask.merchant_refund_id = Some(format!("r-{number}"));
        assert!(matches!(rig.engine.make_refund(ask.clone()).await.unwrap(), Made::New(..)));
        ask.idempotency_key = Some("k-1".into());
        asks.push(ask);
    }
    let (second, first) = (asks.remove(1), asks.remove(0));
    assert!(matches!(rig.engine.make_refund(second).await.unwrap(), Made::Repeat(..)));
    faults.0.store(true, SeqCst);
    let answer = rig.engine.make_refund(first).await.unwrap();
    assert!(matches!(answer, Made::KeyReused(Reused::IdempotencyKey)), "{answer:?}");
    assert!(!faults.0.load(SeqCst), "it was judged twice");
}
