//! The use case "take in a PSP's notification": verified, or the PSP is asked; applied, ignored, or quarantined.

mod told;

use redress_core::case::CaseKind;
use redress_core::id::{AccountId, MerchantId, RefundId};
use redress_core::notice::{self, About, Asked, Taking, after_asking, says_what_is_known, take_notice};
use redress_core::outcome::Outcome;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use redress_psp::notice::{Notice, NoticeError};
use redress_store::ops::accounts::FindAccount;
use redress_store::ops::cases::{CaseSubject, LeftElsewhere, LeftOwn, NewCaseRow};
use redress_store::ops::inbound::{InboundRecording, RecordInbound};
use redress_store::ops::payments::FindPaymentAtPsp;
use redress_store::ops::refunds::{LoadRefund, RefundAtPsp, RefundBy};
use redress_store::ops::settle::{KeepWord, Refresh};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::{Asking, Mark, ToldWord, cases_opened, first_half, mark_of_parts, storable};
use crate::permits::Use;

use told::{compare_payment, differing, of_nobody, other_refund, told};

pub use redress_psp::notice::Inbound;

/// What became of a notification. Only the first two are good answers to the PSP; the rest are its mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Taken: what it says counts, was known, or was put before a person.
    Taken,
    /// Not about a refund: nothing to do with it.
    Ignored,
    /// No such account, or it names another PSP.
    NoAccount,
    /// It does not prove itself.
    BadSignature,
    /// It cannot be read.
    NotUnderstood,
}

/// Every reason for which a notification is refused, as it is counted.
pub const REFUSED_FOR: [&str; 3] = ["bad_signature", "not_understood", "not_verifiable"];

/// Why a notification is refused, as one of [`REFUSED_FOR`]; `None` where it is none of a refund.
fn refused_for(error: &NoticeError) -> Option<&'static str> {
    let [bad_signature, not_understood, not_verifiable] = REFUSED_FOR;
    match error {
        NoticeError::BadSignature => Some(bad_signature),
        NoticeError::NotUnderstood => Some(not_understood),
        NoticeError::NotVerifiable => Some(not_verifiable),
        NoticeError::NotARefund | NoticeError::NotSupported => None,
    }
}

impl Engine {
    /// Takes in a notification that arrived at an account's address.
    ///
    /// # Errors
    /// [`EngineError`] when it could not be kept: the PSP should send it again.
    pub async fn take_psp_notification(
        &self,
        psp: &str,
        account: AccountId,
        inbound: Inbound,
    ) -> Result<Taken, EngineError> {
        let Some(found) = self.parts.store.read(FindAccount(account)).await?.filter(|found| found.psp == psp)
        else {
            return Ok(Taken::NoAccount);
        };
        let Some(connector) = (self.parts.connectors)(psp) else { return Ok(Taken::NoAccount) };
        let timeout = self.parts.config.psp_timeout;
        let (_, config) =
            self.parts.directory.account_version(found.merchant, account, found.version, timeout).await?;
        let door = self.parts.forgeries.door(account, &*self.parts.psp_transport);
        let read = connector.read_notification(&door, &config, &inbound).await;
        door.learn(&read);
        if let Some(why) = read.as_ref().err().and_then(refused_for) {
            metrics::counter!("redress_psp_notifications_refused_total", "psp" => psp.to_owned(), "why" => why)
                .increment(1);
        }
        let notices = match read {
            Ok(notices) => notices,
            Err(NoticeError::BadSignature) => return Ok(Taken::BadSignature),
            Err(NoticeError::NotUnderstood) => return Ok(Taken::NotUnderstood),
            Err(NoticeError::NotARefund | NoticeError::NotSupported) => return Ok(Taken::Ignored),
            Err(NoticeError::NotVerifiable) => {
                return Err(EngineError::Busy("the PSP could not be asked whether it sent this".to_owned()));
            }
        };
        metrics::counter!("redress_psp_notifications_total", "psp" => psp.to_owned()).increment(1);
        // Each is taken on its own: where one could not be, the PSP sends all of them again, and the others are repeats.
        let mut failed = None;
        for (place, notice) in notices.into_iter().enumerate() {
            let mark = mark_of(&inbound.body, place);
            let taken = self.take_one(found.merchant, account, notice, mark).await;
            failed = taken.err().or(failed);
        }
        failed.map_or(Ok(Taken::Taken), Err)
    }

    /// What a PSP wants to read in the answer to a notification that was taken.
    pub fn acknowledgement(&self, psp: &str) -> &'static str {
        (self.parts.connectors)(psp).map_or("", redress_psp::connector::Connector::acknowledgement)
    }

    async fn take_one(
        &self,
        merchant: MerchantId,
        account: AccountId,
        notice: Notice,
        mark: Mark,
    ) -> Result<(), EngineError> {
        let Some((refund, payment)) = self.refund_of(merchant, account, &notice).await? else {
            let what = of_nobody(&notice);
            return self.quarantine(merchant, account, &notice, mark, CaseKind::ForeignRefund, what).await;
        };
        let mut notice = notice;
        compare_payment(&mut notice, &payment);
        let left = self.left_all_the_same(&refund, &notice).await?;
        if says_what_is_known(&refund, &told(account, &notice, left)) {
            return self.keep_word(&refund, &notice).await.map(|_| ());
        }
        // Whoever replays notifications gets no more look-ups out of it than the account's permits allow.
        let room = |what| self.parts.permits.take(refund.account, what, 1).pop();
        let mut permit = if notice.must_confirm { room(Use::Query) } else { None };
        let mut taking = take_notice(&refund, &told(account, &notice, left), permit.is_some());
        if taking == Taking::TellAgain {
            // The PSP may not tell again as often as that takes.
            permit = room(Use::Confirm);
            taking = take_notice(&refund, &told(account, &notice, left), permit.is_some());
        }
        match taking {
            Taking::Quarantine => {
                let what = differing(&refund, account, &notice);
                self.quarantine(merchant, account, &notice, mark, CaseKind::Quarantined, what).await
            }
            Taking::Overtaken => self.keep_word(&refund, &notice).await.map(|_| ()),
            Taking::Apply => {
                let attempt = mark_of_word(&notice);
                let Notice { outcome, superseded_by, .. } = notice;
                let word =
                    Word { outcome, via: Via::Notification, started_at: self.now(), send: 0, superseded_by };
                self.settle_marked(&refund, attempt, word, notice.record).await.map(|_| ())
            }
            Taking::Ask(how) => {
                let asking = Asking {
                    refund,
                    by_a_told_id: how.about == About::ByToldId,
                    psp_payment_id: payment.psp_payment_id,
                    permit,
                    told: Some(ToldWord { record: notice.record.clone(), mark: mark_of_word(&notice) }),
                };
                self.ask_what_was_told(asking, how, notice, mark).await
            }
            Taking::LookSoon => {
                let refresh = Refresh { merchant: refund.merchant, refund: refund.id, now: self.now() };
                self.parts.store.run(refresh).await?;
                self.parts.refunds_due.notify_one();
                Ok(())
            }
            Taking::TellAgain => {
                Err(EngineError::Busy("too many look-ups at the PSP are under way".to_owned()))
            }
        }
    }

    /// Keeps what changes nothing, as evidence. Answers since when it is kept, where it was told before.
    async fn keep_word(&self, refund: &Refund, notice: &Notice) -> Result<Option<Timestamp>, EngineError> {
        let keep = KeepWord {
            merchant: refund.merchant,
            refund: refund.id,
            attempt: mark_of_word(notice),
            outcome: notice.outcome.clone(),
            record: storable(notice.record.clone()),
            now: self.now(),
        };
        Ok(self.parts.store.run(keep).await?)
    }

    async fn refund_of(
        &self,
        merchant: MerchantId,
        account: AccountId,
        notice: &Notice,
    ) -> Result<Option<(Refund, Payment)>, EngineError> {
        if let Some(id) = notice.key.as_deref().and_then(RefundId::from_psp_key) {
            let found = self.parts.store.read(LoadRefund { merchant, by: RefundBy::Id(id) }).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some(psp_refund_id) = notice.psp_refund_id.clone() else { return Ok(None) };
        let Some(refund) = self.parts.store.read(RefundAtPsp { account, psp_refund_id }).await? else {
            return Ok(None);
        };
        Ok(self.parts.store.read(LoadRefund { merchant, by: RefundBy::Id(refund.id) }).await?)
    }

    async fn ask_what_was_told(
        &self,
        mut asking: Asking,
        how: notice::Asking,
        notice: Notice,
        mark: Mark,
    ) -> Result<(), EngineError> {
        let refund = &mut asking.refund;
        tracing::info!(refund = %refund.id, said = notice.outcome.as_str(), "a PSP's notification is being confirmed");
        // The notification only says where to look: its id is used for the question, and the answer counts.
        let other = notice.psp_refund_id.clone().filter(|_| how.about == About::Other);
        refund.psp_refund_id = refund.psp_refund_id.take().or(notice.psp_refund_id.clone());
        let (done, is_done) = oneshot::channel();
        let (engine, told_at) = (self.clone(), self.now());
        // In a task of its own: an exchange goes to its end although the PSP hangs up.
        let task = async move {
            let confirmed = engine.confirm(asking, other, notice, mark, told_at).await;
            if let Err(error) = &confirmed {
                tracing::warn!(%error, "a PSP's notification could not be confirmed");
            }
            // Nobody may be waiting.
            let _ = done.send(confirmed);
        };
        self.parts.world.spawner.spawn("confirm_notification", Box::pin(task));
        if how.first_ask_then_answer {
            let gone = || EngineError::Busy("the look-up was given up".to_owned());
            is_done.await.unwrap_or_else(|_| Err(gone()))?;
        }
        Ok(())
    }

    /// Asks the PSP what it told. Where it says nothing and the refund is over otherwise, says of a failure that it was none, or
    /// told of a failure before and could not confirm it either, a person looks: nobody would ask again.
    async fn confirm(
        &self,
        asking: Asking,
        other: Option<String>,
        notice: Notice,
        mark: Mark,
        told_at: Timestamp,
    ) -> Result<(), EngineError> {
        let (merchant, by) = (asking.refund.merchant, RefundBy::Id(asking.refund.id));
        let said = match &other {
            Some(other) => self.ask_about_other(asking, other).await?,
            None => self.ask(asking).await?,
        };
        let Some((refund, _)) = self.parts.store.read(LoadRefund { merchant, by }).await? else {
            return Ok(());
        };
        // That it failed is no news, unless a person has booked as gone what it took, or may.
        if let (Some(_), Some(outcome @ Outcome::Refused(_))) = (&other, &said)
            && self.parts.store.read(LeftElsewhere { merchant, payment: refund.payment }).await?
        {
            let which = other_refund(&refund, &notice);
            let what = format!(
                "{which}, which failed; what a person has booked for it, if anything, still counts as refunded"
            );
            let (notice, kind) = (Notice { outcome: outcome.clone(), ..notice }, CaseKind::ForeignRefund);
            return self.quarantine(merchant, refund.account, &notice, mark, kind, what).await;
        }
        let left = self.left_all_the_same(&refund, &notice).await?;
        match after_asking(&refund, &told(refund.account, &notice, left), said.as_ref()) {
            Asked::Done => Ok(()),
            Asked::Foreign => {
                let what = format!("{}; the PSP did not confirm it", other_refund(&refund, &notice));
                let kind = CaseKind::ForeignRefund;
                self.quarantine(merchant, refund.account, &notice, mark, kind, what).await
            }
            Asked::Unconfirmed => self.unconfirmed(&refund, &notice, said.is_some(), mark).await,
            Asked::TellOnceMore => {
                // A copy that came before the first was answered is no second telling.
                let before = self.keep_word(&refund, &notice).await?.filter(|kept_at| *kept_at < told_at);
                if before.is_none() {
                    return Err(not_confirmed());
                }
                // Told again of the refund when that is over, it is no repeat of this.
                let mark = mark_of_parts(Sha256::new_with_prefix(mark), ["open", "", ""]);
                self.unconfirmed(&refund, &notice, said.is_some(), mark).await
            }
            Asked::TellAgain => Err(not_confirmed()),
        }
    }

    /// Whether the money of a refund that is over left all the same, of which the PSP tells that it failed: [`LeftOwn`].
    async fn left_all_the_same(&self, refund: &Refund, notice: &Notice) -> Result<bool, EngineError> {
        if !refund.state.name().is_final() || !matches!(notice.outcome, Outcome::Refused(_)) {
            return Ok(false);
        }
        let own = LeftOwn { merchant: refund.merchant, refund: refund.id };
        Ok(self.parts.store.read(own).await?)
    }

    async fn unconfirmed(
        &self,
        refund: &Refund,
        notice: &Notice,
        denied: bool,
        mark: Mark,
    ) -> Result<(), EngineError> {
        let answer = if denied { "says otherwise when it is asked" } else { "did not confirm it" };
        let moved = notice.outcome.moved_money();
        // That what is over without effect failed is put before a person only where they have booked its money, or may.
        let counts = match refund.state.name() {
            StateName::Failed | StateName::Canceled | StateName::Reversed if !moved => {
                "; what a person has booked for it, if anything, still counts as refunded"
            }
            _ => "",
        };
        let text = format!(
            "the PSP told that the refund is {}, here it is {}, and the PSP {answer}{counts}",
            notice.outcome.as_str(),
            refund.state.name()
        );
        let case = NewCaseRow {
            merchant: refund.merchant,
            id: self.case_id(self.now()),
            kind: CaseKind::Quarantined,
            subject: CaseSubject::Refund(refund.id),
            payment: Some(refund.payment),
            text: text.clone(),
            // Money that left cannot be given back again until a person has looked.
            block_minor: if moved { refund.amount.minor() } else { 0 },
            now: self.now(),
        };
        self.record_inbound(refund.account, notice, mark, case, text).await
    }

    /// Puts a notification before a person, and applies it to nothing. `what`: why.
    async fn quarantine(
        &self,
        merchant: MerchantId,
        account: AccountId,
        notice: &Notice,
        mark: Mark,
        kind: CaseKind,
        what: String,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let subject = match &notice.psp_refund_id {
            Some(id) => CaseSubject::PspRefund { account, psp_refund_id: id.clone() },
            None => CaseSubject::Notification { account, body_hash: mark },
        };
        let payment = self.payment_of(merchant, account, notice).await?;
        let moved = notice.outcome.moved_money();
        // Money that left the payment unasked cannot be given back again until a person has looked.
        let block_minor = match (&payment, notice.amount) {
            (Some(payment), Some(amount)) if moved && amount.currency() == payment.currency => amount.minor(),
            _ => 0,
        };
        // The same words for the same money, whatever else a message says: by them a case that was closed is known again. Where
        // the PSP has no id of it, our own reference tells people which refund is meant.
        let ours = notice.key.as_deref().filter(|key| RefundId::from_psp_key(key).is_some());
        let id = notice.psp_refund_id.as_deref().or(ours).unwrap_or("no id");
        let sum = notice.amount.map(|amount| format!(", {amount}")).unwrap_or_default();
        let end = match (moved, block_minor) {
            (true, 0) => "; nothing is blocked for it".to_owned(),
            (true, _) => String::new(),
            (false, _) => format!("; it says {}", notice.outcome.as_str()),
        };
        let text =
            format!("the PSP told this account of a refund ({id}{sum}) that was not applied: {what}{end}");
        let case = NewCaseRow {
            merchant,
            id: self.case_id(now),
            kind,
            subject,
            payment: payment.map(|payment| payment.id),
            text,
            block_minor,
            now,
        };
        self.record_inbound(account, notice, mark, case, what).await
    }

    async fn record_inbound(
        &self,
        account: AccountId,
        notice: &Notice,
        mark: Mark,
        case: NewCaseRow,
        what: String,
    ) -> Result<(), EngineError> {
        let mut notification_id = [0; 16];
        self.parts.world.random.fill(&mut notification_id);
        let kind = case.kind;
        let record = RecordInbound {
            merchant: case.merchant,
            account,
            id: notification_id,
            body_hash: mark,
            verdict: what,
            body: notice.record.clone(),
            now: case.now,
            case: Some(case),
        };
        match self.parts.store.run(record).await? {
            InboundRecording::New => {
                cases_opened(1);
                tracing::warn!(%account, kind = kind.as_str(), "a PSP's notification was put before a person");
            }
            InboundRecording::Settled => {
                tracing::info!(%account, kind = kind.as_str(), "a PSP told again of what a person has settled");
            }
            InboundRecording::Repeat => {}
        }
        Ok(())
    }
}

impl Engine {
    async fn payment_of(
        &self,
        merchant: MerchantId,
        account: AccountId,
        notice: &Notice,
    ) -> Result<Option<Payment>, EngineError> {
        for psp_payment_id in notice.psp_payment_ids.clone() {
            let found = self.parts.store.read(FindPaymentAtPsp { merchant, account, psp_payment_id }).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

fn not_confirmed() -> EngineError {
    EngineError::Busy("the PSP did not confirm what it told".to_owned())
}

/// The mark of the notice at this place of a body: where one body tells of several, each has its own.
fn mark_of(body: &[u8], place: usize) -> Mark {
    let mut hash = Sha256::new();
    hash.update(body);
    if place > 0 {
        // What tells of several is JSON, in which no such byte stands: no other body is hashed as this one and a place.
        hash.update(b"\0");
        hash.update(place.to_string());
    }
    first_half(hash)
}

/// What tells a word that is kept from every other about its refund. It is of what is signed alone: whoever came by
/// a message can write the rest of it anew as often as they like, and would fill the refund's timeline with that. The code is
/// signed where the word counts at once.
fn mark_of_word(notice: &Notice) -> Mark {
    let code = match &notice.outcome {
        Outcome::Refused(refusal) if !notice.must_confirm => refusal.code.as_str(),
        _ => "",
    };
    let id = notice.psp_refund_id.as_deref().unwrap_or_default();
    mark_of_parts(Sha256::new(), [notice.outcome.as_str(), code, id])
}

#[cfg(test)]
mod tests;
