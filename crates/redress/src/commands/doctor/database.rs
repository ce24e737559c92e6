//! What the doctor asks the database: how it is set, how fast it keeps what is written, what its secrets need.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use redress_engine::admin::rotation::master_keys_in_use;
use redress_engine::world::World;
use redress_store::ops::feed::NewestEvent;
use redress_store::ops::history::{HistoryKind, LatestOf};
use redress_store::ops::write_probe::WriteProbe;
use redress_store::{Engine, MIGRATIONS, Role, Store};

use super::here::check_private;
use super::{Check, Trouble};
use crate::output::time;
use crate::settings::{Place, Settings};
use crate::{master_key, open, whole_file};

/// A clock before 2025-01-01T00:00:00Z was never set, in seconds.
const CLOCK_MIN_SECONDS: i64 = 1_735_689_600;

/// How far this machine's clock may be from the database's, in microseconds.
const CLOCK_DIFFERENCE_MAX_MICROS: i64 = 1_000_000;

/// How far behind the newest event of an embedded store this machine's clock may be: NTP sets it back by little.
const CLOCK_SET_BACK_MAX: Duration = Duration::from_secs(1);

/// So many writes are measured; the one in the middle counts.
const WRITES: usize = 5;

/// How much one of them writes, in bytes.
const WRITE_BYTES: usize = 4_096;

/// A write that takes longer until it is on the disk makes every refund wait, in microseconds.
const WRITE_MAX_MICROS: u64 = 100_000;

/// A backup is old after so long: a daily one that failed once, in seconds.
const BACKUP_AGE_MAX_SECONDS: u64 = 48 * 3_600;

pub(super) async fn open_store(settings: &Settings) -> Result<Store, Trouble> {
    if let Place::Sqlite(path) = &settings.store.place
        && !open::is_there(path).map_err(|error| error.to_string())?
    {
        open::no_restore_was_cut_off(path).map_err(|error| error.to_string())?;
        let path = path.display();
        return Err(format!("{path} is not there yet: the first `redress serve` makes it").into());
    }
    let store = open::open_store(settings, Role::Tool).map_err(|error| error.to_string())?;
    // PostgreSQL connects when it is first asked.
    store.database_time_micros().await.map_err(|error| error.to_string())?;
    Ok(store)
}

pub(super) async fn check_migrations(store: &Store) -> Check {
    let pending = store.pending(MIGRATIONS).await.map_err(|error| error.to_string())?;
    if pending.is_empty() {
        return Ok(format!("all {} are taken", MIGRATIONS.len()));
    }
    Err(format!("{} of {} are missing: run `redress migrate`", pending.len(), MIGRATIONS.len()).into())
}

/// How long it takes until a write is kept for good: the disk's flush, and a synchronous standby's.
pub(super) async fn check_write(settings: &Settings, store: &Store, world: &World) -> Check {
    let mut spans = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let before = world.clock.now();
        store.run(WriteProbe).await.map_err(|error| error.to_string())?;
        // SQLite does not write what is there already: the disk is asked beside its file.
        if let Place::Sqlite(path) = &settings.store.place {
            write_beside(path).map_err(|error| format!("beside {}: {error}", path.display()))?;
        }
        spans.push(world.clock.now().since(before));
    }
    spans.sort_unstable();
    let micros = spans.get(WRITES / 2).map_or(0, |span| u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
    let text = format!("a write is kept for good after {}.{} ms", micros / 1_000, micros % 1_000 / 100);
    if micros <= WRITE_MAX_MICROS {
        return Ok(text);
    }
    Err(Trouble::Warning(format!("{text}: every refund waits for that; use a faster disk")))
}

/// Writes a page into a file of its own and waits until the disk has it.
fn write_beside(path: &Path) -> std::io::Result<()> {
    let probe = whole_file::beside(path, &format!("doctor-{}", std::process::id()));
    let written = whole_file::make(&probe).and_then(|mut file| {
        file.write_all(&[0; WRITE_BYTES])?;
        file.sync_all()
    });
    whole_file::forget(&probe)?;
    written
}

/// Whether the database is set to keep what it says it kept.
pub(super) async fn check_database(settings: &Settings, store: &Store) -> Check {
    let found = store.database_settings().await.map_err(|error| error.to_string())?;
    let value = |name: &str| found.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let wrong = |name: &str, wanted: &str| {
        let text = format!("{name} is {}: set it to {wanted}, or a crash loses refunds", value(name));
        Err(Trouble::Problem(text))
    };
    if store.engine() == Engine::Sqlite {
        return match (value("journal_mode"), value("synchronous")) {
            ("wal", "2") => Ok("write-ahead log, flushed at every commit".to_owned()),
            ("wal", _) => wrong("synchronous", "FULL"),
            _ => wrong("journal_mode", "WAL"),
        };
    }
    for name in ["fsync", "full_page_writes"] {
        if value(name) != "on" {
            return wrong(name, "on");
        }
    }
    if value("synchronous_commit") == "off" {
        return wrong("synchronous_commit", "on");
    }
    let connections = value("max_connections");
    if connections.parse::<usize>().is_ok_and(|all| all <= settings.store.pool_size) {
        let text = format!("max_connections is {connections}, store.pool_size {}", settings.store.pool_size);
        return Err(Trouble::Warning(format!("{text}: each server takes so many")));
    }
    Ok(format!("PostgreSQL {}, synchronous_commit {}", value("server_version"), value("synchronous_commit")))
}

/// The last copy that `redress backup` took.
pub(super) async fn check_backups(settings: &Settings, store: &Store, world: &World) -> Check {
    if !matches!(settings.store.place, Place::Sqlite(_)) {
        return Ok("PostgreSQL's own matter: this program does not see them".to_owned());
    }
    let latest = store.read(LatestOf(HistoryKind::Backup)).await.map_err(|error| error.to_string())?;
    let Some(latest) = latest else {
        return Err(Trouble::Warning("none was ever taken with `redress backup`".to_owned()));
    };
    let age = world.clock.now().since(latest.copied_at).as_secs();
    let text = format!("the last one is of {}", time(latest.copied_at));
    if age <= BACKUP_AGE_MAX_SECONDS {
        return Ok(text);
    }
    Err(Trouble::Warning(format!("{text}, {} hours ago: take one every day", age / 3_600)))
}

/// An embedded store has no clock of its own: there the newest event says how late it must be.
pub(super) async fn check_clock(store: &Store, world: &World, migrated: bool) -> Check {
    let now = world.clock.now();
    if now.as_seconds() < CLOCK_MIN_SECONDS {
        return Err("this machine's clock was never set: use NTP".to_owned().into());
    }
    if store.engine() == Engine::Sqlite && migrated {
        let newest = store.read(NewestEvent).await.map_err(|error| error.to_string())?;
        if let Some(newest) = newest.filter(|newest| *newest > now.plus(CLOCK_SET_BACK_MAX)) {
            let (now, newest) = (time(now), time(newest));
            let text = format!("{now} by this machine, and the newest event in the database is of {newest}");
            return Err(format!("{text}: the clock is behind, or was ahead then; set it by NTP").into());
        }
    }
    match open::clock_difference_micros(store, world).await.map_err(|error| error.to_string())? {
        None => Ok(format!("{} by this machine", time(now))),
        Some(off) if off <= CLOCK_DIFFERENCE_MAX_MICROS => {
            Ok(format!("{}, {} ms away from the database's", time(now), off / 1_000))
        }
        Some(off) => Err(format!(
            "{} ms away from the database's, at most 1000 are allowed: set both by NTP",
            off / 1_000
        )
        .into()),
    }
}

/// Whether the key file opens every secret in use, and which of its keys are needed.
pub(super) async fn check_master_key(settings: &Settings, migrated: bool) -> Check {
    let path = &settings.store.master_key_file;
    let there = open::is_there(path).map_err(|error| error.to_string())?;
    if matches!(settings.store.place, Place::Sqlite(_)) && !there {
        // Never to be made anew here: the database is there, and a new key opens nothing in it.
        let path = path.display();
        return Err(format!("{path} is not there: put it back, it opens the secrets in the database").into());
    }
    master_key::read(path).map_err(|error| error.to_string())?;
    check_private(path)?;
    if !migrated {
        return Ok(format!("{} can be read", path.display()));
    }
    let opened = open::for_tool(settings).await.map_err(|error| error.to_string())?;
    let check = opened.engine.check_secrets().await.map_err(|error| error.to_string())?;
    match check.failed.first() {
        None => {}
        Some(first) => {
            let (failed, all) = (check.failed.len(), check.failed.len() + check.opened);
            let text = format!("{failed} of {all} secrets do not open, the first: {first}");
            return Err(format!("{text}. Put the right key file in its place").into());
        }
    }
    let in_use = master_keys_in_use(&opened.store).await.map_err(|error| error.to_string())?;
    if in_use.is_empty() {
        return Ok(format!("{} can be read; there is no secret yet", path.display()));
    }
    let newest = master_key::read(path).map_err(|error| error.to_string())?.key_ids().into_iter().next();
    let uses: Vec<_> = in_use.iter().map(|(id, count)| format!("{id} ({count})")).collect();
    let text = format!(
        "{} opens all {} secrets in use; sealed in the database: {}",
        path.display(),
        check.opened,
        uses.join(", ")
    );
    if in_use.keys().all(|id| Some(id) == newest.as_ref()) {
        return Ok(text);
    }
    let how = match (&settings.store.place, newest) {
        (Place::Postgres(_), Some(newest)) => format!(
            "where {newest} is the key to rotate to, `redress key rotate-master --to {newest}` brings the rotation to its end; \
             else this machine lacks the newest key file"
        ),
        _ => "`redress key rotate-master` brings a rotation to its end".to_owned(),
    };
    Err(Trouble::Warning(format!("{text}: {how}")))
}
