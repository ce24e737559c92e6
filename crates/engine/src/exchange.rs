//! Exchanges with PSPs: one submit or one look-up, then settling what it taught.
//!
//! Each runs in a task of the engine's own, after the commit that allowed it, and holds no transaction. No caller can
//! cancel one.

use std::time::Duration;

use redress_core::id::ProcessId;
use redress_core::next_step::asks_for_all;
use redress_core::outcome::{Outcome, PspRefusal};
use redress_core::recipe::Recipe;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::time::Timestamp;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{Connector, Exchange, QueryAsk, SubmitAsk};
use redress_psp::transport::Reuse;
use redress_store::StoreError;
use redress_store::ops::accept::SendPermit;
use redress_store::ops::refunds::BoundElsewhere;
use redress_store::ops::settle::{Settle, Settled};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::fence::Fenced;
use crate::permits::Permit;

/// How often the recording of an outcome is tried. After that the row's lease brings somebody to look it up.
const SETTLE_TRIES_MAX: u32 = 30;

/// Between those tries.
const SETTLE_PAUSE: Duration = Duration::from_secs(1);

/// A refund to be sent: it is `submitting`, leased to `holder`, which is this process or a claim of it.
pub(crate) struct Sending {
    pub(crate) refund: Refund,
    pub(crate) holder: ProcessId,
    pub(crate) psp_payment_id: String,
    pub(crate) permit: Box<dyn SendPermit>,
}

/// A refund to be looked up.
pub(crate) struct Asking {
    pub(crate) refund: Refund,
    /// The refund's id at the PSP is only what a notification told.
    pub(crate) by_a_told_id: bool,
    pub(crate) psp_payment_id: String,
    pub(crate) permit: Option<Permit>,
    /// The notification that is being confirmed.
    pub(crate) told: Option<ToldWord>,
}

/// What a notification said that is being confirmed: evidence, kept with the answer.
pub(crate) struct ToldWord {
    /// As it was said.
    pub(crate) record: String,
    /// What tells it from every other.
    pub(crate) mark: Mark,
}

/// The first half of a hash of words.
pub(crate) type Mark = [u8; 16];

/// By what the PSP is asked about a refund whose id there is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// By that id, which is in question itself.
    Id,
    /// By that id, or by our reference: see [`asks_for_all`].
    Recipe,
}

impl Engine {
    pub(crate) fn spawn_send(&self, sending: Sending) {
        let engine = self.clone();
        let span = exchange_span(&sending.refund, Via::Submit);
        let task = async move { engine.send(sending).await }.instrument(span);
        self.parts.world.spawner.spawn("send_refund", Box::pin(task));
    }

    pub(crate) fn spawn_query(&self, asking: Asking) {
        let engine = self.clone();
        let span = exchange_span(&asking.refund, Via::Query);
        let task = async move {
            // What goes wrong here was logged there; the row is due again by itself.
            let _ = engine.ask(asking).await;
        }
        .instrument(span);
        self.parts.world.spawner.spawn("query_refund", Box::pin(task));
    }

    async fn send(&self, sending: Sending) {
        let Sending { refund, holder, psp_payment_id, permit } = sending;
        let started_at = self.now();
        let exchange = match self.account_to_send(&refund).await {
            Err(reason) => not_sent(reason),
            Ok((connector, account)) => {
                let ask = SubmitAsk {
                    key: refund.id.psp_key(),
                    psp_payment_id,
                    amount: refund.amount,
                    reason: refund.reason.clone(),
                };
                let transport = self.fenced(&refund, holder, &account, connector.recipe());
                let exchange = connector.submit(&transport, &account, &ask).await;
                self.spoke(connector, Via::Submit, started_at, &exchange.outcome);
                exchange
            }
        };
        self.parts.permits.learn(refund.account, &exchange.outcome);
        let send = refund.evidence.send_number();
        let word = Word { outcome: exchange.outcome, via: Via::Submit, started_at, send, superseded_by: &[] };
        self.settle(&refund, word, exchange.record).await.ok();
        self.give_back(permit);
    }

    /// Asks the PSP about a refund now and settles its word. Answers that, where it said one.
    pub(crate) async fn ask(&self, asking: Asking) -> Result<Option<Outcome>, EngineError> {
        let Asking { refund, by_a_told_id, psp_payment_id, permit, told } = asking;
        let started_at = self.now();
        let by = if by_a_told_id { By::Id } else { By::Recipe };
        let exchange = self.look_up(&refund, psp_payment_id, refund.psp_refund_id.clone(), by).await?;
        let outcome = if by_a_told_id { exchange.outcome.asked_by_a_told_id() } else { exchange.outcome };
        let said = outcome.says_a_word().then(|| outcome.clone());
        let word = Word { outcome, via: Via::Query, started_at, send: 0, superseded_by: &[] };
        let settled = self.settle_answer(&refund, word, told, exchange.record).await;
        self.give_back(permit);
        settled.map(|_| said)
    }

    /// Asks about another refund that the PSP names under this one's reference. Only if it really is one, that counts:
    /// its own end says nothing about this refund. Answers what the PSP said of it, where it said what it is.
    pub(crate) async fn ask_about_other(
        &self,
        asking: Asking,
        other: &str,
    ) -> Result<Option<Outcome>, EngineError> {
        let Asking { refund, psp_payment_id, permit, told, .. } = asking;
        let started_at = self.now();
        let exchange = self.look_up(&refund, psp_payment_id, Some(other.to_owned()), By::Id).await?;
        let named = exchange.outcome.psp_refund_id() == Some(other);
        let outcome = exchange.outcome;
        if named {
            let word =
                Word { outcome: outcome.clone(), via: Via::Query, started_at, send: 0, superseded_by: &[] };
            self.settle_answer(&refund, word, told, exchange.record).await?;
        }
        self.give_back(permit);
        // One that was refused moved nothing.
        let said = named || matches!(outcome, Outcome::Refused(_));
        Ok(said.then_some(outcome))
    }

    pub(crate) async fn look_up(
        &self,
        refund: &Refund,
        psp_payment_id: String,
        psp_refund_id: Option<String>,
        by: By,
    ) -> Result<Exchange, EngineError> {
        let exchange = match self.account_to_ask(refund).await {
            Err(reason) => not_sent(reason),
            Ok((connector, account)) => {
                let bound_elsewhere =
                    self.parts.store.read(BoundElsewhere { refund: refund.clone() }).await?;
                let for_all = by == By::Recipe && asks_for_all(refund, connector.recipe());
                let ask = QueryAsk {
                    key: refund.id.psp_key(),
                    psp_payment_id,
                    psp_refund_id: psp_refund_id.filter(|_| !for_all),
                    amount: refund.amount,
                    first_sent_at: refund.evidence.first_sent_at.unwrap_or(refund.created_at),
                    now: self.now(),
                    nonce: self.parts.world.random.bytes10(),
                    bound_elsewhere,
                };
                let exchange = connector.query(&*self.parts.psp_transport, &account, &ask).await;
                self.spoke(connector, Via::Query, ask.now, &exchange.outcome);
                exchange
            }
        };
        self.parts.permits.learn(refund.account, &exchange.outcome);
        Ok(exchange)
    }

    /// Counts an exchange with a PSP, and how long it took: for the operator, who sees by it which PSP is ill.
    fn spoke(&self, connector: &dyn Connector, via: Via, started_at: Timestamp, outcome: &Outcome) {
        let (psp, via, outcome) = (connector.name(), via.as_str(), outcome.as_str());
        // At once: with each record, the log writes the fields of the span anew.
        tracing::record_all!(tracing::Span::current(), psp = psp, outcome = outcome);
        metrics::counter!("redress_psp_exchanges_total", "psp" => psp, "via" => via, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("redress_psp_exchange_seconds", "psp" => psp, "via" => via)
            .record(self.now().since(started_at));
    }

    /// An exchange is over: what waits for its room may go on.
    pub(crate) fn give_back<P>(&self, permit: P) {
        drop(permit);
        self.parts.refunds_due.notify_one();
    }

    fn fenced<'a>(
        &'a self,
        refund: &'a Refund,
        holder: ProcessId,
        account: &AccountConfig,
        recipe: &Recipe,
    ) -> Fenced<'a> {
        Fenced {
            inner: &*self.parts.psp_transport,
            clock: &*self.parts.world.clock,
            holder,
            state: &refund.state,
            needs: account.timeout,
            reuse: Reuse::of_submits(recipe),
        }
    }

    /// Records an exchange and applies its word; tries for a while, since the PSP's word is not to be lost.
    pub(crate) async fn settle(
        &self,
        refund: &Refund,
        word: Word,
        record: String,
    ) -> Result<Option<Settled>, EngineError> {
        let mut attempt = [0; 16];
        attempt[..8].copy_from_slice(&word.started_at.as_micros().to_be_bytes());
        attempt[8..].copy_from_slice(&self.parts.world.random.u64().to_be_bytes());
        self.settle_as(refund, attempt, false, word, record).await
    }

    /// The same of the answer to a question, with the notification that was confirmed by it, where one was.
    async fn settle_answer(
        &self,
        refund: &Refund,
        word: Word,
        told: Option<ToldWord>,
        record: String,
    ) -> Result<Option<Settled>, EngineError> {
        match told {
            // Whoever tells the same again and again makes us ask, and fills no timeline with the same answer: what was said
            // when the refund was sent would be pushed out of it.
            Some(told) => {
                let mark = mark_of_answer(&told, refund.evidence.send_number(), &word.outcome);
                self.settle_marked(refund, mark, word, with_told(&told, &record)).await
            }
            None => self.settle(refund, word, record).await,
        }
    }

    /// The same of what may be said over and over again: it is evidence once, by the mark of the words, and judged each time.
    pub(crate) async fn settle_marked(
        &self,
        refund: &Refund,
        mark: Mark,
        word: Word,
        record: String,
    ) -> Result<Option<Settled>, EngineError> {
        self.settle_as(refund, mark, true, word, record).await
    }

    /// The same of what is judged once, by its mark, however often it is said.
    pub(crate) async fn settle_once(
        &self,
        refund: &Refund,
        mark: Mark,
        word: Word,
        record: String,
    ) -> Result<Option<Settled>, EngineError> {
        self.settle_as(refund, mark, false, word, record).await
    }

    async fn settle_as(
        &self,
        refund: &Refund,
        attempt: [u8; 16],
        again: bool,
        mut word: Word,
        record: String,
    ) -> Result<Option<Settled>, EngineError> {
        word.outcome = storable_outcome(word.outcome);
        let record = storable(record);
        let random = &self.parts.world.random;
        let now = self.now();
        let mut op = Settle {
            merchant: refund.merchant,
            refund: refund.id,
            word,
            attempt,
            again,
            record,
            case_ids: [self.case_id(now), self.case_id(now)],
            timing: self.parts.config.timing,
            seed: random.u64(),
            now,
        };
        for _ in 1..SETTLE_TRIES_MAX {
            match self.parts.store.run(op.clone()).await {
                // Another process bound the PSP's refund meanwhile; the next run sees that and judges anew.
                Err(error) if error.is_conflict_with("refunds_psp_refund") => {}
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Full)) => {
                    tracing::warn!(refund = %refund.id, %error, "an outcome could not be recorded yet");
                    self.parts.world.clock.sleep(SETTLE_PAUSE).await;
                    op.now = self.now();
                }
                answer => return self.settled(refund, &op.word, answer),
            }
        }
        let answer = self.parts.store.run(op.clone()).await;
        self.settled(refund, &op.word, answer)
    }

    fn settled(
        &self,
        refund: &Refund,
        word: &Word,
        answer: Result<Option<Settled>, StoreError>,
    ) -> Result<Option<Settled>, EngineError> {
        let (via, outcome) = (word.via.as_str(), word.outcome.as_str());
        match &answer {
            Err(error) => {
                tracing::error!(refund = %refund.id, via, outcome, %error, "an outcome was not recorded; it will be looked up");
            }
            Ok(None) => tracing::error!(refund = %refund.id, via, outcome, "an outcome belongs to no refund"),
            Ok(Some(settled)) => {
                metrics::counter!("redress_exchanges_total", "via" => via, "outcome" => outcome).increment(1);
                let state = settled.refund.state.name();
                tracing::info!(refund = %refund.id, via, outcome, %state, cases = settled.cases, "refund settled");
                self.told(&settled.refund, settled.cases);
                if settled.event.is_some() {
                    self.parts.deliveries_due.notify_one();
                }
            }
        }
        Ok(answer?)
    }

    /// A refund moved: whoever waits looks again.
    pub(crate) fn told(&self, refund: &Refund, cases: usize) {
        self.parts.watches.moved(refund.id);
        // It gave its payment's turn back: the next one may go.
        if refund.takes_turns && !refund.state.name().may_be_under_way() {
            self.parts.refunds_due.notify_one();
        }
        if cases > 0 {
            cases_opened(cases);
            tracing::warn!(refund = %refund.id, "a person must look at this refund");
        }
    }
}

/// What happens in an exchange is logged and traced with its refund. It follows from the request that asked for it, where
/// one did, and is no part of that: the request is answered earlier.
pub(crate) fn exchange_span(refund: &Refund, via: Via) -> tracing::Span {
    let span = tracing::info_span!(
        parent: None,
        "exchange",
        refund = %refund.id,
        merchant = %refund.merchant,
        via = via.as_str(),
        psp = tracing::field::Empty,
        outcome = tracing::field::Empty,
    );
    span.follows_from(tracing::Span::current());
    span
}

/// The evidence of an exchange that confirms a notification begins with that.
fn with_told(told: &ToldWord, record: &str) -> String {
    format!("told: {}\n{record}", told.record)
}

/// What tells the answer to a question about what was told from every other. After each send it is another: whether a
/// refund is sent once more may rest on it.
fn mark_of_answer(told: &ToldWord, sends: u32, answer: &Outcome) -> Mark {
    let more = match answer {
        Outcome::Refused(refusal) => refusal.code.as_str(),
        Outcome::Pending { note, .. } => note.as_deref().unwrap_or_default(),
        // Some PSPs know it days after they said that it is done.
        Outcome::Succeeded { arn, .. } => arn.as_deref().unwrap_or_default(),
        Outcome::NotSent { .. } | Outcome::Unknown(_) => "",
    };
    let id = answer.psp_refund_id().or_else(|| answer.failed_refund_id()).unwrap_or_default();
    let hash = Sha256::new_with_prefix(told.mark).chain_update(sends.to_be_bytes());
    mark_of_parts(hash, [answer.as_str(), more, id])
}

/// A mark of what was hashed and of a word's parts.
pub(crate) fn mark_of_parts(mut hash: Sha256, parts: [&str; 3]) -> Mark {
    // No name, code or id has a NUL.
    for part in parts {
        hash.update(part);
        hash.update(b"\0");
    }
    first_half(hash)
}

/// A mark of what was hashed.
pub(crate) fn first_half(hash: Sha256) -> Mark {
    let mut mark = [0; 16];
    mark.copy_from_slice(&hash.finalize()[..16]);
    mark
}

/// Counts cases, whoever found them.
pub(crate) fn cases_opened(cases: usize) {
    metrics::counter!("redress_cases_opened_total").increment(u64::try_from(cases).unwrap_or(u64::MAX));
}

/// PostgreSQL keeps no NUL in a text, and a PSP may answer anything.
pub(crate) fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn storable_outcome(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::NotSent { reason } => Outcome::NotSent { reason: storable(reason) },
        Outcome::Refused(refusal) => Outcome::Refused(PspRefusal {
            code: storable(refusal.code),
            text: storable(refusal.text),
            again: refusal.again,
            psp_refund_id: refusal.psp_refund_id.map(storable),
        }),
        Outcome::Pending { psp_refund_id, note } => {
            Outcome::Pending { psp_refund_id: psp_refund_id.map(storable), note: note.map(storable) }
        }
        Outcome::Succeeded { psp_refund_id, arn } => {
            Outcome::Succeeded { psp_refund_id: psp_refund_id.map(storable), arn: arn.map(storable) }
        }
        Outcome::Unknown(finding) => Outcome::Unknown(finding),
    }
}

fn not_sent(reason: String) -> Exchange {
    Exchange { record: format!("not sent: {reason}"), outcome: Outcome::NotSent { reason } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::outcome::Finding;

    #[test]
    fn the_same_answer_is_evidence_once_after_each_send() {
        let told = |mark| ToldWord { record: String::new(), mark };
        let (word, nothing) = (told([1; 16]), Outcome::Unknown(Finding::NotFound));
        let mark = mark_of_answer(&word, 1, &nothing);
        assert_eq!(mark, mark_of_answer(&word, 1, &nothing));
        let waits = Outcome::Pending { psp_refund_id: None, note: None };
        for other in [
            mark_of_answer(&word, 2, &nothing),
            mark_of_answer(&word, 1, &waits),
            mark_of_answer(&told([2; 16]), 1, &nothing),
        ] {
            assert_ne!(mark, other);
        }
    }

    #[test]
    fn an_answer_that_says_more_is_evidence_of_its_own() {
        let told = ToldWord { record: String::new(), mark: [1; 16] };
        let mark = |answer: &Outcome| mark_of_answer(&told, 1, answer);
        let done = |arn: Option<&str>| Outcome::Succeeded {
            psp_refund_id: Some("a".to_owned()),
            arn: arn.map(str::to_owned),
        };
        assert_ne!(mark(&done(None)), mark(&done(Some("74537604221"))));
        let waits = |note: Option<&str>| Outcome::Pending {
            psp_refund_id: Some("a".to_owned()),
            note: note.map(str::to_owned),
        };
        assert_ne!(mark(&waits(None)), mark(&waits(Some("no funds"))));
    }
}
