use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{Played, good, problem, refund};
use crate::{EventData, FeedStart, RefundFilter, RefundStatus};

fn page(data: &[Value], next: Option<&str>) -> Value {
    json!({"data": data, "has_more": next.is_some(), "next_cursor": next})
}

fn event(id: &str, data: &Value) -> Value {
    json!({"id": id, "type": "payment.disputed", "timestamp": "2026-11-18T15:06:40Z", "data": data})
}

fn events(ids: &[&str], next: &str, more: bool) -> Value {
    let about =
        json!({"payment": "pay_1", "order_ref": "o", "merchant_order_ref": null, "environment": "sandbox"});
    let data: Vec<_> = ids.iter().map(|id| event(id, &about)).collect();
    json!({"data": data, "has_more": more, "next_cursor": next})
}

#[tokio::test]
async fn a_list_is_read_to_its_end_with_its_filter() {
    let one = || [refund("held")];
    // A page may be empty, and more behind it.
    let pages = [page(&one(), Some("c1")), page(&[], Some("c2")), page(&one(), None)];
    let (client, played) = Played::client(pages.iter().map(good));
    let filter = RefundFilter {
        status: vec![RefundStatus::Held, RefundStatus::Queued],
        limit: Some(1),
        ..RefundFilter::default()
    };
    let all: Vec<_> = client.refunds(filter).stream().try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        played.asked(),
        [
            "GET /v1/refunds?limit=1&status=held%2Cqueued",
            "GET /v1/refunds?limit=1&cursor=c1&status=held%2Cqueued",
            "GET /v1/refunds?limit=1&cursor=c2&status=held%2Cqueued",
        ]
        .map(sorted),
    );
}

/// Objects have no order.
fn sorted(asked: &str) -> String {
    let (path, query) = asked.split_once('?').unwrap();
    let mut query: Vec<_> = query.split('&').collect();
    query.sort_unstable();
    format!("{path}?{}", query.join("&"))
}

#[tokio::test]
async fn a_list_goes_on_where_it_failed() {
    let answers =
        [good(&page(&[refund("held")], Some("c1"))), problem(404, "not_found", &[]), good(&page(&[], None))];
    let (client, played) = Played::client(answers);
    let mut pager = client.refunds(RefundFilter::default()).after("c0");
    assert_eq!(pager.next_page().await.unwrap().unwrap().len(), 1);
    assert_eq!(pager.cursor(), Some("c1"));
    assert!(pager.next_page().await.is_err());
    assert_eq!(pager.next_page().await.unwrap(), Some(vec![]));
    assert_eq!(pager.next_page().await.unwrap(), None);
    assert_eq!(played.asked()[1..], ["GET /v1/refunds?cursor=c1", "GET /v1/refunds?cursor=c1"]);
}

#[tokio::test]
async fn a_feed_is_read_on_from_a_cursor() {
    let answers = [events(&["e1", "e2"], "c2", true), events(&["e3"], "c3", false), events(&[], "c3", false)];
    let (client, played) = Played::client(answers.iter().map(good));
    let mut feed = client.feed(FeedStart::Cursor("c0".to_owned()), Some("payment.disputed".to_owned()));
    let (first, more) = feed.next_page(Duration::ZERO).await.unwrap();
    assert_eq!((first.len(), more, feed.cursor()), (2, true, Some("c2")));
    assert!(matches!(first[0].data, EventData::Payment(_)));
    feed.next_page(Duration::from_secs(30)).await.unwrap();
    assert!(feed.next_page(Duration::from_secs(30)).await.unwrap().0.is_empty());
    assert_eq!(feed.cursor(), Some("c3"));
    let asked = |cursor: &str| format!("GET /v1/events?cursor={cursor}&limit=500&type=payment.disputed");
    assert_eq!(played.asked(), ["c0", "c2", "c3"].map(asked));
    assert_eq!(played.header("prefer"), [None, Some("wait=30".to_owned()), Some("wait=30".to_owned())]);
}

#[tokio::test]
async fn a_feed_from_now_asks_where_that_is_and_reads_nothing_before() {
    let answers = [events(&[], "c1", false), events(&["new"], "c2", false), events(&[], "c2", false)];
    let (client, played) = Played::client(answers.iter().map(good));
    let mut feed = client.feed(FeedStart::Now, Some("payment.disputed".to_owned()));
    let (page, _) = feed.next_page(Duration::from_secs(30)).await.unwrap();
    assert_eq!(page.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["new"]);
    feed.next_page(Duration::from_secs(30)).await.unwrap();
    let asked = |place: &str| format!("GET /v1/events?{place}&limit=500&type=payment.disputed");
    assert_eq!(played.asked(), ["from=now", "cursor=c1", "cursor=c2"].map(asked));
    let waits = Some("wait=30".to_owned());
    assert_eq!(played.header("prefer"), [None, waits.clone(), waits]);
}

#[tokio::test]
async fn a_feed_from_now_loses_nothing_that_came_while_it_asked() {
    let answers = [
        problem(404, "not_found", &[]),
        good(&events(&["new"], "c2", false)),
        good(&events(&[], "c2", false)),
    ];
    let (client, played) = Played::client(answers);
    let mut feed = client.feed(FeedStart::Now, None);
    assert!(feed.next_page(Duration::ZERO).await.is_err());
    assert_eq!(feed.next_page(Duration::ZERO).await.unwrap().0.len(), 1);
    assert!(feed.next_page(Duration::ZERO).await.unwrap().0.is_empty());
    let asked = |place: &str| format!("GET /v1/events?{place}&limit=500");
    assert_eq!(played.asked(), ["from=now", "from=now", "cursor=c2"].map(asked));
}

#[tokio::test]
async fn events_that_are_not_known_are_kept() {
    let later =
        json!({"data": [event("e1", &json!({"moon": "full"}))], "has_more": false, "next_cursor": "c1"});
    let (client, _) = Played::client([good(&later)]);
    let (page, _) = client.feed(FeedStart::Beginning, None).next_page(Duration::ZERO).await.unwrap();
    assert_eq!(page[0].data, EventData::Other(json!({"moon": "full"})));
}
