//! `redress key rotate-master`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use redress_engine::admin::rotation::{ResealCursor, master_keys_in_use};
use redress_engine::engine::Engine;
use redress_store::{OpenError, ServerLock, Store};

use crate::failure::Failure;
use crate::output::print;
use crate::settings::{Place, Settings};
use crate::{master_key, open, progress};

/// A rotation that still finds something to do after so many passes gives up: somebody keeps sealing with an old key.
const PASSES_MAX: u32 = 10;

/// What to do beyond sealing everything with the newest key.
#[derive(Args, Debug)]
pub(super) struct RotateMaster {
    /// Make this key of the file the newest instead of a new one: the second step on PostgreSQL
    #[arg(long, value_name = "KEY_ID")]
    to: Option<String>,
    /// Only remove the keys from the file that nothing in the database needs; backups taken before need them
    #[arg(long, conflicts_with = "to")]
    drop_old: bool,
}

pub(super) async fn run(settings: &Settings, args: RotateMaster) -> Result<(), Failure> {
    let file = &settings.store.master_key_file;
    let opened = open::for_tool(settings).await?;
    let _alone = alone(file)?;
    if args.drop_old {
        return drop_old(settings, &opened.store).await;
    }
    let (in_use, known) = (master_keys_in_use(&opened.store).await?, master_key::read(file)?.key_ids());
    let newest = known.first().cloned().unwrap_or_default();
    let unfinished = in_use.keys().any(|id| *id != newest);
    match (args.to, &settings.store.place) {
        (Some(id), _) => {
            master_key::make_first(file, &id)?;
            print(&format!("{id} is the newest key in {} now", file.display()))?;
        }
        // This may be the file of a machine that was not given the new one yet: everything would be sealed with the old
        // key again.
        (None, Place::Postgres(_)) if unfinished => {
            return Err(Failure::found(format!(
                "secrets need {}, and the newest key in {} is {newest}. Where that is the key to rotate to: redress key \
                 rotate-master --to {newest}. Else give this machine the newest file first",
                in_use.into_keys().collect::<Vec<_>>().join(" and "),
                file.display()
            )));
        }
        (None, Place::Sqlite(_)) if unfinished => {
            print(&format!("a rotation to {newest} did not come to its end: going on with it"))?;
        }
        (None, Place::Sqlite(_)) => {
            let id = master_key::add(file, &*opened.world.random, true)?;
            print(&format!("{id} is the newest key in {} now; the old ones still open", file.display()))?;
        }
        (None, Place::Postgres(_)) => {
            let id = master_key::add(file, &*opened.world.random, false)?;
            print(&format!("added {id} at the end of {}: it opens, and seals nothing yet", file.display()))?;
            return print(&format!(
                "now give this file to every server and command of this database, then run: redress key rotate-master --to \
                 {id}"
            ));
        }
    }
    // Anew, with the file as it is now.
    drop(opened);
    let opened = open::for_tool(settings).await?;
    let sealed = reseal(&opened.engine).await?;
    let newest = master_key::read(file)?.key_ids().first().cloned().unwrap_or_default();
    print(&format!("{sealed} secrets were sealed anew: all of them need {newest}, and no other key"))?;
    print(&format!(
        "copy {} to where its copy is kept, and to every other server. The old keys stay in it: backups taken before \
         need them. Once no such backup counts: redress key rotate-master --drop-old",
        file.display()
    ))
}

/// Nobody else changes the key file on this machine until it is dropped. Of two that read the file and write it, the second
/// would take the first one's new key away, and with it all that was sealed with that key meanwhile. Nothing where nothing can
/// be made beside the file, as in a secret that is mounted: then this command cannot put another in its place either, and only
/// seals anew.
fn alone(file: &Path) -> Result<Option<ServerLock>, Failure> {
    // What the file is put in the place of, where it is a link.
    let place =
        file.canonicalize().map_err(|error| Failure::unable(format!("{}: {error}", file.display())))?;
    match ServerLock::take(&place, Duration::ZERO) {
        Ok(lock) => Ok(Some(lock)),
        Err(OpenError::Locked { holder, .. }) => Err(Failure::found(format!(
            "another command changes {} now, {holder}: run this one when it has ended",
            file.display()
        ))),
        Err(OpenError::LockFile { path, .. }) if !path.exists() => Ok(None),
        Err(error) => Err(Failure::unable(error.to_string())),
    }
}

/// Passes over everything until one has nothing to do; answers how many secrets were sealed anew.
async fn reseal(engine: &Engine) -> Result<u64, Failure> {
    let bar = progress::count("secrets");
    let mut all = 0;
    for _ in 0..PASSES_MAX {
        let (mut resealed, mut failed, mut next) = (0, Vec::new(), Some(ResealCursor::default()));
        while let Some(from) = next {
            let batch = engine.reseal_batch(from).await?;
            resealed += batch.resealed;
            failed.extend(batch.failed);
            bar.inc(batch.seen);
            next = batch.next;
        }
        all += resealed;
        if let Some(first) = failed.first() {
            bar.finish_and_clear();
            let count = failed.len();
            return Err(Failure::found(format!(
                "{count} secrets do not open and were left, the first: {first}"
            )));
        }
        if resealed == 0 {
            bar.finish_and_clear();
            return Ok(all);
        }
    }
    bar.finish_and_clear();
    Err(Failure::found("somebody keeps sealing with an old key: does every server have this key file?"))
}

async fn drop_old(settings: &Settings, store: &Store) -> Result<(), Failure> {
    let file = &settings.store.master_key_file;
    let in_use = master_keys_in_use(store).await?;
    let before = master_key::text(file)?;
    let dropped = master_key::keep(file, |id| in_use.contains_key(id))?;
    // A server may have sealed something in between with a key that was about to go.
    let now = master_keys_in_use(store).await?;
    if now.keys().any(|id| dropped.contains(id)) {
        master_key::put_back(file, &before)?;
        return Err(Failure::found("an old key came into use again: run `redress key rotate-master` first"));
    }
    match dropped.as_slice() {
        [] => print(&format!("nothing is dropped: every older key in {} is needed", file.display())),
        ids => print(&format!(
            "dropped {} from {}: no backup that needs it can be restored with this file",
            ids.join(" and "),
            file.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beside_which_nothing_can_be_made_needs_no_lock_and_one_whose_lock_cannot_be_taken_does() {
        // Nobody makes a file there, whoever they are.
        assert!(alone(Path::new("/proc/self/status")).unwrap().is_none());
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("master.key");
        std::fs::write(&file, "").unwrap();
        let lock = dir.path().join("master.key.lock");
        std::fs::create_dir(&lock).unwrap();
        assert!(alone(&file).is_err());
        std::fs::remove_dir(&lock).unwrap();
        assert!(alone(&file).unwrap().is_some());
    }
}
