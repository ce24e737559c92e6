//! Standard Webhooks: the official libraries verify what Redress sends, and refuse it once it is altered.

use super::{
    part::Ran,
    site::{Site, With},
    webhooks::Receiver,
};

pub(super) fn python(site: &mut Site) -> Ran {
    run(site, Receiver::Python("standardwebhooks"), "5")
}

pub(super) fn javascript(site: &mut Site) -> Ran {
    run(site, Receiver::Node("standardwebhooks"), "15")
}

/// `first` is the place of the first of the demo's payments that the part uses, so that no two use the same.
fn run(site: &mut Site, receiver: Receiver, first: &str) -> Ran {
    let (_receiver, url) = receiver.start(site, "standard")?;
    let (demo, program) = (site.demo()?.display().to_string(), site.program());
    site.script(With::Python, "standard_webhooks.py", &[&program, &demo, &url, first])
}
