//! `redress restore`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use redress_core::time::Timestamp;
use redress_engine::admin::restored::MadeFit;
use redress_engine::admin::rotation::master_keys_in_use;
use redress_store::{Alone, MIGRATIONS, OpenError, Role, ServerLock, check_sqlite};
use tokio::task::block_in_place;

use super::backup::{fail, suffixed};
use super::manifest::{Manifest, Sum, sum};
use super::verify;
use crate::failure::Failure;
use crate::open::{self, Opened};
use crate::output::{one_line, print, time};
use crate::place::PlaceArgs;
use crate::settings::{Place, Settings};
use crate::{master_key, progress, whole_file};

/// How long a server that was just stopped may still be seen on PostgreSQL, which may be at work for it, in milliseconds.
const LEAVING_MS_MAX: u64 = 5_000;
/// Between two looks for it, in milliseconds.
const LEAVING_TRY_EVERY_MS: u64 = 250;

/// Put a backup of the embedded store in place, where no store is; or make a restored PostgreSQL database fit for use
///
/// Put the master key file in its place first. The backup is checked before anything appears: its SHA-256, its structure,
/// its tables' history, and that the master key opens its secrets. THE PSPS WENT ON SINCE THE BACKUP: what was open in it
/// may have been sent since, so it becomes unknown and is looked up before anything is sent; and every PSP account is
/// paused, because of refunds made since the store knows nothing. See "Restore" in docs/operate.md before you resume them.
///
/// With --in-place it does the same to a database that PostgreSQL's own tools have put back. Run it before the first server
/// starts: that would send what is queued in it. It changes nothing while a server works on the database, and no server starts
/// on it meanwhile.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    #[command(flatten)]
    place: PlaceArgs,
    /// The backup, a file of `redress backup` with its manifest FILE.json
    #[arg(long, value_name = "FILE", required_unless_present = "in_place")]
    from: Option<PathBuf>,
    /// The store is a PostgreSQL database which its own tools have put back, and which no server uses yet
    #[arg(long, requires = "copied_at", conflicts_with = "from")]
    in_place: bool,
    /// For a copy without a manifest: when it was begun, as 2026-01-02T03:04:05Z; rather too early than too late. For a
    /// database that was put back to a point in time, that point
    #[arg(long, value_name = "TIME", value_parser = moment)]
    copied_at: Option<Timestamp>,
    /// Recompute the books too, as `redress verify` does, and put nothing in place where they do not agree
    #[arg(long)]
    verify: bool,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let at: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Ok(Timestamp::from_micros(at.as_microsecond()))
}

pub(crate) async fn run(args: Restore) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    match (&settings.store.place, &args.from, args.copied_at) {
        (Place::Sqlite(path), Some(from), _) => from_backup(&settings, &args, path, from).await,
        (Place::Postgres(_), None, Some(copied_at)) => in_place(&settings, &args, copied_at).await,
        (Place::Postgres(_), ..) => Err(Failure::unable(
            "this store is on PostgreSQL: put it back with PostgreSQL's own tools, and then run \
             `redress restore --in-place --copied-at TIME` before the first server starts",
        )),
        (Place::Sqlite(_), None, _) => {
            Err(Failure::unable("this store is a file: give its backup with --from"))
        }
    }
}

/// Does to a database that is there already what is done to a backup. What is wrong with it is said before it is changed.
async fn in_place(settings: &Settings, args: &Restore, copied_at: Timestamp) -> Result<(), Failure> {
    let alone = without_servers(settings).await?;
    up_to_date(settings).await?;
    let opened = open::for_tool(settings).await?;
    secrets_open(settings, &opened).await?;
    if args.verify {
        verify::books(&opened.engine).await?;
    }
    let lost = |error: OpenError, then: &str| {
        Failure::unable(format!("{error}: servers are not kept away any more. {then}"))
    };
    alone.check().await.map_err(|error| lost(error, "Nothing was changed: run this once more"))?;
    let fit = opened.engine.make_fit_after_restore(copied_at).await?;
    alone.check().await.map_err(|error| lost(error, "Stop those that have come, and run this once more"))?;
    tell(&settings.store.place.to_string(), copied_at, fit)
}

/// Whoever meant another database would have all of its accounts paused, and what is being sent there counted as unknown.
async fn without_servers(settings: &Settings) -> Result<Alone, Failure> {
    let (world, _) = open::real_world()?;
    let store = open::open_store(settings, Role::Tool)?;
    let mut tries_left = LEAVING_MS_MAX / LEAVING_TRY_EVERY_MS;
    loop {
        match store.alone().await {
            Ok(alone) => return Ok(alone),
            Err(OpenError::Served { .. }) if tries_left > 0 => tries_left -= 1,
            Err(error) => return Err(refused_where_locked(&error)),
        }
        world.clock.sleep(Duration::from_millis(LEAVING_TRY_EVERY_MS)).await;
    }
}

async fn from_backup(settings: &Settings, args: &Restore, path: &Path, from: &Path) -> Result<(), Failure> {
    let manifest = Manifest::read(from)?;
    let copied_at = match (&manifest, args.copied_at) {
        (Some(_), Some(_)) => {
            return Err(Failure::found("--copied-at is for a copy without a manifest: this one has its own"));
        }
        (Some(manifest), None) => manifest.copied_at()?,
        (None, Some(at)) => at,
        (None, None) => {
            let expected = Manifest::path(from);
            return Err(Failure::found(format!(
                "{} is not there: say with --copied-at when the copy was begun",
                expected.display()
            )));
        }
    };
    let log = suffixed(from, "-wal");
    if log.exists() {
        let text = "a part of the copy lies in it, which is not restored: open and close the copy with sqlite3 first";
        return Err(Failure::found(format!("{}: {text}", log.display())));
    }
    key_is_there(settings, manifest.as_ref())?;
    open::make_dir(Some(whole_file::dir_of(path)))?;
    let _lock = ServerLock::take(path, Duration::ZERO).map_err(|error| refused_where_locked(&error))?;
    nothing_is_there(path)?;
    // Always the same name: the lock says that nobody else restores here, so what lies there was left by one that was killed.
    let draft = open::draft_of_restore(path);
    let forget_draft = || {
        let leftovers = [draft.clone(), suffixed(&draft, "-wal"), suffixed(&draft, "-shm")];
        leftovers.iter().try_for_each(|leftover| whole_file::forget(leftover))
    };
    forget_draft().map_err(|error| fail(&draft, &error))?;
    let places = Places { from, draft: &draft, path };
    let made = put(settings, args, manifest.as_ref(), copied_at, places).await;
    if made.is_err() {
        let _ = forget_draft();
    }
    tell(&path.display().to_string(), copied_at, made?)
}

fn refused_where_locked(error: &OpenError) -> Failure {
    match error {
        OpenError::Locked { .. } | OpenError::Served { .. } => Failure::found(error.to_string()),
        _ => Failure::unable(error.to_string()),
    }
}

/// A new key would open nothing in the backup, so none is made.
fn key_is_there(settings: &Settings, manifest: Option<&Manifest>) -> Result<(), Failure> {
    let file = &settings.store.master_key_file;
    if open::is_there(file)? {
        return Ok(());
    }
    let needs = manifest.map(|manifest| manifest.master_keys.join(" and ")).filter(|ids| !ids.is_empty());
    let needs = needs.map_or_else(String::new, |ids| format!(" The backup needs {ids}"));
    let file = file.display();
    Err(Failure::found(format!("put the master key file at {file} first: no backup holds it.{needs}")))
}

fn nothing_is_there(path: &Path) -> Result<(), Failure> {
    for taken in [path.to_owned(), suffixed(path, "-wal"), suffixed(path, "-shm")] {
        if open::is_there(&taken)? {
            return Err(Failure::found(format!(
                "{} is there already: move the old store away, with its -wal and -shm, and keep it",
                taken.display()
            )));
        }
    }
    Ok(())
}

/// Where a backup is, where a store is made of it, and where that goes.
struct Places<'a> {
    from: &'a Path,
    draft: &'a Path,
    path: &'a Path,
}

/// Makes the store beside its place, and gives it its name as the last step.
async fn put(
    settings: &Settings,
    args: &Restore,
    manifest: Option<&Manifest>,
    copied_at: Timestamp,
    Places { from, draft, path }: Places<'_>,
) -> Result<MadeFit, Failure> {
    block_in_place(|| fetch(from, manifest, draft))?;
    let damage = block_in_place(|| check_sqlite(draft))
        .map_err(|error| Failure::found(format!("{}: {error}", from.display())))?;
    if let Some(first) = damage.first() {
        let first = one_line(first);
        return Err(Failure::found(format!("{} is damaged: {first}", from.display())));
    }
    let there = settings.at(draft.to_owned());
    up_to_date(&there).await?;
    let opened = open::for_tool(&there).await?;
    secrets_open(settings, &opened).await?;
    let fit = opened.engine.make_fit_after_restore(copied_at).await?;
    if args.verify {
        verify::books(&opened.engine).await?;
    }
    drop(opened);
    let log = suffixed(draft, "-wal");
    if log.exists() {
        return Err(Failure::unable(format!("{} should be gone: it was not closed in order", log.display())));
    }
    whole_file::give_name(draft, path).map_err(|error| fail(path, &error))?;
    Ok(fit)
}

/// Copies the file and checks it against its manifest.
fn fetch(from: &Path, manifest: Option<&Manifest>, draft: &Path) -> Result<(), Failure> {
    let mut source = File::open(from).map_err(|error| fail(from, &error))?;
    let length = source.metadata().map_err(|error| fail(from, &error))?.len();
    let mut to = whole_file::make(draft).map_err(|error| fail(draft, &error))?;
    let bar = progress::bytes(length);
    let copied = copy((from, &mut source), (draft, &mut to), |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let sum = copied?;
    let Some(manifest) = manifest else { return Ok(()) };
    if (sum.bytes, &sum.sha256) == (manifest.bytes, &manifest.sha256) {
        return Ok(());
    }
    let from = from.display();
    Err(Failure::found(format!("{from} is not what its manifest describes: it was changed or cut off")))
}

/// Copies one to the other. A full disk is the trouble of the place that is written, and the backup is well.
fn copy(
    (from, source): (&Path, &mut dyn Read),
    (draft, to): (&Path, &mut dyn Write),
    done: impl Fn(u64),
) -> Result<Sum, Failure> {
    let mut at = from;
    let copied = sum(source, |part| {
        done(part.len() as u64);
        to.write_all(part).inspect_err(|_| at = draft)
    });
    copied.map_err(|error| fail(at, &error))
}

/// An older backup gets the tables of this program; one of a newer program, or of none, is refused.
async fn up_to_date(there: &Settings) -> Result<(), Failure> {
    let (world, _) = open::real_world()?;
    let store = open::open_store(there, Role::Tool)?;
    let pending = store.pending(MIGRATIONS).await.map_err(|error| Failure::found(error.to_string()))?;
    if pending.len() == MIGRATIONS.len() {
        return Err(Failure::found("it is a database, but none of this program's"));
    }
    for version in store.migrate(MIGRATIONS, world.clock.now().as_micros()).await? {
        print(&format!("took migration {version}"))?;
    }
    Ok(())
}

async fn secrets_open(settings: &Settings, opened: &Opened) -> Result<(), Failure> {
    let file = settings.store.master_key_file.display();
    let known = master_key::read(&settings.store.master_key_file)?.key_ids();
    let needed = master_keys_in_use(&opened.store).await?;
    let missing: Vec<_> = needed.into_keys().filter(|id| !known.contains(id)).collect();
    if !missing.is_empty() {
        let missing = missing.join(" and ");
        return Err(Failure::found(format!(
            "the backup needs the master key {missing}, which is not in {file}"
        )));
    }
    let check = opened.engine.check_secrets().await?;
    match check.failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::found(format!("{file} does not open all secrets, the first: {first}"))),
    }
}

fn tell(store: &str, copied_at: Timestamp, fit: MadeFit) -> Result<(), Failure> {
    let MadeFit { unknown, pending, paused } = fit;
    print(&format!("restored {store}: all until {}, nothing after", time(copied_at)))?;
    print(&format!(
        "{unknown} refunds were open and may have been sent since: they are unknown now, and looked up before anything is \
         sent. {pending} more were accepted by their PSP and are looked up"
    ))?;
    print(&format!(
        "{paused} PSP accounts are PAUSED. Refunds made after the backup are at the PSPs, and not in this store: their \
         money looks free, and who asks for them again makes a new refund. Compare with each PSP's own list before \
         `redress psp-account resume`: docs/operate.md, Restore"
    ))?;
    print(
        "keys, endpoints and accounts that were revoked or changed since the backup are as they were: do it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_called_by_its_own_name() {
        let (from, draft) = (Path::new("/b/a.db"), Path::new("/data/redress.db.restoring"));
        let copied = |source: &mut dyn Read, to: &mut dyn Write| copy((from, source), (draft, to), |_| {});
        let mut whole = Vec::<u8>::new();
        assert_eq!(copied(&mut &b"abc"[..], &mut whole).unwrap().bytes, 3);
        assert_eq!(whole, b"abc");
        let mut no_room: &mut [u8] = &mut [];
        let full = copied(&mut &b"abc"[..], &mut no_room).unwrap_err().to_string();
        assert!(full.starts_with("/data/redress.db.restoring: "), "{full}");
        // A directory opens, and is not read.
        let mut unreadable = File::open("/").unwrap();
        let unread = copied(&mut unreadable, &mut whole).unwrap_err().to_string();
        assert!(unread.starts_with("/b/a.db: "), "{unread}");
    }
}
