//! What a run came to, for people and for programs.

use serde_json::{Map, Value, json};

use crate::run::Report;

const HEADINGS: [&str; 11] = [
    "run",
    "kills",
    "to the database",
    "acknowledged",
    "repeats",
    "ended",
    "cases",
    "effects",
    "told",
    "slowest return",
    "wrong",
];

fn row(report: &Report) -> [String; 11] {
    let to_the_database: u64 = report.database.iter().map(|(_, times)| times).sum();
    [
        report.name.clone(),
        report.kills.to_string(),
        to_the_database.to_string(),
        acknowledged(report).to_string(),
        report.repeats.to_string(),
        report.ended.to_string(),
        report.waiting.to_string(),
        report.effects.to_string(),
        report.notices.to_string(),
        format!("{} ms", report.slowest.as_millis()),
        report.findings.len().to_string(),
    ]
}

fn acknowledged(report: &Report) -> u64 {
    let counted = report.asked.iter().filter(|(name, _)| ["accepted", "refused by the PSP"].contains(name));
    counted.map(|(_, n)| n).sum()
}

/// Prints a table, as documents have it.
pub fn print_table(reports: &[Report]) {
    println!("| {} |", HEADINGS.join(" | "));
    println!("|{}", "---|".repeat(HEADINGS.len()));
    for report in reports {
        println!("| {} |", row(report).join(" | "));
    }
    for report in reports {
        let moments = &report.moments;
        if report.kills > 0 {
            println!(
                "{}: killed while starting {}, within 50 ms of being ready {}, within 250 ms {}, later {}",
                report.name, moments.starting, moments.at_once, moments.soon, moments.later
            );
        }
        if !report.database.is_empty() {
            let parts: Vec<_> =
                report.database.iter().map(|(name, times)| format!("{name} {times}")).collect();
            println!("{}: {}", report.name, parts.join(", "));
        }
    }
}

/// Prints everything as JSON.
pub fn print_json(seed: u64, reports: &[Report]) {
    let counts = |counts: &[(&str, u64)]| -> Value {
        counts.iter().map(|(name, n)| ((*name).to_owned(), json!(n))).collect::<Map<_, _>>().into()
    };
    let runs = reports.iter().map(|report| {
        let moments = &report.moments;
        json!({
            "name": report.name,
            "kills": report.kills,
            "killed": {"starting": moments.starting, "within_50_ms": moments.at_once, "within_250_ms": moments.soon,
                "later": moments.later},
            "database": counts(&report.database),
            "asked": counts(&report.asked),
            "repeats": report.repeats,
            "ended": report.ended,
            "cases": report.waiting,
            "effects": report.effects,
            "notifications": report.notices,
            "slowest_return_ms": u64::try_from(report.slowest.as_millis()).unwrap_or(u64::MAX),
            "took_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            "wrong": report.findings,
        })
    });
    println!("{:#}", json!({"seed": seed, "runs": runs.collect::<Vec<_>>()}));
}
