//! Opening what every command works with: the store, the vault, the engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use redress_engine::admin::AdminError;
use redress_engine::admin::rotation::master_keys_in_use;
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::real_world::{OsRandom, SystemClock, TokioSpawner};
use redress_engine::world::World;
use redress_psp::guard::{GuardError, GuardPolicy};
use redress_psp::http::{HttpClient, HttpClientConfig};
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::ops::claim::{TakeOverLeases, TakenOver};
use redress_store::{MIGRATIONS, PgConfig, Role, SqliteConfig, Store};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::settings::{Place, Settings};
use crate::{master_key, whole_file};

/// An engine over an open store, and what it is built of.
pub(crate) struct Opened {
    /// The use cases.
    pub(crate) engine: Engine,
    /// What the engine works on.
    pub(crate) store: Store,
    /// Time, randomness, tasks.
    pub(crate) world: World,
    /// The tasks of the engine: exchanges with PSPs and endpoints.
    pub(crate) exchanges: TokioSpawner,
}

/// Opens for the one process that serves. An embedded store is made and brought up to date; PostgreSQL must be up to
/// date already, because other servers may be running on it.
pub(crate) async fn for_server(settings: &Settings) -> Result<Opened, Failure> {
    let config = settings.engine_config()?;
    let (world, exchanges) = real_world()?;
    make_embedded(settings, &world)?;
    let store = open_store(settings, Role::Server)?;
    match &settings.store.place {
        Place::Sqlite(path) => {
            let taken = store.migrate(MIGRATIONS, world.clock.now().as_micros()).await?;
            if taken.len() == MIGRATIONS.len() {
                // A path that begins elsewhere than was meant looks like a store that has lost everything.
                tracing::info!(path = %whole(path).display(), "there was no store here, so an empty one was made");
            } else if !taken.is_empty() {
                tracing::info!(migrations = ?taken, "the tables were brought up to date");
            }
            let TakenOver { refunds, imports } = store.run(TakeOverLeases { now: world.clock.now() }).await?;
            if refunds > 0 {
                tracing::info!(
                    leases = refunds,
                    "refunds that were being sent when the last server ended are looked up"
                );
            }
            if imports > 0 {
                tracing::info!(imports, "imports that were at work when the last server ended go on");
            }
        }
        Place::Postgres(_) => {
            up_to_date(&store).await?;
        }
    }
    let vault = Arc::new(master_key::read(&settings.store.master_key_file)?);
    keys_are_there(settings, &store, &vault.key_ids()).await?;
    let engine = Engine::new(EngineParts {
        store: store.clone(),
        world: world.clone(),
        config,
        psp_transport: Arc::new(psp_transport(settings)?),
        notify_transport: Arc::new(notify_transport(settings)?),
        connectors: redress_psp::registry::by_name,
        vault,
    });
    // Also that the database's clock is near enough: leases are measured by it.
    engine.ready().await.map_err(Failure::Unable)?;
    Ok(Opened { engine, store, world, exchanges })
}

/// With the key file of another installation nothing opens: such a server would take refunds, and could send none and tell
/// nobody. One that lacks some of the keys serves whoever needs the others.
async fn keys_are_there(settings: &Settings, store: &Store, known: &[String]) -> Result<(), Failure> {
    let in_use = match master_keys_in_use(store).await {
        Ok(in_use) => in_use,
        Err(error @ AdminError::Engine(_)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "which master keys the secrets need cannot be told: run `redress doctor`");
            return Ok(());
        }
    };
    let (here, missing): (Vec<String>, Vec<String>) = in_use.into_keys().partition(|id| known.contains(id));
    if missing.is_empty() {
        return Ok(());
    }
    let (file, missing) = (settings.store.master_key_file.display(), missing.join(" and "));
    if here.is_empty() {
        return Err(Failure::unable(format!(
            "the master key file {file} opens nothing in the database, whose secrets need {missing}: put the right file in \
             its place"
        )));
    }
    tracing::error!(%file, %missing, "secrets need a master key that is not in the file, and do not open");
    Ok(())
}

/// The door to the PSPs.
pub(crate) fn psp_transport(settings: &Settings) -> Result<HttpClient, Failure> {
    let guard = settings.psp.guard.clone();
    let connect_timeout = settings.psp.connect_timeout;
    Ok(HttpClient::new(HttpClientConfig { guard, connect_timeout })?)
}

/// The door to the merchants' endpoints.
fn notify_transport(settings: &Settings) -> Result<HttpClient, Failure> {
    let guard = settings.notifications.guard.clone();
    let connect_timeout = settings.notifications.connect_timeout;
    Ok(HttpClient::new(HttpClientConfig { guard, connect_timeout })?)
}

/// Opens for a command that works beside a running server. What is not there is not made: a mistyped directory must
/// not look like an empty store.
pub(crate) async fn for_tool(settings: &Settings) -> Result<Opened, Failure> {
    must_be_there(settings)?;
    tool(settings, Arc::new(NoNetwork(settings.notifications.guard.clone()))).await
}

/// As [`for_tool`], for a command that speaks to merchants' endpoints itself, by the server's rules.
pub(crate) async fn for_tool_that_notifies(settings: &Settings) -> Result<Opened, Failure> {
    must_be_there(settings)?;
    tool(settings, Arc::new(notify_transport(settings)?)).await
}

fn must_be_there(settings: &Settings) -> Result<(), Failure> {
    if let Place::Sqlite(path) = &settings.store.place
        && !is_there(path)?
    {
        no_restore_was_cut_off(path)?;
        return Err(Failure::unable(format!(
            "there is no store at {}: `redress serve`, `redress migrate` or `redress merchant add` make one",
            whole(path).display()
        )));
    }
    Ok(())
}

/// A path from the root on: one that begins where the program was started may lie elsewhere than whoever reads it believes.
pub(crate) fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether a file is there. What cannot be looked at may well be: nobody should be told that it is gone, and put another one
/// in its place.
pub(crate) fn is_there(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(|error| Failure::unable(format!("{}: {error}", path.display())))
}

/// Where a restore makes a store, until it has all of it and gets its name.
pub(crate) fn draft_of_restore(path: &Path) -> PathBuf {
    whole_file::beside(path, "restoring")
}

/// An empty store in place of one that is not restored yet would be served as if nothing had ever been, and the next restore
/// would be refused because of it.
pub(crate) fn no_restore_was_cut_off(path: &Path) -> Result<(), Failure> {
    let draft = draft_of_restore(path);
    if is_there(path)? || !is_there(&draft)? {
        return Ok(());
    }
    let (path, draft) = (path.display(), draft.display());
    Err(Failure::unable(format!(
        "there is no store at {path}, and {draft} is there: a restore was cut off, or is at work. Run `redress restore` again, \
         or remove {draft} for an empty store"
    )))
}

/// As [`for_tool`], for the commands that may come before the first server: they make an embedded store.
pub(crate) async fn for_first_tool(settings: &Settings) -> Result<Opened, Failure> {
    settings.engine_config()?;
    if matches!(settings.store.place, Place::Sqlite(_)) {
        let (world, _) = real_world()?;
        make_embedded(settings, &world)?;
        let store = open_store(settings, Role::Tool)?;
        // Only where nothing is there yet: an older database may have a server of its version running on it.
        if store.pending(MIGRATIONS).await?.len() == MIGRATIONS.len() {
            store.migrate(MIGRATIONS, world.clock.now().as_micros()).await?;
        }
    }
    tool(settings, Arc::new(NoNetwork(settings.notifications.guard.clone()))).await
}

async fn tool(settings: &Settings, notify_transport: Arc<dyn Transport>) -> Result<Opened, Failure> {
    let config = settings.engine_config()?;
    let (world, exchanges) = real_world()?;
    make_embedded(settings, &world)?;
    let store = open_store(settings, Role::Tool)?;
    up_to_date(&store).await?;
    let engine = Engine::new(EngineParts {
        store: store.clone(),
        world: world.clone(),
        config,
        psp_transport: Arc::new(NoNetwork(settings.psp.guard.clone())),
        notify_transport,
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(master_key::read(&settings.store.master_key_file)?),
    });
    Ok(Opened { engine, store, world, exchanges })
}

/// The machine's clock, randomness and tasks; must be called inside the runtime.
pub(crate) fn real_world() -> Result<(World, TokioSpawner), Failure> {
    let random = OsRandom::new()
        .map_err(|error| Failure::unable(format!("the system gives no randomness: {error}")))?;
    let exchanges = TokioSpawner::new(Handle::current());
    let world = World {
        clock: Arc::new(SystemClock),
        random: Arc::new(random),
        spawner: Arc::new(exchanges.clone()),
    };
    Ok((world, exchanges))
}

/// Opens the store without looking into it.
pub(crate) fn open_store(settings: &Settings, role: Role) -> Result<Store, Failure> {
    let limits = &settings.limits;
    Ok(match &settings.store.place {
        Place::Sqlite(path) => {
            let config = SqliteConfig {
                group_ops_max: limits.store_group_max,
                queue_ops_max: limits.store_queue_max,
                readers: settings.store.readers,
                ..SqliteConfig::at(path)
            };
            Store::open_sqlite(&config, role)?
        }
        Place::Postgres(url) => Store::open_postgres(&PgConfig {
            role,
            pool_size: settings.store.pool_size,
            queue_ops_max: limits.store_queue_max,
            roots_file: settings.store.roots_file.clone(),
            ..PgConfig::at(url)
        })?,
    })
}

/// Makes the directory and the master key of an embedded store that is not there yet. A database without its key is
/// refused: with a new one nothing in it would open. So is a place where a restore was cut off.
pub(crate) fn make_embedded(settings: &Settings, world: &World) -> Result<(), Failure> {
    let Place::Sqlite(path) = &settings.store.place else { return Ok(()) };
    no_restore_was_cut_off(path)?;
    let key_file = &settings.store.master_key_file;
    if !is_there(key_file)? && path.metadata().is_ok_and(|file| file.len() > 0) {
        return Err(Failure::unable(format!(
            "the database {} is there, its master key file {} is not: put it back, it opens the secrets in the database",
            path.display(),
            key_file.display()
        )));
    }
    for file in [path, key_file] {
        make_dir(file.parent().filter(|dir| !dir.as_os_str().is_empty()))?;
    }
    master_key::create(key_file, &*world.random)
}

pub(crate) fn make_dir(dir: Option<&Path>) -> Result<(), Failure> {
    let Some(dir) = dir.filter(|dir| !dir.is_dir()) else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| Failure::unable(format!("the directory {} cannot be made: {error}", dir.display())))
}

async fn up_to_date(store: &Store) -> Result<(), Failure> {
    let pending = store.pending(MIGRATIONS).await?;
    if pending.is_empty() {
        return Ok(());
    }
    let text = format!("the database lacks {} migrations: run `redress migrate` first", pending.len());
    Err(Failure::unable(text))
}

/// By how much at least this machine's clock differs from the database's; `None` where it has none of its own.
pub(crate) async fn clock_difference_micros(store: &Store, world: &World) -> Result<Option<i64>, Failure> {
    let before = world.clock.now().as_micros();
    let Some(database) = store.database_time_micros().await? else { return Ok(None) };
    let after = world.clock.now().as_micros();
    Ok(Some((before - database).max(database - after).max(0)))
}

/// Commands beside a server speak to nobody: the server does, by this policy.
struct NoNetwork(GuardPolicy);

impl Transport for NoNetwork {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let reason = "this command speaks to nobody".to_owned();
        Box::pin(std::future::ready(Err(TransportError::NotSent(reason))))
    }

    fn check_url(&self, url: &str) -> Result<(), GuardError> {
        self.0.check_url(url).map(|_| ())
    }
}
