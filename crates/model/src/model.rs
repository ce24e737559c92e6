//! What can happen next, and what follows from it.

use crate::guards::Without;
use crate::kind::KEY_KEPT;
use crate::psp::How;
use crate::redress::Redress;
use crate::state::{Answer, Books, Claim, Job, Notice, Said, Status, World};
use redress_core::case::CaseKind;
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::Via;
use stateright::{Model, Property};

/// The processes that are worth telling apart: which of them does something matters only if one of them may die, and the
/// first to have something to do may be called the first.
fn processes(world: &World) -> std::ops::Range<u8> {
    if world.left.crashes == 0 || world.tasks.is_empty() { 0..1 } else { 0..2 }
}

/// Something that happens. Numbers are places in the lists of [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are places in the lists of the world, named by what they hold")]
pub enum Action {
    /// A client asks for a refund.
    Ask,
    /// A client repeats its request for a refund that was accepted.
    Repeat,
    /// A worker of a process looks at a refund that is due.
    Work { refund: u8, process: u8 },
    /// A task reaches the point at which it writes to the socket.
    Write { task: u8 },
    /// A task's request provably does not leave.
    Unsent { task: u8 },
    /// A task gives up waiting.
    GiveUp { task: u8 },
    /// A task records what it was told.
    Settle { task: u8 },
    /// A request arrives at the PSP.
    Arrive { request: u8, how: How },
    /// The PSP ends what it had accepted.
    Decide { record: u8, done: bool },
    /// What the PSP had done is undone.
    Undo { record: u8 },
    /// A request is doubled on its way.
    CopyRequest { request: u8 },
    /// A notification is doubled on its way.
    CopyNotice { notice: u8 },
    /// A notification arrives.
    Notify { notice: u8, process: u8 },
    /// Somebody forges a notification.
    Forge { refund: u8, answer: Answer },
    /// A process dies and is started again.
    Crash { process: u8 },
    /// A tick passes.
    Tick,
    /// A person decides.
    Verdict { refund: u8, said: Said },
    /// A person closes a case; what it blocked is refundable again, or counts as refunded.
    CloseCase { refund: u8, kind: CaseKind, booked: bool },
    /// Somebody wants to withdraw a refund.
    Cancel { refund: u8 },
    /// The PSP's time for refunds ends.
    Close,
}

impl Redress {
    fn about_clients(world: &World, actions: &mut Vec<Action>) {
        if world.rows.len() < usize::from(world.left.refunds) {
            actions.push(Action::Ask);
            if !world.rows.is_empty() {
                actions.push(Action::Repeat);
            }
        }
    }

    fn about_refunds(world: &World, actions: &mut Vec<Action>) {
        for (refund, row) in (0_u8..).zip(&world.rows) {
            if row.state.is_final() {
                continue;
            }
            for process in processes(world) {
                actions.push(Action::Work { refund, process });
            }
            if world.left.verdicts > 0 {
                actions.push(Action::Verdict { refund, said: Said::Succeeded });
                actions.push(Action::Verdict { refund, said: Said::Failed });
            }
            if world.left.cancels > 0 {
                actions.push(Action::Cancel { refund });
            }
        }
    }

    fn about_cases(world: &World, actions: &mut Vec<Action>) {
        if world.left.verdicts == 0 {
            return;
        }
        for (refund, row) in (0_u8..).zip(&world.rows) {
            for kind in CaseKind::ALL.into_iter().filter(|kind| row.has_case(*kind)) {
                actions.push(Action::CloseCase { refund, kind, booked: false });
                let blocks =
                    |claim: &Claim| (claim.refund, claim.kind) == (refund, kind) && claim.blocked > 0;
                if world.claims.iter().any(blocks) {
                    actions.push(Action::CloseCase { refund, kind, booked: true });
                }
            }
        }
    }

    fn about_tasks(world: &World, actions: &mut Vec<Action>) {
        for (task, doing) in (0_u8..).zip(&world.tasks) {
            match doing.job {
                Job::Write { .. } => {
                    actions.push(Action::Write { task });
                    if world.left.unsent > 0 {
                        actions.push(Action::Unsent { task });
                    }
                }
                Job::Wait { .. } => {}
                Job::Answered { .. } | Job::Asked { .. } => actions.push(Action::Settle { task }),
            }
            if world.left.silences > 0 && !matches!(doing.job, Job::Write { .. } | Job::Answered { .. }) {
                actions.push(Action::GiveUp { task });
            }
        }
        if world.left.crashes > 0 {
            for process in 0..2 {
                if world.tasks.iter().any(|task| task.process == process) {
                    actions.push(Action::Crash { process });
                }
            }
        }
    }

    fn about_the_network(&self, world: &World, actions: &mut Vec<Action>) {
        for (place, request) in (0_u8..).zip(&world.requests) {
            if self.known_key(world, request).is_some() {
                actions.push(Action::Arrive { request: place, how: How::Replayed });
            } else {
                for how in [How::Done, How::Pending, How::Refused] {
                    actions.push(Action::Arrive { request: place, how });
                }
            }
            // A PSP without keys takes two copies for two requests, and nobody could tell: see docs/proof.md.
            if world.left.copies > 0 && self.kind.has_key() {
                actions.push(Action::CopyRequest { request: place });
            }
        }
        for notice in 0..u8::try_from(world.notices.len()).unwrap_or(u8::MAX) {
            for process in processes(world) {
                actions.push(Action::Notify { notice, process });
            }
            if world.left.copies > 0 {
                actions.push(Action::CopyNotice { notice });
            }
        }
        if world.left.forgeries > 0 && (!self.kind.is_signed() || self.lacks(Without::Verification)) {
            for refund in 0..u8::try_from(world.rows.len()).unwrap_or(u8::MAX) {
                // By an id that the PSP may have given to this refund or to another, and by one that it never gave.
                actions.push(Action::Forge { refund, answer: Answer::Done(0) });
                actions.push(Action::Forge { refund, answer: Answer::Done(99) });
                // It would release money that is gone.
                actions.push(Action::Forge { refund, answer: Answer::Refused });
            }
        }
    }

    fn about_the_psp(world: &World, actions: &mut Vec<Action>) {
        for (place, record) in (0_u8..).zip(&world.records) {
            if record.status == Status::Pending {
                actions.push(Action::Decide { record: place, done: true });
                actions.push(Action::Decide { record: place, done: false });
            }
            if record.status == Status::Done && world.left.reversals > 0 {
                actions.push(Action::Undo { record: place });
            }
        }
    }

    /// One step; false where nothing comes of it.
    fn step(&self, world: &mut World, action: Action) -> bool {
        match action {
            Action::Ask => return self.accept(world),
            Action::Repeat => return self.repeat(world),
            Action::Work { refund, process } => return self.work(world, refund, process),
            Action::Write { task } => self.write(world, task),
            Action::Unsent { task } => {
                world.left.unsent -= 1;
                world.left = world.left.spent();
                let task = world.tasks.remove(task.into());
                let Job::Write { send, .. } = task.job else { return false };
                let outcome = Outcome::NotSent { reason: String::new() };
                self.hear(world, task, outcome, Via::Submit, send, false);
            }
            Action::GiveUp { task } => {
                world.left.silences -= 1;
                world.left = world.left.spent();
                let task = world.tasks.remove(task.into());
                let outcome = Outcome::Unknown(Finding::NoAnswer);
                match task.job {
                    Job::Wait { send } => self.hear(world, task, outcome, Via::Submit, send, false),
                    Job::Asked { proving, .. } => self.hear(world, task, outcome, Via::Query, 0, proving),
                    Job::Write { .. } | Job::Answered { .. } => return false,
                }
            }
            Action::Settle { task } => {
                let task = world.tasks.remove(task.into());
                self.record(world, task);
            }
            Action::Arrive { request, how } => self.arrive(world, request, how),
            Action::Decide { record, done } => self.decide(world, record, done),
            Action::Undo { record } => {
                world.left.reversals -= 1;
                world.left = world.left.spent();
                self.undo(world, record);
            }
            Action::CopyRequest { request } => {
                world.left.copies -= 1;
                world.left = world.left.spent();
                world.requests.push(world.requests[usize::from(request)]);
            }
            Action::CopyNotice { notice } => {
                world.left.copies -= 1;
                world.left = world.left.spent();
                world.notices.push(world.notices[usize::from(notice)]);
            }
            Action::Notify { notice, process } => {
                let notice = world.notices.remove(notice.into());
                return self.notified(world, notice, process);
            }
            Action::Forge { refund, answer } => {
                world.left.forgeries -= 1;
                world.left = world.left.spent();
                world.notices.push(Notice { refund, answer, genuine: false });
            }
            Action::Crash { process } => {
                world.left.crashes -= 1;
                world.left = world.left.spent();
                world.tasks.retain(|task| task.process != process);
            }
            Action::Tick => self.tick(world),
            Action::Verdict { refund, said } => {
                world.left.verdicts -= 1;
                world.left = world.left.spent();
                return self.verdict(world, refund, said);
            }
            Action::CloseCase { refund, kind, booked } => {
                world.left.verdicts -= 1;
                world.left = world.left.spent();
                self.close_case(world, refund, kind, booked);
            }
            Action::Cancel { refund } => {
                world.left.cancels -= 1;
                world.left = world.left.spent();
                return self.cancel(world, refund);
            }
            Action::Close => {
                world.left.closings -= 1;
                world.left = world.left.spent();
                world.closed = true;
            }
        }
        true
    }

    pub(crate) fn tick(&self, world: &mut World) {
        for row in &mut world.rows {
            row.lease = row.lease.saturating_sub(1);
            let older = |age: Option<u8>, cap: u8| age.map(|age| (age + 1).min(cap));
            row.first_sent = older(row.first_sent, self.first_sent_cap());
            row.last_sent = older(row.last_sent, self.last_sent_cap());
        }
        for task in &mut world.tasks {
            if let Job::Write { lease, .. } = &mut task.job {
                *lease = (*lease - 1).max(-1);
            }
        }
        if let Some(end) = self.kind.request_dies_at() {
            for request in &mut world.requests {
                request.age += 1;
            }
            world.requests.retain(|request| request.age < end);
        }
        for record in &mut world.records {
            record.key_age = record.key_age.map(|age| age + 1).filter(|age| *age < KEY_KEPT);
        }
    }
}

impl Model for Redress {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            rows: Vec::new(),
            books: Books { refunded: 0, reserved: 0, blocked: 0, booked: 0 },
            turn: None,
            claims: Vec::new(),
            tasks: Vec::new(),
            requests: Vec::new(),
            notices: Vec::new(),
            records: Vec::new(),
            closed: false,
            left: self.bounds.usable(),
            broken: 0,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.broken != 0 {
            return;
        }
        Self::about_clients(world, actions);
        Self::about_refunds(world, actions);
        Self::about_cases(world, actions);
        Self::about_tasks(world, actions);
        self.about_the_network(world, actions);
        Self::about_the_psp(world, actions);
        if world.left.closings > 0 {
            actions.push(Action::Close);
        }
        actions.push(Action::Tick);
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        let happened = self.step(&mut world, action);
        happened.then(|| {
            self.in_order(&mut world);
            world
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::properties::all(self)
    }
}
