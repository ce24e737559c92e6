//! Every metric of the program, in one table: it is told to Prometheus from here, and to people in the docs.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What kind of numbers a metric has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Only rises.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values up to bounds, in the unit of the name: see [`Metric::bounds`].
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// None has values without bounds, and none has a merchant's data but the names of its channels.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the docs, which a test holds to it"))]
    pub(super) labels: &'static [&'static str],
    /// Without full stop; in Markdown.
    pub(super) meaning: &'static str,
}

/// From a fast answer of the store to a PSP's longest exchange, in seconds.
const SECONDS: Kind =
    Kind::Histogram(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);

const OPERATIONS: Kind = Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);

const fn counter(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, meaning }
}

const fn histogram(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, labels, meaning }
}

/// All of them, in the order of the docs.
pub(super) const ALL: [Metric; 35] = [
    gauge("redress_build_info", &["version", "store"], "1; what runs, and on which store"),
    counter(
        "redress_http_requests_total",
        &["method", "route", "status"],
        "requests answered; the route as it is declared",
    ),
    histogram(
        "redress_http_request_seconds",
        SECONDS,
        &["method", "route"],
        "how long they took, waiting for a PSP included",
    ),
    counter("redress_refunds_accepted_total", &[], "refunds accepted"),
    counter(
        "redress_refunds_total",
        &["state", "channel"],
        "refunds that came to a state, `created` first; counted a minute or so later, with the daily sums. The first 50 channels are told apart, the rest are `other`",
    ),
    gauge("redress_refunds_open", &["psp", "state"], "refunds that are not over"),
    gauge("redress_refunds_due", &["psp", "state"], "refunds that somebody should be looking at now"),
    gauge(
        "redress_refunds_oldest_seconds",
        &["state"],
        "the age of the oldest refund that is `pending` or `unknown`, since it was accepted; 0 where there is none",
    ),
    counter(
        "redress_exchanges_total",
        &["via", "outcome"],
        "what PSPs said and was recorded; `via` is `submit`, `query` or `notification`",
    ),
    counter(
        "redress_psp_exchanges_total",
        &["psp", "via", "outcome"],
        "exchanges with a PSP, by `submit` or `query`",
    ),
    histogram("redress_psp_exchange_seconds", SECONDS, &["psp", "via"], "how long they took"),
    gauge("redress_exchanges_running", &[], "exchanges with PSPs and endpoints that are under way"),
    counter("redress_psp_notifications_total", &["psp"], "PSP notifications that proved themselves"),
    counter(
        "redress_psp_notifications_refused_total",
        &["psp", "why"],
        "what came to a PSP's address and was refused: `bad_signature`, `not_understood`, or `not_verifiable` where the PSP could not be asked",
    ),
    counter("redress_cases_opened_total", &[], "cases opened for a person, whoever found them"),
    gauge("redress_cases_open", &["kind"], "cases that wait for a person"),
    counter(
        "redress_deliveries_total",
        &["dialect", "outcome"],
        "tries to notify a merchant; `given_up` is the last one",
    ),
    gauge("redress_deliveries_pending", &[], "notifications owed to endpoints that are not disabled"),
    gauge("redress_deliveries_lag_seconds", &[], "for how long the oldest has been due"),
    gauge(
        "redress_endpoints_disabled",
        &[],
        "endpoints that nothing is sent to: they failed for too long, or somebody disabled them",
    ),
    gauge(
        "redress_sampled_timestamp_seconds",
        &[],
        "when what waits was last counted, in seconds since 1970",
    ),
    gauge(
        "redress_backup_timestamp_seconds",
        &[],
        "until when the last `redress backup` knows everything, in seconds since 1970; 0 where none was taken",
    ),
    counter("redress_store_operations_total", &[], "storage operations run"),
    counter("redress_store_reads_total", &[], "queries run"),
    counter("redress_store_commits_total", &[], "transactions committed"),
    histogram("redress_store_group_operations", OPERATIONS, &[], "operations in one commit (SQLite)"),
    counter("redress_store_lost_total", &[], "transactions lost: disk full, connection gone"),
    counter("redress_store_refused_total", &[], "operations refused because the queue was full"),
    counter("redress_store_retries_total", &[], "operations run again after a conflict (PostgreSQL)"),
    counter("redress_store_checkpoints_total", &[], "checkpoints run (SQLite)"),
    counter("redress_store_wal_written_pages_total", &[], "pages written to the write-ahead log (SQLite)"),
    gauge("redress_store_wal_pages", &[], "pages in the write-ahead log (SQLite)"),
    gauge("redress_store_queue_depth", &[], "operations that wait for the store"),
    gauge("redress_store_queue_max", &[], "how many may; one more is answered 503"),
    gauge("redress_store_writable", &[], "1 while the store keeps what is written, else 0"),
];

impl Metric {
    /// The upper bounds of a histogram's buckets.
    pub(super) fn bounds(&self) -> Option<&'static [f64]> {
        match self.kind {
            Kind::Histogram(bounds) => Some(bounds),
            Kind::Counter | Kind::Gauge => None,
        }
    }
}

/// Tells the recorder of this process what each of them is.
pub(super) fn describe() {
    for Metric { name, kind, meaning, .. } in ALL {
        // Prometheus shows plain text.
        let meaning = meaning.replace('`', "");
        match kind {
            Kind::Counter => describe_counter!(name, Unit::Count, meaning),
            Kind::Gauge => describe_gauge!(name, Unit::Count, meaning),
            Kind::Histogram(_) => describe_histogram!(name, Unit::Count, meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("..")
    }

    fn read(path: &str) -> String {
        std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The rows of the table in the docs.
    fn markdown() -> String {
        let row = |metric: &Metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let row =
                format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.meaning);
            row.replace("|  |", "| |")
        };
        let rows: String = ALL.iter().map(row).collect();
        format!("| name | kind | labels | meaning |\n|---|---|---|---|\n{rows}")
    }

    /// What begins like one of our metrics, wherever it stands.
    fn names_in(text: &str) -> BTreeSet<&str> {
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        text.split(word).filter(|word| word.starts_with("redress_")).collect()
    }

    /// As Prometheus has them: a histogram is three.
    fn exported() -> BTreeSet<String> {
        let names = |metric: &Metric| match metric.bounds() {
            Some(_) => ["bucket", "sum", "count"].map(|part| format!("{}_{part}", metric.name)).to_vec(),
            None => vec![metric.name.to_owned()],
        };
        ALL.iter().flat_map(names).collect()
    }

    fn sources(dir: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                into.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn the_table_of_the_docs_is_this_one() {
        let table = markdown();
        assert!(read("docs/operate.md").contains(&table), "docs/operate.md must have:\n{table}");
    }

    #[test]
    fn what_the_program_counts_is_in_the_table_and_nothing_else_is() {
        let mut files = Vec::new();
        for krate in ["engine", "http", "store", "redress"] {
            sources(&root().join("crates").join(krate).join("src"), &mut files);
        }
        let begins = ["counter!", "gauge!", "histogram!"];
        let mut counted = BTreeSet::new();
        for file in &files {
            // The name is the macro's first argument, on its line or the next one.
            for part in begins.iter().flat_map(|begin| file.split(begin).skip(1)) {
                let named = part.trim_start_matches('(').trim_start().strip_prefix('"');
                let name = named.and_then(|rest| rest.split('"').next());
                // This file speaks of macros, too.
                counted.extend(name.filter(|name| name.starts_with("redress_")).map(str::to_owned));
            }
        }
        let table: BTreeSet<_> = ALL.iter().map(|metric| metric.name.to_owned()).collect();
        assert_eq!(counted, table);
        assert_eq!(table.len(), ALL.len(), "each has a name of its own");
    }

    #[test]
    fn dashboard_and_alerts_know_no_other_names() {
        let exported = exported();
        for path in
            ["ops/grafana/redress.json", "ops/prometheus/alerts.yml", "ops/prometheus/alerts_test.yml"]
        {
            let text = read(path);
            let names = names_in(&text);
            let unknown: Vec<_> = names.iter().filter(|name| !exported.contains(**name)).collect();
            assert!(unknown.is_empty(), "{path}: {unknown:?}");
        }
        let dashboard = read("ops/grafana/redress.json");
        let shown = names_in(&dashboard);
        let unseen: Vec<_> = exported
            .iter()
            .filter(|name| {
                !name.ends_with("_count") && !name.ends_with("_sum") && !shown.contains(name.as_str())
            })
            .collect();
        assert!(unseen.is_empty(), "the dashboard does not show {unseen:?}");
    }

    #[test]
    fn bounds_rise() {
        for metric in ALL {
            assert!(metric.bounds().is_none_or(|bounds| bounds.is_sorted()), "{}", metric.name);
        }
    }
}
