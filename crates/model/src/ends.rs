//! What becomes of a state in which nothing more goes wrong. Whether every refund ends cannot be read off one state, so it
//! is played from each, in several futures: what is open must end or wait for a person in every one of them.

use crate::bounds::Bounds;
use crate::psp::How;
use crate::redress::Redress;
use crate::state::{Job, Row, Status, World};
use redress_core::case::CaseKind;
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::Via;
use redress_core::state::StateName;

/// What the PSP does from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Future {
    /// It answers, does what it is asked to, and has done what it had accepted.
    Does,
    /// It answers, refuses what it is asked to, and does not do what it had accepted.
    Refuses,
    /// It never answers, and nobody learns what it did.
    Silent,
}

impl Redress {
    /// Whether every refund ends or waits for a person, whatever the PSP does from now on: all that was under way is lost,
    /// and nothing more goes wrong.
    pub(crate) fn ends(&self, world: &World) -> bool {
        settled(world)
            || [Future::Does, Future::Refuses, Future::Silent]
                .into_iter()
                .all(|future| self.ends_in(world.clone(), future))
    }

    fn ends_in(&self, mut world: World, future: Future) -> bool {
        /// Enough for every try, every look-up and every span, one after the other.
        const ROUNDS_MAX: usize = 16;
        world.tasks.clear();
        world.requests.clear();
        world.notices.clear();
        world.left = Bounds { sends: u8::MAX, ..world.left };
        let open = world.records.iter_mut().filter(|record| record.status == Status::Pending);
        for record in open {
            record.status = match future {
                Future::Does => Status::Done,
                Future::Refuses => Status::Failed,
                Future::Silent => Status::Pending,
            };
        }
        for _ in 0..ROUNDS_MAX {
            for place in 0..u8::try_from(world.rows.len()).unwrap_or(u8::MAX) {
                self.work(&mut world, place, 0);
                self.carry_out(&mut world, future);
            }
            if settled(&world) {
                return true;
            }
            self.tick(&mut world);
        }
        false
    }

    fn carry_out(&self, world: &mut World, future: Future) {
        while let Some(task) = world.tasks.last().copied() {
            let place = u8::try_from(world.tasks.len() - 1).unwrap_or(u8::MAX);
            match (task.job, future) {
                (Job::Write { .. }, _) => self.write(world, place),
                (Job::Wait { .. }, Future::Does) => self.arrive(world, 0, How::Done),
                (Job::Wait { .. }, Future::Refuses) => self.arrive(world, 0, How::Refused),
                (Job::Wait { send }, Future::Silent) => {
                    world.tasks.pop();
                    world.requests.clear();
                    let silence = Outcome::Unknown(Finding::NoAnswer);
                    self.hear(world, task, silence, Via::Submit, send, false);
                }
                (Job::Asked { proving, .. }, Future::Silent) => {
                    world.tasks.pop();
                    let silence = Outcome::Unknown(Finding::NoAnswer);
                    self.hear(world, task, silence, Via::Query, 0, proving);
                }
                (Job::Answered { .. } | Job::Asked { .. }, _) => {
                    world.tasks.pop();
                    self.record(world, task);
                }
            }
        }
    }
}

/// Every refund is over, before a person, or waits for the turn of one that is.
fn settled(world: &World) -> bool {
    let is_before_a_person = |row: &Row| !row.state.is_final() && is_told_of(row);
    let holder = world.turn.map(|turn| &world.rows[usize::from(turn)]);
    let turn_is_stopped = holder.is_some_and(is_before_a_person);
    world.rows.iter().all(|row| {
        let waits = row.state == StateName::Queued && turn_is_stopped;
        row.state.is_final() || is_told_of(row) || waits
    })
}

/// Whether a case is open about a refund's own end. Who looks at other money under its reference learns nothing of that.
fn is_told_of(row: &Row) -> bool {
    CaseKind::ALL.into_iter().any(|kind| kind.ends_with_the_refund() && row.has_case(kind))
}
