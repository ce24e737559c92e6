//! What merchants complain of most in other refund software, each as a test of its own: `docs/complaints.md` says where
//! each was seen. The names begin with the complaint's number there.

mod money;
mod outside;
mod unclear;

use std::time::Duration;

use redress_core::state::StateName;

use crate::rig::Rig;

const SECOND: Duration = Duration::from_secs(1);

/// What is left of a payment, in minor units.
async fn left(rig: &Rig, order: &str) -> i64 {
    rig.engine.order(rig.merchant, None, order).await.unwrap().unwrap().payment.balance.remaining()
}

/// The states of a payment's refunds, the first first.
async fn states(rig: &Rig, order: &str) -> Vec<StateName> {
    let order = rig.engine.order(rig.merchant, None, order).await.unwrap().unwrap();
    order.refunds.iter().map(|refund| refund.state.name()).collect()
}

#[test]
fn every_complaint_is_answered() {
    let page = include_str!("../../../../../docs/complaints.md");
    let sources = concat!(
        include_str!("money.rs"),
        include_str!("unclear.rs"),
        include_str!("outside.rs"),
        include_str!("../../../../http/src/portal/refund_new_tests.rs"),
        include_str!("../../../../http/src/portal/imports_tests.rs"),
    );
    for number in 1..=20 {
        let row =
            page.lines().find(|line| line.starts_with(&format!("| {number} |"))).expect("a row of the page");
        let named: Vec<&str> = row.split('`').filter(|word| word.starts_with("complaint_")).collect();
        for name in &named {
            assert!(sources.contains(&format!("fn {name}()")), "{name} is no test");
        }
        assert!(
            !named.is_empty() || row.contains("Cannot happen here"),
            "{number} has neither test nor reason"
        );
    }
    for rest in sources.split("fn complaint_").skip(1) {
        let name = rest.split('(').next().unwrap_or_default();
        assert!(page.contains(&format!("`complaint_{name}`")), "the page lacks complaint_{name}");
    }
}
