//! The PSP: what becomes of a request that arrives, what it keeps on record, and what it says when asked.
//!
//! It is the worst of its kind: it never looks at what was captured, and a refusal leaves no trace.

use crate::guards::Without;
use crate::kind::Kind;
use crate::redress::Redress;
use crate::state::{Answer, Job, Notice, Record, Request, Status, World};

/// What a PSP does with a request that it does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// It does it at once.
    Done,
    /// It accepts it; the end is open.
    Pending,
    /// It refuses it, and remembers nothing: the next one is judged anew.
    Refused,
    /// It knows the key, and says what became of the first request with it.
    Replayed,
}

impl Redress {
    /// The record of the key that a request comes with, while the PSP knows it.
    pub(crate) fn known_key(&self, world: &World, request: &Request) -> Option<u8> {
        let key = self.key(request.send);
        let known = |record: &Record| {
            record.refund == request.refund && record.key == key && record.key_age.is_some()
        };
        let place = world.records.iter().position(known)?;
        u8::try_from(place).ok()
    }

    fn key(&self, send: u8) -> u8 {
        if self.lacks(Without::OneKey) { send } else { 0 }
    }

    /// A request arrives.
    pub(crate) fn arrive(&self, world: &mut World, place: u8, how: How) {
        let request = world.requests.remove(place.into());
        let known = self.known_key(world, &request);
        let answer = match (known, how) {
            (Some(known), _) => says(known, world.records[usize::from(known)].status),
            (None, How::Refused | How::Replayed) => {
                // Two copies of one request are judged alike.
                world.requests.retain(|copy| (copy.refund, copy.send) != (request.refund, request.send));
                Answer::Refused
            }
            (None, How::Done | How::Pending) => self.take_on(world, &request, how),
        };
        for task in &mut world.tasks {
            if task.refund == request.refund && task.job == (Job::Wait { send: request.send }) {
                task.job = Job::Answered { send: request.send, answer };
            }
        }
    }

    fn take_on(&self, world: &mut World, request: &Request, how: How) -> Answer {
        let id = u8::try_from(world.records.len()).unwrap_or(u8::MAX);
        let status = if how == How::Done { Status::Done } else { Status::Pending };
        world.records.push(Record {
            refund: request.refund,
            key: self.key(request.send),
            key_age: self.kind.has_key().then_some(0),
            status,
        });
        if how == How::Done {
            tell(world, request.refund, Answer::Done(id));
        }
        says(id, status)
    }

    /// The PSP ends what it had accepted.
    pub(crate) fn decide(&self, world: &mut World, place: u8, done: bool) {
        let record = &mut world.records[usize::from(place)];
        record.status = if done { Status::Done } else { Status::Failed };
        let (refund, answer) = (record.refund, says(place, record.status));
        tell(world, refund, answer);
    }

    /// What was done comes back.
    pub(crate) fn undo(&self, world: &mut World, place: u8) {
        let record = &mut world.records[usize::from(place)];
        record.status = Status::Undone;
        let refund = record.refund;
        tell(world, refund, Answer::Refused);
    }

    /// What the PSP says about a refund when asked now: by its own id of it where one is named, else by what it was
    /// sent with.
    pub(crate) fn asked(&self, world: &World, refund: u8, by_id: Option<u8>) -> Answer {
        if let Some(id) = by_id {
            let shown = world.records.get(usize::from(id));
            return match shown {
                None => Answer::NotFound,
                Some(record) if record.refund == refund => says(id, record.status),
                // Our reference is not on it.
                Some(_) => Answer::Ambiguous,
            };
        }
        let bound_elsewhere =
            |id: u8| (0_u8..).zip(&world.rows).any(|(other, row)| other != refund && row.psp_id == Some(id));
        let could_be_ours = |id: u8, record: &Record| match self.kind {
            Kind::BareList => !bound_elsewhere(id),
            _ => record.refund == refund,
        };
        let mut found = (0_u8..).zip(&world.records).filter(|(id, record)| could_be_ours(*id, record));
        match (found.next(), found.next()) {
            (None, _) => Answer::NotFound,
            (Some((id, record)), None)
                if self.kind.list_shows_reference() || self.lacks(Without::AmbiguousIsUnknown) =>
            {
                says(id, record.status)
            }
            (Some((id, record)), Some(_)) if self.lacks(Without::TwoAreNotOne) => says(id, record.status),
            _ => Answer::Ambiguous,
        }
    }
}

fn says(id: u8, status: Status) -> Answer {
    match status {
        Status::Pending => Answer::Pending(id),
        Status::Done => Answer::Done(id),
        Status::Failed | Status::Undone => Answer::Refused,
    }
}

fn tell(world: &mut World, refund: u8, answer: Answer) {
    if world.notices.len() >= usize::from(world.left.notices) {
        return;
    }
    world.notices.push(Notice { refund, answer, genuine: true });
}
