//! The first inputs, from which the others were found. Written again by
//! `cargo test -p redress-fuzz --test it -- --ignored`; the names say what they are.

use redress_core::id::{AccountId, RefundId};
use redress_fuzz::psp_named;

use crate::corpus;
use crate::played::play;

const PSPS: [&str; 8] = ["adyen", "momo", "mpgs", "oppwa", "paypal", "stcpay", "stripe", "tap"];
const STEPS: [&str; 5] = ["succeed", "refuse", "pend", "garbage", "error500_after_effect"];

const TEXTS: &[(&str, &[&str])] = &[
    ("amounts", &["1.35", "-0.0", "1.0E7", "125e-2", "92233720368547758.07", "007", "1e-64", "0e999", "SAR"]),
    ("ids", &["rf_$ID", "rf-$ID", "$62", "$ACC", "acc_x"]),
    (
        "api-keys",
        &[
            "rk_live_AAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
            "rk_sandbox_AAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        ],
    ),
    (
        "portone-token",
        &[
            "{\"alg\":\"HS256\",\"typ\":\"JWT\"}\n{\"iss\":\"PORTONE\",\"sub\":\"SglffyyZgojEdXWL\",\"exp\":1700000100}",
            "{\"alg\":\"HS256\"}\n{\"iss\":\"CHAIPAY\",\"sub\":\"SglffyyZgojEdXWL\",\"exp\":1700000100.25,\"iat\":1}",
            "{\"alg\":\"none\"}\n{\"iss\":\"PORTONE\",\"sub\":\"SglffyyZgojEdXWL\",\"exp\":1700000100}",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3MjQzMjM2NTEsImlzcyI6IlBPUlRPTkUifQ.-A7y_JSRNbST9wIE",
        ],
    ),
    (
        "sgate-signature",
        &[
            "/orders/M1T2/refunds\nkey\n1700000000\norder.refund\nHmacSHA256\n1\n",
            "/orders/A b~c(1)*'\u{e9}?a=%20\nk&method=x\n1699999701\norder.detail\nHmacSHA256\n1\n",
            "/orders/M1T2\nkey\n1700000000\norder.detail\nHmacSHA256\n1\nZm9yZ2Vk",
        ],
    ),
    (
        "payments-csv",
        &[
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
             o-1,$ACC,p-1,SAR,100.5,2026-01-02T03:04:05+03:00\n",
            "\u{feff}captured_at,amount,currency,psp_payment_id,psp_account,order_ref,customer_ref,refunded_before\r\n\
             2026-01-02T03:04:05Z,1.000,KWD,p-1,$ACC,\"o\n\"\"1\",c,0.5\r\n\r\n\
             2026-01-02T03:04:05Z,1,SAR,p-2\r\n",
            "order_ref,colour\n",
        ],
    ),
    (
        "settings",
        &[
            "[server]\nlisten = \"127.0.0.1:8080\"\n[store]\npath = \"redress-data\"\n",
            "[engine]\nlease = \"60s\"\nface_wait = \"5s\"\n[psp]\ntimeout = \"30s\"\nconnect_timeout = \"5s\"\n",
            "[notifications]\ntimeout = \"10s\"\n[log]\nformat = \"json\"\n[limits]\n",
            "nonsense = 1\n",
        ],
    ),
    (
        "bodies",
        &[
            "R\n{\"amount\": 12.5, \"refund_type\": \"partial\", \"refund_reason\": \"broken\", \"channel\": \"TAP\", \
             \"description\": \"\", \"environment\": \"sandbox\"}",
            "R\n{\"amount\": 1.0E4, \"refund_type\": \"full\", \"refund_reason\": \"broken\", \"channel\": \"TAP\", \
             \"description\": \"\", \"environment\": \"sandbox\"}",
            "R\n{\"amount\": \"12.50\", \"refund_type\": \"partial\", \"refund_reason\": \"broken\", \"channel\": \"TAP\", \
             \"description\": \"\", \"environment\": \"sandbox\"}",
            "R\n{\"refund_type\": \"partial\", \"refund_reason\": \"\", \"channel\": \"TAP\", \"description\": \"\", \"environment\": \"sandbox\"}",
            "T\n{\"portone_key\": \"$KEY\", \"portone_secret\": \"$SECRET\"}",
            "W\n{\"name\": \"hook\", \"url\": \"https://shop.test/\", \"type\": \"refund_status\", \"environment\": \"sandbox\"}",
            "D\n{\"order_ref\": \"order-1\"}",
            "D\n{}",
            "S\n{\"amount\": \"12.50\", \"reason\": \"broken\", \"merchantRefundId\": \"m-1\"}",
            "S\n{\"amount\": 1250, \"reason\": \"broken\"}",
            "S\n{\"reason\": \"broken\"}",
            "S\n{\"amount\": null, \"amount\": 1}",
            "S\n[]",
            "P\n{\"order_ref\": \"order-2\", \"psp_account\": \"$ACCOUNT\", \"psp_payment_id\": \"chg_TS2\", \"currency\": \"SAR\", \
             \"amount\": 100, \"captured_at\": \"2026-11-18T15:06:40Z\", \"refunded_before\": 10, \"environment\": \"sandbox\", \
             \"merchant_order_ref\": \"m\", \"channel\": \"TAP\", \"payment_method\": \"tap\", \"customer_ref\": \"c\", \
             \"notification_url\": \"https://shop.test/\"}",
            "P\n{\"order_ref\": \"order-1\", \"psp_account\": \"$ACCOUNT\", \"psp_payment_id\": \"chg_TS00001\", \"currency\": \"SAR\", \
             \"amount\": 1000001, \"captured_at\": \"2026-11-18T15:06:40Z\"}",
            "O\n{\"amount\": 1250, \"currency\": \"SAR\", \"reason\": \"duplicate\", \"description\": \"\\u0000\", \
             \"merchant_refund_id\": \"m-1\", \"metadata\": {\"a\": \"b\"}, \"expected_refundable\": 1000000}",
            "O\n{\"metadata\": {\"a\": \"b\", \"a\": \"c\"}, \"reason\": \"other\"}",
            "O\n{\"amount\": 1.25e3, \"currency\": \"SAR\"}",
            "O\n",
            "X\n{\"reason\": \"chargeback CB-1\"}",
            "E\n{\"url\": \"https://shop.test/\", \"name\": \"n\", \"dialect\": \"standard\", \"events\": [\"refund.succeeded\"], \
             \"environment\": \"sandbox\", \"key\": null}",
            "C\norder_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
             o-1,$ACCOUNT,p-1,SAR,1.50,2026-01-02T03:04:05Z\n\"o\n2\",$ACCOUNT,p-2,KWD,x,2026-01-02T03:04:05Z\n",
            "L\n{\"order_ref\": \"o-1\", \"psp_account\": \"$ACCOUNT\", \"psp_payment_id\": \"p-1\", \"currency\": \"SAR\", \
             \"amount\": 150, \"captured_at\": \"2026-01-02T03:04:05Z\"}\n\n{}\nnothing",
            "H\n{\"name\": \"n\", \"url\": \"https://shop.test/2\", \"dialect\": \"portone\", \"events\": [\"refund.failed\"]}",
            "N\n{\"reason\": \"it answers again\"}",
            "Y\n{\"since\": \"2026-11-18T15:06:40.5+03:00\", \"cursor\": \"12\"}",
        ],
    ),
    (
        "requests",
        &[
            "portone POST /api/refund/order-1\ncontent-type: application/json\n\n\
             {\"amount\": 12.5, \"refund_type\": \"partial\", \"refund_reason\": \"broken\", \"channel\": \"TAP\", \
             \"description\": \"\", \"environment\": \"sandbox\"}",
            "portone POST /api/refund/order-1\nidempotency-key: k-1\n\n{\"amount\": 10000.00, \"refund_type\": \"full\", \"refund_reason\": \"broken\", \"channel\": \"TAP\", \
             \"description\": \"\", \"environment\": \"sandbox\"}",
            "portone GET /api/refund/order-1\n\n",
            "portone POST /api/merchant/auth-token\n\n{\"portone_key\": \"$KEY\", \"portone_secret\": \"$SECRET\"}",
            "portone POST /api/merchant/$KEY/webhook\n\n{\"name\": \"hook\", \"url\": \"https://shop.test/\", \
             \"type\": \"refund_status\", \"environment\": \"sandbox\"}",
            "portone GET /api/merchant/$KEY/webhook?environment=sandbox\n\n",
            "portone POST /api/$KEY/transaction-details\n\n{\"order_ref\": \"order-1\"}",
            "portone GET /api/transaction/merchant-order-1/status\n\n",
            "sgate POST /api_v1/orders/order-1/refunds\n\n\
             {\"amount\": 1250, \"currency\": \"SAR\", \"merchantRefundId\": \"m-1\", \"reason\": \"broken\"}",
            "sgate GET /api_v1/orders/order-1\n\n",
            "sgate GET /api_v1/refunds/order-1_R1\n\n",
            "sgate GET /api_v1/transactions/order-1_T1/merchant?a=b\n\n",
            "sgate GET /api_v1/merchants/$MERCHANT\n\n",
            "api POST /v1/payments\n\n{\"order_ref\": \"order-2\", \"psp_account\": \"$ACCOUNT\", \"psp_payment_id\": \
             \"chg_TS2\", \"currency\": \"SAR\", \"amount\": 100, \"captured_at\": \"2026-11-18T15:06:40Z\"}",
            "api GET /v1/connectors\n\n",
            "api POST /psp/tap/$ACCOUNT\nhashstring: 00\n\n{\"id\": \"re_1\"}",
            "nobody POST /psp/momo/acc_1\n\n{}",
            "nobody GET /healthz\n\n",
            "nobody GET /readyz\n\n",
            "nobody POST /api/refund/order-1\nx-portone-client-key: a\nauthorization: Bearer a.b.c\n\n{\"amount\": 1}",
            "nobody POST /api_v1/orders/order-1/refunds\nx-auth-key: a\nx-auth-signature: b\nx-auth-timestamp: 1\n\
             x-auth-sign-method: HmacSHA256\nx-auth-sign-version: 1\n\n{}",
            "nobody GET /v1/connectors\nauthorization: Bearer \
             rk_live_AAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\n\n",
        ],
    ),
    ("notifications-momo", &["raw\na: b\n\n{}", "signed\n{\"orderId\": \"rf-1\", \"resultCode\": 0}"]),
    ("notifications-stcpay", &["raw\na: b\n\n{}", "signed\n{\"RefundID\": 1}"]),
];

/// With an id where one is needed: nobody writes one by heart.
fn filled(target: &str, text: &str) -> String {
    let (account, refund) = (AccountId::from_bytes([1; 16]).to_string(), RefundId::from_bytes([7; 16]));
    if matches!(target, "bodies" | "requests") {
        return text.to_owned();
    }
    text.replace("$ACC", &account)
        .replace("$62", &refund.to_base62())
        .replace("$ID", refund.to_string().trim_start_matches("rf_"))
}

/// What a parser is first tried with is replayed too, not only what was found from it.
#[test]
fn every_first_input_is_in_the_corpus() {
    for (target, texts) in TEXTS {
        let committed = corpus::inputs(target);
        for (at, text) in texts.iter().enumerate() {
            let name = format!("seed-{at:02}");
            let found = committed.iter().find(|(known, _)| *known == name).map(|(_, input)| &input[..]);
            assert_eq!(found, Some(filled(target, text).as_bytes()), "{target}/{name}");
        }
    }
}

#[tokio::test]
#[ignore = "it writes the corpus"]
async fn write_the_first_inputs() {
    for (target, texts) in TEXTS {
        for (at, text) in texts.iter().enumerate() {
            corpus::write(target, &format!("seed-{at:02}"), filled(target, text).as_bytes());
        }
    }
    for name in PSPS {
        for step in STEPS {
            let (answers, notifications) = play(psp_named(name), step).await;
            for (seed, input) in answers {
                corpus::write(&format!("answers-{name}"), &format!("seed-{seed}"), &input);
            }
            for (seed, input) in notifications {
                corpus::write(&format!("notifications-{name}"), &format!("seed-{seed}"), &input);
            }
        }
    }
}
