//! The atomic steps by which what Redress remembers changes: accept, settle, a person's verdict. Each asks core what to do
//! and writes all of it, as the storage operations do.

use crate::bridge::{NOW, ago, balance, keep, outcome, payment, proving_since, refund};
use crate::guards::Without;
use crate::redress::{AMOUNT, Redress};
use crate::state::{Booked, Books, Broken, Claim, Job, Row, Said, Task, World};
use redress_core::balance::{Balance, BalanceChange};
use redress_core::capabilities::Capabilities;
use redress_core::case::CaseKind;
use redress_core::decimal::Decimal;
use redress_core::outcome::{Finding, Outcome, PspRefusal};
use redress_core::policy::{AccountState, Ask, AskedAmount, judge};
use redress_core::refund::Refund;
use redress_core::settle::{Change, Via, Word, came_back, cancel, close_by_person, settle};
use redress_core::state::{IllegalTransition, RefundState, StateName};
use redress_core::turn::{Turn, after_step};
use std::time::Duration;

const CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    units: &[],
    one_in_flight: false,
};

impl Redress {
    /// A request for a refund, in one transaction. False where it is refused, which changes nothing.
    ///
    /// It is queued. That it is sent at once where a right to send is free, is a worker's claim right behind it.
    pub(crate) fn accept(&self, world: &mut World) -> bool {
        let Some(reserved) = self.granted(world) else { return false };
        world.rows.push(NEW);
        if !self.lacks(Without::Reservation) {
            self.move_books(world, BalanceChange { reserved, refunded: 0 });
        }
        true
    }

    /// A client that heard no answer asks for the same again, with the same key. False where it is answered with the refund
    /// that there is, which changes nothing.
    pub(crate) fn repeat(&self, world: &mut World) -> bool {
        if !self.lacks(Without::RequestKey) || !self.accept(world) {
            return false;
        }
        if let Some(row) = world.rows.last_mut() {
            row.repeats = true;
        }
        true
    }

    /// What core grants a request for a refund now; `None` where it refuses.
    pub(crate) fn granted(&self, world: &World) -> Option<i64> {
        let sum = Decimal::from_text(&AMOUNT.to_string()).expect("a number");
        let asks = Ask::of(AskedAmount::Exactly(sum));
        let window = world.closed.then_some(Duration::ZERO);
        let capabilities = Capabilities { window, ..CAPABILITIES };
        let payment = payment(self.captured, world.books);
        let grant = judge(&payment, AccountState::Active, &capabilities, &asks, NOW).ok()?;
        Some(grant.amount.minor())
    }

    /// What a task was told is recorded and applied, in one transaction.
    pub(crate) fn record(&self, world: &mut World, task: Task) {
        match task.job {
            Job::Answered { send, answer } => {
                self.hear(world, task, outcome(answer), Via::Submit, send, false);
            }
            Job::Asked { answer, proving } => {
                self.hear(world, task, outcome(answer), Via::Query, 0, proving);
            }
            Job::Write { .. } | Job::Wait { .. } => {}
        }
    }

    /// Applies a word to the refund as it is now.
    pub(crate) fn hear(
        &self,
        world: &mut World,
        Task { refund: place, stale, .. }: Task,
        said: Outcome,
        via: Via,
        send: u8,
        proving: bool,
    ) {
        let row = &world.rows[usize::from(place)];
        let started_at = match (row.state.is_final(), row.last_sent) {
            (true, _) if stale => ago(1),
            (false, Some(age)) if via == Via::Query && !proving => ago(age.into()),
            (false, Some(_)) if via == Via::Query => proving_since(self, row),
            _ => NOW,
        };
        let before = refund(self, place, row);
        let said = not_bound_elsewhere(world, place, said);
        // What is bound to another refund of ours is that one's success, and was heard there.
        let success = matches!(said, Outcome::Succeeded { .. });
        let was_booked = row.booked == Booked::Once;
        // By what the PSP says and when, not by what core makes of it.
        let is_back = was_booked && !stale && via != Via::Submit && matches!(said, Outcome::Refused(_));
        let free_before = balance(self.captured, world.books).remaining();
        let word = Word { outcome: said, via, started_at, send: send.into(), superseded_by: &[] };
        let heard = was_booked && !self.lacks(Without::CameBack);
        let back = came_back(&before, &word).filter(|_| heard);
        match self.settled(before, word) {
            Err(IllegalTransition { .. }) => world.breaks(Broken::Refused),
            Ok(mut change) => {
                let takes_back = back.is_some();
                change.cases.extend(back);
                self.apply(world, place, &change);
                if takes_back {
                    self.take_back(world, place);
                }
            }
        }
        if success && !success_is_known(world, place) {
            world.breaks(Broken::WordDropped);
        }
        let row = &world.rows[usize::from(place)];
        let is_told = row.booked == Booked::Nothing && row.has_case(CaseKind::Reversed);
        let is_free = balance(self.captured, world.books).remaining() > free_before;
        let stays = row.booked == Booked::Once;
        if is_back && (!is_told || is_free) || was_booked && !is_back && !stays {
            world.breaks(Broken::CameBack);
        }
    }

    /// Core's judgement of a word, and what becomes of it where a guard is away.
    fn settled(&self, before: Refund, mut word: Word) -> Result<Change, IllegalTransition> {
        let refused = || {
            Outcome::Refused(PspRefusal {
                code: String::new(),
                text: String::new(),
                again: redress_core::outcome::Again::No,
                psp_refund_id: None,
            })
        };
        let timing = self.kind.timing();
        match (self.without, &word.outcome, word.via) {
            (Some(Without::TimeoutIsUnknown), Outcome::Unknown(Finding::NoAnswer), Via::Submit)
            | (Some(Without::NotFoundIsUnknown), Outcome::Unknown(Finding::NotFound), Via::Query)
            | (Some(Without::RefusedAgain), Outcome::Refused(_), Via::Submit) => {
                word = Word { outcome: refused(), via: Via::Query, ..word };
            }
            (Some(Without::LateOutcome), Outcome::Succeeded { .. }, _)
                if before.state.name() != StateName::Submitting =>
            {
                return Ok(Change::none(before));
            }
            (Some(Without::SendNumber), _, Via::Submit) => word.send = u32::MAX,
            (Some(Without::AskedBeforeBound), _, Via::Query) => word.started_at = NOW,
            (Some(Without::PendingIsOpen), Outcome::Pending { psp_refund_id, .. }, _) => {
                word.outcome = Outcome::Succeeded { psp_refund_id: psp_refund_id.clone(), arn: None };
            }
            _ => {}
        }
        let mut change = settle(before, &word, &timing, NOW, 0)?;
        if self.lacks(Without::LateTruth) {
            change.cases.retain(|case| case.kind != CaseKind::LateSuccess);
        }
        Ok(change)
    }

    /// Writes a change whole.
    pub(crate) fn apply(&self, world: &mut World, place: u8, change: &Change) {
        let row = &mut world.rows[usize::from(place)];
        let (was_over, was_sent) = (row.state.is_final(), row.send_number());
        keep(self, row, &change.refund);
        let over = row.state.is_final();
        let left_to_nobody = !over && row.state != StateName::Held && change.refund.due_at.is_none();
        let sent = row.send_number() > was_sent;
        for task in world.tasks.iter_mut().filter(|task| task.refund == place) {
            task.stale |= over && !was_over;
            if let Job::Asked { proving, .. } = &mut task.job {
                *proving &= !sent;
            }
        }
        self.pass_turn(world, place, change.turn);
        if left_to_nobody {
            world.breaks(Broken::Refused);
        }
        self.move_books(world, change.balance);
        if change.balance.reserved + change.balance.refunded < 0 {
            self.reach(world);
        }
        if change.ends_cases {
            for kind in CaseKind::ALL.into_iter().filter(|kind| kind.ends_with_the_refund()) {
                self.end_case(world, place, kind, false);
            }
        }
        for case in &change.cases {
            self.open_case(world, place, case);
        }
    }

    /// What a step does to the payment's turn, as the store writes it.
    fn pass_turn(&self, world: &mut World, place: u8, turn: Turn) {
        let unknown = world.rows[usize::from(place)].state == StateName::Unknown;
        let gives_up = unknown && self.lacks(Without::TurnKept);
        match turn {
            Turn::Taken => world.turn = world.turn.or(Some(place)),
            Turn::Over => self.give_turn_back(world, place),
            Turn::Kept => {}
        }
        if gives_up {
            self.give_turn_back(world, place);
        }
    }

    fn give_turn_back(&self, world: &mut World, place: u8) {
        if world.turn != Some(place) {
            return;
        }
        let under_way = |(other, row): &(u8, &Row)| *other != place && row.state.may_be_under_way();
        world.turn = (0_u8..).zip(&world.rows).find(under_way).map(|(other, _)| other);
    }

    pub(crate) fn move_books(&self, world: &mut World, change: BalanceChange) {
        match balance(self.captured, world.books).changed(change) {
            Ok(Balance { refunded, reserved, blocked, .. }) => {
                world.books = Books { refunded, reserved, blocked, ..world.books };
            }
            Err(_) => world.breaks(Broken::Refused),
        }
    }

    /// A person decides.
    pub(crate) fn verdict(&self, world: &mut World, place: u8, said: Said) -> bool {
        let before = refund(self, place, &world.rows[usize::from(place)]);
        let Ok(change) = close_by_person(before, said.verdict(), "", NOW) else { return false };
        world.rows[usize::from(place)].verdict = Some(said);
        self.apply(world, place, &change);
        true
    }

    /// Somebody withdraws a refund: what the table of states allows, and nothing else.
    pub(crate) fn cancel(&self, world: &mut World, place: u8) -> bool {
        let before = refund(self, place, &world.rows[usize::from(place)]);
        if !self.lacks(Without::CancelOnlyUnsent) {
            let Ok(change) = cancel(before, NOW) else { return false };
            self.apply(world, place, &change);
            return true;
        }
        let (from, mut after) = (before.state.name(), before);
        after.state = RefundState::Canceled;
        after.due_at = None;
        after.finished_at = Some(NOW);
        let moved = BalanceChange::between(from, StateName::Canceled, AMOUNT);
        let turn = after_step(from, &after);
        let change = Change { balance: moved, ends_cases: true, turn, ..Change::none(after) };
        self.apply(world, place, &change);
        true
    }
}

/// Whether a word of success left its mark: the refund succeeded, a case says that the PSP did something else than the
/// refund's end, or its money is booked as gone, or blocked as what was. A case about not knowing is none: it would end as
/// if nothing had been said.
fn success_is_known(world: &World, place: u8) -> bool {
    let row = &world.rows[usize::from(place)];
    let said = [CaseKind::LateSuccess, CaseKind::ForeignRefund, CaseKind::Mismatch];
    let taken_back = |claim: &Claim| (claim.refund, claim.kind) == (place, CaseKind::Reversed);
    matches!(row.state, StateName::Succeeded | StateName::Reversed)
        || said.into_iter().any(|kind| row.has_case(kind))
        || row.booked != Booked::Nothing
        || world.claims.iter().any(taken_back)
}

/// One of the PSP's refunds belongs to one of ours.
fn not_bound_elsewhere(world: &World, place: u8, said: Outcome) -> Outcome {
    let told = said.psp_refund_id().and_then(|id| id.parse::<u8>().ok());
    let mine = world.rows[usize::from(place)].psp_id;
    let elsewhere = |id| world.rows.iter().any(|row| row.psp_id == Some(id));
    match (mine, told) {
        (None, Some(id)) if elsewhere(id) => Outcome::Unknown(Finding::Ambiguous),
        _ => said,
    }
}

const NEW: Row = Row {
    state: StateName::Queued,
    lease: 0,
    first_sent: None,
    last_sent: None,
    asked: None,
    sends: 0,
    not_sent: 0,
    queries: 0,
    finding: None,
    accepted: false,
    person_called: false,
    psp_id: None,
    cases: 0,
    verdict: None,
    repeats: false,
    booked: Booked::Nothing,
};
