//! `redress backup`.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use redress_core::time::Timestamp;
use redress_engine::admin::rotation::master_keys_in_use;
use redress_store::ops::history::{HistoryEntry, RecordBackup};
use redress_store::{MIGRATIONS, Role, check_sqlite, copy_sqlite};
use serde_json::json;
use tokio::task::block_in_place;

use super::manifest::{Manifest, sum};
use super::options::JsonFlag;
use crate::failure::Failure;
use crate::output::{one_line, print, print_json, time};
use crate::place::PlaceArgs;
use crate::settings::{Place, Settings};
use crate::{open, progress, whole_file};

/// Back up the embedded store into one file, also while the server runs
///
/// The backup is all of one moment. It is checked, readable by its owner only, and appears under its name only once it is
/// whole and on the disk; FILE.json beside it says when it was taken, which master keys it needs, and its SHA-256. The
/// master key is not in it: keep a copy of that file too, apart from the backup. `redress restore` puts it back. PostgreSQL
/// has its own tools: pg_dump, or pg_basebackup with its WAL.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    #[command(flatten)]
    place: PlaceArgs,
    /// Write the backup here; its directory must be there, and the file must not
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    json: JsonFlag,
}

pub(crate) async fn run(args: Backup) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let to = &args.to;
    let Place::Sqlite(path) = &settings.store.place else {
        return Err(Failure::unable(
            "this store is on PostgreSQL, which is backed up by its own tools: pg_dump, or pg_basebackup with its WAL. \
             Keep the master key file too, apart from that",
        ));
    };
    if !open::is_there(path)? {
        return Err(Failure::unable(format!("there is no store at {}", open::whole(path).display())));
    }
    for name in [to.clone(), Manifest::path(to)] {
        if open::is_there(&name)? {
            return Err(Failure::found(format!("{} is there already: choose another name", name.display())));
        }
    }
    // Not by the process's number, which in a container is the same at every start: what another one left, or writes now, is not
    // this one's.
    let (world, _) = open::real_world()?;
    let draft = whole_file::beside(to, &format!("partial-{}", hex::encode(world.random.bytes10())));
    let taken = take(&settings, path, &draft, to).await;
    if taken.is_err() {
        for leftover in [draft.clone(), suffixed(&draft, "-wal"), suffixed(&draft, "-shm")] {
            let _ = whole_file::forget(&leftover);
        }
    }
    let manifest = taken?;
    remember(&settings, manifest.copied_at()?).await?;
    tell(&settings, to, &manifest, args.json)
}

/// Copies, checks, describes, and gives the copy its name, in this order: a name always means a whole backup.
async fn take(settings: &Settings, path: &Path, draft: &Path, to: &Path) -> Result<Manifest, Failure> {
    let (world, _) = open::real_world()?;
    drop(whole_file::make(draft).map_err(|error| fail(draft, &error))?);
    // Before the snapshot: what is in the copy may be a little younger, never older.
    let copied_at = world.clock.now();
    let bar = progress::bytes(0);
    let copied = block_in_place(|| {
        copy_sqlite(path, draft, |at| {
            bar.set_length(at.pages_total * u64::from(at.page_bytes));
            bar.set_position(at.pages * u64::from(at.page_bytes));
        })
    });
    bar.finish_and_clear();
    copied?;
    let damage = block_in_place(|| check_sqlite(draft))?;
    if let Some(first) = damage.first() {
        let text = format!("the copy is damaged, and so is the store, it seems: {}", one_line(first));
        return Err(Failure::unable(text));
    }
    let store = open::open_store(&settings.at(draft.to_owned()), Role::Tool)?;
    let pending = store.pending(MIGRATIONS).await?;
    let taken = MIGRATIONS.iter().map(|step| step.version).filter(|version| !pending.contains(version));
    let schema_version = taken.max().unwrap_or(0);
    let master_keys = master_keys_in_use(&store).await?.into_keys().collect();
    drop(store);
    let read = || sum(&mut File::open(draft)?, |_| Ok(()));
    let sum = block_in_place(read).map_err(|error| fail(draft, &error))?;
    let manifest = Manifest::new(copied_at, schema_version, master_keys, sum);
    manifest.write(to, draft)?;
    whole_file::give_name(draft, to).map_err(|error| {
        // It describes what has no name.
        let _ = whole_file::forget(&Manifest::path(to));
        fail(to, &error)
    })?;
    Ok(manifest)
}

/// So that `redress doctor` knows of it. A store whose tables are older than this program has no place for it.
async fn remember(settings: &Settings, copied_at: Timestamp) -> Result<(), Failure> {
    let (world, _) = open::real_world()?;
    let store = open::open_store(settings, Role::Tool)?;
    if !store.pending(MIGRATIONS).await?.is_empty() {
        return Ok(());
    }
    let entry = HistoryEntry { happened_at: world.clock.now(), copied_at };
    let remembered = store.run(RecordBackup(entry)).await;
    remembered.map_err(|error| {
        Failure::unable(format!("the backup is good, but the store could not be told of it: {error}"))
    })
}

fn tell(settings: &Settings, to: &Path, manifest: &Manifest, json: JsonFlag) -> Result<(), Failure> {
    let key_file = &settings.store.master_key_file;
    if json.json {
        let mut value = serde_json::to_value(manifest).map_err(|error| fail(to, &error))?;
        value["file"] = json!(to.display().to_string());
        value["master_key_file"] = json!(key_file.display().to_string());
        return print_json(&value);
    }
    let (bytes, at) = (manifest.bytes, time(manifest.copied_at()?));
    print(&format!("backed up {} to {}: {bytes} bytes, all until {at}", settings.store.place, to.display()))?;
    print(&format!(
        "THE MASTER KEY IS NOT IN IT. It lies in {}: keep a copy of that file too, apart from the backup. Without {} no \
         secret in the backup opens",
        key_file.display(),
        match manifest.master_keys.join(" and ") {
            ids if ids.is_empty() => "it".to_owned(),
            ids => format!("the key {ids}"),
        }
    ))
}

/// The file beside a database file of SQLite's: `-wal`, `-shm`.
pub(super) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn fail(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::unable(format!("{}: {error}", path.display()))
}
