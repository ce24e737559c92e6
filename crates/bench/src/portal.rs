//! `portal`: how fast the portal's pages are answered, and how large they are, where a merchant has many payments and as many
//! refunds: over HTTP on one connection, as a browser asks.

mod browser;
mod loaded;
mod pages;
mod sql;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use self::browser::{Browser, Got};
use self::loaded::Loaded;
use self::pages::Page;
use crate::measure::{next, percentile};
use crate::place::{Place, open};
use crate::process::cores;
use crate::{Outcome, prepare, process, runtime, server};

/// Within so many milliseconds each page must be answered, at the 95th percentile.
const P95_MILLIS_MAX: f64 = 50.0;

/// A page with all that it loads must be no larger, in bytes on the wire.
const BYTES_MAX: usize = 100_000;

/// A page loads no more files than this.
const FILES_MAX: usize = 16;

/// The rows come in thousands, so that each kind of them is there.
const ROWS_IN: u32 = 1_000;

/// Where the numbers begin by which pages are chosen: two runs ask for the same.
const SEED: u64 = 1;

/// What `portal` measures.
#[derive(Args, Clone, Debug)]
pub(crate) struct PortalArgs {
    /// Payments, and as many refunds; counted in whole thousands.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..=10_000_000))]
    rows: u32,
    /// How often each page is asked for, each time about something else.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: u32,
    /// Only pages whose names have this in them.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the database goes: on the disk that is to be measured, not in memory.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Leave the loaded database there and take it up again the next time.
    #[arg(long)]
    keep: bool,
    /// Print the figures as JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// The figures of one page.
#[derive(Clone, Debug, Serialize)]
struct Row {
    page: &'static str,
    p50_millis: f64,
    p95_millis: f64,
    max_millis: f64,
    /// The largest answer on the wire, head and body.
    bytes: usize,
    /// The same with all that the page loads, as a browser that has nothing of it yet.
    bytes_with_files: usize,
    /// The server compressed it.
    compressed: bool,
    /// Server and caller together, a page.
    cpu_micros: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    cores: usize,
    rows: u32,
    times: u32,
    load_millis: u64,
    /// Each file that pages load, with its bytes on the wire.
    files: BTreeMap<String, usize>,
    pages: Vec<Row>,
    fast: bool,
    small: bool,
}

pub(crate) fn run(args: &PortalArgs) -> Outcome {
    runtime::run(runtime::all_threads(), measure(args), args.json, print)
}

async fn measure(args: &PortalArgs) -> Outcome<Report> {
    let pages: Vec<&Page> = pages::all().filter(|page| page.name.contains(&args.only)).collect();
    if pages.is_empty() {
        return Err(format!("no page has {} in its name", args.only));
    }
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let path = args.dir.join("portal.db");
    let loaded = loaded::load(&path, args.rows / ROWS_IN * ROWS_IN).await?;
    let store = open(&Place::Sqlite(path.clone()), redress_store::GROUP_OPS_MAX)?;
    let engine = prepare::engine(store, &loaded.master_key, false)?;
    let token = loaded::sign_in(&engine, &loaded).await?;
    let address = server::listen(redress_http::router::router(engine)).await?;
    let mut browser = Browser::open(&address, token).await?;
    let (mut files, mut rows, mut state) = (BTreeMap::new(), Vec::new(), SEED);
    for page in pages {
        eprintln!("measuring {}", page.name);
        rows.push(row(args, page, &loaded, &mut browser, &mut files, &mut state).await?);
    }
    if !args.keep {
        loaded::remove(&path);
    }
    Ok(Report {
        cores: cores(),
        rows: loaded.rows,
        times: args.times,
        load_millis: loaded.load_millis,
        files,
        fast: rows.iter().all(|row| row.p95_millis <= P95_MILLIS_MAX),
        small: rows.iter().all(|row| row.bytes_with_files <= BYTES_MAX),
        pages: rows,
    })
}

/// Asks for one page again and again.
async fn row(
    args: &PortalArgs,
    page: &Page,
    loaded: &Loaded,
    browser: &mut Browser,
    files: &mut BTreeMap<String, usize>,
    state: &mut u64,
) -> Outcome<Row> {
    let cpu = || -> Outcome<u64> { Ok(process::cpu_by_thread(std::process::id())?.values().sum()) };
    let mut address = || {
        let number = next(state) % u64::from(loaded.rows);
        (page.address)(loaded, u32::try_from(number).unwrap_or(0))
    };
    let (mut waits, mut largest, mut compressed) = (Vec::new(), 0, true);
    let before = cpu()?;
    for _ in 0..args.times {
        let Got { micros, bytes, compressed: so } = browser.get(&address(), page.signed_in).await?;
        waits.push(micros);
        largest = largest.max(bytes);
        compressed &= so;
    }
    let cpu_nanos = cpu()?.saturating_sub(before);
    let loads = browser.loaded_by(&address(), page.signed_in).await?;
    let of_files = bytes_of(&loads, browser, files).await?;
    waits.sort_unstable();
    let millis = |per_mille| f64::from(percentile(&waits, per_mille)) / 1e3;
    Ok(Row {
        page: page.name,
        p50_millis: millis(500),
        p95_millis: millis(950),
        max_millis: millis(1_000),
        bytes: largest,
        bytes_with_files: largest + of_files,
        compressed,
        cpu_micros: cpu_nanos as f64 / 1e3 / f64::from(args.times),
    })
}

/// What the files of a page come to; each file is asked for once.
async fn bytes_of(
    loads: &BTreeSet<String>,
    browser: &mut Browser,
    files: &mut BTreeMap<String, usize>,
) -> Outcome<usize> {
    if loads.len() > FILES_MAX {
        return Err(format!("a page loads {} files", loads.len()));
    }
    let mut sum = 0;
    for file in loads {
        let bytes = match files.get(file) {
            Some(bytes) => *bytes,
            None => browser.get(file, true).await?.bytes,
        };
        files.insert(file.clone(), bytes);
        sum += bytes;
    }
    Ok(sum)
}

fn print(report: &Report) {
    let Report { cores, rows, times, load_millis, files, pages, fast, small } = report;
    let seconds = load_millis / 1_000;
    println!(
        "{cores} cores; {rows} payments and {rows} refunds, loaded in {seconds} s; {times} questions a page, SQLite\n"
    );
    println!(
        "{:<36} {:>11} {:>11} {:>11} {:>8} {:>10} {:>8}",
        "page", "p50", "p95", "max", "bytes", "with files", "CPU us"
    );
    for row in pages {
        let mark = if row.compressed { " " } else { "*" };
        println!(
            "{:<36} {:>8.2} ms {:>8.2} ms {:>8.2} ms {:>7}{mark} {:>10} {:>8.0}",
            row.page,
            row.p50_millis,
            row.p95_millis,
            row.max_millis,
            row.bytes,
            row.bytes_with_files,
            row.cpu_micros
        );
    }
    for (file, bytes) in files {
        println!("{file}: {bytes} bytes");
    }
    if pages.iter().any(|row| !row.compressed) {
        println!("* not compressed by the server: a proxy in front of it may");
    }
    println!("\nTargets");
    let slowest = pages.iter().max_by(|a, b| a.p95_millis.total_cmp(&b.p95_millis));
    if let Some(Row { page, p95_millis, .. }) = slowest {
        let (word, max) = (word(*fast), P95_MILLIS_MAX);
        println!("{word} {p95_millis:>8.2} ms at the 95th percentile ({page}): {max:.0} or less, each page");
    }
    for Row { page, p95_millis, .. } in pages.iter().filter(|row| row.p95_millis > P95_MILLIS_MAX) {
        println!("       {p95_millis:>8.2} ms: {page}");
    }
    if let Some(Row { page, bytes_with_files, .. }) = pages.iter().max_by_key(|row| row.bytes_with_files) {
        let word = word(*small);
        println!(
            "{word} {bytes_with_files:>8} bytes with all that it loads ({page}): {BYTES_MAX} or less, each page"
        );
    }
    for Row { page, bytes_with_files, .. } in pages.iter().filter(|row| row.bytes_with_files > BYTES_MAX) {
        println!("       {bytes_with_files:>8} bytes: {page}");
    }
}

fn word(met: bool) -> &'static str {
    if met { "met   " } else { "MISSED" }
}
