//! Which crate may know which: a crate exists only as a wall.

use super::{Findings, Source};

/// What a crate may depend on of ours, and what it must not of others'. Dependencies for tests are not judged.
struct Wall {
    name: &'static str,
    may: &'static [&'static str],
    must_not: &'static [&'static str],
}

const DATABASES: [&str; 3] = ["rusqlite", "tokio-postgres", "deadpool-postgres"];

const WALLS: [Wall; 15] = [
    // Pure: no input or output, no clock, no randomness, no async.
    Wall {
        name: "core",
        may: &[],
        must_not: &[
            "tokio",
            "futures-util",
            "rusqlite",
            "tokio-postgres",
            "deadpool-postgres",
            "reqwest",
            "hyper",
            "axum",
            "getrandom",
            "tracing",
        ],
    },
    Wall { name: "store", may: &["core"], must_not: &["axum", "reqwest", "hyper"] },
    Wall {
        name: "psp",
        may: &["core"],
        must_not: &["axum", "rusqlite", "tokio-postgres", "deadpool-postgres"],
    },
    Wall {
        name: "engine",
        may: &["core", "store", "psp"],
        must_not: &["axum", "tower-http", "rusqlite", "tokio-postgres", "deadpool-postgres"],
    },
    Wall {
        name: "http",
        may: &["core", "engine"],
        must_not: &["reqwest", "rusqlite", "tokio-postgres", "deadpool-postgres"],
    },
    // It knows the API by its description alone, as any client does; and brings no server into a client's program.
    Wall {
        name: "client",
        may: &[],
        must_not: &["axum", "rusqlite", "tokio-postgres", "deadpool-postgres", "tracing", "clap"],
    },
    // Written from the providers' documents alone, so that one mistake cannot hide on both sides.
    Wall { name: "sandbox", may: &[], must_not: &["tokio-postgres", "deadpool-postgres"] },
    Wall {
        name: "redress",
        may: &["core", "store", "psp", "engine", "http", "sandbox", "client"],
        must_not: &DATABASES,
    },
    // Measures the whole, so it may know all of it; nobody knows it.
    Wall { name: "bench", may: &["core", "store", "psp", "engine", "http", "sandbox"], must_not: &[] },
    // Proves core alone, and plays everything else.
    Wall { name: "model", may: &["core"], must_not: &DATABASES },
    Wall { name: "sim", may: &["core", "store", "psp", "engine", "http", "sandbox"], must_not: &DATABASES },
    // Reads what every parser reads, so it may know all of it; nobody knows it.
    Wall { name: "fuzz", may: &["core", "store", "psp", "engine", "http", "redress"], must_not: &DATABASES },
    // Plain std, because it is compiled first on a fresh machine.
    Wall { name: "cluster", may: &[], must_not: &["tokio", "tokio-postgres", "deadpool-postgres"] },
    // It judges the program from outside, so it shares nothing with it.
    Wall { name: "torture", may: &["cluster"], must_not: &["tokio", "axum", "reqwest", "hyper"] },
    Wall { name: "xtask", may: &["cluster"], must_not: &["tokio"] },
];

pub(super) fn check(sources: &[Source], findings: &mut Findings) {
    for source in sources {
        let Some(name) = crate_of(&source.path) else { continue };
        let Some(wall) = WALLS.iter().find(|wall| wall.name == name) else {
            findings.problem(&source.path, 1, "a crate without a wall: say here what it may know");
            continue;
        };
        for (line, dependency) in dependencies(&source.text) {
            let program = (dependency == "redress").then_some("redress");
            let refused = match dependency.strip_prefix("redress-").or(program) {
                Some(ours) => !wall.may.contains(&ours),
                None => wall.must_not.contains(&dependency.as_str()),
            };
            if refused {
                findings.problem(&source.path, line, &format!("{name} must not know {dependency}"));
            }
        }
    }
}

fn crate_of(path: &str) -> Option<&str> {
    let dir = path.strip_suffix("/Cargo.toml")?;
    match dir.strip_prefix("crates/") {
        Some(name) => (!name.contains('/')).then_some(name),
        None => (dir == "xtask").then_some(dir),
    }
}

/// The names under `[dependencies]` and its kin, except those for tests, with their lines.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let (mut found, mut inside) = (Vec::new(), false);
    for (i, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (table, name) = match section.split_once("dependencies") {
                Some((before, after)) => (Some(before), after.trim_start_matches('.')),
                None => (None, ""),
            };
            let ours = table.is_some_and(|before| !before.ends_with("dev-") && before != "workspace.");
            inside = ours && name.is_empty();
            if ours && !name.is_empty() {
                found.push((i + 1, name.to_owned()));
            }
        } else if inside && !line.starts_with('#') && line.contains('=') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or(line);
            found.push((i + 1, name.trim_matches('"').to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::problems;

    #[test]
    fn a_crate_knows_only_what_it_may() {
        let manifest = "[package]\nname = 'x'\n[dependencies]\nredress-core.workspace = true\n\
            redress-store = { path = '../store' }\naxum = '1'\n[dev-dependencies]\nredress-psp.workspace = true\n";
        let program = "[dependencies]\nredress = { path = '../redress' }\n";
        assert_eq!(problems("crates/http/Cargo.toml", program).len(), 1);
        assert!(problems("crates/fuzz/Cargo.toml", program).is_empty());
        let found = problems("crates/http/Cargo.toml", manifest);
        assert_eq!(found, ["crates/http/Cargo.toml:5: http must not know redress-store"]);
        assert_eq!(problems("crates/core/Cargo.toml", manifest).len(), 3);
        assert!(problems("crates/redress/Cargo.toml", manifest).is_empty());
        let found =
            problems("crates/psp/Cargo.toml", "[target.'cfg(unix)'.dependencies.rusqlite]\nversion = '1'\n");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn the_client_knows_nothing_of_the_server() {
        let manifest =
            "[dependencies]\nredress-core.workspace = true\nredress-http.workspace = true\naxum = '1'\n";
        assert_eq!(problems("crates/client/Cargo.toml", manifest).len(), 3);
        let user = "[dependencies]\nredress-client.workspace = true\n";
        assert!(problems("crates/redress/Cargo.toml", user).is_empty());
        assert_eq!(problems("crates/http/Cargo.toml", user).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_wall() {
        assert_eq!(problems("crates/new/Cargo.toml", "[package]\n").len(), 1);
        assert!(problems("Cargo.toml", "[workspace.dependencies]\nredress-store = 1\n").is_empty());
    }
}
