//! `redress migrate`.

use clap::Args;
use redress_store::{MIGRATIONS, Role};

use crate::failure::Failure;
use crate::open;
use crate::output::print;
use crate::place::PlaceArgs;

/// Bring the database's tables up to date
///
/// PostgreSQL needs this before the first `redress serve` and after every upgrade; an embedded store is brought up to
/// date by `redress serve` itself, and not while a server runs on it. Several may run at once: each step is taken once. The
/// same again changes nothing.
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn run(args: Migrate) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let (world, _) = open::real_world()?;
    open::make_embedded(&settings, &world)?;
    let pending = open::open_store(&settings, Role::Tool)?.pending(MIGRATIONS).await?;
    // Nobody serves an embedded store meanwhile: a server of the version before would go on, over tables that it does not
    // know. On PostgreSQL this refuses nothing but to begin beside a restore: servers there share their lock.
    let role = if pending.is_empty() { Role::Tool } else { Role::Server };
    let store = open::open_store(&settings, role)?;
    let taken = store.migrate(MIGRATIONS, world.clock.now().as_micros()).await?;
    for step in MIGRATIONS.iter().filter(|step| taken.contains(&step.version)) {
        print(&format!("took migration {} ({})", step.version, step.name))?;
    }
    print(&format!("{} is up to date: {} migrations", settings.store.place, MIGRATIONS.len()))
}
