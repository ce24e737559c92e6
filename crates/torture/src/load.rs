//! Callers of both faces: concurrent partial refunds of shared payments, repeats, asking for too much, hanging up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::dice::Dice;
use crate::merchant::{Merchant, listed_refunds};
use crate::payment::{Payment, Psp};
use crate::psp_faults::steps;
use crate::site::Site;
use crate::time::{LIMIT, pass, stopwatch};
use crate::wire::{Answer, Call};

/// Callers at once.
pub const CALLERS: u64 = 8;
/// Payments that are being refunded at once.
const PAYMENTS_OPEN: usize = 8;
/// After so many refusals for want of money a payment is left alone and another one takes its place.
const REFUSALS_MAX: u64 = 4;
/// How long a caller goes on asking once nothing is broken any more. Before, servers may be killed faster than they
/// could answer any one request.
pub const CALLER_LIMIT: Duration = LIMIT;
/// Between two tries of a caller.
const RETRY_PAUSE: Duration = Duration::from_millis(15);
/// Between two requests of a caller, at most.
const REST_MS_MAX: u64 = 40;
/// The smallest refund, in minor units.
const SMALLEST: i64 = 1_000;

/// Which face was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// PortOne's, with an idempotency key.
    Portone,
    /// SGate's, with the merchant's own id of the refund.
    Sgate,
}

/// What a caller was told in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The refund is there: as the face names it.
    Accepted(String),
    /// There is no such refund.
    Refused,
    /// The PSP refused it: it is there and has failed.
    RefusedByPsp,
    /// Nothing that says how it stands.
    Nothing,
}

/// One request and its repeats.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The payment's reference.
    pub order_ref: String,
    /// No two requests about one payment have the same amount.
    pub minor: i64,
    /// Where it was asked for.
    pub face: Face,
    /// More than was ever captured.
    pub too_much: bool,
    /// The first request was the only one.
    pub at_once: bool,
    /// The answer.
    pub told: Told,
}

/// What callers did and were told.
#[derive(Debug, Default)]
pub struct Books {
    /// Every payment, refunded or not.
    pub payments: Vec<Payment>,
    /// Every request.
    pub asked: Vec<Asked>,
    /// What no caller should ever be told.
    pub complaints: Vec<String>,
    /// Repeats of requests that had been answered.
    pub repeats: u64,
}

/// A payment that is being refunded.
struct Open {
    payment: Payment,
    next: AtomicI64,
    refusals: AtomicU64,
}

/// The callers of one site.
pub struct Load<'a> {
    site: &'a Site,
    merchant: &'a Merchant,
    servers: Vec<String>,
    open: Mutex<Vec<Arc<Open>>>,
    /// What they wrote down.
    pub books: Mutex<Books>,
    accepted: AtomicU64,
    ends: AtomicBool,
}

impl<'a> Load<'a> {
    /// No caller yet.
    pub fn new(site: &'a Site, merchant: &'a Merchant, servers: Vec<String>) -> Self {
        Self {
            site,
            merchant,
            servers,
            open: Mutex::default(),
            books: Mutex::default(),
            accepted: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        }
    }

    /// Requests that were acknowledged until now.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(SeqCst)
    }

    /// Callers finish what they are asking and end.
    pub fn end(&self) {
        self.ends.store(true, SeqCst);
    }

    /// One caller, until the end.
    pub fn call(&self, mut dice: Dice) {
        let mut mine: Vec<Asked> = Vec::new();
        while !self.ends.load(SeqCst) {
            let Some(open) = self.payment(&mut dice) else { continue };
            let before = dice.percent(12).then(|| mine.iter().rfind(|it| is_accepted(it)).cloned()).flatten();
            match before {
                Some(before) => self.repeat(&before, &mut dice),
                None => {
                    let asked = self.ask_anew(&open, &mut dice);
                    if asked.told == Told::Refused && !asked.too_much {
                        open.refusals.fetch_add(1, SeqCst);
                    }
                    mine.push(asked);
                }
            }
            pass(Duration::from_millis(dice.below(REST_MS_MAX)));
        }
        self.books.lock().unwrap().asked.extend(mine);
    }

    /// One of the open payments; a new one where there are too few. None when nobody takes it in before the end.
    fn payment(&self, dice: &mut Dice) -> Option<Arc<Open>> {
        {
            let mut open = self.open.lock().unwrap();
            open.retain(|it| it.refusals.load(SeqCst) < REFUSALS_MAX);
            if open.len() >= PAYMENTS_OPEN {
                return Some(Arc::clone(dice.pick(&open)));
            }
        }
        let captured = SMALLEST * *dice.pick(&[12, 25, 60]);
        let payment = Merchant::new_payment(*dice.pick(&Psp::ALL), captured);
        Merchant::captured_at_psp(self.site, &payment);
        let script = json!({"psp": payment.psp.name(), "payment": payment.psp_payment_id,
            "steps": steps(payment.psp, dice)});
        self.site.control("script", &script);
        let tell_of = self.merchant.tell_of(&payment);
        let answer = self.insist("a payment", dice, false, || tell_of.clone())?.0;
        if ![200, 201].contains(&answer.status) {
            self.complain(format!("a payment was not taken in: {answer:?}"));
            return None;
        }
        self.books.lock().unwrap().payments.push(payment.clone());
        let open = Arc::new(Open { payment, next: AtomicI64::new(1), refusals: AtomicU64::new(0) });
        self.open.lock().unwrap().push(Arc::clone(&open));
        Some(open)
    }

    fn ask_anew(&self, open: &Open, dice: &mut Dice) -> Asked {
        let (payment, number) = (&open.payment, open.next.fetch_add(1, SeqCst));
        let (minor, too_much) = match dice.below(100) {
            0..8 => (payment.captured + number, true),
            // Of several that ask for so much at once one can have it.
            8..20 => (payment.captured * 6 / 10 + number, false),
            _ => (SMALLEST + number, false),
        };
        let face = *dice.pick(&[Face::Portone, Face::Sgate]);
        let mut asked = Asked {
            order_ref: payment.order_ref.clone(),
            minor,
            face,
            too_much,
            at_once: false,
            told: Told::Nothing,
        };
        let hangs_up = dice.percent(8);
        let name = format!("{}-{minor}", payment.order_ref);
        let answer = self.insist(&name, dice, hangs_up, || self.request(face, payment, minor));
        if let Some((answer, at_once)) = answer {
            asked.at_once = at_once;
            asked.told = self.understand(face, payment, minor, &answer);
        }
        if is_accepted(&asked) {
            self.accepted.fetch_add(1, SeqCst);
        }
        asked
    }

    /// Asks again for what was accepted: it must be the same refund.
    fn repeat(&self, before: &Asked, dice: &mut Dice) {
        let payment =
            self.books.lock().unwrap().payments.iter().find(|it| it.order_ref == before.order_ref).cloned();
        let Some(payment) = payment else { return };
        let (face, minor) = (before.face, before.minor);
        let answer = self.insist("a repeat", dice, false, || self.request(face, &payment, minor));
        let Some((answer, _)) = answer else { return };
        let told = self.understand(face, &payment, minor, &answer);
        self.books.lock().unwrap().repeats += 1;
        if told != before.told && told != Told::RefusedByPsp {
            self.complain(format!("a repeat was told {told:?} after {before:?}"));
        }
    }

    /// Signed anew each time: a signature has its time.
    fn request(&self, face: Face, payment: &Payment, minor: i64) -> Call {
        let name = format!("{}-{minor}", payment.order_ref);
        match face {
            Face::Portone => self.merchant.portone_refund(payment, minor, &name),
            Face::Sgate => self.merchant.sgate_refund(payment, minor, &name),
        }
    }

    /// Asks with the same name until somebody answers; says whether the first try was answered. With `hangs_up` the
    /// caller goes once before it is answered.
    fn insist(
        &self,
        what: &str,
        dice: &mut Dice,
        mut hangs_up: bool,
        request: impl Fn() -> Call,
    ) -> Option<(Answer, bool)> {
        let mut calm = None;
        let mut tries = 0_u32;
        while calm.is_none_or(|since: Instant| since.elapsed() < CALLER_LIMIT) {
            if self.ends.load(SeqCst) {
                calm.get_or_insert_with(stopwatch);
            }
            tries += 1;
            let at = dice.pick(&self.servers);
            if std::mem::take(&mut hangs_up) {
                let _ = request().send(at);
                continue;
            }
            match request().call(at) {
                Ok(answer) if answer.status != 503 => return Some((answer, tries == 1)),
                _ => pass(RETRY_PAUSE),
            }
        }
        self.complain(format!("{what}: nobody answered for {CALLER_LIMIT:?}"));
        None
    }

    fn understand(&self, face: Face, payment: &Payment, minor: i64, answer: &Answer) -> Told {
        let code = |name: &str| answer.json()[name].to_string().trim_matches('"').to_owned();
        match (face, answer.status) {
            (Face::Sgate, 200) => return Told::Accepted(answer.json()["id"].as_str().unwrap().to_owned()),
            (Face::Sgate, 403) if code("code") == "notAllowed" => return Told::Refused,
            (Face::Portone, 200) => {
                let (refunds, _) = listed_refunds(payment, answer);
                if let Some(ours) = refunds.into_iter().find(|it| it.minor == minor) {
                    return Told::Accepted(ours.id);
                }
            }
            (Face::Portone, 400) if ["4041", "4070"].contains(&code("status_code").as_str()) => {
                return Told::Refused;
            }
            (Face::Portone, 400) if ["4003", "4080"].contains(&code("status_code").as_str()) => {
                return Told::RefusedByPsp;
            }
            _ => {}
        }
        self.complain(format!("{face:?} for {minor} of {payment:?}: {answer:?}"));
        Told::Nothing
    }

    /// Notes what should never have been answered.
    pub fn complain(&self, text: String) {
        self.books.lock().unwrap().complaints.push(text);
    }
}

fn is_accepted(asked: &Asked) -> bool {
    matches!(asked.told, Told::Accepted(_) | Told::RefusedByPsp)
}

/// Requests by what callers were told.
pub fn count(asked: &[Asked]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for one in asked {
        let name = match one.told {
            Told::Accepted(_) => "accepted",
            Told::Refused => "refused",
            Told::RefusedByPsp => "refused by the PSP",
            Told::Nothing => "unanswered",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}
