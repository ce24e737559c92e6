//! SGate's API: clients in the languages of its samples, each encoding what it signs as its own standard library does.

use super::{
    part::Ran,
    site::{Site, With},
};

pub(super) fn python(site: &mut Site) -> Ran {
    run(site, With::Python, "sgate_client.py", "python")
}

pub(super) fn javascript(site: &mut Site) -> Ran {
    run(site, With::Node(""), "sgate_client.js", "javascript")
}

pub(super) fn php(site: &mut Site) -> Ran {
    run(site, With::Php, "sgate_client.php", "php")
}

pub(super) fn java(site: &mut Site) -> Ran {
    run(site, With::Java, "SgateClient.java", "java")
}

/// The client is told one request a line and answers each with a line; the script in Python asks and judges, so that
/// all languages are held to the same.
fn run(site: &mut Site, with: With<'_>, client: &str, language: &str) -> Ran {
    let interpreter = site.interpreter(with)?;
    let demo = site.demo()?.display().to_string();
    let client = super::script(client).display().to_string();
    let program = interpreter.get_program().to_string_lossy().into_owned();
    site.script(With::Python, "sgate.py", &[&demo, language, &program, &client])
}
