//! What happens by itself: processes die and are restarted, disks fill, PSPs go away, clocks step, operators change
//! accounts, people close refunds, and the PSPs' scripts.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use http::Request;
use redress_core::id::RefundId;
use redress_core::policy::AccountState;
use redress_engine::admin::AdminError;
use redress_engine::admin::accounts::AccountEdit;
use redress_engine::admin::cases::{Blocked, Case};
use redress_engine::admin::refunds::Verdict;
use redress_engine::engine::Engine;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::drive::Raw;
use crate::merchant::{Merchant, REDRESS_URL, credentials, now, tap_key};
use crate::plan::{Fault, STEPS};
use crate::state::{Run, lock};
use crate::wire::{base32, major};

/// Steps scripted for the submits of one payment.
const STEPS_SCRIPTED: u64 = 8;

impl Run {
    /// Scripts the PSPs.
    pub(crate) fn script(&self) {
        for merchant in self.merchants() {
            for payment in &merchant.payments {
                let steps: Vec<String> =
                    (0..STEPS_SCRIPTED).map(|_| self.step(payment.psp == "tap")).collect();
                let script = json!({"psp": payment.psp, "payment": payment.psp_payment_id, "steps": steps});
                let status = self.control("script", &script);
                assert_eq!(status, 200, "{script}");
            }
        }
    }

    fn step(&self, notifies: bool) -> String {
        for (fault, name, only_notifying) in STEPS {
            if (only_notifying && !notifies) || !self.strikes(fault) {
                continue;
            }
            return match fault {
                Fault::EffectAfter => format!("{name}:{}", self.rng.between(100, 30_000)),
                Fault::Slow => format!("{name}:{}", self.rng.between(100, 6_000)),
                _ => name.to_owned(),
            };
        }
        "succeed".to_owned()
    }

    /// Troubles come about once a second, until the calm.
    pub(crate) async fn trouble(self: Arc<Self>) {
        loop {
            self.pause(200_000, 1_800_000).await;
            if self.calm() {
                return;
            }
            self.process_troubles().await;
            self.surrounding_troubles();
            self.account_troubles().await;
            self.people().await;
        }
    }

    async fn process_troubles(self: &Arc<Self>) {
        if self.strikes(Fault::CrashAnytime)
            && let Some((place, group, _)) = self.any_serving()
        {
            self.kill(place, group);
        }
        if self.strikes(Fault::Freeze)
            && let Some((place, group, _)) = self.any_serving()
        {
            let micros = self.rng.between(100_000, 30_000_000);
            self.note(format_args!("p{place} stands still for {} ms", micros / 1_000));
            self.exec.freeze(group, micros);
        }
        if self.strikes(Fault::RestartAll) {
            let all: Vec<_> =
                lock(&self.processes).iter().enumerate().map(|(place, it)| (place, it.group)).collect();
            for (place, group) in all {
                self.kill(place, group);
            }
        }
        if self.strikes(Fault::OrderlyRestart)
            && let Some((place, ..)) = self.any_serving()
        {
            let run = Arc::clone(self);
            self.exec.spawn(self.outside, async move { run.stop_orderly(place).await });
        }
    }

    fn surrounding_troubles(self: &Arc<Self>) {
        let soon = |most| self.exec.now() + i64::try_from(self.rng.between(100_000, most)).unwrap_or(0);
        if self.strikes(Fault::DiskFull) {
            *lock(&self.full_until) = soon(10_000_000);
        }
        if self.strikes(Fault::PspOutage) {
            *lock(&self.outage_until) = soon(20_000_000);
        }
        let clock = |limit: u64| {
            let processes = lock(&self.processes);
            let skew = &processes[self.rng.index(processes.len())].skew;
            let to = i64::try_from(self.rng.between(0, limit * 2)).unwrap_or(0)
                - i64::try_from(limit).unwrap_or(0);
            skew.store(to, Relaxed);
            self.note(format_args!("a clock is off by {to} us"));
        };
        if self.strikes(Fault::ForeignRefund) {
            self.refund_behind_the_back();
        }
        if self.strikes(Fault::ClockSmall) {
            clock(450_000);
        }
        if self.strikes(Fault::ClockLarge) {
            clock(120_000_000);
        }
    }

    /// Somebody refunds in Tap's dashboard.
    fn refund_behind_the_back(self: &Arc<Self>) {
        let merchant = self.rng.pick(self.merchants());
        let Some(payment) = merchant.payments.iter().find(|payment| payment.psp == "tap") else { return };
        let minor = payment.captured / 5;
        let body = json!({"charge_id": payment.psp_payment_id, "currency": payment.currency,
            "reason": "requested_by_customer", "reference": {"merchant": "made in the dashboard"},
            "post": {"url": format!("{REDRESS_URL}/psp/tap/{}", merchant.tap)}});
        // The amount is a number; written as text so that it stays exact.
        let amount = major(minor, payment.decimals);
        let body = format!("{{\"amount\":{amount},{}", &body.to_string()[1..]);
        let request = Request::post("/v2/refunds/")
            .header("authorization", format!("Bearer {}", tap_key(merchant.number)))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("a request");
        self.note(format_args!("{minor} of {} are given back in the dashboard", payment.order_ref));
        lock(&self.foreign).push((payment.psp_payment_id.clone(), minor));
        let run = Arc::clone(self);
        self.exec.spawn(self.outside, async move { drop(run.at_psp(request).await) });
    }

    async fn account_troubles(self: &Arc<Self>) {
        let merchant = &self.merchants()[self.rng.index(self.merchants().len())];
        let psp = *self.rng.pick(&["momo", "tap"]);
        let engine = self.operator();
        if self.strikes(Fault::AccountPaused) {
            self.set_account(&engine, merchant, psp, AccountState::Paused).await;
        } else if self.rng.chance(3_000) {
            self.set_account(&engine, merchant, psp, AccountState::Active).await;
        }
        if self.strikes(Fault::AccountRevoked) {
            self.set_account(&engine, merchant, psp, AccountState::Revoked).await;
        }
        if self.strikes(Fault::CredentialsWrong) {
            self.change_credentials(&engine, merchant, psp, true).await;
        } else if self.strikes(Fault::CredentialsChanged) {
            self.change_credentials(&engine, merchant, psp, false).await;
        }
        if self.strikes(Fault::SecretRotated) {
            let endpoint = self.rng.pick(&merchant.endpoints);
            if let Ok((secret, _)) = engine.rotate_endpoint_secret(merchant.id, endpoint.id).await {
                lock(&endpoint.secrets).push(secret.expose_secret().to_owned());
            }
        }
    }

    /// A command beside the servers, with an engine of its own: only closing fails there at times.
    fn operator(self: &Arc<Self>) -> Engine {
        self.engine(0, self.outside, Arc::default(), false)
    }

    async fn set_account(&self, engine: &Engine, merchant: &Merchant, psp: &str, state: AccountState) {
        let set = engine.set_account_state(merchant.id, merchant.account(psp), state).await;
        self.note(format_args!("M{} {psp} {state:?} {}", merchant.number, set.is_ok()));
    }

    async fn change_credentials(&self, engine: &Engine, merchant: &Merchant, psp: &str, wrong: bool) {
        let edit = AccountEdit {
            credentials: Some(credentials(psp, merchant.number, wrong)),
            ..AccountEdit::default()
        };
        let changed = engine.change_account(merchant.id, merchant.account(psp), edit).await;
        self.note(format_args!("M{} {psp} credentials wrong: {wrong} {changed:?}", merchant.number));
    }

    /// Everything that was changed for a while is put right.
    pub(crate) async fn put_right(self: &Arc<Self>) {
        let engine = self.operator();
        for merchant in self.merchants() {
            for psp in ["momo", "tap"] {
                self.set_account(&engine, merchant, psp, AccountState::Active).await;
                self.change_credentials(&engine, merchant, psp, false).await;
            }
        }
        for process in lock(&self.processes).iter() {
            process.skew.store(0, Relaxed);
        }
        self.finish_pending();
    }

    /// The PSPs come to an end with what they left open.
    pub(crate) fn finish_pending(&self) {
        let ledger = self.ledger();
        for effect in ledger["effects"].as_array().into_iter().flatten() {
            if effect["state"] != "pending" {
                continue;
            }
            let end = if self.rng.chance(7_000) { "succeeded" } else { "failed" };
            let finish = json!({"psp": effect["psp"], "refund": effect["refund"], "state": end});
            self.note(format_args!("psp finishes {finish}: {}", self.control("finish", &finish)));
        }
    }

    /// People look at what waits for them.
    async fn people(self: &Arc<Self>) {
        for (fault, wrongly) in [(Fault::PersonCloses, false), (Fault::PersonErs, true)] {
            if self.rng.chance(self.plan.rate(fault)) && self.close_one(wrongly).await {
                self.struck(fault);
            }
        }
    }

    async fn close_one(self: &Arc<Self>, wrongly: bool) -> bool {
        let engine = self.operator();
        let Ok(cases) = engine.open_cases(None).await else { return false };
        if cases.is_empty() {
            return false;
        }
        let case = &cases[self.rng.index(cases.len())];
        let Some(refund) = case.refund else { return false };
        let (closed, verdict, key) = self.close_refund_of(&engine, case, refund, wrongly).await;
        if closed && (verdict == Verdict::Failed || wrongly) {
            // What is still on its way may make a right word wrong.
            lock(&self.mistakes).push(key);
        }
        closed
    }

    async fn close_refund_of(
        &self,
        engine: &Engine,
        case: &Case,
        refund: RefundId,
        wrongly: bool,
    ) -> (bool, Verdict, String) {
        let key = psp_key(refund);
        let happened = self.effect_in(&key, "succeeded");
        let verdict = if happened == wrongly { Verdict::Failed } else { Verdict::Succeeded };
        let closed =
            engine.close_refund(case.merchant, refund, verdict, "ann", "as the PSP's desk says").await;
        // Whoever got no answer may have closed it all the same.
        let may_be = !matches!(closed, Err(AdminError::Conflict(_) | AdminError::NotFound(_)));
        self.note(format_args!("ann closes {key} as {verdict:?}: {}", closed.is_ok()));
        (may_be, verdict, key)
    }

    /// When all has come to rest, people look at everything that is left, and are right: they wait until nothing of a
    /// refund is on its way any more, as one that is sent again and again may be at any time. Says how much they left.
    pub(crate) async fn close_everything(self: &Arc<Self>) -> usize {
        let engine = self.operator();
        let Ok(cases) = engine.open_cases(None).await else { return 0 };
        let mut left = 0;
        for case in cases {
            if let Some(refund) = case.refund {
                if self.may_still_act(refund) {
                    left += 1;
                    continue;
                }
                let _ = self.close_refund_of(&engine, &case, refund, false).await;
            }
            // What blocks something does so because money is gone that Redress did not count.
            let becomes = if self.gone_uncounted(&case) { Blocked::Refunded } else { Blocked::Released };
            let closed = engine.close_case(case.merchant, case.id, "ann", "looked at it", becomes).await;
            self.note(format_args!("ann closes a case of {}: {closed:?}", case.kind.as_str()));
        }
        left
    }

    /// Whether a process is about to send the refund, something of it is on its way, or the PSP is at work on it.
    fn may_still_act(&self, refund: RefundId) -> bool {
        const BEING_SENT: &str = "SELECT refund_id FROM refunds WHERE state = 'submitting'";
        let rows = now(self.store.read(Raw(BEING_SENT))).expect("a statement of the simulator's");
        let being_sent = rows.iter().any(|row| row.id16(0).ok() == Some(*refund.as_bytes()));
        let key = psp_key(refund);
        being_sent || self.is_under_way(&key) || self.effect_in(&key, "pending")
    }

    /// Whether more of a case's payment is gone than Redress counts as given back.
    fn gone_uncounted(&self, case: &Case) -> bool {
        const COUNTED: &str = "SELECT payment_id, order_ref, refunded - refunded_before FROM payments";
        let rows = now(self.store.read(Raw(COUNTED))).expect("a statement of the simulator's");
        let row = rows.iter().find(|row| row.id16(0).ok() == case.payment.map(|id| *id.as_bytes()));
        let Some(row) = row else { return false };
        let (order_ref, counted) = (row.text(1).unwrap_or_default(), row.int(2).unwrap_or(0));
        let payments = self.merchants().iter().flat_map(|merchant| &merchant.payments);
        let known = payments.into_iter().find(|payment| payment.order_ref == order_ref);
        let ledger = self.ledger();
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        let gone: i64 = effects
            .iter()
            .filter(|effect| known.is_some_and(|known| effect["payment"] == known.psp_payment_id.as_str()))
            .filter(|effect| effect["state"] == "succeeded")
            .filter_map(|effect| effect["amount_minor"].as_i64())
            .sum();
        case.blocked > 0 && gone > counted
    }

    /// Whether the PSPs' ledger has an effect in this state under this reference.
    fn effect_in(&self, key: &str, state: &str) -> bool {
        let ledger = self.ledger();
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        effects.iter().any(|effect: &Value| effect["key"] == key && effect["state"] == state)
    }
}

fn psp_key(refund: RefundId) -> String {
    format!("rf-{}", base32(*refund.as_bytes()))
}
