use super::*;
use crate::account::AccountConfig;
use crate::discreet::hide_in;
use crate::session::Session;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use redress_core::environment::Environment;
use redress_core::outcome::{Again, Outcome, PspRefusal};
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "pa/ss+wo\"rd & ünd 7f1d3a9c";

fn account(pairs: &[(&str, &str)]) -> AccountConfig {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: None,
        credentials: pairs.collect::<Credentials>(),
        timeout: Duration::from_secs(1),
        session: Session::default(),
    }
}

fn secrets() -> Secrets {
    let of = account(&[("password", SECRET), ("user", "short"), ("refund_path", "/Refund/Path")]).secrets();
    Arc::unwrap_or_clone(of)
}

#[test]
fn a_secret_is_hidden_in_every_writing() {
    let in_json = serde_json::to_string(SECRET).unwrap();
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for text in [
        SECRET.to_owned(),
        in_json.trim_matches('"').to_owned(),
        in_json.trim_matches('"').replace('/', r"\/"),
        form,
        STANDARD.encode(SECRET),
        URL_SAFE_NO_PAD.encode(SECRET),
        STANDARD.encode(format!("merchant.M1:{SECRET}")),
        STANDARD.encode(format!("merchant.M12:{SECRET}:x")),
        STANDARD.encode(format!("merchant.M123:{SECRET}")),
        STANDARD.encode(format!("u:{SECRET}")).replace('/', r"\/"),
    ] {
        let said = secrets().hide(&format!("it said <{text}>, twice <{text}>"));
        assert_eq!(said, "it said <[hidden]>, twice <[hidden]>", "{text}");
    }
    let harmless = "short /Refund/Path pa/ss";
    assert_eq!(secrets().hide(harmless), harmless, "whole secrets only");
}

#[test]
fn the_beginning_of_a_secret_is_hidden_where_a_text_was_cut() {
    for bytes in 4..SECRET.len() - 1 {
        let Some(part) = SECRET.get(..bytes) else { continue };
        assert_eq!(secrets().hide(&format!("it said {part}…")), "it said [hidden]…", "{part}");
        assert_eq!(secrets().hide(&format!("it said {part}.")), format!("it said {part}."), "not cut");
    }
}

#[test]
fn the_access_token_of_now_is_a_secret_too() {
    let account = account(&[]);
    account.session.keep(Some("A21AA-token-of-an-hour".into()));
    let refused = Outcome::Refused(PspRefusal {
        code: "A21AA-token-of-an-hour".into(),
        text: "Bearer A21AA-token-of-an-hour".into(),
        again: Again::No,
        psp_refund_id: None,
    });
    let hidden = PspRefusal {
        code: "[hidden]".into(),
        text: "Bearer [hidden]".into(),
        again: Again::No,
        psp_refund_id: None,
    };
    assert_eq!(hide_in(&account.secrets(), refused), Outcome::Refused(hidden));
}

#[test]
fn what_was_looked_for_once_is_looked_for_again_and_nothing_newer_is_missed() {
    let old = account(&[("password", "an-old-password")]);
    assert!(Arc::ptr_eq(&old.secrets(), &old.clone().secrets()), "made once");
    let new = AccountConfig {
        credentials: [("password".to_owned(), "the-new-password".to_owned())].into_iter().collect(),
        ..old.clone()
    };
    let more = AccountConfig {
        credentials: ["password", "secret"]
            .map(|name| (name.to_owned(), format!("a-new-{name}")))
            .into_iter()
            .collect(),
        ..old.clone()
    };
    let said = "an-old-password the-new-password a-new-password a-new-secret token-of-an-hour";
    let hidden = |account: &AccountConfig| account.secrets().hide(said);
    assert_eq!(hidden(&old), "[hidden] the-new-password a-new-password a-new-secret token-of-an-hour");
    assert_eq!(hidden(&new), "an-old-password [hidden] a-new-password a-new-secret token-of-an-hour");
    assert_eq!(hidden(&more), "an-old-password the-new-password [hidden] [hidden] token-of-an-hour");
    for account in [&old, &more] {
        let _ = account.secrets();
        account.session.keep(Some("token-of-an-hour".into()));
        assert!(hidden(account).ends_with(" [hidden]"), "the token came since");
        account.session.keep(None);
        assert!(hidden(account).ends_with(" token-of-an-hour"), "it is none any more");
    }
}

/// Found by fuzzing: a PSP that answers with an empty token must not keep this program busy for ever.
#[test]
fn a_token_that_is_no_secret_ends_nothing_and_hides_nothing() {
    for token in ["", "a", "hidden", "[hid"] {
        let mut secrets = secrets();
        secrets.add(token);
        assert_eq!(secrets.hide("a [hidden] text"), "a [hidden] text", "{token:?}");
    }
    let mut secrets = secrets();
    secrets.add("[hidden]");
    assert_eq!(secrets.hide("[hidden], aGlkZGVuaGlkZGVu"), "[hidden], aGlkZGVuaGlkZGVu");
}

#[test]
fn every_line_of_a_key_is_a_secret() {
    let account =
        account(&[("client_key", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\n")]);
    let said = account.secrets().hide(r#"{"echo":"x\nMIGHAgEAMBMG\ny"}"#);
    assert_eq!(said, r#"{"echo":"x\n[hidden]\ny"}"#);
}

proptest! {
    #[test]
    fn no_secret_is_left_whatever_it_is_and_where_it_stands(
        secret in "[ -~äß]{8,40}",
        before in ".{0,20}",
        after in ".{0,20}",
        user in "[a-z]{0,5}",
    ) {
        let trimmed = secret.trim();
        prop_assume!(trimmed.len() >= 8);
        let secrets = account(&[("key", &secret)]).secrets();
        let said = secrets.hide(&format!("{before}{trimmed}{after}"));
        prop_assert!(!said.contains(trimmed));
        let pair = STANDARD.encode(format!("{user}:{trimmed}"));
        let said = secrets.hide(&format!("{before} {pair} {after}"));
        prop_assert!(!said.contains(&pair));
    }
}
