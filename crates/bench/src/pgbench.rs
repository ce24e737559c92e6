//! What a server would do that makes each of its statements a transaction of its own: eleven a refund, as counted in
//! the source of Hyperswitch (<https://github.com/juspay/hyperswitch>), by PostgreSQL's own load generator.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::measure::{now, percentile};
use crate::process::{cores, cpu_of_family_micros, machine_busy_micros, peak_memory_of_children_kib};
use crate::report::{Row, RowName};

const TABLES: &str = "\
DROP TABLE IF EXISTS pgb_payments, pgb_accounts, pgb_refunds, pgb_events;
CREATE TABLE pgb_payments (id BIGINT PRIMARY KEY, order_ref TEXT NOT NULL UNIQUE, captured BIGINT NOT NULL,
  reserved BIGINT NOT NULL DEFAULT 0, details TEXT NOT NULL, updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE pgb_accounts (id BIGINT PRIMARY KEY, details TEXT NOT NULL);
CREATE TABLE pgb_refunds (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payment BIGINT NOT NULL,
  merchant_refund_id TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE INDEX pgb_refunds_payment ON pgb_refunds (payment);
CREATE TABLE pgb_events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_refund_id TEXT NOT NULL,
  kind TEXT NOT NULL, happened_at TIMESTAMPTZ NOT NULL DEFAULT now());
INSERT INTO pgb_accounts SELECT i, repeat('x', 200) FROM generate_series(1, 10) i;
INSERT INTO pgb_payments SELECT i, 'M948164T2026110' || lpad(i::text, 14, '0'), 50000000, 0, repeat('x', 150)
  FROM generate_series(1, PAYMENTS) i;
VACUUM ANALYZE;
CHECKPOINT;
";

/// Six statements that read and five that write, as a server's would be between its two calls of a PSP.
const SCRIPT: &str = r"\set p random(1, PAYMENTS)
\set r random(1, 9000000000000000)
\set a random(1, 10)
SELECT details FROM pgb_accounts WHERE id = :a;
SELECT id, captured, reserved, details FROM pgb_payments WHERE order_ref = 'M948164T2026110' || lpad(:p::text, 14, '0');
SELECT id, state FROM pgb_refunds WHERE merchant_refund_id = 'MR-' || :r;
SELECT coalesce(sum(amount), 0) FROM pgb_refunds WHERE payment = :p;
SELECT details FROM pgb_accounts WHERE id = :a;
INSERT INTO pgb_refunds (payment, merchant_refund_id, amount, state, reason) VALUES (:p, 'MR-' || :r, 1000, 'queued', 'The customer returned the goods');
UPDATE pgb_payments SET reserved = reserved + 1000, updated_at = now() WHERE id = :p;
INSERT INTO pgb_events (merchant_refund_id, kind) VALUES ('MR-' || :r, 'created');
UPDATE pgb_refunds SET state = 'submitting' WHERE merchant_refund_id = 'MR-' || :r;
SELECT id, captured, reserved, details FROM pgb_payments WHERE id = :p;
UPDATE pgb_refunds SET state = 'pending' WHERE merchant_refund_id = 'MR-' || :r;
";

/// A throw-away PostgreSQL and its programs.
pub(crate) struct Server {
    url: String,
    programs: Option<PathBuf>,
    pub(crate) postmaster: u32,
}

impl Server {
    /// Asks a running server for its process.
    pub(crate) fn at(url: &str, programs: Option<&Path>) -> Outcome<Self> {
        let mut server = Self { url: url.to_owned(), programs: programs.map(Path::to_owned), postmaster: 0 };
        let durable = server.sql(
            "SELECT name || '=' || setting FROM pg_settings WHERE setting <> 'on' AND name IN \
             ('fsync', 'synchronous_commit', 'full_page_writes')",
        )?;
        if !durable.is_empty() {
            return Err(format!("this PostgreSQL does not keep what it is given: {durable}"));
        }
        let data = server.sql("SHOW data_directory")?;
        let file = Path::new(&data).join("postmaster.pid");
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        server.postmaster = pid.ok_or("PostgreSQL's process is not known")?;
        Ok(server)
    }

    /// Brings statistics up to date and writes everything back, so that no row does it for another.
    pub(crate) fn settle(&self) -> Outcome {
        self.sql("VACUUM ANALYZE").and_then(|_| self.sql("CHECKPOINT")).map(drop)
    }

    /// Takes everything of ours away.
    pub(crate) fn empty(&self) -> Outcome {
        self.sql("DROP SCHEMA public CASCADE").and_then(|_| self.sql("CREATE SCHEMA public")).map(drop)
    }

    /// Does what its own autovacuum does within a minute: lets it know what the tables are like.
    pub(crate) fn analyze(&self) -> Outcome {
        self.sql("ANALYZE").map(drop)
    }

    fn sql(&self, sql: &str) -> Outcome<String> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url]);
        output(&mut psql)
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.as_ref().map_or_else(|| PathBuf::from(name), |dir| dir.join(name)))
    }

    /// Measures the row.
    pub(crate) fn row(&self, dir: &Path, payments: u32, clients: u16, seconds: u64) -> Outcome<Row> {
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text.replace("PAYMENTS", &payments.to_string()))
                .map(|()| path.to_string_lossy().into_owned())
                .map_err(|error| format!("{}: {error}", path.display()))
        };
        let (tables, script) = (write("pgbench-tables.sql", TABLES)?, write("pgbench.sql", SCRIPT)?);
        let mut psql = self.program("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &tables, &self.url]);
        output(&mut psql)?;
        let log = dir.join("pgbench-log");
        let (clients, time) = (clients.to_string(), seconds.to_string());
        let mut pgbench = self.program("pgbench");
        pgbench.args(["-n", "-M", "prepared", "-j", "2", "-l", "-c", &clients, "-T", &time, "-f", &script]);
        pgbench.arg("--log-prefix").arg(&log).arg(&self.url);
        let before = (cpu_of_family_micros(self.postmaster)?, machine_busy_micros()?, self.commits()?, now());
        output(&mut pgbench)?;
        let wall = before.3.elapsed().as_secs_f64();
        let commits = self.commits()?.saturating_sub(before.2);
        let cpu = cpu_of_family_micros(self.postmaster)?.saturating_sub(before.0);
        let busy = machine_busy_micros()?.saturating_sub(before.1);
        let mut took = latencies(dir, "pgbench-log.")?;
        took.sort_unstable();
        let count = took.len().max(1) as f64;
        let millis = |micros: u32| f64::from(micros) / 1e3;
        Ok(Row {
            name: RowName::Pgbench,
            per_second: took.len() as f64 / seconds as f64,
            p50_millis: millis(percentile(&took, 500)),
            p99_millis: millis(percentile(&took, 990)),
            max_millis: millis(took.last().copied().unwrap_or(0)),
            cpu_micros: cpu as f64 / count,
            caller_cpu_micros: None,
            cpu_micros_by_thread: BTreeMap::new(),
            commits_each: Some(commits as f64 / count),
            wal_pages_each: None,
            reads_each: None,
            peak_memory_mib: peak_memory_of_children_kib(self.postmaster)? as f64 / 1024.0,
            others_percent: busy.saturating_sub(cpu) as f64 / 1e4 / wall / cores() as f64,
        })
    }

    fn commits(&self) -> Outcome<u64> {
        let text = self.sql("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")?;
        text.parse().map_err(|_| "PostgreSQL does not tell its commits".to_owned())
    }
}

fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Reads and removes the logs of one run: a line a refund, its third field how long it took, in microseconds.
fn latencies(dir: &Path, prefix: &str) -> Outcome<Vec<u32>> {
    let mut took = Vec::new();
    let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
    for entry in fs::read_dir(dir).map_err(fail)?.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).map_err(fail)?;
        took.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u32>().ok()));
        fs::remove_file(entry.path()).map_err(fail)?;
    }
    Ok(took)
}
