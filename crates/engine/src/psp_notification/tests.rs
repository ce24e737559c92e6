use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};

use super::*;
use crate::counts::Counts;
use crate::shop::Shop;

#[test]
fn what_proves_nothing_or_cannot_be_read_is_counted_by_psp_and_reason() {
    let counts = Counts::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&counts, || {
        runtime.block_on(async {
            let shop = Shop::new().await;
            for (hashstring, becomes) in
                [(None, Taken::BadSignature), (None, Taken::BadSignature), (Some("00"), Taken::NotUnderstood)]
            {
                let mut headers = HeaderMap::new();
                if let Some(hashstring) = hashstring {
                    headers.insert("hashstring", HeaderValue::from_static(hashstring));
                }
                let inbound = Inbound { headers, body: "not JSON".into(), received_at: shop.engine.now() };
                let taken = shop.engine.take_psp_notification("tap", shop.account, inbound).await.unwrap();
                assert_eq!(taken, becomes);
            }
        });
    });
    let expected = [("tap bad_signature", 2), ("tap not_understood", 1)];
    let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
    assert_eq!(counts.of("redress_psp_notifications_refused_total"), BTreeMap::from(expected));
    assert!(counts.of("redress_psp_notifications_total").is_empty(), "none proved itself");
}
