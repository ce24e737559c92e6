//! Merchants withdraw refunds that they have just asked for, while Redress is about to send them.

use std::sync::Arc;

use axum::body::Body;
use http::Request;

use super::REPEATS_MAX;
use super::own_api::{Shown, code, is_replayed};
use crate::defect::Defect;
use crate::network::{Answer, brief};
use crate::state::{Run, lock};
use crate::witness::{Face, Wish, Withdrawal};

/// What a client gives as its reason, where it gives one.
const REASON: &str = r#"{"reason":"ordered again"}"#;
/// Another one.
const OTHER_REASON: &str = r#"{"reason":"ordered elsewhere"}"#;

/// What an answer says of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// The refund is withdrawn.
    Done,
    /// It is not, and not by this request.
    Not,
    /// Nothing yet.
    Nothing,
    /// What must not be said.
    Wrong,
}

impl Run {
    /// Asks for a withdrawal until that is answered, and sometimes once more. At times it is another merchant who asks.
    pub(super) async fn withdraw(self: &Arc<Self>, wish: &Wish, refund: &str) {
        let stranger = self.rng.chance(500);
        let merchant = if stranger { self.another(wish.merchant) } else { wish.merchant };
        let keyed = self.rng.chance(5_000);
        let key = keyed.then(|| format!("cancel-{}-{}", wish.number, self.rng.below(1_000_000)));
        match self.rng.below(4) {
            0 | 1 => {}
            2 => self.pause(0, 30_000).await,
            _ => self.pause(0, 3_000_000).await,
        }
        let place = {
            let mut all = lock(&self.withdrawals);
            let refund = refund.to_owned();
            all.push(Withdrawal { merchant, stranger, refund, key, asked: 0, done: 0, refused: 0 });
            all.len() - 1
        };
        for repeat in 0..REPEATS_MAX {
            if self.ask_to_withdraw(place).await {
                break;
            }
            self.pause(100_000, 2_000_000 << repeat.min(2)).await;
        }
        if self.rng.chance(3_000) {
            self.pause(10_000, 5_000_000).await;
            self.ask_to_withdraw(place).await;
        }
        if self.rng.chance(3_000) {
            self.reuse_key_of_withdrawal(place).await;
        }
    }

    /// True when the answer says what became of it.
    async fn ask_to_withdraw(self: &Arc<Self>, place: usize) -> bool {
        let asked = {
            let mut all = lock(&self.withdrawals);
            all[place].asked += 1;
            all[place].clone()
        };
        self.count("withdrawals asked for");
        self.note(format_args!("client M{} withdraws {}", asked.merchant, asked.refund));
        let Some(answer) = self.sent(self.cancel_request(&asked, false)).await else { return false };
        let text = brief(&String::from_utf8_lossy(&answer.body));
        self.note(format_args!("client M{} is told {} {text}", asked.merchant, answer.status));
        self.judge(asked.merchant, &answer, "");
        self.judge_shape(Face::Own, &answer);
        let feigned = self.defect == Defect::WithdrawalFeigned && answer.status == 409;
        let heard = if feigned { Heard::Done } else { heard(&asked, &answer) };
        match heard {
            Heard::Done => {
                self.count("withdrawals done");
                lock(&self.withdrawals)[place].done += 1;
            }
            Heard::Not => {
                self.count("withdrawals refused");
                lock(&self.withdrawals)[place].refused += 1;
            }
            Heard::Nothing => return false,
            Heard::Wrong => self.saw(format!("{asked:?} was answered {} {text}", answer.status)),
        }
        true
    }

    /// The key of a withdrawal that was done, with another reason.
    async fn reuse_key_of_withdrawal(self: &Arc<Self>, place: usize) {
        let asked = lock(&self.withdrawals)[place].clone();
        if asked.key.is_none() || asked.done == 0 {
            return;
        }
        let answer = self.sent(self.cancel_request(&asked, true)).await;
        let taken = |answer: &Answer| {
            let reused = answer.status == 422 && code(answer) == "idempotency_key_reused";
            !reused && answer.status != 503
        };
        if let Some(answer) = answer.filter(taken) {
            self.saw(format!("{asked:?}: its key was taken for another request: {}", answer.status));
        }
    }

    fn cancel_request(&self, asked: &Withdrawal, otherwise: bool) -> Request<Body> {
        let path = format!("/v1/refunds/{}/cancel", asked.refund);
        let mut request = self.own_signed("POST", asked.merchant, &path);
        if let Some(key) = &asked.key {
            request = request.header("idempotency-key", key);
        }
        // A body may be left out.
        let body = match (otherwise, asked.merchant) {
            (true, _) => OTHER_REASON,
            (false, 0) => REASON,
            (false, _) => "",
        };
        request.body(Body::from(body)).expect("a request")
    }
}

fn heard(asked: &Withdrawal, answer: &Answer) -> Heard {
    match (answer.status, asked.stranger) {
        (503, _) => Heard::Nothing,
        (404, true) => Heard::Not,
        (409, false) => match code(answer).as_str() {
            "conflict" => Heard::Not,
            "idempotency_key_in_use" if asked.key.is_some() => Heard::Nothing,
            _ => Heard::Wrong,
        },
        (200, false) => {
            let shown = serde_json::from_slice::<Shown>(&answer.body).ok();
            let withdrawn = shown.is_some_and(|shown| shown.id == asked.refund && shown.status == "canceled");
            // A repeat is one only where there is a key, and is one wherever its first was answered.
            let right = match (&asked.key, is_replayed(answer)) {
                (None, replayed) => !replayed,
                (Some(_), replayed) => replayed || asked.done == 0,
            };
            if withdrawn && right { Heard::Done } else { Heard::Wrong }
        }
        _ => Heard::Wrong,
    }
}
