//! Programs of the system's packages: those of the machine, or else fetched and unpacked beside the others, without
//! installing anything.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    packages::Packages,
    part::{Stop, skipped},
    process::finish,
};

/// For fetching a package, and for unpacking it.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// The folder of a package's programs; nothing is said of us where they are not to be had.
pub(super) fn need_programs(packages: &Packages, package: &str, programs: &[&str]) -> Result<PathBuf, Stop> {
    let dir = packages.dir().join("debian");
    let unpacked = dir.join(package);
    let candidates = [PathBuf::from("/usr/bin"), unpacked.join("usr").join("bin")];
    let whole = |bin: &Path| programs.iter().all(|program| bin.join(program).is_file());
    if let Some(bin) = candidates.iter().find(|bin| whole(bin)) {
        return Ok(bin.clone());
    }
    eprintln!("==> apt-get download {package}");
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut fetch = Command::new("apt-get");
    fetch.args(["download", package]).current_dir(&dir);
    let mut unpack = Command::new("sh");
    unpack.args(["-c", "dpkg-deb -x \"$1\"_*.deb \"$1\"", "sh", package]).current_dir(&dir);
    for (name, command) in [("apt-get", &mut fetch), ("dpkg-deb", &mut unpack)] {
        match finish(name, command, &dir, FETCH_LIMIT) {
            Ok(ended) if ended.code == Some(0) => {}
            Ok(ended) => return skipped(format!("no {package} here: {name}: {}", ended.last_line())),
            Err(why) => return skipped(format!("no {package} here: {why}")),
        }
    }
    let [_, bin] = candidates;
    if whole(&bin) {
        Ok(bin)
    } else {
        skipped(format!("the package {package} has no {}", programs.join(", ")))
    }
}
