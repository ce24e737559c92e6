//! What the processes do: workers look at what is due, tasks write to the socket, notifications are taken in.

use crate::bridge::{NOW, ago, outcome, process as id_of, refund, refund_id};
use crate::guards::Without;
use crate::kind::{Kind, LEASE, ticks};
use crate::redress::Redress;
use crate::state::{Answer, Booked, Broken, Job, Notice, Request, Status, Task, World};
use redress_core::case::CaseKind;
use redress_core::next_step::{Step, next_step};
use redress_core::notice::{About, Asking, Taking, Told, take_notice};
use redress_core::outcome::{Finding, Outcome};
use redress_core::policy::AccountState;
use redress_core::recipe::{Lookup, Recipe, Resend};
use redress_core::settle::{Timing, Via, begin_send, call_person, doubt, fail_unsent};
use redress_core::state::{Failure, Lease, RefundState};
use redress_core::turn::is_free_for;
use std::time::Duration;

impl Redress {
    /// A worker looks at a refund, in one transaction. False where there was nothing to do.
    pub(crate) fn work(&self, world: &mut World, place: u8, process: u8) -> bool {
        let row = &world.rows[usize::from(place)];
        let before = refund(self, place, row);
        let (recipe, timing) = self.rules();
        let window_end = world.closed.then_some(NOW);
        let step = next_step(&before, &recipe, AccountState::Active, window_end, &timing, NOW);
        let timing = self.kind.timing();
        let failure = || Failure::lasting("", "");
        let change = match step {
            Step::Nothing => return false,
            Step::Submit | Step::Resend => {
                let sends = world.left.sends;
                let holder = world.turn.filter(|_| !self.lacks(Without::Turn)).map(refund_id);
                let has_turn = !before.takes_turns || is_free_for(before.id, holder);
                let may = has_turn && row.sends < sends && row.send_number() <= sends;
                if may {
                    self.begin(world, place, process);
                }
                return may;
            }
            Step::Query if self.kind == Kind::ById && row.psp_id.is_none() => {
                world.breaks(Broken::AskedWithoutId);
                return true;
            }
            Step::Query => return self.look_up(world, place, process, None),
            Step::Doubt if self.lacks(Without::DoubtIsUnknown) => {
                let mut after = before;
                after.state = RefundState::Unknown;
                redress_core::settle::close_by_person(after, redress_core::settle::Verdict::Failed, "", NOW)
            }
            Step::Doubt => doubt(before, NOW),
            Step::CallPerson(kind) => Ok(call_person(before, kind, String::new(), &timing, NOW)),
            Step::CloseWindow | Step::Abandon => fail_unsent(before, failure(), NOW),
        };
        match change {
            Ok(change) => self.apply(world, place, &change),
            Err(_) => world.breaks(Broken::Refused),
        }
        true
    }

    /// The recipe and the spans as the worker knows them.
    fn rules(&self) -> (Recipe, Timing) {
        let (mut recipe, mut timing) = (self.kind.recipe(), self.kind.timing());
        let for_ever = Resend::SameKey { window: ticks(100), source: "a removed guard" };
        match self.without {
            Some(Without::Window | Without::NoKeyNoResend) => recipe.resend = for_ever,
            Some(Without::IdFirst) => recipe.lookup = Lookup::ByKey,
            Some(Without::LeaseInsideWindow | Without::LeaseBeforeBound) => timing.lease = Duration::ZERO,
            _ => {}
        }
        (recipe, timing)
    }

    /// Takes the right to send.
    pub(crate) fn begin(&self, world: &mut World, place: u8, process: u8) {
        let holds =
            |task: &Task| task.refund == place && matches!(task.job, Job::Write { lease, .. } if lease > 0);
        if world.tasks.iter().any(holds) {
            world.breaks(Broken::TwoSenders);
        }
        let before = refund(self, place, &world.rows[usize::from(place)]);
        match begin_send(before, id_of(process), &self.kind.timing(), NOW) {
            Err(_) => world.breaks(Broken::Refused),
            Ok(change) => {
                self.apply(world, place, &change);
                let send = world.rows[usize::from(place)].send_number();
                let job = Job::Write { send, lease: LEASE.cast_signed() };
                world.tasks.push(Task { process, refund: place, stale: false, job });
            }
        }
    }

    /// Asks the PSP: the answer is what it has on record now, and is heard later.
    fn look_up(&self, world: &mut World, place: u8, process: u8, told: Option<u8>) -> bool {
        if !self.may_ask(world, place) {
            return false;
        }
        let row = &world.rows[usize::from(place)];
        let proving = self.kind == Kind::Bounded && row.last_sent == Some(self.last_sent_cap());
        let mut answer = self.asked(world, place, row.psp_id.or(told));
        let by_a_told_id = row.psp_id.is_none() && told.is_some();
        let means_nothing = Outcome::Unknown(Finding::NotUnderstood);
        if by_a_told_id
            && outcome(answer).asked_by_a_told_id() == means_nothing
            && !self.lacks(Without::ToldId)
        {
            answer = Answer::Nothing;
        }
        let job = Job::Asked { answer, proving };
        world.tasks.push(Task { process, refund: place, stale: false, job });
        true
    }

    /// A task is about to write to the socket.
    pub(crate) fn write(&self, world: &mut World, place: u8) {
        let task = world.tasks[usize::from(place)];
        let Job::Write { send, lease } = task.job else { return };
        let owner = id_of(task.process);
        let leased = RefundState::Submitting(Lease { owner, until: ago(-i64::from(lease)) });
        if !leased.may_be_sent_by(owner, NOW, Duration::ZERO) && !self.lacks(Without::LeaseCheck) {
            world.tasks.remove(place.into());
            let outcome = Outcome::NotSent { reason: String::new() };
            return self.hear(world, task, outcome, Via::Submit, send, false);
        }
        let earlier = world.requests.iter().any(|request| request.refund == task.refund)
            || world.records.iter().any(|record| {
                record.refund == task.refund && matches!(record.status, Status::Done | Status::Pending)
            });
        if earlier && !self.kind.has_key() {
            world.breaks(Broken::SentAgain);
        }
        world.requests.push(Request { refund: task.refund, send, age: 0 });
        world.tasks[usize::from(place)].job = Job::Wait { send };
    }

    /// A notification arrives: what to do with it is core's decision. One that the PSP must tell again stays.
    pub(crate) fn notified(&self, world: &mut World, notice: Notice, process: u8) -> bool {
        let Notice { refund: place, answer, genuine } = notice;
        let signed = self.kind.is_signed();
        if signed && !genuine && !self.lacks(Without::Verification) {
            return true;
        }
        let about = match answer {
            Answer::Pending(id) | Answer::Done(id) => Some(id),
            Answer::Refused | Answer::NotFound | Answer::Ambiguous | Answer::Nothing => None,
        };
        let bound = row_id(world, place);
        // Without our reference on it, it is about the refund that is bound to its id, or about none of ours.
        if !signed && !self.kind.list_shows_reference() && (bound.is_none() || bound != about) {
            return true;
        }
        let believed = self.lacks(Without::Verification)
            || (answer == Answer::Refused && self.lacks(Without::RefusalVerification));
        let said = outcome(answer);
        let row = &world.rows[usize::from(place)];
        let ours = refund(self, place, row);
        let told = Told {
            account: ours.account,
            amount: None,
            psp_refund_id: said.psp_refund_id(),
            outcome: &said,
            must_confirm: !signed && !believed,
            foreign: false,
            superseded_by: &[],
            left: row.booked == Booked::Once || row.has_case(CaseKind::LateSuccess),
        };
        match take_notice(&ours, &told, self.may_ask(world, place)) {
            Taking::Quarantine | Taking::Overtaken => {}
            Taking::Apply => {
                let now = Task { process, refund: place, stale: false, job: Job::Wait { send: 0 } };
                self.hear(world, now, said, Via::Notification, 0, false);
            }
            Taking::Ask(Asking { about: About::Other, .. }) => {
                // Only if the PSP has it under our reference, that counts.
                let answer = match self.asked(world, place, about) {
                    named @ (Answer::Pending(_) | Answer::Done(_)) => named,
                    _ => Answer::Nothing,
                };
                let job = Job::Asked { answer, proving: false };
                world.tasks.push(Task { process, refund: place, stale: false, job });
            }
            // It names no id, and none is known: there is nothing to ask by.
            Taking::Ask(_) if self.kind == Kind::ById && about.or(bound).is_none() => {}
            Taking::Ask(_) => {
                self.look_up(world, place, process, about);
            }
            // It is looked up at any time here.
            Taking::LookSoon => {}
            Taking::TellAgain => world.notices.push(notice),
        }
        true
    }

    /// Whether there is room for one more look-up of the refund.
    fn may_ask(&self, world: &World, place: u8) -> bool {
        let asking = |task: &&Task| task.refund == place && matches!(task.job, Job::Asked { .. });
        world.tasks.iter().filter(asking).count() < usize::from(world.left.queries)
    }
}

fn row_id(world: &World, place: u8) -> Option<u8> {
    world.rows[usize::from(place)].psp_id
}
