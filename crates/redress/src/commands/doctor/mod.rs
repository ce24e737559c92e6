//! `redress doctor`.

mod database;
mod here;
mod reach;

use clap::Args;
use redress_store::Store;
use serde_json::{Value, json};

use super::options::JsonFlag;
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json};
use crate::place::PlaceArgs;
use crate::settings::Settings;

/// Check that this installation can work: one line a check, and what to do
///
/// Checks the settings and what must hold between them, the store, its migrations and how it is set, how long a write takes
/// to be kept, the disk, the clock, that the master key opens the secrets, the addresses, where merchants are notified, the
/// PSP accounts and the age of the last backup. Changes nothing, and works beside a running server. Exits 0 when nothing
/// failed (a warning is no failure), 1 when a check did, 2 when the settings cannot be read.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    place: PlaceArgs,
    /// Also connect to every endpoint, and ask every PSP something that moves no money
    #[arg(long)]
    probe: bool,
    #[command(flatten)]
    json: JsonFlag,
}

/// What is not well, and what to do about it.
enum Trouble {
    /// It works, and somebody should look.
    Warning(String),
    /// It does not work, or will not.
    Problem(String),
}

impl From<String> for Trouble {
    fn from(text: String) -> Self {
        Self::Problem(text)
    }
}

/// A check's result: what is well, or what is not.
type Check = Result<String, Trouble>;

/// Prints the checks as they come, or all of them at the end.
struct Report {
    json: bool,
    lines: Vec<Value>,
    failed: usize,
}

impl Report {
    fn say(&mut self, name: &str, check: Check) -> Result<(), Failure> {
        let (verdict, word, text) = match check {
            Ok(text) => ("ok", "ok  ", text),
            Err(Trouble::Warning(text)) => ("warning", "warn", text),
            Err(Trouble::Problem(text)) => {
                self.failed += 1;
                ("problem", "FAIL", text)
            }
        };
        let text = one_line(&text);
        if !self.json {
            return print(&format!("{word}  {name:10}  {text}"));
        }
        self.lines.push(json!({ "check": name, "verdict": verdict, "text": text }));
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        if self.json {
            print_json(&Value::Array(self.lines))?;
        }
        match self.failed {
            0 => Ok(()),
            1 => Err(Failure::found("one check failed")),
            count => Err(Failure::found(format!("{count} checks failed"))),
        }
    }
}

pub(crate) async fn run(args: Doctor) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let (world, _) = open::real_world()?;
    let mut report = Report { json: args.json.json, lines: Vec::new(), failed: 0 };
    report.say("settings", here::check_settings(&settings))?;
    match database::open_store(&settings).await {
        Err(problem) => report.say("store", Err(problem))?,
        Ok(store) => in_the_store(&mut report, &settings, store, args.probe).await?,
    }
    report.say("disk", here::check_disk(&settings))?;
    report.say("server", here::check_server(settings.server.listen, &world).await)?;
    if let Some(metrics) = settings.server.metrics_listen {
        report.say("metrics", here::check_metrics(metrics, &world).await)?;
    }
    report.end()
}

async fn in_the_store(
    report: &mut Report,
    settings: &Settings,
    store: Store,
    probe: bool,
) -> Result<(), Failure> {
    let (world, _) = open::real_world()?;
    report.say("store", Ok(format!("{} opens", settings.store.place)))?;
    report.say("database", database::check_database(settings, &store).await)?;
    let migrations = database::check_migrations(&store).await;
    let migrated = migrations.is_ok();
    report.say("clock", database::check_clock(&store, &world, migrated).await)?;
    report.say("migrations", migrations)?;
    if migrated {
        report.say("writing", database::check_write(settings, &store, &world).await)?;
        report.say("backup", database::check_backups(settings, &store, &world).await)?;
    }
    drop(store);
    report.say("master key", database::check_master_key(settings, migrated).await)?;
    if !migrated {
        return Ok(());
    }
    // Without its key it was complained of already.
    let Ok(opened) = open::for_tool(settings).await else { return Ok(()) };
    let endpoints = reach::check_endpoints(settings, &opened.engine, &world, probe).await;
    say_all(report, "endpoints", endpoints)?;
    say_all(report, "accounts", reach::check_accounts(settings, &opened.engine, probe).await)
}

/// One line for each, or one that there is none.
fn say_all(
    report: &mut Report,
    name: &str,
    checks: Result<Vec<(String, Check)>, Trouble>,
) -> Result<(), Failure> {
    let checks = match checks {
        Ok(checks) => checks,
        Err(trouble) => return report.say(name, Err(trouble)),
    };
    if checks.is_empty() {
        return report.say(name, Ok("none".to_owned()));
    }
    for (of, check) in checks {
        let named = |text: String| format!("{of}: {text}");
        let check = check.map(named).map_err(|trouble| match trouble {
            Trouble::Warning(text) => Trouble::Warning(format!("{of}: {text}")),
            Trouble::Problem(text) => Trouble::Problem(format!("{of}: {text}")),
        });
        report.say(name, check)?;
    }
    Ok(())
}
