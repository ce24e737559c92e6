//! The demo, run for one test, and what it knows: its people, its payments, and the sandbox behind it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use redress_torture::process::{Process, run};
use redress_torture::time::{LIMIT, until};
use redress_torture::wire::Call;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::person::Person;

const PROGRAM: &str = env!("CARGO_BIN_EXE_redress");

/// The demo's tour refunds some of the first five payments of each kind.
const TOURED: usize = 5;

/// The demo's merchant.
const MERCHANT: &str = "M948164";

/// A demo that stays up; it is killed when dropped.
pub(crate) struct Shop {
    // Before what it works on, so that it ends first.
    _demo: Process,
    dir: TempDir,
    handout: Value,
}

/// A captured payment.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) order_ref: String,
    pub(crate) merchant_order_ref: String,
    pub(crate) psp: String,
    pub(crate) psp_payment_id: String,
    pub(crate) currency: String,
    /// Decimal text in major units, with all decimals of the currency.
    pub(crate) amount: String,
}

/// What the sandbox holds of one refund.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// The PSP's id of it.
    pub(crate) refund: String,
    pub(crate) amount_minor: i64,
    pub(crate) state: String,
}

impl Shop {
    /// Starts one, with everything new.
    pub(crate) fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        // Its own choice: a port found free before may be another's by the time it listens.
        let args = ["demo", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let demo = Process::start(Path::new(PROGRAM), &args, &dir.path().join("demo.log"));
        let handout = until("demo that serves", LIMIT, || {
            let handout: Value = serde_json::from_slice(&std::fs::read(data.join("demo.json")).ok()?).ok()?;
            let at = handout["base_url"].as_str()?.strip_prefix("http://")?;
            let answer = Call::get("/readyz").call(at).ok()?;
            (answer.status == 200).then_some(handout)
        });
        Self { _demo: demo, dir, handout }
    }

    pub(crate) fn base_url(&self) -> &str {
        self.handout["base_url"].as_str().unwrap()
    }

    /// A file of the test's own, beside the demo's.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The demo's person of a role, who has a second factor.
    #[track_caller]
    pub(crate) fn person(&self, role: &str) -> Person {
        let people = self.handout["portal_users"].as_array().unwrap();
        let person = people.iter().find(|person| person["role"] == role).unwrap();
        let of = |name: &str| person[name].as_str().unwrap();
        Person::new(of("email"), of("password"), Some(of("totp_secret")))
    }

    /// Another person of the demo's merchant, without a second factor.
    #[track_caller]
    pub(crate) fn hire(&self, role: &str, words: &[&str]) -> Person {
        self.hire_at(MERCHANT, role, words)
    }

    /// The same at another merchant.
    #[track_caller]
    pub(crate) fn hire_at(&self, merchant: &str, role: &str, words: &[&str]) -> Person {
        let (email, password) =
            (format!("{role}@{merchant}.example").to_lowercase(), "four words of no sense");
        let mut command = Command::new(PROGRAM);
        command.args(["user", "add", "--merchant", merchant, "--email", &email, "--name", "Somebody"]);
        command.args(["--role", role, "--password-stdin", "--data"]).arg(self.data()).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        assert!(child.wait().unwrap().success(), "{role} at {merchant}");
        Person::new(&email, password, None)
    }

    /// Runs a command beside the demo, its words separated by spaces, that must succeed and print JSON.
    #[track_caller]
    pub(crate) fn command(&self, words: &str) -> Value {
        let data = self.data();
        let words: Vec<_> = words.split(' ').chain(["--json", "--data", data.to_str().unwrap()]).collect();
        let ran = run(Path::new(PROGRAM), &words);
        assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// One of a kind that the demo's tour leaves alone, counted from zero.
    #[track_caller]
    pub(crate) fn payment(&self, psp: &str, currency: &str, number: usize) -> Payment {
        let payments = self.handout["payments"].as_array().unwrap();
        let mut kind = payments.iter().filter(|one| one["psp"] == psp && one["currency"] == currency);
        let found = kind.nth(TOURED + number).unwrap();
        let of = |name: &str| found[name].as_str().unwrap().to_owned();
        Payment {
            order_ref: of("order_ref"),
            merchant_order_ref: of("merchant_order_ref"),
            psp: of("psp"),
            psp_payment_id: of("psp_payment_id"),
            currency: of("currency"),
            amount: of("amount"),
        }
    }

    /// The id of the account at a PSP.
    #[track_caller]
    pub(crate) fn account(&self, psp: &str) -> &str {
        let accounts = self.handout["psp_accounts"].as_array().unwrap();
        accounts.iter().find(|account| account["psp"] == psp).unwrap()["id"].as_str().unwrap()
    }

    /// Says what happens to the next refund of a payment at its PSP.
    #[track_caller]
    pub(crate) fn script(&self, payment: &Payment, step: &str) {
        let body = json!({ "psp": payment.psp, "payment": payment.psp_payment_id, "steps": [step] });
        self.control("script", &body);
    }

    /// Ends a pending refund at its PSP, which tells of it.
    #[track_caller]
    pub(crate) fn finish(&self, payment: &Payment, effect: &Effect, state: &str) {
        self.control("finish", &json!({ "psp": payment.psp, "refund": effect.refund, "state": state }));
    }

    /// What was refunded of a payment at its PSP, oldest first.
    #[track_caller]
    pub(crate) fn effects(&self, payment: &Payment) -> Vec<Effect> {
        let ledger = Call::get("/control/ledger").answer(self.sandbox()).expect(200);
        let effects = ledger["effects"].as_array().unwrap().iter();
        let ours = effects
            .filter(|one| one["psp"] == payment.psp && one["payment"] == payment.psp_payment_id.as_str())
            .map(|one| Effect {
                refund: one["refund"].as_str().unwrap().to_owned(),
                amount_minor: one["amount_minor"].as_i64().unwrap(),
                state: one["state"].as_str().unwrap().to_owned(),
            });
        ours.collect()
    }

    #[track_caller]
    fn control(&self, what: &str, body: &Value) {
        Call::post(format!("/control/{what}"), body.to_string()).answer(self.sandbox()).expect(200);
    }

    fn sandbox(&self) -> &str {
        self.handout["sandbox_url"].as_str().unwrap().strip_prefix("http://").unwrap()
    }
}

impl Payment {
    /// What was captured, in minor units.
    pub(crate) fn minor(&self) -> i64 {
        self.amount.replace('.', "").parse().unwrap()
    }

    /// So many minor units of its currency, as a person types them.
    pub(crate) fn sum(&self, minor: i64) -> String {
        let decimals = self.amount.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let digits = format!("{minor:0>width$}", width = decimals + 1);
        let (whole, rest) = digits.split_at(digits.len() - decimals);
        if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
    }
}

#[test]
fn sums_are_typed_with_the_decimals_of_their_currency() {
    let of = |amount: &str, minor| {
        let none = String::new;
        let payment = Payment {
            order_ref: none(),
            merchant_order_ref: none(),
            psp: none(),
            psp_payment_id: none(),
            currency: none(),
            amount: amount.to_owned(),
        };
        payment.sum(minor)
    };
    assert_eq!([of("10.000", 5), of("1.00", 1234), of("100", 7)], ["0.005", "12.34", "7"]);
}
