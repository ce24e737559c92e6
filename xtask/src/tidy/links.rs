//! Links of Markdown files to other files of the repository.

use std::path::Path;

use super::{Findings, Source};

pub(super) fn check(root: &Path, source: &Source, findings: &mut Findings) {
    if !source.path.ends_with(".md") {
        return;
    }
    let dir = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut in_fence = false;
    for (i, line) in source.text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        in_fence ^= fence;
        if fence || in_fence {
            continue;
        }
        for target in targets(line) {
            let file = target.split('#').next().unwrap_or("");
            let elsewhere = file.is_empty() || file.contains(':');
            let path = match file.strip_prefix('/') {
                Some(from_root) => root.join(from_root),
                None => root.join(dir).join(file),
            };
            if !elsewhere && !path.exists() {
                findings.problem(&source.path, i + 1, &format!("a link to {file}, which does not exist"));
            }
        }
    }
}

/// Where the links of a line lead: `[text](target "title")` and `[name]: target`, outside `code`.
fn targets(line: &str) -> Vec<String> {
    let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut rest = line.as_str();
    while let Some((_, after)) = rest.split_once("](") {
        let (target, after) = after.split_once(')').unwrap_or((after, ""));
        found.push(target);
        rest = after;
    }
    if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        found.push(target);
    }
    let first_word =
        |target: &str| target.split_whitespace().next().unwrap_or("").trim_matches(['<', '>']).to_owned();
    found.into_iter().map(first_word).collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::problems;

    #[test]
    fn a_link_to_nothing_is_found() {
        for bad in
            ["[a](b.md)", "see [a](../x/b.md#c) there", "[a]: b.md", "[x](https://e.org) [a](b.md \"t\")"]
        {
            assert_eq!(problems("docs/a.md", bad).len(), 1, "{bad}");
        }
        for good in [
            "[a](https://e.org/b.md)",
            "[a](#there)",
            "`[a](b.md)`",
            "```\n[a](b.md)\n```",
            "[a](mailto:a@b)",
        ] {
            assert!(problems("docs/a.md", good).is_empty(), "{good}");
        }
    }
}
