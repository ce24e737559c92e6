//! What happens by itself: processes die and are restarted, disks fill, PSPs go away, clocks step, operators change
//! accounts, and the PSPs' scripts.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use http::Request;
use redress_core::policy::AccountState;
use redress_engine::admin::accounts::AccountEdit;
use redress_engine::engine::Engine;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::merchant::{Merchant, REDRESS_URL, credentials};
use crate::plan::{Fault, STEPS};
use crate::psps::{knows_step, tap_key};
use crate::state::{Run, lock};
use crate::wire::major;

/// Steps scripted for the submits of one payment.
const STEPS_SCRIPTED: u64 = 8;

impl Run {
    /// Scripts the PSPs.
    pub(crate) fn script(&self) {
        for merchant in self.merchants() {
            for payment in &merchant.payments {
                let steps: Vec<String> = (0..STEPS_SCRIPTED).map(|_| self.step(payment.kind.psp)).collect();
                let script =
                    json!({"psp": payment.kind.psp, "payment": payment.psp_payment_id, "steps": steps});
                let status = self.control("script", &script);
                assert_eq!(status, 200, "{script}");
            }
        }
    }

    fn step(&self, psp: &'static str) -> String {
        let doubled = self.plan.rate(Fault::RequestDoubled) > 0;
        for (fault, name) in STEPS {
            if !knows_step(psp, name, doubled) || !self.strikes_at(fault, psp) {
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
        let Some(payment) = merchant.payments.iter().find(|payment| payment.kind.psp == "tap") else {
            return;
        };
        let minor = payment.captured / 5;
        let body = json!({"charge_id": payment.psp_payment_id, "currency": payment.kind.currency,
            "reason": "requested_by_customer", "reference": {"merchant": "made in the dashboard"},
            "post": {"url": format!("{REDRESS_URL}/psp/tap/{}", merchant.account("tap"))}});
        // The amount is a number; written as text so that it stays exact.
        let amount = major(minor, payment.kind.decimals);
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
        let psp = self.rng.pick(&merchant.accounts).0;
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
            if let Ok((secret, _)) = engine.rotate_endpoint_secret(merchant.id, endpoint.id, None).await {
                lock(&endpoint.secrets).push(secret.expose_secret().to_owned());
            }
        }
    }

    /// A command beside the servers, with an engine of its own: only closing fails there at times.
    pub(crate) fn operator(self: &Arc<Self>) -> Engine {
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
            for (psp, _) in &merchant.accounts {
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
}
