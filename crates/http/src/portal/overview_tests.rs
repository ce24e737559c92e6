//! The overview: what is drawn is what happened, in both directions.

use redress_core::role::Role;
use serde_json::json;

use super::*;
use crate::portal::html_check::{faults, parse};
use crate::testing::{Answer, Harness, TestPayment};

fn whole(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
    parse(answer.text()).unwrap().all("main")[0].whole_text()
}

#[tokio::test]
async fn what_was_given_back_is_drawn_and_told_in_numbers() {
    let harness = Harness::new().await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    assert!(whole(&browser.get("/portal/overview").await).contains("Nothing happened"));

    let refund = harness.pending(TestPayment::tap("o1", 10_000), 2_500).await;
    let finish = json!({"psp": "tap", "refund": refund.psp_refund_id, "state": "succeeded"});
    harness.control("finish", &finish).await;
    harness.pass(Duration::from_secs(5)).await;
    harness.engine.number_events_once().await.unwrap();
    while harness.engine.count_days_once().await.unwrap() {}

    let page = browser.get("/portal/overview").await;
    let text = whole(&page);
    assert!(text.contains("25.00 SAR") && text.contains("25.00%") && text.contains("100.00%"), "{text}");
    let root = parse(page.text()).unwrap();
    let pictures = root.all("svg");
    assert_eq!(pictures.len(), 3, "refunds, rate, channels");
    let bars = |picture: &crate::portal::html_check::Element| {
        let heights = picture.all("rect").into_iter().map(|bar| bar.attribute("height").unwrap().to_owned());
        heights.collect::<Vec<_>>()
    };
    let of_days = bars(pictures[0]);
    assert_eq!(of_days.len(), 30);
    assert!(of_days[..29].iter().all(|height| height == "0") && of_days[29] != "0", "{of_days:?}");
    let week = browser.get("/portal/overview?days=7&currency=SAR").await;
    assert_eq!(bars(parse(week.text()).unwrap().all("svg")[0]).len(), 7);
    for query in ["days=31", "days=x", "currency=%3Cb%3E", "days=90&currency=KWD"] {
        whole(&browser.get(&format!("/portal/overview?{query}")).await);
    }
    // What is not of this environment is not told in the other.
    let live = crate::portal::testing::form(&page, "/portal/preferences", &[]);
    browser.post("/portal/preferences", &live).await;
    assert!(whole(&browser.get("/portal/overview").await).contains("Nothing happened"));
}

#[test]
fn spans_are_told_in_the_largest_unit_that_is_whole() {
    let t = Language::English.texts();
    let within = |seconds| took(Some(TookAtMost::Within(Duration::from_secs(seconds))), t);
    let plain = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
    let told = [30, 60, 1_800, 3 * 3_600, 86_400, 30 * 86_400].map(|seconds| plain(within(seconds)));
    assert_eq!(told, ["30 s", "1 min", "30 min", "3 h", "1 d", "30 d"]);
    assert_eq!(
        (took(None, t), took(Some(TookAtMost::Longer), t)),
        ("-".into(), "longer than 30 days".into())
    );
}
