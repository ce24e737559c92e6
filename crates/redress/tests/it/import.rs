//! Payments from a file, beside a running server.

use crate::program::Place;

const HEADER: &str = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,refunded_before";

fn with_account() -> (Place, String) {
    let place = Place::new();
    place.ok("merchant add --name Shop --code M1");
    let add =
        "psp-account add --merchant M1 --psp tap --environment sandbox --credential secret_key=sk_test_1";
    let account = place.json(add)["id"].as_str().unwrap().to_owned();
    (place, account)
}

#[test]
fn rows_are_judged_one_by_one_and_the_same_again_changes_nothing() {
    let (place, account) = with_account();
    let _server = place.serve(&[]);
    let row = |n: u32, rest: &str| format!("o-{n},{account},p-{n},SAR,{rest}");
    let at = "2026-01-02T03:04:05Z";
    let many: Vec<_> = (10..260).map(|n| row(n, &format!("100.00,{at},"))).collect();
    let lines = [
        HEADER.to_owned(),
        row(1, &format!("100.00,{at},")),
        row(2, &format!("1.005,{at},")),
        row(3, &format!("0,{at},")),
        row(4, &format!("10,{at},10.01")),
        row(5, "10,yesterday,"),
        row(1, &format!("100.00,{at},5")),
        format!("o-9,acc_00000000000000000000000000,p-9,SAR,1,{at},"),
        format!("o-8,{account},p-1,SAR,1,{at},"),
        row(7, "10,2926-01-02T03:04:05Z,"),
        format!("o-6,{account},p/6,SAR,1,{at},"),
        many.join("\n"),
    ];
    let file = place.file("payments.csv", &lines.join("\n"));
    let words = format!("payments import {} --merchant M1", file.display());
    let first = place.run(&words);
    assert_eq!(first.code, 1, "{first:?}");
    let refused: Vec<_> = first.out.lines().filter(|line| line.starts_with("line ")).collect();
    for (line, says) in refused.iter().zip([
        "line 3: amount in SAR has more than 2 decimals",
        "line 4: amount must be more than zero",
        "line 5: refunded_before must be between zero and the amount",
        "line 6: captured_at must be RFC 3339",
        "line 7: refunded_before differs",
        "line 8: psp_account is not one of the merchant's",
        "line 9: psp_payment_id",
        "line 10: captured_at must not be in the future",
        "line 11: psp_payment_id must be the id of a Tap charge",
    ]) {
        assert!(line.starts_with(says), "{line}, not {says}");
    }
    assert_eq!(refused.len(), 9, "{first:?}");
    assert!(first.out.contains("251 payments are new"), "{first:?}");
    assert!(!first.err.contains('\u{1b}'), "no bar where there is no terminal: {first:?}");
    let again = place.run(&words);
    assert!(again.code == 1 && again.out.contains("0 payments are new, 251 were there"), "{again:?}");
    assert_eq!(place.run("verify").code, 0);
}

#[test]
fn a_captured_sum_may_rise_and_a_clean_file_ends_with_0() {
    let (place, account) = with_account();
    let row = |amount: &str| format!("{HEADER}\no-1,{account},p-1,SAR,{amount},2026-01-02T03:04:05Z,7\n");
    for (amount, says) in [
        ("10", "1 payments are new"),
        ("20.50", "1 have another captured amount"),
        ("7", "1 have another captured"),
    ] {
        let file = place.file("payments.csv", &row(amount));
        let out = place.ok(&format!("payments import {} --merchant M1", file.display()));
        assert!(out.contains(says), "{out}");
    }
    let below = place.file("payments.csv", &row("6.99"));
    assert_eq!(place.run(&format!("payments import {} --merchant M1", below.display())).code, 1);
}

#[test]
fn a_file_without_its_header_is_not_taken_in() {
    let (place, account) = with_account();
    let file = place.file("payments.csv", &format!("o-1,{account},p-1,SAR,1,2026-01-02T03:04:05Z\n"));
    let ran = place.run(&format!("payments import {} --merchant M1", file.display()));
    assert!(ran.code == 2 && ran.err.contains("header"), "{ran:?}");
    assert_eq!(place.run("payments import /nowhere.csv --merchant M1").code, 2);
}
