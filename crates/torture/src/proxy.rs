//! A TCP proxy that breaks what goes through it: cuts, half-sent requests, lost answers, silence.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::dice::Dice;
use crate::time::pass;

const CHUNK_BYTES: usize = 16 * 1024;
/// Between two looks of a stalled connection at whether it may go on.
const STALL_LOOK: Duration = Duration::from_millis(5);
/// How PostgreSQL's clients end a transaction: a simple query
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const COMMIT: &[u8] = b"COMMIT\0";

/// What is done to one connection, as soon as something fitting goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Half of what the client sends next is passed on, then both sides are closed.
    MidStatement,
    /// The next COMMIT is passed on; when its answer comes it is thrown away, and both sides are closed.
    CommitAnswer,
    /// The next COMMIT is thrown away, and both sides are closed.
    Commit,
}

struct Lane {
    client: TcpStream,
    server: TcpStream,
    /// Nothing goes through any more, and nobody is told.
    dead: AtomicBool,
    /// What the server says next is lost.
    swallow: AtomicBool,
}

impl Lane {
    fn close(&self) {
        for side in [&self.client, &self.server] {
            let _ = side.shutdown(Shutdown::Both);
        }
    }
}

#[derive(Default)]
struct Shared {
    upstreams: Mutex<Vec<String>>,
    lanes: Mutex<BTreeMap<u64, Arc<Lane>>>,
    armed: Mutex<Option<Cut>>,
    stalled: AtomicBool,
    closed: AtomicBool,
    next: AtomicU64,
    /// Decides which connections are refused; none where none is.
    refuses: Mutex<Option<(Dice, u64)>>,
}

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    /// Host and port.
    pub at: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Passes on to the upstreams in turn.
    pub fn start(upstreams: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared { upstreams: Mutex::new(upstreams), ..Shared::default() });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if theirs.closed.load(SeqCst) {
                    return;
                }
                open(&theirs, client);
            }
        });
        Self { at, shared }
    }

    /// From now on so many of a hundred connections are refused.
    pub fn refuse(&self, dice: Dice, percent: u64) {
        *self.shared.refuses.lock().unwrap() = Some((dice, percent));
    }

    /// Closes every connection.
    pub fn cut_all(&self) {
        let lanes = std::mem::take(&mut *self.shared.lanes.lock().unwrap());
        lanes.values().for_each(|lane| lane.close());
    }

    /// Cuts the first connection with something fitting.
    pub fn arm(&self, cut: Cut) {
        *self.shared.armed.lock().unwrap() = Some(cut);
    }

    /// False once the cut was done.
    pub fn is_armed(&self) -> bool {
        self.shared.armed.lock().unwrap().is_some()
    }

    /// Passes on nothing for a while, and then all of it.
    pub fn stall(&self, span: Duration) {
        self.shared.stalled.store(true, SeqCst);
        pass(span);
        self.shared.stalled.store(false, SeqCst);
    }

    /// Nothing goes through the connections of now any more, and nobody is told: as when a machine loses its power.
    pub fn go_silent(&self) {
        self.shared.lanes.lock().unwrap().values().for_each(|lane| lane.dead.store(true, SeqCst));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, SeqCst);
        self.cut_all();
        // Wakes the listener.
        let _ = TcpStream::connect(&self.at);
    }
}

fn open(shared: &Arc<Shared>, client: TcpStream) {
    if shared.refuses.lock().unwrap().as_mut().is_some_and(|(dice, percent)| dice.percent(*percent)) {
        return;
    }
    let number = shared.next.fetch_add(1, SeqCst);
    let upstreams = shared.upstreams.lock().unwrap().clone();
    let upstream = &upstreams[usize::try_from(number).unwrap() % upstreams.len()];
    let Ok(server) = TcpStream::connect(upstream) else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let lane =
        Arc::new(Lane { client, server, dead: AtomicBool::new(false), swallow: AtomicBool::new(false) });
    shared.lanes.lock().unwrap().insert(number, Arc::clone(&lane));
    for to_server in [true, false] {
        let (shared, lane) = (Arc::clone(shared), Arc::clone(&lane));
        std::thread::spawn(move || {
            let _ = pump(&shared, &lane, to_server);
            if !lane.dead.load(SeqCst) {
                lane.close();
            }
            shared.lanes.lock().unwrap().remove(&number);
        });
    }
}

/// Passes on one direction until it ends; an error is an end.
fn pump(shared: &Shared, lane: &Lane, to_server: bool) -> std::io::Result<()> {
    let (mut from, mut to) =
        if to_server { (&lane.client, &lane.server) } else { (&lane.server, &lane.client) };
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        while shared.stalled.load(SeqCst) {
            pass(STALL_LOOK);
        }
        while lane.dead.load(SeqCst) {
            if shared.closed.load(SeqCst) {
                return Ok(());
            }
            pass(STALL_LOOK * 20);
        }
        let bytes = &chunk[..n];
        if !to_server && lane.swallow.load(SeqCst) {
            return Ok(());
        }
        match to_server.then(|| fitting(shared, bytes)).flatten() {
            Some(Cut::MidStatement) => return to.write_all(&bytes[..n / 2]),
            Some(Cut::Commit) => return Ok(()),
            Some(Cut::CommitAnswer) => lane.swallow.store(true, SeqCst),
            None => {}
        }
        to.write_all(bytes)?;
    }
}

/// Takes the armed cut where these bytes fit it.
fn fitting(shared: &Shared, bytes: &[u8]) -> Option<Cut> {
    let mut armed = shared.armed.lock().unwrap();
    let commits = || bytes.windows(COMMIT.len()).any(|part| part == COMMIT);
    armed.take_if(|cut| *cut == Cut::MidStatement || commits())
}
