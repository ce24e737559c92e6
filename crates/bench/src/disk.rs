//! How long the disk itself takes to make one page durable.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::Serialize;

use crate::Outcome;
use crate::measure::{now, percentile};

const PAGE_BYTES: usize = 4096;
const PAGES: u64 = 256;
const TRIES: u64 = 1_000;

/// Overwriting one preallocated page and waiting for the disk.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Disk {
    pub(crate) fdatasync_p50_micros: u32,
    pub(crate) fdatasync_p99_micros: u32,
}

pub(crate) fn measure(dir: &Path) -> Outcome<Disk> {
    let path = dir.join("fdatasync");
    let measured = tries(&path).map_err(|error| format!("{}: {error}", path.display()));
    let _ = fs::remove_file(&path);
    let mut took = measured?;
    took.sort_unstable();
    Ok(Disk { fdatasync_p50_micros: percentile(&took, 500), fdatasync_p99_micros: percentile(&took, 990) })
}

fn tries(path: &Path) -> std::io::Result<Vec<u32>> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    let page = [0xa5; PAGE_BYTES];
    let at = |i: u64| i % PAGES * PAGE_BYTES as u64;
    for i in 0..PAGES {
        file.write_all_at(&page, at(i))?;
    }
    file.sync_all()?;
    (0..TRIES)
        .map(|i| {
            let started = now();
            file.write_all_at(&page, at(i * 7))?;
            file.sync_data()?;
            Ok(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX))
        })
        .collect()
}
