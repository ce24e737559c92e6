//! One world for all that differ in nothing that matters: lists sorted, refunds and processes interchangeable, forgotten
//! what can change nothing any more.

use crate::guards::Without;
use crate::redress::Redress;
use crate::state::{Answer, Booked, Job, Notice, Status, Task, World};
use redress_core::case::CaseKind;
use redress_core::state::{Share, StateName};

impl Redress {
    /// Puts a world in order.
    pub(crate) fn in_order(&self, world: &mut World) {
        self.forget(world);
        if world.left.crashes == 0 {
            for task in &mut world.tasks {
                task.process = 0;
            }
        }
        if world.rows.len() == 2 && world.rows[1] < world.rows[0] {
            exchange(world);
        }
        // Which of those that block all they want was opened first does not matter any more.
        world.claims.sort_by_key(|claim| {
            let satisfied = claim.blocked >= claim.wanted;
            satisfied.then_some((claim.refund, claim.kind))
        });
        world.requests.sort_unstable();
        world.notices.sort_unstable();
        world.tasks.sort_unstable();
        if world.left.crashes > 0 {
            let mut swapped = world.tasks.clone();
            for task in &mut swapped {
                task.process = 1 - task.process;
            }
            swapped.sort_unstable();
            if swapped < world.tasks {
                world.tasks = swapped;
            }
        }
    }

    fn forget(&self, world: &mut World) {
        let World { rows, tasks, requests, notices, records, left, .. } = world;
        // An end that nothing can change any more: a success can be undone only where the PSP undid it.
        let settled = |refund: u8| {
            let undone = |status| matches!(status, Status::Undone | Status::Failed);
            let may_be_undone = left.reversals > 0
                || left.forgeries > 0
                || records.iter().any(|record| record.refund == refund && undone(record.status));
            match rows[usize::from(refund)].state {
                StateName::Succeeded => !may_be_undone,
                state => state.share() == Share::Free,
            }
        };
        // That it failed is news where a person has booked its money as gone, or may still.
        let mut bookable = [false; 2];
        for ((place, row), is_bookable) in (0_u8..).zip(rows.iter()).zip(&mut bookable) {
            let of_it = |refund: u8| refund == place;
            let says_done = |task: &Task| match task.job {
                Job::Answered { answer, .. } | Job::Asked { answer, .. } => answer.is_known(),
                Job::Write { .. } | Job::Wait { .. } => false,
            };
            let may_be_told_done = || {
                let told = |known: &Notice| of_it(known.refund) && known.answer.is_known();
                row.has_case(CaseKind::LateSuccess)
                    || requests.iter().any(|request| of_it(request.refund))
                    || notices.iter().any(told)
                    || tasks.iter().any(|task| of_it(task.refund) && says_done(task))
                    || records.iter().any(|record| {
                        of_it(record.refund) && matches!(record.status, Status::Pending | Status::Done)
                    })
            };
            *is_bookable = row.share() == Share::Free
                && (row.booked == Booked::Once || left.verdicts > 0 && may_be_told_done());
        }
        let says_nothing = |refund: u8, answer: Answer, is_late_news: bool| {
            let row = &rows[usize::from(refund)];
            settled(refund)
                && match answer {
                    Answer::NotFound | Answer::Nothing => true,
                    Answer::Refused => {
                        row.share() == Share::Free && !(is_late_news && bookable[usize::from(refund)])
                    }
                    Answer::Pending(id) | Answer::Done(id) => {
                        row.state == StateName::Succeeded && row.psp_id == Some(id)
                    }
                    Answer::Ambiguous => false,
                }
        };
        notices.retain(|notice| !says_nothing(notice.refund, notice.answer, true));
        tasks.retain(|task| match task.job {
            // It can only find that its lease is over, and that says nothing about what has ended.
            Job::Write { lease, .. } => {
                lease >= 0 || !settled(task.refund) || self.lacks(Without::LeaseCheck)
            }
            // Nothing is on its way that it could be told.
            Job::Wait { send } => {
                let row = &rows[usize::from(task.refund)];
                let older = send < row.send_number() && !self.lacks(Without::SendNumber);
                let on_its_way =
                    requests.iter().any(|request| (request.refund, request.send) == (task.refund, send));
                on_its_way || !(older || settled(task.refund))
            }
            // The answer to a send, or one that is older than the end, never tells that something came back.
            Job::Answered { answer, .. } => !says_nothing(task.refund, answer, false),
            Job::Asked { answer, .. } => !says_nothing(task.refund, answer, !task.stale),
        });
        for record in records {
            let used = requests.iter().any(|request| request.refund == record.refund)
                || tasks
                    .iter()
                    .any(|task| task.refund == record.refund && matches!(task.job, Job::Write { .. }));
            let row = &rows[usize::from(record.refund)];
            if (row.state.is_final() || row.accepted) && !used {
                record.key_age = None;
            }
        }
        for row in rows {
            // Neither a window nor being overdue can matter to it any more, unless its case is closed.
            if left.verdicts == 0
                && row.person_called
                && (row.accepted || !self.kind.has_key() || !self.kind.can_be_asked())
            {
                row.first_sent = row.first_sent.map(|_| self.first_sent_cap());
            }
        }
    }
}

/// Gives the first refund the second place, and the second the first.
fn exchange(world: &mut World) {
    world.rows.swap(0, 1);
    world.turn = world.turn.map(|turn| 1 - turn);
    let refunds = (world.tasks.iter_mut().map(|task: &mut Task| &mut task.refund))
        .chain(world.requests.iter_mut().map(|request| &mut request.refund))
        .chain(world.notices.iter_mut().map(|notice| &mut notice.refund))
        .chain(world.records.iter_mut().map(|record| &mut record.refund))
        .chain(world.claims.iter_mut().map(|claim| &mut claim.refund));
    for refund in refunds {
        *refund = 1 - *refund;
    }
}
