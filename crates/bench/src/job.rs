//! What the two processes of a row tell each other: the job in a file, then lines of JSON over the server's standard
//! input and output.

use serde::{Deserialize, Serialize};

use crate::load::Measured;
use crate::place::Place;
use crate::prepare::Prepared;

/// What a server is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) place: Place,
    pub(crate) work: Work,
    /// Most operations in one commit; SQLite only.
    pub(crate) group_ops_max: usize,
    pub(crate) prepared: Prepared,
}

/// What is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// The faces over HTTP, as the program serves them.
    Serve,
    /// The same, with PSPs and endpoints to speak to on this machine.
    ServeAndSettle,
    /// SGate's authentication and parsing alone, over HTTP.
    OnlyParse,
    /// The own API's authentication alone, over HTTP.
    OnlyKnow,
    /// The storage operation alone, by so many callers in the process itself.
    Bare { callers: u16, seed: u64 },
}

/// The server's first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Where it listens, if anywhere.
    pub(crate) address: Option<String>,
}

/// What a server is asked: a line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Question {
    /// The counters; the first and the last of these bound the measured span.
    Sample,
    /// The end; the bare operation's waiting times.
    End,
}

/// Counters of the store as they stand.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) commits: u64,
    pub(crate) wal_pages: u64,
    pub(crate) reads: u64,
    pub(crate) checkpoints: u64,
}

/// The last answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Farewell {
    pub(crate) bare: Option<Measured>,
}
