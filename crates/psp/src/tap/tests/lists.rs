//! Look-ups in the list of a payment's refunds.

use super::*;

#[test]
fn the_list_is_searched_by_our_reference() {
    let ours = object(ID, "REFUNDED", "000", KEY);
    let other = object("re_2", "REFUNDED", "000", "rf-other");
    let bare = object("re_3", "REFUNDED", "000", "");
    let bound = object("re_bound", "REFUNDED", "000", "");
    let sum = ours.replace("10.00", "9.00");
    for (rows, outcome) in [
        (vec![], unknown(Finding::NotFound)),
        (vec![other.clone()], unknown(Finding::NotFound)),
        (vec![ours.clone()], done()),
        (vec![other.clone(), bare.clone(), ours.clone()], done()),
        (vec![ours.clone(), ours.clone()], done()),
        (vec![sum], unknown(Finding::Mismatch)),
        (vec![ours.replace(CHARGE, "chg_other")], unknown(Finding::Mismatch)),
        (vec![ours.replace(ID, "re_bound")], unknown(Finding::Mismatch)),
        (vec![ours.clone(), object("re_4", "FAILED", "401", KEY)], unknown(Finding::Ambiguous)),
        (vec![bare.clone()], unknown(Finding::Ambiguous)),
        (vec![bare.replace("10.00", "9.00")], unknown(Finding::NotFound)),
        (vec![bare.replace(CHARGE, "chg_other")], unknown(Finding::NotFound)),
        (vec![bound], unknown(Finding::NotFound)),
        (vec![object(ID, "PENDING", "100", KEY)], pending("Tap says PENDING 100 said")),
        (vec![r#"{"id":"re_5"}"#.to_owned()], unknown(Finding::NotUnderstood)),
    ] {
        assert_eq!(listed(&rows), outcome, "{rows:?}");
    }
}

#[test]
fn the_list_is_read_to_its_end_and_no_further_than_its_bound() {
    let row = |n: usize| object(&format!("re_{n}"), "REFUNDED", "000", "rf-other");
    let pages = |count: usize, last: &str| {
        let mut pages: Vec<_> = (0..count).map(|n| answer(200, page(&[row(n)], true))).collect();
        pages.push(answer(200, last.to_owned()));
        Scripted::new(pages)
    };
    let ask = query_ask(None);
    let run = |transport: &Scripted| Tap.query(transport, &account(), &ask).now_or_never().unwrap().outcome;

    let found = pages(2, &page(&[object(ID, "REFUNDED", "000", KEY)], false));
    assert_eq!(run(&found), done());
    let bodies: Vec<_> =
        found.sent().iter().map(|sent| String::from_utf8(sent.body.to_vec()).unwrap()).collect();
    assert_eq!(
        bodies[0],
        r#"{"period":{"date":{"from":1699996400000,"to":1700003660000}},"charges":["chg_TS05A4120230736x9K22710693"],"#
            .to_owned()
            + r#""starting_after":"","limit":50}"#
    );
    assert!(
        bodies[1].contains(r#""starting_after":"re_0""#) && bodies[2].contains(r#""starting_after":"re_1""#)
    );

    assert_eq!(run(&pages(9, &page(&[], false))), unknown(Finding::NotFound));
    assert_eq!(run(&pages(10, "")), unknown(Finding::NoAnswer), "cut short: absence is not shown");
    assert_eq!(run(&pages(1, &page(&[row(0)], true))), unknown(Finding::NotUnderstood), "going round");
    assert_eq!(run(&pages(0, &page(&[], true))), unknown(Finding::NotUnderstood), "more, and no way to it");
    assert_eq!(run(&pages(1, "<html>")), unknown(Finding::NotUnderstood));
    let broken =
        Scripted::new([answer(200, page(&[row(0)], true)), Err(TransportError::Broken("cut".into()))]);
    assert_eq!(run(&broken), unknown(Finding::NoAnswer));
    let full: Vec<_> = (0..50).map(row).collect();
    let silent = Scripted::new([
        answer(200, page(&full, true).replace(r#""has_more":true,"#, "")),
        answer(200, page(&[], false)),
    ]);
    assert_eq!(run(&silent), unknown(Finding::NotFound));
    assert_eq!(silent.sent().len(), 2, "a full page may not be the last");
}

#[test]
fn a_list_never_spans_more_than_tap_gives() {
    let mut ask = query_ask(None);
    ask.now = Timestamp::from_micros(1_800_000_000_000_000);
    let transport = Scripted::new([answer(200, page(&[], false))]);
    Tap.query(&transport, &account(), &ask).now_or_never().unwrap();
    let body = String::from_utf8(transport.sent()[0].body.to_vec()).unwrap();
    assert!(body.contains(r#""from":1699996400000,"to":1702588400000"#), "{body}");
}
