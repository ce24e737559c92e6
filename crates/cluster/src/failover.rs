//! A primary and a synchronous standby, each a cluster of its own.

use std::fs;

use crate::{
    Outcome,
    cluster::{Cluster, Durable},
    command::capture,
};

/// How often a new standby is looked at until it keeps up; each look takes some milliseconds.
const LOOKS_MAX: usize = 2_000;

impl Cluster {
    /// Starts a standby of this cluster, and lets this one answer a commit only when the standby has it on disk.
    ///
    /// # Errors
    /// When the copy fails or the standby does not keep up.
    pub fn with_standby(&self) -> Outcome<Cluster> {
        let standby = Self::without_data(&self.bin, Durable::No)?;
        standby.follow(self)?;
        Ok(standby)
    }

    /// Makes this cluster, whose server is down, the synchronous standby of another. What it had is lost.
    ///
    /// # Errors
    /// As [`Cluster::with_standby`].
    pub fn follow(&self, primary: &Cluster) -> Outcome {
        if self.data().exists() {
            fs::remove_dir_all(self.data()).map_err(|error| format!("{}: {error}", self.data().display()))?;
        }
        let mut copy = self.program("pg_basebackup");
        copy.arg("-D").arg(self.data()).args([
            "-d",
            &primary.url(),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ]);
        capture(&mut copy)?;
        self.start_again()?;
        // After the copy, so that the standby does not wait for one of its own once it is promoted.
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        primary.sql("SELECT pg_reload_conf()")?;
        for _ in 0..LOOKS_MAX {
            if primary.sql("SELECT sync_state FROM pg_stat_replication")? == "sync" {
                return Ok(());
            }
        }
        Err("the standby does not keep up".into())
    }

    /// Makes a standby a primary.
    ///
    /// # Errors
    /// When it is none, or does not become one in time.
    pub fn promote(&self) -> Outcome {
        capture(self.pg_ctl().arg("promote")).map(drop)
    }
}
