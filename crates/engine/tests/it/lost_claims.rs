//! A claim whose commit was kept and not answered: nothing of it was sent, and nobody else can know that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use redress_core::policy::AccountState;
use redress_core::state::StateName;
use redress_store::{Fault, Faults};

use crate::psps::Psp;
use crate::rig::Rig;

/// Loses the answer to the next claim, once it is told to.
#[derive(Default)]
struct LosesClaim(AtomicBool);

impl Faults for LosesClaim {
    fn next(&self, operation: &'static str) -> Fault {
        let loses = operation == "claim_refunds" && self.0.swap(false, SeqCst);
        if loses { Fault::LoseAnswer } else { Fault::None }
    }
}

#[tokio::test]
async fn what_a_claim_leased_without_hearing_of_it_is_sent_and_calls_nobody() {
    // Neither stc pay nor Tap could tell that it was not sent, and at stc pay another refund would wait for its turn.
    for (psp, amount) in [("stcpay", "1000"), ("tap", "2000.00"), ("momo", "200000")] {
        let faults = Arc::new(LosesClaim::default());
        let rig = Rig::with_faults(Arc::clone(&faults) as Arc<dyn Faults>).await;
        let order = rig.payment(psp, 1, 500_000).await;
        let account = Psp::named(psp).account;
        let set = async |state| rig.engine.set_account_state(rig.merchant, account, state).await.unwrap();
        set(AccountState::Paused).await;
        let refund = rig.refund(&order, amount).await;
        assert_eq!(refund.state.name(), StateName::Queued, "{psp}");
        set(AccountState::Active).await;
        faults.0.store(true, SeqCst);
        assert!(rig.engine.work_refunds_once().await.is_err(), "{psp}");
        // Less than its lease.
        rig.pass(Duration::from_secs(6)).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{psp}");
        assert_eq!(rig.ledger().await.len(), 1, "{psp}");
        assert!(rig.open_cases().await.is_empty(), "{psp}");
    }
}
