use super::*;
use crate::record::cut;
use proptest::prelude::*;

#[test]
fn signatures_are_taken_out_and_the_rest_stays() {
    let text = r#"{"a":"signature","signature" : "ab\"cd","n":{"hashString":"00","x":1},"signature":"#;
    assert_eq!(
        hide_fields(text),
        r#"{"a":"signature","signature":"[hidden]","n":{"hashString":"[hidden]","x":1},"signature":"#
    );
    let card = r#"{"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","expiryMonth":"05"},"number":512345}"#;
    assert_eq!(
        hide_fields(card),
        r#"{"card":{"bin":"[hidden]","last4Digits":"[hidden]","holder":"[hidden]","expiryMonth":"[hidden]"},"number":"[hidden]"}"#
    );
    assert_eq!(hide_fields("<html>"), "<html>");
    assert_eq!(hide_fields(r#"{"signature":"cut o"#), r#"{"signature":"[hidden]""#);
    assert_eq!(hide_fields(r#"{"customer":{"email":"j"#), r#"{"customer":"[hidden]""#);
    assert_eq!(hide_fields(r#"{"card":{"name":"Jane"#), r#"{"card":{"name":"[hidden]""#);
}

#[test]
fn values_of_every_kind_are_hidden_whole() {
    for value in ["-1.5e+3", "12", r#""a\"}b""#, "{}", r#"{"a":{"b":"}"},"c":[1,{}]}"#, r#"["a",["b]"]]"#] {
        assert_eq!(
            hide_fields(&format!(r#"{{"customer" : {value},"id":"x"}}"#)),
            r#"{"customer":"[hidden]","id":"x"}"#
        );
    }
    for value in ["null", "true", "false"] {
        let text = format!(r#"{{"customer":{value},"id":"x"}}"#);
        assert_eq!(hide_fields(&text), text);
    }
    for name in ["last_four", "lastFour", "LAST-FOUR", "card.last four", "a.lastFour.b"] {
        assert_eq!(hide_fields(&format!(r#"{{"{name}":"1111"}}"#)), format!(r#"{{"{name}":"[hidden]"}}"#));
    }
}

/// What each PSP may tell beside a refund, and what of it must be there for whoever looks into one.
const TOLD: [(&str, &str, &[&str]); 8] = [
    (
        "adyen",
        r#"{"NotificationRequestItem":{"additionalData":{"cardHolderName":"GONE","cardSummary":"GONE",
        "expiryDate":"GONE/2030","cardBin":"GONE","issuerBin":"GONE","card.bin":"GONE","card.number":"GONE",
        "shopperEmail":"GONE@example.org","shopperIP":"GONE","shopperName":"[first name=GONE]",
        "shopperReference":"GONE","iban":"GONE","bic":"GONE","ownerName":"GONE","alias":"GONE",
        "bankAccount.ownerName":"GONE","sepadirectdebit.iban":"GONE","billingAddress.city":"GONE",
        "paymentAccountReference":"GONE","recurring.recurringDetailReference":"GONE",
        "tokenization.storedPaymentMethodId":"GONE","telephoneNumber":"GONE","hmacSignature":"GONE",
        "acquirerReference":"7R2"},"amount":{"currency":"EUR","value":2500},"eventCode":"REFUND_FAILED",
        "merchantReference":"rf-1","originalReference":"9913","paymentMethod":"visa","pspReference":"QFQT",
        "reason":"Insufficient balance","success":"true"}}"#,
        &[
            "2500",
            "EUR",
            "REFUND_FAILED",
            "rf-1",
            "9913",
            "QFQT",
            "Insufficient balance",
            "true",
            "7R2",
            "visa",
        ],
    ),
    (
        "mpgs",
        r#"{"customer":{"email":"GONE@example.org","firstName":"GONE","mobilePhone":"GONE"},"billing":{"address":
        {"city":"GONE"}},"shipping":{"contact":{"email":"GONE"}},"device":{"ipAddress":"GONE"},"sourceOfFunds":
        {"provided":{"card":{"brand":"VISA","expiry":{"month":"GONE","year":"GONE"},"nameOnCard":"GONE",
        "number":"GONExxxxxx0019","devicePayment":{},"deviceSpecificNumber":"GONE",
        "deviceSpecificExpiry":{"month":"GONE"}}},"token":"GONE","type":"CARD"},"merchant":"SHOP","order":
        {"id":"ORD","status":"REFUNDED"},"response":{"acquirerCode":"00","gatewayCode":"APPROVED"},"result":
        "SUCCESS","transaction":{"amount":12.34,"currency":"SAR","id":"rf-1","receipt":"6330","type":"REFUND"}}"#,
        &["VISA", "CARD", "SHOP", "ORD", "APPROVED", "SUCCESS", "12.34", "SAR", "rf-1", "6330", "REFUND"],
    ),
    (
        "oppwa",
        r#"{"id":"8ac7","referencedId":"8ac6","paymentType":"RF","paymentBrand":"MADA","amount":"10.00","currency":
        "SAR","merchantTransactionId":"rf-1","result":{"code":"800.100.152","description":"declined"},"card":
        {"bin":"GONE","last4Digits":"GONE","holder":"GONE","expiryMonth":"GONE","expiryYear":"GONE"},"customer":
        {"givenName":"GONE","ip":"GONE"},"billing":{"street1":"GONE"},"bankAccount":{"iban":"GONE","holder":"GONE"},
        "virtualAccount":{"accountId":"GONE"},"authentication":{"entityId":"8a82"}}"#,
        &["8ac7", "8ac6", "RF", "MADA", "10.00", "SAR", "rf-1", "800.100.152", "declined", "8a82"],
    ),
    (
        "paypal",
        r#"{"id":"1JU0","status":"FAILED","amount":{"currency_code":"USD","value":"10.99"},"invoice_id":"rf-1",
        "payer":{"email_address":"GONE@example.org","name":{"given_name":"GONE","surname":"GONE"},"payer_id":"GONE"},
        "payment_source":{"card":{"name":"GONE","last_digits":"GONE","expiry":"GONE"}},"shipping":{"name":{"full_name":
        "GONE"}},"acquirer_reference_number":"7453","status_details":{"reason":"ECHECK"},
        "name":"UNPROCESSABLE_ENTITY","details":[{"issue":"REFUND_NOT_ALLOWED"}]}"#,
        &[
            "1JU0",
            "FAILED",
            "USD",
            "10.99",
            "rf-1",
            "7453",
            "ECHECK",
            "UNPROCESSABLE_ENTITY",
            "REFUND_NOT_ALLOWED",
        ],
    ),
    (
        "stripe",
        r#"{"id":"re_1","object":"refund","amount":1000,"currency":"usd","charge":"ch_1","customer":"GONE",
        "billing_details":{"name":"GONE","email":"GONE","address":{"city":"GONE"}},"receipt_email":"GONE",
        "instructions_email":"GONE","payment_method_details":{"card":{"exp_month":4,"last4":"GONE","fingerprint":
        "GONE"}},"next_action":{"display_details":{"email_sent":{"email_sent_at":5,"email_sent_to":"GONE"}}},
        "destination_details":{"card":{"reference":"7493","reference_type":"acquirer_reference_number"},
        "type":"card"},"failure_reason":"declined","metadata":{"redress_refund":"rf-1"},"status":"failed"}"#,
        &["re_1", "1000", "usd", "ch_1", "7493", "acquirer_reference_number", "declined", "rf-1", "failed"],
    ),
    (
        "tap",
        r#"{"id":"re_T","object":"refund","status":"REFUNDED","amount":10.000,"currency":"KWD","charge_id":"chg_1",
        "customer":{"id":"GONE","first_name":"GONE","email":"GONE","phone":{"country_code":"GONE","number":"GONE"}},
        "card":{"object":"card","first_six":"GONE","first_eight":"GONE","last_four":"GONE","name":"GONE",
        "brand":"VISA","expiry":{"month":"GONE","year":"GONE"}},"reference":{"merchant":"rf-1","payment":"5720"},
        "response":{"code":"000","message":"Refunded"},"hashstring":"GONE"}"#,
        &["re_T", "REFUNDED", "10.000", "KWD", "chg_1", "VISA", "rf-1", "5720", "000", "\"Refunded\""],
    ),
    (
        "momo",
        r#"{"partnerCode":"MOMO","orderId":"rf-1","requestId":"rq-1","amount":50000,"transId":3140007707,"resultCode":
        1081,"message":"refused","userInfo":{"name":"GONE","phoneNumber":"GONE","email":"GONE"},"partnerClientId":
        "GONE","callbackToken":"GONE","signature":"GONE"}"#,
        &["MOMO", "rf-1", "rq-1", "50000", "3140007707", "1081", "refused"],
    ),
    (
        "stcpay",
        r#"{"PaymentInquiryV4ResponseMessage":{"TransactionList":[{"MobileNo":"GONE","CustomerName":"GONE","TokenId":
        "GONE","Amount":20.80,"PaymentStatus":2,"RefNum":"ref-1"}]},"Code":2006,"Text":"no such payment"}"#,
        &["20.80", "2", "ref-1", "2006", "no such payment"],
    ),
];

#[test]
fn of_what_each_psp_tells_the_refund_is_kept_and_the_customer_is_not() {
    for (psp, text, kept) in TOLD {
        assert!(text.contains("GONE"), "{psp}");
        let shown = hide_fields(text);
        assert!(!shown.contains("GONE"), "{psp}: {shown}");
        for part in kept {
            assert!(shown.contains(part), "{psp}: {part} in {shown}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{psp}: {shown}");
    }
}

/// A card in a card in a card is looked through once, and so is an object without an end.
#[test]
fn deep_bodies_take_no_longer_than_long_ones() {
    let cards = r#"{"card":"#.repeat(100_000);
    assert_eq!(hide_fields(&cards), cards);
    let customers = r#"{"customer":"#.repeat(100_000);
    assert_eq!(hide_fields(&customers), format!(r#"{{"customer":"{HIDDEN}""#));
}

#[test]
fn every_name_stands_in_the_list_as_it_is_looked_for() {
    for name in HIDDEN_FIELDS {
        assert_eq!(&plain_name(name), name);
        assert!(!name.contains('.'), "{name}");
    }
}

proptest! {
    #[test]
    fn any_text_is_cut_and_hidden_without_a_panic(text in ".{0,200}", max in 4usize..100) {
        let mut hidden = hide_fields(&text);
        cut(&mut hidden, max);
        prop_assert!(hidden.len() <= max);
    }

    #[test]
    fn anything_like_json_is_hidden_without_a_panic(
        text in "([{}\\[\\]:, 1é\"\\\\]|\"(customer|card|name)\":){0,40}"
    ) {
        hide_fields(&text);
    }

    #[test]
    fn text_without_quotes_is_kept(text in "[^\"]{0,100}") {
        prop_assert_eq!(hide_fields(&text), text);
    }
}
