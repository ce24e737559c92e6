//! GET `/v1/refunds`: a merchant's refunds, the newest first.

use axum::Json;
use axum::extract::State;
use redress_core::id::RefundId;
use redress_core::state::StateName;
use redress_engine::engine::Engine;
use redress_engine::lookup::RefundFilter;
use utoipa::ToSchema;

use super::auth::Asking;
use super::error::OwnError;
use super::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};
use super::view::RefundView;

/// A page of refunds.
#[derive(ToSchema)]
#[schema(as = RefundPage)]
#[expect(dead_code, reason = "it describes a page of refunds")]
pub(crate) struct RefundPage {
    /// The refunds.
    data: Vec<RefundView>,
    /// Whether there may be more behind it. A page may be short, or empty, and more behind it.
    has_more: bool,
    /// Where the next page begins.
    next_cursor: Option<String>,
}

/// List refunds
///
/// The newest first. For one page 10 000 refunds are looked at, at most: where a filter lets few of them through, a page may
/// be short and `has_more` true.
#[utoipa::path(
    get,
    path = "/v1/refunds",
    operation_id = "listRefunds",
    tag = "Refunds",
    params(
        PageParams,
        ("payment" = Option<String>, Query, description = "Only those of this payment: its id, or its `order_ref`."),
        ("status" = Option<Vec<String>>, Query, style = Form, explode = false, min_items = 1,
            description = "Only those that stand so now; several with commas between, as `failed,reversed`."),
        ("merchant_refund_id" = Option<String>, Query, description = "The one with this id of the merchant's own."),
        ("created_from" = Option<String>, Query, description = "Only those made then or later; RFC 3339, to the millisecond."),
        ("created_to" = Option<String>, Query, description = "Only those made before; RFC 3339, to the millisecond."),
    ),
    responses(
        (status = 200, description = "A page.", body = RefundPage),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<RefundView>>, OwnError> {
    let known = [LIMIT, CURSOR, "payment", "status", "merchant_refund_id", "created_from", "created_to"];
    let (holder, query) = asking.only(&known)?;
    let PageAsked { limit, after } = PageAsked::read(&query, |text| RefundId::parse(text).ok())?;
    let (from, to) = (query.time("created_from")?, query.time("created_to")?);
    let mut filter = RefundFilter {
        payment: None,
        states: query.some_words("status", StateName::ALL.map(StateName::as_str), StateName::parse)?,
        merchant_refund_id: query.text("merchant_refund_id")?.map(str::to_owned),
        created_from: from,
        created_to: to,
    };
    if let Some(named) = query.text("payment")? {
        let Some(payment) = engine.payment_named(holder.merchant, holder.environment, named).await? else {
            // A payment that is not there has no refunds.
            return Ok(Json(Page { data: Vec::new(), has_more: false, next_cursor: None }));
        };
        filter.payment = Some(payment.id);
    }
    let page = engine.list_refunds(holder.merchant, holder.environment, filter, after, limit).await?;
    Ok(Json(Page {
        data: page
            .refunds
            .into_iter()
            .map(|(refund, payment)| RefundView::of(refund, payment.into()))
            .collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::{Value, json};

    use crate::testing::{Harness, TestMerchant, TestPayment};

    async fn send(
        harness: &Harness,
        merchant: &TestMerchant,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Value {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", merchant.api_key));
        harness.send(request.body(Body::from(body.to_string())).unwrap()).await.json()
    }

    #[tokio::test]
    async fn refunds_are_found_by_what_is_known_of_them() {
        let harness = Harness::new().await;
        let mut ids = Vec::new();
        for (order, refund) in [("o1", "r-1"), ("o2", "r-2"), ("o2", "r-3")] {
            if refund != "r-3" {
                harness.payment(TestPayment::tap(order, 10_000)).await;
            }
            let body = json!({"amount": 100, "currency": "SAR", "merchant_refund_id": refund});
            let path = format!("/v1/payments/{order}/refunds");
            let made = send(&harness, &harness.merchant, "POST", &path, &body).await;
            ids.push((made["id"].clone(), made["payment"].clone(), made["created_at"].clone()));
            harness.pass(std::time::Duration::from_secs(5)).await;
        }
        let list = async |query: &str| {
            let page =
                send(&harness, &harness.merchant, "GET", &format!("/v1/refunds{query}"), &Value::Null).await;
            let found = page["data"].as_array().map(|all| all.iter().map(|one| one["id"].clone()).collect());
            (found.unwrap_or_else(Vec::new), page)
        };
        let [first, second, third] = [0, 1, 2].map(|at| ids[at].0.clone());
        assert_eq!(list("").await.0, [third.clone(), second.clone(), first.clone()]);
        let payment = ids[1].1.as_str().unwrap();
        assert_eq!(list(&format!("?payment={payment}")).await.0, [third.clone(), second.clone()]);
        // By its reference too, as in every path.
        assert_eq!(list("?payment=o2").await.0, [third.clone(), second.clone()]);
        assert_eq!(list("?payment=o2&merchant_refund_id=r-3").await.0, std::slice::from_ref(&third));
        for none in
            ["?payment=o3", "?payment=pay_00000000000000000000000000", "?payment=o1&merchant_refund_id=r-2"]
        {
            let (found, page) = list(none).await;
            assert_eq!((found, &page["has_more"]), (Vec::new(), &json!(false)), "{none}");
        }
        let foreign = send(&harness, &harness.other, "GET", "/v1/refunds?payment=o2", &Value::Null).await;
        assert_eq!(foreign["data"], json!([]));
        assert_eq!(list("?merchant_refund_id=r-2").await.0, std::slice::from_ref(&second));
        assert_eq!(list("?merchant_refund_id=r-2&status=failed").await.0, [] as [Value; 0]);
        assert_eq!(list("?status=succeeded&limit=2").await.0, [third.clone(), second.clone()]);
        // One of several words, whichever way the refunds are looked for.
        let all = [third.clone(), second.clone(), first.clone()];
        assert_eq!(list("?status=failed,succeeded").await.0, all);
        assert_eq!(list("?status=succeeded,succeeded,unknown").await.0, all);
        assert_eq!(list("?status=failed,unknown").await.0, [] as [Value; 0]);
        assert_eq!(list("?payment=o2&status=failed,succeeded").await.0, all[..2]);
        assert_eq!(list("?payment=o2&status=failed,unknown").await.0, [] as [Value; 0]);
        assert_eq!(list("?merchant_refund_id=r-2&status=unknown,succeeded").await.0, all[1..2]);
        let from = ids[1].2.as_str().unwrap();
        assert_eq!(list(&format!("?created_from={from}")).await.0, [third.clone(), second.clone()]);
        assert_eq!(list(&format!("?created_to={from}")).await.0, std::slice::from_ref(&first));
        // Page by page.
        let (page, told) = list("?limit=2").await;
        assert_eq!((page, &told["has_more"]), (vec![third, second.clone()], &json!(true)));
        let cursor = told["next_cursor"].as_str().unwrap();
        let (page, told) = list(&format!("?limit=2&cursor={cursor}")).await;
        assert_eq!(
            (page, &told["has_more"], &told["next_cursor"]),
            (vec![first], &json!(false), &Value::Null)
        );
        for (query, field) in [
            ("?limit=0", "limit"),
            ("?limit=501", "limit"),
            ("?cursor=x", "cursor"),
            ("?status=lost", "status"),
            ("?status=failed,lost", "status"),
            ("?payment=", "payment"),
            ("?payment=o3&status=lost", "status"),
            ("?created_from=yesterday", "created_from"),
            ("?state=failed", "state"),
        ] {
            let (_, told) = list(query).await;
            assert_eq!((&told["status"], &told["field"]), (&json!(422), &json!(field)), "{query}");
        }
        assert_eq!(
            list("?state=failed").await.1["code"],
            "invalid",
            "a filter that is misspelt lets nothing through"
        );
        assert_eq!(
            send(&harness, &harness.other, "GET", "/v1/refunds", &Value::Null).await["data"],
            json!([])
        );
    }
}
