//! The quick starts of the docs, run as they stand: their code is taken out of the pages.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use super::{
    part::{Ran, Stop},
    process::{Ended, finish},
    site::Site,
};
use crate::{Outcome, run::root};

/// For a program of a page to come to its end.
const LIMIT: Duration = Duration::from_secs(300);

/// What the programs print once a notification was verified.
const VERIFIED: &str = "verified: refund.succeeded of rf_";

/// What they print before, once the refund has ended.
const ENDED: &str = " is succeeded";

/// One page.
struct Page {
    /// In `docs`.
    name: &'static str,
    /// The language of the blocks that are the program.
    language: &'static str,
    /// What the page calls the program.
    program: &'static str,
    /// Parts of it, and others that make it wrong: a secret that is not the endpoint's, and less patience.
    altered: [(&'static str, &'static str); 2],
    /// Of the parts above, the one with the secret, and with a refund behind it that the page knows nothing of.
    another: (&'static str, &'static str),
    /// The payment in its command, and two others: the first has nothing left after the page's own run.
    payments: [&'static str; 3],
}

pub(super) fn python(site: &mut Site) -> Ran {
    let python = site.packages.need_python("standardwebhooks")?;
    let page = Page {
        name: "quickstart-python.md",
        language: "python",
        program: "quickstart.py",
        altered: [
            ("secret = endpoint[\"secret\"]\n", "secret = \"whsec_\" + \"A\" * 32\n"),
            ("told.get(timeout=60)", "told.get(timeout=3)"),
        ],
        another: (
            "secret = endpoint[\"secret\"]\n",
            "secret = endpoint[\"secret\"]\n\
             call(\"POST\", \"/v1/payments/\" + ORDER_REF + \"/refunds\", {\"amount\": 100, \"currency\": \"USD\"}, \
             **{\"Idempotency-Key\": str(uuid.uuid4()), \"Prefer\": \"wait=30\"})\n",
        ),
        payments: ["[-1]", "[-3]", "[-5]"],
    };
    run(site, &page, python.parent().unwrap_or(Path::new("")))
}

pub(super) fn typescript(site: &mut Site) -> Ran {
    site.packages.need_node("standardwebhooks")?;
    let modules = site.packages.need_node("tsx")?;
    let page = Page {
        name: "quickstart-typescript.md",
        language: "ts",
        program: "quickstart.mts",
        altered: [
            ("secret = endpoint.secret;\n", "secret = \"whsec_\" + \"A\".repeat(32);\n"),
            ("60_000", "3_000"),
        ],
        another: (
            "secret = endpoint.secret;\n",
            "secret = endpoint.secret;\n\
             await call(\"POST\", `/v1/payments/${orderRef}/refunds`, { amount: 100, currency: \"USD\" }, \
             { \"Idempotency-Key\": randomUUID(), Prefer: \"wait=30\" });\n",
        ),
        payments: [".at(-2)", ".at(-4)", ".at(-6)"],
    };
    run(site, &page, &modules.join(".bin"))
}

/// Runs a page's program with its own command; once more while another refund's notification comes first, as it would in a
/// shop; and once with a wrong secret, which must not be taken for good. `programs` is where the installed packages have theirs.
fn run(site: &mut Site, page: &Page, programs: &Path) -> Ran {
    let text = fs::read_to_string(root().join("docs").join(page.name))
        .map_err(|error| format!("docs/{}: {error}", page.name))?;
    let program = blocks(&text, page.language).concat();
    let commands = blocks(&text, "sh run").concat();
    let mut parts = page.altered.iter().chain([&page.another]);
    let [payment, for_another, for_wrong] = page.payments;
    let found = parts.all(|(part, _)| program.contains(part));
    if !found || !commands.contains(page.program) || !commands.contains(payment) {
        return Err(Stop::Failed(format!("docs/{}: its program or its command was not found", page.name)));
    }

    let said = verified(page, &one(site, page, "as-it-stands", &program, &commands, programs)?)?;

    let others = commands.replace(payment, for_another);
    let beside = program.replace(page.another.0, page.another.1);
    verified(page, &one(site, page, "beside-another", &beside, &others, programs)?)?;

    let others = commands.replace(payment, for_wrong);
    let program = page.altered.iter().fold(program, |program, (part, other)| program.replace(part, other));
    let wrong = one(site, page, "wrong-secret", &program, &others, programs)?;
    if wrong.code == Some(0) || wrong.text.contains(VERIFIED) {
        return Err(Stop::Failed(format!("docs/{}: a wrong secret verifies as well", page.name)));
    }
    if !wrong.text.contains(ENDED) {
        let said = wrong.last_lines();
        return Err(Stop::Failed(format!(
            "docs/{}: with a wrong secret it never came so far: {said}",
            page.name
        )));
    }
    Ok(format!("the page's own code: {said}; with a wrong secret nothing is"))
}

/// What a program said of the notification that it verified.
fn verified(page: &Page, ended: &Ended) -> Result<String, Stop> {
    let verified = ended.text.lines().find(|line| line.starts_with(VERIFIED));
    match (ended.code, verified) {
        (Some(0), Some(verified)) => Ok(verified.to_owned()),
        _ => Err(Stop::Failed(format!("docs/{}: {}", page.name, ended.last_lines()))),
    }
}

fn one(
    site: &mut Site,
    page: &Page,
    how: &str,
    program: &str,
    commands: &str,
    programs: &Path,
) -> Outcome<Ended> {
    let demo = site.demo().map_err(|_| "the demo does not start")?;
    let name = format!("{}-{how}", page.name.trim_end_matches(".md"));
    let folder = site.dir().join(&name);
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(fail)?;
    fs::write(folder.join(page.program), program).map_err(fail)?;
    // As the page's reader has them: the demo's folder, and what was installed, in the one that one is in.
    symlink(demo, folder.join("redress-demo")).map_err(fail)?;
    symlink(site.packages.node_modules(), folder.join("node_modules")).map_err(fail)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-euc", commands]).current_dir(&folder);
    command.env("PATH", format!("{}:{path}", programs.display())).env("PYTHONDONTWRITEBYTECODE", "1");
    // A proxy of the machine's is none of loopback's business.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    finish(&name, &mut command, site.dir(), LIMIT)
}

/// What stands in the blocks of a Markdown text that begin with these words.
fn blocks(text: &str, words: &str) -> Vec<String> {
    let (mut found, mut inside) = (Vec::new(), None);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut inside) {
            (Some(begins), None) => inside = Some((begins.trim() == words, String::new())),
            (Some(_), Some((wanted, block))) => {
                if *wanted {
                    found.push(std::mem::take(block));
                }
                inside = None;
            }
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_taken_out_of_its_page() {
        let text = "a\n```sh\nno\n```\n```py\none\n\ntwo\n```\nb\n```sh run\nyes\n```\n```py\nthree\n```\n";
        assert_eq!(blocks(text, "py"), ["one\n\ntwo\n", "three\n"]);
        assert_eq!(blocks(text, "sh run"), ["yes\n"]);
        assert!(blocks(text, "ts").is_empty());
    }

    /// Other pages go on from the quick start's program. A name that nobody imported is found only when it is used: for the loop
    /// of retries, when the network fails.
    #[test]
    fn what_goes_on_from_the_quick_start_imports_what_that_does_not() {
        const MODULES: [&str; 9] = [
            "http.client",
            "json",
            "os",
            "queue",
            "time",
            "urllib.error",
            "urllib.parse",
            "urllib.request",
            "uuid",
        ];
        let read = |name: &str| fs::read_to_string(root().join("docs").join(name)).unwrap();
        let begun = blocks(&read("quickstart-python.md"), "python").concat();
        for page in ["api.md", "events.md"] {
            let shown = blocks(&read(page), "python");
            assert!(!shown.is_empty(), "docs/{page} shows none");
            for block in shown {
                for module in MODULES {
                    let import = format!("import {module}\n");
                    let has = begun.contains(&import) || block.contains(&import);
                    assert!(has || !block.contains(&format!("{module}.")), "docs/{page} lacks: {import}");
                }
            }
        }
    }

    #[test]
    fn every_quick_start_is_run() {
        let pages = fs::read_dir(root().join("docs")).unwrap();
        let pages = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
        let mut pages: Vec<_> = pages.filter(|name| name.starts_with("quickstart")).collect();
        pages.sort_unstable();
        assert_eq!(pages, ["quickstart-python.md", "quickstart-typescript.md"]);
    }
}
