//! Moving the write-ahead log into the database file, away from the commits that somebody waits for.
//!
//! A thread of its own runs PASSIVE checkpoints, which never block the writer. Under a writer that never pauses they
//! never reach the log's end, so the log would only be appended to. Past a limit the writer therefore pauses between
//! two groups while one checkpoint catches up; SQLite then starts the log over by itself. No reader is waited for, but
//! the snapshots that are only kept for the next brief read are let go.
//!
//! Only the checkpoint that reaches the end waits until the disk has everything that all of them moved: 50 to 150 ms.
//! So the limit is high, and fewer than one refund in a hundred meets a pause (`cargo xtask bench accept`).

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, wal::CheckpointMode};

use super::{
    at_hand::AtHand,
    conn::{Purpose, open},
    threads::spawn,
};
use crate::{open_error::OpenError, stats::Counters};

/// A checkpoint is asked for after this many new pages in the log. The more, the more often a page has been written
/// again meanwhile and is moved only once.
const EVERY_FRAMES: u64 = 16_000;
/// An idle writer asks for one already after this many.
const IDLE_FRAMES: u64 = 256;
/// The writer's end.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    wake: SyncSender<()>,
    pause_at_frames: u64,
    asked_at: u64,
    paused_at: u64,
}

struct Shared {
    conn: Mutex<Connection>,
    counters: Arc<Counters>,
    /// Not held: its connections are closed before the writer's.
    at_hand: Weak<AtHand>,
}

impl Checkpointer {
    /// Starts the thread; it ends when the `Checkpointer` is dropped. From `pause_at_frames` pages on the writer pauses
    /// to let a checkpoint catch up.
    pub(super) fn start(
        path: &Path,
        pause_at_frames: u64,
        let_go_every: Duration,
        counters: Arc<Counters>,
        at_hand: Weak<AtHand>,
    ) -> Result<(Self, JoinHandle<()>), OpenError> {
        let conn = Mutex::new(open(Some(path), Purpose::Checkpoint)?);
        let shared = Arc::new(Shared { conn, counters, at_hand });
        let (wake, woken) = sync_channel(1);
        let theirs = Arc::clone(&shared);
        let thread = spawn("redress-checkpoint", move || theirs.work(&woken, let_go_every))?;
        Ok((Checkpointer { shared, wake, pause_at_frames, asked_at: 0, paused_at: 0 }, thread))
    }

    /// The writer calls this after each group with the length of the log.
    pub(super) fn between_groups(&mut self, frames: u64) {
        if frames < self.asked_at {
            // The log was started over.
            (self.asked_at, self.paused_at) = (0, 0);
        }
        if frames >= self.pause_at_frames && frames >= self.paused_at + EVERY_FRAMES {
            // Nobody writes now, so this one reaches the end unless a reader holds on to an old page.
            self.shared.checkpoint();
            (self.asked_at, self.paused_at) = (frames, frames);
        } else if frames >= self.asked_at + EVERY_FRAMES {
            self.ask(frames);
        }
    }

    /// The writer calls this when nothing has come for a while.
    pub(super) fn idle(&mut self, frames: u64) {
        if frames >= self.asked_at + IDLE_FRAMES {
            self.ask(frames);
        }
    }

    fn ask(&mut self, frames: u64) {
        self.asked_at = frames;
        // Full means that one is asked for already.
        let _ = self.wake.try_send(());
    }
}

impl Shared {
    fn work(&self, woken: &Receiver<()>, let_go_every: Duration) {
        loop {
            match woken.recv_timeout(let_go_every) {
                Ok(()) => self.checkpoint(),
                // Where nobody reads or writes here, a command beside the server may: its log must start over too.
                Err(RecvTimeoutError::Timeout) => self.let_go(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn checkpoint(&self) {
        // What is read from now on sees the log's end and keeps none of it from being moved.
        self.let_go();
        match self.conn().wal_checkpoint_v2(rusqlite::DEFAULT_NAME, CheckpointMode::PASSIVE) {
            Ok((frames, moved)) => {
                Counters::add(&self.counters.checkpoints);
                tracing::debug!(frames, moved, "checkpoint");
            }
            // Another process is at it.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => tracing::warn!(%error, "a checkpoint failed; the write-ahead log goes on growing"),
        }
        // What was begun meanwhile reads in the log, and would keep the next write from starting it over.
        self.let_go();
    }

    fn let_go(&self) {
        if let Some(at_hand) = self.at_hand.upgrade() {
            at_hand.let_go();
        }
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
