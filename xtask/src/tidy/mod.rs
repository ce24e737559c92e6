//! `cargo xtask tidy`: the house rules that compilers do not check.

mod code;
mod examples;
mod files;
mod limits;
mod links;
mod sql;
mod walls;
mod words;

use std::{fs, path::Path};

use crate::{Outcome, run::root};

/// A text file of the repository.
pub(crate) struct Source {
    /// From the root, with forward slashes.
    path: String,
    text: String,
}

/// What a rule has found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    fn problem(&mut self, path: &str, line: usize, said: &str) {
        self.problems.push(format!("{path}:{line}: {said}"));
    }

    fn warning(&mut self, path: &str, line: usize, said: &str) {
        self.warnings.push(format!("{path}:{line}: {said}"));
    }
}

pub(crate) fn command() -> Outcome {
    eprintln!("==> tidy");
    let sources = read_all(&root())?;
    let findings = check(&root(), &sources);
    findings.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    findings.problems.iter().for_each(|problem| eprintln!("error: {problem}"));
    match findings.problems.len() {
        0 => Ok(()),
        n => Err(format!("tidy found {n} problem(s) in {} files", sources.len())),
    }
}

fn check(root: &Path, sources: &[Source]) -> Findings {
    let mut findings = Findings::default();
    for source in sources {
        files::check(source, &mut findings);
        words::check(source, &mut findings);
        sql::check(source, &mut findings);
        limits::check(source, &mut findings);
        links::check(root, source, &mut findings);
    }
    walls::check(sources, &mut findings);
    examples::check(sources, &mut findings);
    findings
}

/// Directories that hold nothing of ours.
const FOREIGN: [&str; 6] = [".git", "target", "node_modules", "redress-demo", "__pycache__", "corpus"];

fn read_all(root: &Path) -> Outcome<Vec<Source>> {
    let (mut sources, mut dirs) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(dir) = dirs.pop() {
        let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
        for entry in fs::read_dir(&dir).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(fail)?);
            let foreign = FOREIGN.iter().any(|name| *name == entry.file_name());
            if kind.is_dir() && !foreign {
                dirs.push(path);
            } else if kind.is_file() {
                sources.extend(read(root, &path));
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// A file's text; none for what is no text, such as an image.
fn read(root: &Path, path: &Path) -> Option<Source> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    Some(Source { path: parts.join("/"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one file of a test's own making.
    pub(super) fn problems(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.into(), text: text.into() };
        check(Path::new("/nowhere"), &[source]).problems
    }

    #[test]
    fn a_clean_file_has_no_problems() {
        assert!(problems("crates/core/src/a.rs", "fn f(x: (i64, i64)) -> i64 { x.0 + x.1 }\n").is_empty());
    }
}
