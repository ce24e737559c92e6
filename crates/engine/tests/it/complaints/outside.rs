//! What comes from elsewhere: notifications, disputes, refunds made in a provider's dashboard.

use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::policy::Refusal;
use redress_core::state::StateName;
use redress_engine::accept::Made;
use redress_engine::admin::disputes::Sayer;

use super::{SECOND, left, states};
use crate::rig::Rig;

#[tokio::test]
async fn complaint_07_a_notification_that_overtakes_the_answer_makes_no_second_refund() {
    for step in ["notify_before_answer", "duplicate_notification"] {
        let rig = Rig::new().await;
        let order = rig.payment("stripe", 1, 10_000).await;
        rig.script(&order, &[step]).await;
        rig.refund(&order, "60").await;
        rig.pass(SECOND * 30).await;
        assert_eq!(
            (states(&rig, &order).await, left(&rig, &order).await),
            (vec![StateName::Succeeded], 4_000)
        );
        assert!(rig.open_cases().await.is_empty(), "{step}");
    }
}

#[tokio::test]
async fn complaint_12_a_disputed_payment_is_not_refunded_besides() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    let payment = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap().payment;
    let mark = async |disputed| {
        let by = Sayer { name: "the finance desk".into(), reason: Some("chargeback CB-1".into()) };
        let marked = rig.engine.mark_disputed(rig.merchant, Environment::Sandbox, payment.id, disputed, by);
        marked.await.unwrap()
    };
    let now = rig.engine.refundable_through(&payment).await.unwrap().unwrap().refundability;
    assert!(now.full.is_ok() && now.partial.is_ok());
    let marked = mark(true).await;
    let now = rig.engine.refundable_through(&marked).await.unwrap().unwrap().refundability;
    let disputed = Some(Refusal::Disputed);
    assert_eq!((now.full.err(), now.partial.err(), now.several.err()), (disputed, disputed, disputed));
    for sum in ["full", "0.01"] {
        let refused = rig.engine.make_refund(rig.ask(&order, sum)).await.unwrap();
        assert!(matches!(refused, Made::Refused(Refusal::Disputed, _)), "{sum}: {refused:?}");
    }
    rig.pass(SECOND * 5).await;
    assert!(rig.ledger().await.is_empty() && states(&rig, &order).await.is_empty());
    // The dispute was withdrawn: now it may be given back.
    mark(false).await;
    rig.refund(&order, "full").await;
    rig.pass(SECOND * 5).await;
    assert_eq!(states(&rig, &order).await, [StateName::Succeeded]);
}

#[tokio::test]
async fn complaint_16_a_refund_from_the_providers_dashboard_shows_up_and_counts() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.refund_at_tap(&order, 1_200, "made in the dashboard").await;
    rig.pass(SECOND * 5).await;
    assert_eq!(left(&rig, &order).await, 380_000);
    let kinds: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::ForeignRefund]);
    let refused = rig.engine.make_refund(rig.ask(&order, "3800.01")).await.unwrap();
    assert!(matches!(refused, Made::Refused(Refusal::MoreThanLeft { .. }, _)), "{refused:?}");
}

#[tokio::test]
async fn complaint_18_the_banks_reference_is_kept_when_the_provider_gives_one() {
    let rig = Rig::new().await;
    let order = rig.payment("adyen", 1, 10_000).await;
    let refund = rig.refund(&order, "60").await;
    rig.pass(SECOND * 10).await;
    let stands = rig.now_stands(&refund).await;
    assert!(
        stands.arn.as_deref().is_some_and(|arn| arn.starts_with("7453720") && arn.len() == 23),
        "{stands:?}"
    );
}

#[tokio::test]
async fn complaint_19_a_notification_about_anything_but_our_refund_is_put_aside() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "2000").await;
    rig.pass(SECOND).await;
    // Signed by the provider, under our reference, with a sum that is not ours.
    rig.refund_at_tap(&order, 700, &refund.id.psp_key()).await;
    rig.pass(SECOND * 5).await;
    assert_eq!(states(&rig, &order).await, [StateName::Pending]);
    let kinds: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::Quarantined]);
}
