//! The whole world at one moment: what Redress remembers, what its processes are doing, what is on its way, and what the
//! PSP has done. Times are ages in ticks, as far as anything still depends on them; see [`crate::bridge`].

use crate::bounds::Bounds;
use redress_core::case::CaseKind;
use redress_core::outcome::Finding;
use redress_core::settle::Verdict;
use redress_core::state::{Share, StateName};

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The refunds, in the order in which they were accepted.
    pub rows: Vec<Row>,
    /// The payment's balance besides what was captured.
    pub books: Books,
    /// Which refund has the payment's turn, where they are sent one after the other.
    pub turn: Option<u8>,
    /// What open cases want to block, those that block less than they want in the order in which they were opened.
    pub claims: Vec<Claim>,
    /// What the processes are doing, sorted.
    pub tasks: Vec<Task>,
    /// Requests on their way to the PSP, sorted.
    pub requests: Vec<Request>,
    /// Notifications on their way to Redress, sorted.
    pub notices: Vec<Notice>,
    /// What the PSP has on record, one after the other; the place is the PSP's id of it.
    pub records: Vec<Record>,
    /// The PSP's time for refunds of the payment is over.
    pub closed: bool,
    /// How much may still go wrong.
    pub left: Bounds,
    /// Promises that the last step broke, as [`Broken`] bits.
    pub broken: u8,
}

/// The payment's balance besides what was captured, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Books {
    /// What was given back.
    pub refunded: i64,
    /// What refunds in flight hold.
    pub reserved: i64,
    /// What contradictions hold.
    pub blocked: i64,
    /// What of `refunded` a person booked when closing a case: no refund of ours accounts for it.
    pub booked: i64,
}

/// What an open case blocks of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Of which refund.
    pub refund: u8,
    /// Which of its cases.
    pub kind: CaseKind,
    /// What core said must be blocked, in minor units.
    pub wanted: i64,
    /// What could be reached of it so far.
    pub blocked: i64,
}

/// One refund, as far as what happens next depends on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Where it stands.
    pub state: StateName,
    /// Ticks until the lease ends, where it is `submitting`.
    pub lease: u8,
    /// The age of the first send.
    pub first_sent: Option<u8>,
    /// The age of the last send.
    pub last_sent: Option<u8>,
    /// Whether the last look-up began when absence could be proved.
    pub asked: Option<Asked>,
    /// Sends that may have left.
    pub sends: u8,
    /// Sends that did not leave.
    pub not_sent: u8,
    /// Look-ups.
    pub queries: u8,
    /// What was found last.
    pub finding: Option<Finding>,
    /// The PSP has accepted it.
    pub accepted: bool,
    /// A person was called.
    pub person_called: bool,
    /// The PSP's id of it.
    pub psp_id: Option<u8>,
    /// Open cases, as bits by their place in [`CaseKind::ALL`].
    pub cases: u16,
    /// What a person has said.
    pub verdict: Option<Said>,
    /// The repetition of a request made it, that of another refund here.
    pub repeats: bool,
    /// What a person has booked as gone of its own money.
    pub booked: Booked,
}

/// What a person has booked as gone of a refund's own money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Booked {
    /// Nothing.
    Nothing,
    /// All of it, by the case that told that it had left.
    Once,
    /// All of it once more, by the case that told that it had come back: who closed that knew of both.
    Again,
}

/// A person's verdict, which can be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    /// See [`Verdict::Succeeded`].
    Succeeded,
    /// See [`Verdict::Failed`].
    Failed,
}

/// When the last look-up began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// Before absence could be proved, or before the last send.
    Early,
    /// A lease and a bound after the last send, or later.
    Proving,
}

/// What a process is doing about one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// Which process.
    pub process: u8,
    /// Which refund.
    pub refund: u8,
    /// The refund has ended since it began.
    pub stale: bool,
    /// What.
    pub job: Job,
}

/// The exchange of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Job {
    /// It has the right to send and has not written to the socket.
    Write {
        /// Which send.
        send: u8,
        /// Ticks until its lease ends; below zero when it has.
        lease: i8,
    },
    /// It has written and waits.
    Wait {
        /// Which send.
        send: u8,
    },
    /// The answer to a send is on its way, or in hand and not recorded.
    Answered {
        /// Which send.
        send: u8,
        /// What it says.
        answer: Answer,
    },
    /// A look-up: what the PSP answered is on its way, or in hand and not recorded.
    Asked {
        /// What it says.
        answer: Answer,
        /// It began when absence could be proved.
        proving: bool,
    },
}

/// What a PSP says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It did not and will not do it.
    Refused,
    /// It has accepted it, by its id.
    Pending(u8),
    /// It did it, by its id.
    Done(u8),
    /// It shows none.
    NotFound,
    /// It shows more than one that could be it, or one that cannot.
    Ambiguous,
    /// Nothing that says anything.
    Nothing,
}

/// A request on its way to the PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// For which refund.
    pub refund: u8,
    /// Which send.
    pub send: u8,
    /// How long ago it left, where the PSP's kind depends on it.
    pub age: u8,
}

/// A notification on its way to Redress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notice {
    /// About which refund.
    pub refund: u8,
    /// What it says.
    pub answer: Answer,
    /// Whether the PSP sent it.
    pub genuine: bool,
}

/// A refund on the PSP's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// Which refund asked for it.
    pub refund: u8,
    /// The key it came with.
    pub key: u8,
    /// How long ago it came, while the PSP knows the key and somebody may still use it.
    pub key_age: Option<u8>,
    /// Where it stands.
    pub status: Status,
}

/// Where a refund stands at the PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Accepted, the end is open.
    Pending,
    /// The money was given back.
    Done,
    /// Accepted, and then not done.
    Failed,
    /// Done, and the money came back.
    Undone,
}

/// A promise that is about a step, not about a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A request went out though an earlier one could still act, without a key.
    SentAgain = 1,
    /// The right to send was given while another could still use it.
    TwoSenders = 2,
    /// The PSP's word of success was dropped.
    WordDropped = 4,
    /// A step was refused by the table or the balance, or an open refund was left with nobody to look at it.
    Refused = 8,
    /// The PSP was asked about a refund without its own id, by which alone it can be asked.
    AskedWithoutId = 16,
    /// That booked money came back was not told, or the money became free by it; or it was taken back by another word.
    CameBack = 32,
}

impl Row {
    /// Where its amount counts.
    pub const fn share(&self) -> Share {
        self.state.share()
    }

    /// The number of its newest send.
    pub const fn send_number(&self) -> u8 {
        self.sends + self.not_sent
    }

    /// Whether a case of the kind is open.
    pub fn has_case(&self, kind: CaseKind) -> bool {
        self.cases & case_bit(kind) != 0
    }
}

/// The bit of a kind of case in [`Row::cases`].
pub(crate) fn case_bit(kind: CaseKind) -> u16 {
    let place = CaseKind::ALL.into_iter().position(|known| known == kind).unwrap_or_default();
    1 << place
}

impl Said {
    /// What core calls it.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Succeeded => Verdict::Succeeded,
            Self::Failed => Verdict::Failed,
        }
    }
}

impl Answer {
    /// The PSP's word that it did it or will.
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Pending(_) | Self::Done(_))
    }
}

impl World {
    /// Notes a broken promise.
    pub fn breaks(&mut self, promise: Broken) {
        self.broken |= promise as u8;
    }

    /// Whether a promise was broken.
    pub const fn has_broken(&self, promise: Broken) -> bool {
        self.broken & promise as u8 != 0
    }
}
