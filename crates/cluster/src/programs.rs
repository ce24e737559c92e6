//! PostgreSQL's programs: found, or installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, apt, command::capture};

/// Finds PostgreSQL's programs, or installs them where that is wished.
///
/// # Errors
/// Says how to install them by hand.
pub fn programs(install: bool) -> Outcome<PathBuf> {
    match find_programs() {
        Some(bin) => Ok(bin),
        None if install => install_package(),
        None => Err(not_found("--no-pg-install was given")),
    }
}

/// The directory of `initdb` and `pg_ctl`: on the PATH, where packages put it, or where `pg_config` says.
#[must_use]
pub fn find_programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    for parent in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"] {
        dirs.extend(packaged(Path::new(parent)));
    }
    if let Ok(dir) = capture(Command::new("pg_config").arg("--bindir")) {
        dirs.push(dir.trim().into());
    }
    dirs.into_iter().find_map(|dir| {
        // A link to a program stands for the directory the program lies in.
        let bin = dir.join("initdb").canonicalize().ok()?.parent()?.to_path_buf();
        ["initdb", "pg_ctl", "postgres"].iter().all(|name| bin.join(name).is_file()).then_some(bin)
    })
}

/// `bin` directories of installed versions below `parent`, the newest first.
fn packaged(parent: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut found: Vec<(u32, PathBuf)> = names
        .filter_map(|name| {
            let name = name.to_str()?;
            let version = name.trim_start_matches("postgresql@").trim_start_matches("pgsql-");
            Some((version.parse().ok()?, parent.join(name).join("bin")))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, bin)| bin).collect()
}

fn install_package() -> Outcome<PathBuf> {
    apt::install("PostgreSQL", &["postgresql"]).map_err(|why| not_found(&why))?;
    find_programs().ok_or_else(|| not_found("the package was installed, but its programs are nowhere"))
}

fn not_found(why: &str) -> String {
    format!(
        "PostgreSQL's programs (initdb, pg_ctl, postgres) were not found: {why}.\n\
         Install PostgreSQL 15 or later (Debian: apt-get install postgresql), or set REDRESS_TEST_PG_URL to a database \
         that tests may fill,\nor give --without-postgres to leave out every test on PostgreSQL."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_other_names_are_left_out() {
        let parent = std::env::temp_dir().join(format!("xtask-packaged-{}", std::process::id()));
        for name in ["9", "15", "postgresql@17", "lib"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        let found = packaged(&parent);
        fs::remove_dir_all(&parent).unwrap();
        let expected: Vec<PathBuf> =
            ["postgresql@17", "15", "9"].iter().map(|name| parent.join(name).join("bin")).collect();
        assert_eq!(found, expected);
    }
}
