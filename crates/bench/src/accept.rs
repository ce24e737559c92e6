//! One run: load, measure row by row, judge, print.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redress_engine::real_world::SystemClock;
use redress_engine::world::Clock;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::job::{Farewell, Job, Question, Ready, Sample, Work};
use crate::load::{Load, Measured};
use crate::measure::{now, pause};
use crate::place::{Place, open};
use crate::prepare::Prepared;
use crate::process::{self, ByThread, cores};
use crate::report::{Report, Row, RowName, median_rows, targets};
use crate::requests::{Requests, caller};
use crate::{AcceptArgs, Outcome, copy, disk, pgbench, prepare, runtime};

/// So many requests for refunds a second are made ready: more than can be answered.
const REQUESTS_PER_SECOND_MAX: u64 = 40_000;

/// So many are made ready for the handler that does nothing; they are sent again and again.
const EMPTY_REQUESTS: usize = 200_000;

pub(crate) fn run(args: &AcceptArgs) -> Outcome {
    let print = |report: &Report| print!("{}", report.table());
    runtime::run(runtime::one_thread(), measure(args), args.json, print)
}

async fn measure(args: &AcceptArgs) -> Outcome<Report> {
    let dir = &args.dir;
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let wanted = |name: &RowName| args.rows.is_empty() || args.rows.contains(name);
    let bench = Bench { args, loaded: dir.join("loaded.db") };
    eprintln!("loading {} payments", args.payments);
    let prepared = prepare::sqlite(&bench.loaded, args.payments).await?;
    let disk = disk::measure(dir)?;
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        let mut rows = Vec::new();
        for name in RowName::ALL.into_iter().filter(wanted) {
            match name {
                RowName::Postgres | RowName::Pgbench if round > 0 => {}
                RowName::Postgres | RowName::Pgbench => rows.extend(bench.postgres_row(name).await?),
                _ => rows.push(bench.sqlite_row(name, &prepared).await?),
            }
        }
        rounds.push(rows);
    }
    copy::remove(&bench.working());
    if !args.keep {
        copy::remove(&bench.loaded);
        let _ = fs::remove_file(bench.loaded.with_extension("json"));
    }
    Ok(Report {
        cores: cores(),
        memory_mib: process::memory_mib(),
        payments: args.payments,
        load_seconds: prepared.load_millis as f64 / 1e3,
        disk,
        targets: targets(&rounds),
        rows: median_rows(&rounds),
        rounds,
    })
}

struct Bench<'a> {
    args: &'a AcceptArgs,
    loaded: PathBuf,
}

/// What stood where at one time.
struct Reading {
    at: Instant,
    server: Sample,
    threads: ByThread,
    database_micros: u64,
    own_nanos: u64,
    machine_micros: u64,
}

impl Bench<'_> {
    fn working(&self) -> PathBuf {
        self.args.dir.join("row.db")
    }

    async fn sqlite_row(&self, name: RowName, prepared: &Prepared) -> Outcome<Row> {
        copy::fresh(&self.loaded, &self.working())?;
        let callers = self.args.connections;
        let (work, group_ops_max) = match name {
            RowName::Bare => (Work::Bare { callers, seed: name as u64 }, redress_store::GROUP_OPS_MAX),
            RowName::Empty => (Work::OnlyParse, redress_store::GROUP_OPS_MAX),
            RowName::Known => (Work::OnlyKnow, redress_store::GROUP_OPS_MAX),
            RowName::Single => (Work::Serve, 1),
            _ => (Work::Serve, redress_store::GROUP_OPS_MAX),
        };
        let job =
            Job { place: Place::Sqlite(self.working()), work, group_ops_max, prepared: prepared.clone() };
        self.served_row(name, &job, None).await
    }

    async fn postgres_row(&self, name: RowName) -> Outcome<Option<Row>> {
        let Some(url) = &self.args.postgres_url else { return Ok(None) };
        let server = pgbench::Server::at(url, self.args.postgres_programs.as_deref())?;
        if name == RowName::Pgbench {
            eprintln!("measuring {name:?}");
            let args = self.args;
            return server.row(&args.dir, args.payments, args.connections, args.seconds).map(Some);
        }
        eprintln!("loading {} payments into PostgreSQL", self.args.payments);
        let place = Place::Postgres(url.clone());
        let store = open(&place, 1)?;
        let prepared = prepare::fill(&store, self.args.payments, None).await?;
        drop(store);
        server.settle()?;
        let job = Job { place, work: Work::Serve, group_ops_max: 1, prepared };
        self.served_row(name, &job, Some(server.postmaster)).await.map(Some)
    }

    /// Starts the server's process, lets the callers at it, and measures a span in the middle.
    async fn served_row(&self, name: RowName, job: &Job, database: Option<u32>) -> Outcome<Row> {
        eprintln!("measuring {name:?}");
        let args = self.args;
        let requests = match job.work {
            Work::Bare { .. } => None,
            _ => Some(Arc::new(self.requests(&job.prepared, name))),
        };
        let (mut server, ready) = Server::start(&args.dir, job)?;
        let mut load = Load::new();
        if let (Some(requests), Some(address)) = (requests, ready.address) {
            for _ in 0..args.connections {
                let stream =
                    TcpStream::connect(&address).await.map_err(|error| format!("{address}: {error}"))?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                let requests = Arc::clone(&requests);
                load.add(|recorder| caller(recorder, stream, requests));
            }
        }
        pause(Duration::from_secs(args.warm_up)).await;
        let (before, from) = (server.reading(database)?, load.now_micros());
        pause(Duration::from_secs(args.seconds)).await;
        let (after, to) = (server.reading(database)?, load.now_micros());
        let outside = load.end(from, to).await?;
        let mut peak_kib = process::peak_memory_kib(server.child.id())?;
        if let Some(postmaster) = database {
            peak_kib += process::peak_memory_of_children_kib(postmaster)?;
        }
        let measured = server.end()?.bare.unwrap_or(outside);
        Ok(row(name, measured, &before, &after, peak_kib))
    }

    fn requests(&self, prepared: &Prepared, name: RowName) -> Requests {
        let seconds = self.args.seconds + self.args.warm_up + 1;
        let again = !matches!(name, RowName::Sgate | RowName::Single | RowName::Postgres | RowName::Own);
        let count = match again {
            true => EMPTY_REQUESTS,
            false => usize::try_from(seconds * REQUESTS_PER_SECOND_MAX).unwrap_or(usize::MAX),
        };
        let (seed, now) = (name as u64, SystemClock.now());
        match name {
            RowName::Own => Requests::own(prepared, count, seed),
            RowName::Refundability => Requests::refundability(prepared, count, seed),
            RowName::Read | RowName::Known => Requests::reads(prepared, count),
            _ => Requests::make(prepared, count, seed, again, now),
        }
    }
}

fn row(name: RowName, measured: Measured, before: &Reading, after: &Reading, peak_kib: u64) -> Row {
    let wall = after.at.duration_since(before.at).as_secs_f64();
    let count = measured.count.max(1) as f64;
    let threads = after.threads.iter().map(|(thread, nanos)| {
        let nanos = nanos.saturating_sub(before.threads.get(thread).copied().unwrap_or(0));
        (thread.clone(), nanos as f64 / 1e3 / count)
    });
    let cpu_micros_by_thread: std::collections::BTreeMap<_, _> = threads.collect();
    let database = after.database_micros.saturating_sub(before.database_micros) as f64 / count;
    let cpu_micros = cpu_micros_by_thread.values().sum::<f64>() + database;
    let callers = after.own_nanos.saturating_sub(before.own_nanos) as f64 / 1e3 / count;
    let machine = after.machine_micros.saturating_sub(before.machine_micros) as f64;
    let others = machine - (cpu_micros + callers) * count;
    let bare = name == RowName::Bare;
    let each = |what: fn(&Sample) -> u64| {
        let risen = what(&after.server).saturating_sub(what(&before.server));
        (risen > 0).then(|| risen as f64 / count)
    };
    let millis = |micros: u32| f64::from(micros) / 1e3;
    Row {
        name,
        per_second: measured.count as f64 / wall,
        p50_millis: millis(measured.p50_micros),
        p99_millis: millis(measured.p99_micros),
        max_millis: millis(measured.max_micros),
        cpu_micros,
        caller_cpu_micros: (!bare).then_some(callers),
        cpu_micros_by_thread,
        commits_each: each(|sample| sample.commits),
        wal_pages_each: each(|sample| sample.wal_pages),
        reads_each: each(|sample| sample.reads),
        peak_memory_mib: peak_kib as f64 / 1024.0,
        others_percent: (others / 1e4 / wall / cores() as f64).max(0.0),
    }
}

/// The server's process.
pub(crate) struct Server {
    pub(crate) child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(dir: &Path, job: &Job) -> Outcome<(Self, Ready)> {
        let said = |error: std::io::Error| format!("the server cannot be started: {error}");
        let (file, log) = (dir.join("job.json"), dir.join("server.log"));
        let text = serde_json::to_vec(job).map_err(|error| error.to_string())?;
        fs::write(&file, text).map_err(said)?;
        let program = std::env::current_exe().map_err(said)?;
        let log = fs::File::create(log).map_err(said)?;
        let mut command = Command::new(program);
        command.arg("server").arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(said)?;
        let questions = child.stdin.take().ok_or("no way to the server")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no way from the server")?);
        let mut server = Self { child, questions, answers };
        let ready = server.answer()?;
        Ok((server, ready))
    }

    pub(crate) fn ask<T: DeserializeOwned>(&mut self, question: Question) -> Outcome<T> {
        let text = serde_json::to_string(&question).map_err(|error| error.to_string())?;
        writeln!(self.questions, "{text}").map_err(|error| format!("the server is gone: {error}"))?;
        self.answer()
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Outcome<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        serde_json::from_str(&line)
            .map_err(|_| "the server broke off; see server.log beside the data".to_owned())
    }

    fn reading(&mut self, database: Option<u32>) -> Outcome<Reading> {
        Ok(Reading {
            server: self.ask(Question::Sample)?,
            at: now(),
            threads: process::cpu_by_thread(self.child.id())?,
            database_micros: database.map_or(Ok(0), process::cpu_of_family_micros)?,
            own_nanos: process::cpu_by_thread(std::process::id())?.values().sum(),
            machine_micros: process::machine_busy_micros()?,
        })
    }

    pub(crate) fn end(mut self) -> Outcome<Farewell> {
        let farewell = self.ask(Question::End)?;
        self.child.wait().map_err(|error| error.to_string())?;
        Ok(farewell)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a failure; one that has ended is not there any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
