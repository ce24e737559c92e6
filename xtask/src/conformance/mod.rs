//! `cargo xtask conformance [--only PART,...] [DIR]`: what others wrote, run against us. Their libraries verify what Redress signs, sign
//! what it verifies, play the PSPs that it calls, and judge what goes over the wire.

mod adyen;
mod debian;
mod described;
mod operating;
mod packages;
mod part;
mod paypal;
mod portone;
pub(crate) mod process;
mod quickstart;
mod sgate;
mod site;
mod standard_webhooks;
mod stripe;
mod webhooks;

use std::path::PathBuf;

use self::{part::Stop, site::Site};
use crate::{
    Outcome,
    run::{program, root, target, written_to_disk},
};

/// A part: one thing that others wrote, and what it says about us.
struct Part {
    name: &'static str,
    run: fn(&mut Site) -> part::Ran,
}

/// All of them, in the order in which they run.
const PARTS: [Part; 29] = [
    Part { name: "quickstart-python", run: quickstart::python },
    Part { name: "quickstart-typescript", run: quickstart::typescript },
    Part { name: "standard-webhooks-python", run: standard_webhooks::python },
    Part { name: "standard-webhooks-javascript", run: standard_webhooks::javascript },
    Part { name: "portone-pyjwt", run: portone::pyjwt },
    Part { name: "portone-jsonwebtoken", run: portone::jsonwebtoken },
    Part { name: "sgate-python", run: sgate::python },
    Part { name: "sgate-javascript", run: sgate::javascript },
    Part { name: "sgate-php", run: sgate::php },
    Part { name: "sgate-java", run: sgate::java },
    Part { name: "stripe-stateful-mock", run: stripe::mock },
    Part { name: "stripe-idempotency", run: stripe::idempotency },
    Part { name: "stripe-sdk-python", run: stripe::sdk_python },
    Part { name: "stripe-sdk-javascript", run: stripe::sdk_javascript },
    Part { name: "adyen-prism", run: adyen::prism },
    Part { name: "adyen-webhooks-openapi", run: adyen::webhooks },
    Part { name: "adyen-sdk-hmac-python", run: adyen::sdk_python },
    Part { name: "adyen-sdk-hmac-javascript", run: adyen::sdk_javascript },
    Part { name: "paypal-openapi-core", run: paypal::openapi_core },
    Part { name: "schemathesis-v1", run: described::own },
    Part { name: "schemathesis-v1-unsigned", run: described::own_as_nobody },
    Part { name: "schemathesis-portone", run: described::portone },
    Part { name: "schemathesis-portone-unsigned", run: described::portone_as_nobody },
    Part { name: "schemathesis-sgate", run: described::sgate },
    Part { name: "schemathesis-sgate-unsigned", run: described::sgate_as_nobody },
    Part { name: "prometheus-alert-rules", run: operating::alert_rules },
    Part { name: "prometheus-scrape-and-dashboard", run: operating::prometheus_scrapes },
    Part { name: "systemd-unit", run: operating::systemd_unit },
    Part { name: "dockerfile-hadolint", run: operating::dockerfile },
];

pub(crate) fn command(args: &[String]) -> Outcome {
    let (only, args) = match args {
        [option, names, rest @ ..] if option == "--only" => (Some(parts_named(names)?), rest),
        _ => (None, args),
    };
    let descriptions = match args {
        [] => None,
        [dir] if !dir.starts_with('-') => Some(existing(dir)?),
        _ => return Err("usage: cargo xtask conformance [--only PART,...] [DIR]".into()),
    };
    let start = process::stopwatch();
    let program = program()?;
    let packages = packages::install(&target().join("conformance"));
    written_to_disk();
    let mut site = Site::new(program, packages, descriptions)?;

    let mut counts = Counts::default();
    for part in PARTS.iter().filter(|part| only.as_ref().is_none_or(|only| only.contains(&part.name))) {
        eprintln!("==> {} (after {} s)", part.name, start.elapsed().as_secs());
        let (word, detail) = counts.add((part.run)(&mut site));
        println!("{word}  {}  {detail}", part.name);
    }
    drop(site);
    eprintln!("==> done after {} s", start.elapsed().as_secs());
    println!("{}", counts.line());
    match counts.failed {
        0 => Ok(()),
        n => Err(format!("{n} part(s) of the conformance run failed")),
    }
}

fn parts_named(names: &str) -> Outcome<Vec<&'static str>> {
    let known = |name: &str| PARTS.iter().find(|part| part.name == name).map(|part| part.name);
    names.split(',').map(|name| known(name).ok_or_else(|| format!("no such part: {name}"))).collect()
}

fn existing(dir: &str) -> Outcome<PathBuf> {
    // Cargo runs us where the person is, but our children run in the root.
    std::fs::canonicalize(dir).map_err(|error| format!("{dir}: {error}"))
}

#[derive(Debug, Default)]
struct Counts {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Counts {
    /// Counts what a part came to, and says it.
    fn add(&mut self, ran: part::Ran) -> (&'static str, String) {
        match ran {
            Ok(detail) => {
                self.passed += 1;
                ("passed", detail)
            }
            Err(Stop::Failed(why)) => {
                self.failed += 1;
                ("failed", why)
            }
            Err(Stop::Skipped(why)) => {
                self.skipped += 1;
                ("skipped", why)
            }
        }
    }

    fn line(&self) -> String {
        format!("passed {}, failed {}, skipped {}", self.passed, self.failed, self.skipped)
    }
}

/// The folder of the scripts, which are run from the source tree.
fn script(name: &str) -> PathBuf {
    root().join("xtask").join("src").join("conformance").join("scripts").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_never_counts_as_passed() {
        let mut counts = Counts::default();
        assert_eq!(counts.add(Err(Stop::Skipped("no node".into()))), ("skipped", "no node".into()));
        assert_eq!(counts.add(Err(Stop::from("broken".to_owned()))), ("failed", "broken".into()));
        assert_eq!(counts.add(Ok("5 verified".into())), ("passed", "5 verified".into()));
        assert_eq!(counts.line(), "passed 1, failed 1, skipped 1");
    }

    #[test]
    fn a_part_that_there_is_not_is_no_part_that_passed() {
        assert_eq!(parts_named("sgate-java,sgate-php"), Ok(vec!["sgate-java", "sgate-php"]));
        assert!(parts_named("sgate-java,sgate-cobol").is_err());
        assert!(parts_named("").is_err());
    }

    /// Else the docs would call a connector proven by what nobody runs.
    #[test]
    fn what_the_docs_say_others_prove_has_a_part() {
        let page = std::fs::read_to_string(root().join("docs").join("connectors.md")).expect("the page");
        let mut proven = Vec::new();
        for row in page.lines().filter(|line| line.starts_with("| `")) {
            let connector = row.split('`').nth(1).expect("a name");
            let proof = row.trim_end_matches(" |").rsplit(" | ").next().expect("a cell");
            if ["official description", "others' program"].iter().any(|by| proof.starts_with(by)) {
                proven.push(connector);
            }
        }
        assert!(!proven.is_empty(), "the table is not understood");
        for connector in proven {
            let of_it =
                |part: &Part| part.name.strip_prefix(connector).is_some_and(|rest| rest.starts_with('-'));
            assert!(PARTS.iter().any(of_it), "no part proves {connector}");
        }
    }

    #[test]
    fn names_differ() {
        let mut names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARTS.len());
    }
}
