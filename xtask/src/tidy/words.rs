//! Words that must not stand in the repository: they speak of one machine, not of the project.

use super::{Findings, Source};

// Put together here, so that this file passes its own rule.
const HOSTS: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("registry.npm", "js.org"),
    concat!("py", "pi.org"),
    concat!("files.python", "hosted.org"),
    concat!("proxy.golang", ".org"),
    concat!("rubygems", ".org"),
];
const PATHS: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
/// Made by tools, which write down where they fetched things.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    if LOCK_FILES.iter().any(|name| source.path.ends_with(name)) {
        return;
    }
    for (i, line) in source.text.lines().enumerate() {
        for host in HOSTS.iter().filter(|host| line.contains(**host)) {
            findings.problem(&source.path, i + 1, &format!("names a package registry ({host})"));
        }
        for path in PATHS.iter().filter(|path| starts_a_path(line, path)) {
            findings.problem(&source.path, i + 1, &format!("a path of one machine ({path})"));
        }
    }
}

/// True where `path` begins, and is not the middle of a longer path or address.
fn starts_a_path(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "._-~}>*/".contains(c);
    line.match_indices(path).any(|(i, _)| !line[..i].chars().next_back().is_some_and(goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::problems;

    #[test]
    fn machines_and_registries_are_refused() {
        assert_eq!(problems("docs/a.md", &format!("see {}main", PATHS[2])).len(), 1);
        assert_eq!(problems("docs/a.md", &format!("`{}someone`", PATHS[0])).len(), 1);
        assert_eq!(problems("docs/a.md", &format!("https://{}/x", HOSTS[0])).len(), 1);
        assert!(problems("Cargo.lock", &format!("https://{}/x", HOSTS[0])).is_empty());
        assert!(problems("docs/a.md", &format!("https://example.com{}x", PATHS[0])).is_empty());
    }
}
