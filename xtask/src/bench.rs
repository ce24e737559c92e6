//! `cargo xtask bench`: the benchmarks, with a PostgreSQL beside them that keeps what it is given.

use redress_cluster::{Cluster, Durable, programs};

use crate::{
    Outcome,
    run::{cargo, run},
};

/// What there is to measure, and whether PostgreSQL can have a part in it.
static KNOWN: [(&str, bool); 4] = [("accept", true), ("settle", true), ("events", false), ("portal", false)];

/// Rows that need PostgreSQL.
const ON_POSTGRES: [&str; 2] = ["postgres", "pgbench"];

pub(crate) fn command(args: &[String]) -> Outcome {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        args.iter().partition(|arg| ["--no-pg-install", "--without-postgres"].contains(&arg.as_str()));
    let known = |name: &str| KNOWN.iter().find(|(known, _)| *known == name);
    let found = theirs.split_first().and_then(|(name, rest)| Some((known(name.as_str())?, rest)));
    let Some(((what, on_postgres), rest)) = found else {
        let names = KNOWN.map(|(name, _)| name).join("|");
        return Err(format!("usage: cargo xtask bench {names} [ARGS...]"));
    };
    let has = |name: &str| ours.iter().any(|arg| *arg == name);
    let cluster = match *on_postgres && needs_postgres(rest) && !has("--without-postgres") {
        true => Some(Cluster::start(&programs(!has("--no-pg-install"))?, Durable::Yes)?),
        false => None,
    };
    let mut bench = cargo(["run", "--release", "--quiet", "-p", "redress-bench", "--"]);
    bench.arg(what).args(rest);
    if let Some(cluster) = &cluster {
        bench.arg("--postgres-url").arg(cluster.url()).arg("--postgres-programs").arg(cluster.programs());
    }
    run(&mut bench)
}

fn needs_postgres(args: &[&String]) -> bool {
    if args.iter().any(|arg| ["-h", "--help"].contains(&arg.as_str())) {
        return false;
    }
    let rows = args.iter().enumerate().find_map(|(i, arg)| match arg.strip_prefix("--rows") {
        Some("") => args.get(i + 1).map(|rows| rows.as_str()),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    rows.is_none_or(|rows| rows.split(',').any(|row| ON_POSTGRES.contains(&row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_is_started_for_the_rows_that_need_it() {
        let needs = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            needs_postgres(&args.iter().collect::<Vec<_>>())
        };
        assert!(needs(&[]) && needs(&["--json"]));
        assert!(needs(&["--rows", "sgate,pgbench"]) && needs(&["--rows=postgres"]));
        assert!(!needs(&["--rows", "sgate,bare"]) && !needs(&["--rows=sgate"]) && !needs(&["--help"]));
    }
}
