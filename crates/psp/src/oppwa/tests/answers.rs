//! What answers mean: every group of codes, every echo, every status.

use super::*;
use crate::testing::failed;
use crate::transport::HttpResponse;
use http::HeaderMap;
use redress_core::outcome::{Again, Finding};

const HOUR: Again = Again::After(Duration::from_secs(3600));

/// Readers of a refund that is there: the answer to a submit, and to both questions.
fn readings(status: u16, body: &str) -> [Outcome; 4] {
    [
        submitted(status, body),
        queried(Some(ID), status, body),
        queried(None, status, body),
        queried(None, status, &list(&[body.to_owned()])),
    ]
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None }
}

fn refused(code: &str, again: Again) -> Outcome {
    crate::testing::refused(code, "said", again)
}

#[test]
fn every_group_of_result_codes() {
    for code in [
        "000.000.000",
        "000.000.100",
        "000.100.105",
        "000.100.110",
        "000.100.112",
        "000.300.000",
        "000.300.100",
        "000.310.110",
        "000.600.000",
        "000.400.000",
        "000.400.010",
        "000.400.020",
        "000.400.040",
        "000.400.090",
        "000.400.100",
    ] {
        assert_eq!(readings(200, &object(code)), [done(), done(), done(), done()], "{code}");
    }
    for code in ["000.200.000", "000.200.001", "000.200.100", "800.400.500", "800.400.501", "100.400.500"] {
        let note = Some(format!("OPPWA says {code} said"));
        let pending = Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note };
        assert_eq!(readings(200, &object(code)), [(); 4].map(|()| pending.clone()), "{code}");
    }
    for code in [
        "100.550.300",
        "100.550.303",
        "100.550.310",
        "100.550.401",
        "700.100.100",
        "700.100.500",
        "700.300.100",
        "700.300.300",
        "700.400.200",
        "700.400.520",
        "700.400.580",
        "700.500.001",
        "800.100.100",
        "800.100.152",
        "800.100.155",
        "800.100.172",
        "800.700.101",
        "800.120.200",
        "800.121.100",
        "800.200.159",
        "800.300.101",
        "500.100.201",
        "500.200.101",
        "600.200.500",
        "600.300.101",
        "200.100.101",
        "200.300.404",
        "800.900.300",
    ] {
        assert_eq!(submitted(400, &object(code)), failed(refused(code, Again::No), ID), "{code}");
        assert_eq!(submitted(200, &object(code)), failed(refused(code, Again::No), ID), "{code}");
        assert_eq!(
            queried(None, 200, &list(&[object(code)])),
            failed(refused(code, Again::No), ID),
            "{code}"
        );
        assert_eq!(queried(Some(ID), 200, &object(code)), failed(refused(code, Again::No), ID), "{code}");
    }
    for code in [
        "800.100.163",
        "800.100.164",
        "800.100.176",
        "700.400.570",
        "500.100.401",
        "500.100.403",
        "800.120.100",
    ] {
        assert_eq!(submitted(400, &object(code)), failed(refused(code, HOUR), ID), "{code}");
    }
    for code in ["800.110.100", "800.130.100", "200.200.106", "200.300.405"] {
        assert_eq!(submitted(400, &bare(code)), unknown(Finding::KeyInUse), "{code}");
    }
    for code in [
        // Communication, system, time-outs, partial failures, chargebacks, soft declines, what is for new payments.
        "900.100.100",
        "900.100.300",
        "900.100.600",
        "900.200.100",
        "900.300.600",
        "900.400.100",
        "999.999.999",
        "600.100.100",
        "800.500.100",
        "800.600.100",
        "800.800.400",
        "100.395.501",
        "100.396.103",
        "100.397.101",
        "000.400.030",
        "000.400.101",
        "000.400.200",
        "000.100.200",
        "300.100.100",
        "100.380.401",
        "100.390.103",
        "800.400.100",
        "800.400.200",
        "100.100.101",
        "100.400.000",
        "700.400.000",
        "800.100.192",
        // In a group of refusals, and none by their words: one is under way, or a refund was requested.
        "800.700.100",
        "800.100.200",
        "800.100.206",
        "800.100.207",
        "123.456.789",
        // No codes.
        "",
        "000",
        "000.000.",
        "000.000.0000",
        "000.000.00x",
        " 000.000.000",
        "000-000-000",
        "000.400.0",
        "800.100.1520",
        "SUCCESS",
    ] {
        for status in [200, 400] {
            assert_eq!(submitted(status, &object(code)), unknown(Finding::NotUnderstood), "{status} {code}");
        }
        assert_eq!(queried(None, 200, &list(&[object(code)])), unknown(Finding::NotUnderstood), "{code}");
    }
}

#[test]
fn a_test_modes_success_moves_no_real_money() {
    let said = |code: &str| {
        let transport = Scripted::new([answer(200, object(code))]);
        Oppwa.submit(&transport, &live(), &ask()).now_or_never().unwrap().outcome
    };
    for code in ["000.100.110", "000.100.111", "000.100.112"] {
        assert_eq!(said(code), unknown(Finding::NotUnderstood), "{code}");
    }
    assert_eq!(said("000.000.000"), done());
}

#[test]
fn the_status_must_fit_the_word() {
    for status in [400, 401, 404, 409, 422] {
        for code in ["000.000.000", "000.200.000"] {
            assert_eq!(submitted(status, &object(code)), unknown(Finding::NotUnderstood), "{status} {code}");
        }
        assert_eq!(submitted(status, &bare("800.900.301")), refused("800.900.301", Again::No), "{status}");
    }
    for status in [429, 500, 502, 503, 504, 599] {
        for body in [object("000.000.000"), object("800.100.152"), bare("700.400.580"), "<html>".to_owned()] {
            let silent = [(); 4].map(|()| unknown(Finding::NoAnswer));
            assert_eq!(readings(status, &body), silent, "{status} {body}");
        }
    }
    assert_eq!(submitted(429, &bare("800.120.100")), refused("800.120.100", HOUR), "OPPWA's own word");
    assert_eq!(queried(None, 429, &bare("800.120.100")), unknown(Finding::NoAnswer));
    for status in [100, 301, 302, 399] {
        let lost = [(); 4].map(|()| unknown(Finding::NotUnderstood));
        assert_eq!(readings(status, &object("000.000.000")), lost, "{status}");
    }
}

#[test]
fn a_token_that_is_not_taken_is_no_refusal_and_anything_else_of_access_is() {
    let not_let_in = Outcome::NotSent { reason: "OPPWA did not let the account in: said".to_owned() };
    for status in [200, 400, 401, 403] {
        assert_eq!(submitted(status, &bare("800.900.300")), not_let_in, "{status}");
        for code in ["800.900.303", "800.900.100", "200.100.101", "600.300.101"] {
            assert_eq!(submitted(status, &bare(code)), refused(code, Again::No), "{status} {code}");
        }
    }
    // A transaction was made, or it is of another one.
    assert_eq!(submitted(401, &object("800.900.300")), failed(refused("800.900.300", Again::No), ID));
    let other =
        bare("800.900.300").replace("{\"result\"", "{\"merchantTransactionId\":\"rf-other\",\"result\"");
    assert_eq!(submitted(401, &other), unknown(Finding::Mismatch));
    for status in [429, 500, 503] {
        assert_eq!(submitted(status, &bare("800.900.300")), unknown(Finding::NoAnswer), "{status}");
    }
}

#[test]
fn every_echo_is_compared() {
    for code in ["000.000.000", "000.200.000", "800.100.152"] {
        let good = object(code);
        for (from, to) in [
            (r#""amount":"10.00""#, r#""amount":"1.00""#),
            (r#""amount":"10.00""#, r#""amount":"10.001""#),
            (r#""amount":"10.00""#, r#""amount":{}"#),
            (r#""amount":"10.00""#, r#""amount":"ten""#),
            (r#""SAR""#, r#""KWD""#),
            (r#""SAR""#, r#""???""#),
            (PAYMENT, "8ac7other"),
            (r#""RF""#, r#""RV""#),
        ] {
            assert_eq!(submitted(200, &good.replace(from, to)), unknown(Finding::Mismatch), "{code} {to}");
            let found = queried(Some(ID), 200, &good.replace(from, to));
            assert_eq!(found, unknown(Finding::Mismatch), "{code} {to}");
        }
        assert_eq!(submitted(200, &good.replace(KEY, "rf-other")), unknown(Finding::Mismatch), "{code}");
        let rows = list(&[good.replace("10.00", "1.00")]);
        assert_eq!(queried(None, 200, &rows), unknown(Finding::Mismatch), "{code}");
    }
    let good = object("000.000.000");
    for amount in ["10.00", "10", "\"10\"", "1.0e1"] {
        assert_eq!(submitted(200, &good.replace("\"10.00\"", amount)), done(), "{amount}");
    }
}

#[test]
fn what_is_missing_is_never_taken_for_granted() {
    let good = object("000.000.000");
    let without = |field: &str| good.replace(&format!("\"{field}\":"), &format!("\"not_{field}\":"));
    for field in ["id", "amount", "currency", "paymentType"] {
        assert_eq!(submitted(200, &without(field)), unknown(Finding::NotUnderstood), "{field}");
    }
    assert_eq!(submitted(200, &without("referencedId")), done(), "it is the answer to the question");
    assert_eq!(submitted(200, &without("merchantTransactionId")), done());
    let stranger = queried(Some(ID), 200, &without("merchantTransactionId"));
    assert_eq!(stranger, unknown(Finding::NotUnderstood), "whose is it?");
    assert_eq!(queried(None, 200, &list(&[without("paymentType")])), unknown(Finding::NotUnderstood));
    for id in ["../x", "", PAYMENT] {
        assert_eq!(submitted(200, &good.replace(ID, id)), unknown(Finding::NotUnderstood), "{id}");
    }
    let declined = object("800.100.152").replace(r#""amount":"10.00","currency":"SAR","#, "");
    assert_eq!(
        readings(200, &declined),
        [(); 4].map(|()| failed(refused("800.100.152", Again::No), ID)),
        "it has no sum"
    );
}

#[test]
fn a_list_is_searched_for_our_refund() {
    let ours = object("000.000.000");
    let other = ours.replace(KEY, "rf-other");
    let debit = ours.replace("\"RF\"", "\"DB\"");
    let second = ours.replace(ID, "8ac7second");
    for (rows, outcome) in [
        (vec![], unknown(Finding::NotFound)),
        (vec![other.clone()], unknown(Finding::NotFound)),
        (vec![debit.clone()], unknown(Finding::NotFound)),
        (vec![ours.clone()], done()),
        (vec![other.clone(), debit, ours.clone()], done()),
        (vec![ours.clone(), second], unknown(Finding::Ambiguous)),
        (vec![ours.clone(), ours.clone()], unknown(Finding::Ambiguous)),
        (vec![ours.clone(), object("800.110.100").replace(ID, "8ac7second")], unknown(Finding::Ambiguous)),
        (vec![ours.replace(ID, "8ac7bound")], unknown(Finding::Mismatch)),
        (vec![object("800.110.100")], unknown(Finding::KeyInUse)),
    ] {
        assert_eq!(queried(None, 200, &list(&rows)), outcome, "{rows:?}");
    }
    assert_eq!(queried(Some(ID), 200, &list(std::slice::from_ref(&ours))), done());
    let elsewhere = ours.replace(ID, "8ac7else");
    assert_eq!(queried(Some(ID), 200, &list(std::slice::from_ref(&elsewhere))), unknown(Finding::Mismatch));
    assert_eq!(queried(Some(ID), 200, &elsewhere), unknown(Finding::Mismatch));
    assert_eq!(queried(None, 200, &other), unknown(Finding::Mismatch));
    for wrong in ["800.900.300", "700.400.580", "000.200.000"] {
        let body = list(std::slice::from_ref(&ours)).replacen("000.000.100", wrong, 1);
        assert_eq!(queried(None, 200, &body), unknown(Finding::NotUnderstood), "{wrong}");
    }
    assert_eq!(queried(None, 400, &list(&[ours])), unknown(Finding::NotUnderstood));
}

#[test]
fn nothing_found_is_not_found_and_any_other_refusal_is_one_of_the_question() {
    for id in [None, Some(ID)] {
        for status in [200, 400, 404] {
            assert_eq!(queried(id, status, &bare("700.400.580")), unknown(Finding::NotFound), "{status}");
        }
        for code in ["800.900.300", "200.300.404", "800.100.152", "000.000.100", "700.100.100", "800.110.100"]
        {
            for status in [200, 400, 401, 404] {
                let outcome = queried(id, status, &bare(code));
                assert_eq!(outcome, unknown(Finding::NotUnderstood), "{status} {code}");
            }
        }
    }
}

#[test]
fn the_list_of_version_3_is_read_while_it_is_whole() {
    let ours = object("000.000.000");
    let list = |rows: &[String], pages: &str| {
        list(rows).replace(r#""payments":"#, &format!(r#""pages":{pages},"records":"#))
    };
    for pages in ["1", "\"1\""] {
        assert_eq!(queried(None, 200, &list(std::slice::from_ref(&ours), pages)), done());
        assert_eq!(
            queried(None, 200, &list(&[ours.clone(), ours.replace(ID, "8a8")], pages)),
            unknown(Finding::Ambiguous)
        );
    }
    assert_eq!(queried(None, 200, &list(&[], "0")), unknown(Finding::NotFound));
    for pages in ["2", "\"17\"", "true", "[]"] {
        for rows in [std::slice::from_ref(&ours), &[]] {
            let outcome = queried(None, 200, &list(rows, pages));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{pages}: another page may show another");
        }
    }
}

#[test]
fn rubbish_is_not_understood() {
    for rubbish in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"result":{}}"#,
        r#"{"result":{"code":0}}"#,
        r#"{"result":null}"#,
        r#"{"result":{"code":"000.000.000","code":"800.100.152"}}"#,
        r#"{"result":{"code":"000.000.000"}"#,
        r#"{"result":{"code":"000.000.000"},"payments":{}}"#,
    ] {
        for status in [200, 400, 404] {
            let lost = [unknown(Finding::NotUnderstood), unknown(Finding::NotUnderstood)];
            assert_eq!([submitted(status, rubbish), queried(None, status, rubbish)], lost, "{rubbish}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        prop_assert!(matches!(read::submit(&response, &expected()), Outcome::Unknown(_)));
        for asked in [Asked::ById(ID), Asked::ByKey(&[])] {
            prop_assert!(matches!(read::query(&response, &asked, &expected()), Outcome::Unknown(_)));
        }
        let _ = read::check(&response);
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..600, byte: u8) {
        let mut bytes = object("000.000.000").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 200, headers: HeaderMap::new(), body: bytes.clone().into() };
        if let Outcome::Succeeded { .. } = read::query(&response, &Asked::ByKey(&[]), &expected()) {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(text.contains(KEY) && text.contains("\"SAR\"") && text.contains("\"RF\""));
        }
    }

    #[test]
    fn any_code_has_a_meaning_and_only_the_known_ones_decide(code in "[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}") {
        let meaning = codes::of(&code, Environment::Sandbox);
        if code.starts_with('9') || code.starts_with('4') {
            prop_assert_eq!(meaning, codes::Meaning::Open);
        }
        if meaning == codes::Meaning::Done {
            prop_assert!(code.starts_with("000."));
        }
    }
}
