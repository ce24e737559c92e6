//! The figures, the table and the targets.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::disk::Disk;

/// What is measured, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RowName {
    /// SGate's create over HTTP, SQLite, groups as the program has them.
    Sgate,
    /// The bare storage operation, as many callers.
    Bare,
    /// The same server with groups of one.
    Single,
    /// An empty handler behind the same authentication and parsing.
    Empty,
    /// The own API's create over HTTP, SQLite.
    Own,
    /// The own API's reading of a refund.
    Read,
    /// The own API's refundability of a payment.
    Refundability,
    /// An empty handler behind the own API's authentication.
    Known,
    /// SGate's create over HTTP on PostgreSQL.
    Postgres,
    /// Eleven autocommitted statements a refund.
    Pgbench,
}

impl RowName {
    pub(crate) const ALL: [Self; 10] = [
        Self::Sgate,
        Self::Bare,
        Self::Single,
        Self::Empty,
        Self::Own,
        Self::Read,
        Self::Refundability,
        Self::Known,
        Self::Postgres,
        Self::Pgbench,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Sgate => "SGate create, HTTP, SQLite FULL",
            Self::Bare => "bare Accept operation, SQLite",
            Self::Single => "SGate create, groups of one",
            Self::Empty => "empty handler, same auth, parsing",
            Self::Own => "own API create, HTTP, SQLite FULL",
            Self::Read => "own API, read a refund",
            Self::Refundability => "own API, refundability",
            Self::Known => "empty handler, API key",
            Self::Postgres => "SGate create, HTTP, PostgreSQL",
            Self::Pgbench => "pgbench, 11 statements a refund",
        }
    }
}

/// The figures of one row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: RowName,
    /// Refunds, or requests of the empty handler.
    pub(crate) per_second: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
    pub(crate) max_millis: f64,
    /// Of the server's side, the database's processes included.
    pub(crate) cpu_micros: f64,
    /// Of the callers' side.
    pub(crate) caller_cpu_micros: Option<f64>,
    /// The server's own threads, by name.
    pub(crate) cpu_micros_by_thread: BTreeMap<String, f64>,
    pub(crate) commits_each: Option<f64>,
    pub(crate) wal_pages_each: Option<f64>,
    pub(crate) reads_each: Option<f64>,
    pub(crate) peak_memory_mib: f64,
    /// How much of the machine others used meanwhile, in percent.
    pub(crate) others_percent: f64,
}

/// One promise, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Target {
    pub(crate) promise: &'static str,
    pub(crate) measured: f64,
    pub(crate) met: bool,
}

/// Everything of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) payments: u32,
    pub(crate) load_seconds: f64,
    pub(crate) disk: Disk,
    /// Of each row its median round, by what it did a second.
    pub(crate) rows: Vec<Row>,
    pub(crate) rounds: Vec<Vec<Row>>,
    pub(crate) targets: Vec<Target>,
}

/// Of each row its median round, by what it did a second.
pub(crate) fn median_rows(rounds: &[Vec<Row>]) -> Vec<Row> {
    let of = |name| {
        let mut rows: Vec<&Row> = rounds.iter().flatten().filter(|row| row.name == name).collect();
        rows.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        rows.get(rows.len() / 2).copied().cloned()
    };
    RowName::ALL.into_iter().filter_map(of).collect()
}

/// The median of a figure over the rounds that have it; of an even number of them the worse middle one, where more is
/// better.
fn median(rounds: &[Vec<Row>], figure: impl Fn(&Row, &[Row]) -> Option<f64>) -> Option<f64> {
    median_of(rounds, |rows| figure(named(rows, RowName::Sgate)?, rows))
}

/// The median of one row's CPU over another's.
fn cpu_ratio(rounds: &[Vec<Row>], one: RowName, other: RowName) -> Option<f64> {
    median_of(rounds, |rows| Some(named(rows, one)?.cpu_micros / named(rows, other)?.cpu_micros))
}

fn median_of(rounds: &[Vec<Row>], of_round: impl Fn(&[Row]) -> Option<f64>) -> Option<f64> {
    let of_round = |rows: &Vec<Row>| of_round(rows);
    let mut figures: Vec<f64> = rounds.iter().filter_map(of_round).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied()
}

fn named(rows: &[Row], name: RowName) -> Option<&Row> {
    rows.iter().find(|row| row.name == name)
}

/// Judges what was measured.
pub(crate) fn targets(rounds: &[Vec<Row>]) -> Vec<Target> {
    let mut all = Vec::new();
    let mut add = |promise, measured, met| all.push(Target { promise, measured, met });
    let rate =
        |other| median(rounds, move |sgate, rows| Some(sgate.per_second / named(rows, other)?.per_second));
    let cpu = median(rounds, |sgate, rows| Some(sgate.cpu_micros / named(rows, RowName::Bare)?.cpu_micros));
    if let (Some(speed), Some(cpu)) = (rate(RowName::Bare), cpu) {
        let met = speed >= 0.75 || cpu <= 1.5;
        add("of the bare operation's refunds/s: 0.75 or more, or its CPU: 1.5 times or less", speed, met);
        add("times the bare operation's CPU a refund (the other half of that)", cpu, met);
    }
    if let Some(ratio) = rate(RowName::Empty) {
        add("of the empty handler's requests/s: 0.28 or more", ratio, ratio >= 0.28);
    }
    if let Some(pages) = median(rounds, |sgate, _| sgate.wal_pages_each) {
        add("pages in the write-ahead log a refund: 4 or less", pages, pages <= 4.0);
    }
    if let Some(commits) = median(rounds, |sgate, _| sgate.commits_each) {
        add("commits an acknowledged refund: 0.1 or less", commits, commits <= 0.1);
    }
    if let Some(p99) = median(rounds, |sgate, _| Some(sgate.p99_millis)) {
        add("ms at the 99th percentile: 20 or less", p99, p99 <= 20.0);
    }
    if let Some(ratio) = cpu_ratio(rounds, RowName::Own, RowName::Sgate) {
        add("times SGate's CPU a refund, by the own API: 1 or less", ratio, ratio <= 1.0);
    }
    if let Some(ratio) = cpu_ratio(rounds, RowName::Read, RowName::Known) {
        add("times the empty handler's CPU, to read a refund: 1.5 or less", ratio, ratio <= 1.5);
    }
    if let Some(ratio) = cpu_ratio(rounds, RowName::Refundability, RowName::Known) {
        add("times the empty handler's CPU, to read what can be refunded: 1.5 or less", ratio, ratio <= 1.5);
    }
    all
}

impl Report {
    /// The table for the terminal.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        let Disk { fdatasync_p50_micros: p50, fdatasync_p99_micros: p99 } = self.disk;
        let (cores, memory) = (self.cores, self.memory_mib);
        let _ = writeln!(
            out,
            "{cores} cores, {memory} MiB; {} payments loaded in {:.1} s",
            self.payments, self.load_seconds
        );
        let _ = writeln!(
            out,
            "the disk: overwriting 4 KiB with fdatasync takes {p50} us (p50), {p99} us (p99)\n"
        );
        let _ = writeln!(
            out,
            "{:<34} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}",
            "", "refunds", "p50", "p99", "CPU us", "commits", "WAL", "peak"
        );
        let _ = writeln!(
            out,
            "{:<34} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7}",
            "", "/s", "ms", "ms", "each", "each", "pages", "MiB", "others"
        );
        for row in &self.rows {
            let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
            let _ = writeln!(
                out,
                "{:<34} {:>8.0} {:>8.2} {:>8.2} {:>8.1} {:>8} {:>8} {:>7.0} {:>6.0}%",
                row.name.title(),
                row.per_second,
                row.p50_millis,
                row.p99_millis,
                row.cpu_micros,
                figure(row.commits_each),
                figure(row.wal_pages_each),
                row.peak_memory_mib,
                row.others_percent,
            );
        }
        let _ = writeln!(
            out,
            "\nCPU us each, by thread of the server (callers: the load generator, not counted above)"
        );
        for row in &self.rows {
            let threads = row.cpu_micros_by_thread.iter();
            let mut parts: Vec<String> =
                threads.map(|(name, micros)| format!("{name} {micros:.1}")).collect();
            parts.extend(row.caller_cpu_micros.map(|micros| format!("callers {micros:.1}")));
            let _ = writeln!(out, "{:<34} {}", row.name.title(), parts.join(", "));
        }
        if !self.targets.is_empty() {
            let _ = writeln!(out, "\nTargets");
        }
        for target in &self.targets {
            let met = if target.met { "met   " } else { "MISSED" };
            let _ = writeln!(out, "{met} {:>8.3} {}", target.measured, target.promise);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: RowName, per_second: f64, cpu_micros: f64) -> Row {
        Row {
            name,
            per_second,
            p50_millis: 5.0,
            p99_millis: 20.0,
            max_millis: 50.0,
            cpu_micros,
            caller_cpu_micros: None,
            cpu_micros_by_thread: BTreeMap::from([("redress-write".to_owned(), 40.0)]),
            commits_each: Some(0.1),
            wal_pages_each: Some(4.0),
            reads_each: None,
            peak_memory_mib: 50.0,
            others_percent: 1.0,
        }
    }

    #[test]
    fn a_target_is_met_at_its_bound_and_missed_beyond() {
        let met =
            |rows: &[Row]| targets(&[rows.to_vec()]).iter().map(|target| target.met).collect::<Vec<_>>();
        let bare = row(RowName::Bare, 10_000.0, 50.0);
        let empty = row(RowName::Empty, 25_000.0, 20.0);
        let at = row(RowName::Sgate, 7_500.0, 90.0);
        assert_eq!(met(&[at.clone(), bare.clone(), empty.clone()]), [true; 6]);
        let by_cpu = row(RowName::Sgate, 7_000.0, 75.0);
        assert_eq!(met(&[by_cpu, bare.clone(), empty.clone()]), [true; 6]);
        let beyond = Row {
            per_second: 6_999.0,
            cpu_micros: 75.1,
            p99_millis: 20.1,
            commits_each: Some(0.11),
            wal_pages_each: Some(4.1),
            ..at
        };
        assert_eq!(met(&[beyond, bare, empty]), [false; 6]);
        assert!(met(&[]).is_empty());
    }

    #[test]
    fn one_odd_round_decides_nothing() {
        let round = |sgate, empty| vec![row(RowName::Sgate, sgate, 70.0), row(RowName::Empty, empty, 20.0)];
        // Somebody else took the machine while the first round's other row was measured.
        let rounds = [round(21_000.0, 40_000.0), round(20_000.0, 75_000.0), round(14_000.0, 56_000.0)];
        let ratio = targets(&rounds).into_iter().find(|target| target.promise.contains("empty")).unwrap();
        assert!(!ratio.met && (ratio.measured - 20.0 / 75.0).abs() < 1e-9, "{ratio:?}");
        let shown: Vec<_> = median_rows(&rounds).iter().map(|row| row.per_second).collect();
        assert_eq!(shown, [20_000.0, 56_000.0]);
    }

    #[test]
    fn the_table_names_what_was_missed() {
        let rows = vec![row(RowName::Sgate, 100.0, 1.0), row(RowName::Empty, 1_000.0, 1.0)];
        let disk = Disk { fdatasync_p50_micros: 140, fdatasync_p99_micros: 900 };
        let rounds = vec![rows.clone()];
        let targets = targets(&rounds);
        let report =
            Report { cores: 2, memory_mib: 1, payments: 9, load_seconds: 1.0, disk, rows, rounds, targets };
        let table = report.table();
        assert!(table.contains("MISSED    0.100 of the empty handler's requests/s"), "{table}");
        assert!(table.contains("met      20.000 ms at the 99th percentile"), "{table}");
    }
}
