//! PortOne's API: tokens that others' JWT libraries make are taken where they are good, and only there.

use super::{
    part::Ran,
    site::{Site, With},
};

pub(super) fn pyjwt(site: &mut Site) -> Ran {
    run(site, With::PythonPackage("PyJWT"), "portone_jwt.py", "25")
}

pub(super) fn jsonwebtoken(site: &mut Site) -> Ran {
    run(site, With::Node("jsonwebtoken"), "portone_jwt.js", "28")
}

fn run(site: &mut Site, with: With<'_>, script: &str, first: &str) -> Ran {
    // What is not here is said before a demo is started for it.
    site.interpreter(with)?;
    let demo = site.demo()?.display().to_string();
    site.script(with, script, &[&demo, first])
}
