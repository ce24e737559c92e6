//! Stripe: a program of others plays it for Redress and for its connector, and its own libraries verify what our sandbox
//! sends in its name.

use std::time::Duration;

use super::{
    part::{Ran, Stop},
    process::{Process, finish, free_port},
    site::{Site, With},
    webhooks::Receiver,
};
use crate::run::{PROFILE, cargo, written_to_disk};

/// For the test to be built and run; mostly it was built before.
const TEST_LIMIT: Duration = Duration::from_secs(600);

/// Names the mock for the connector's own test.
const MOCK_URL: &str = "REDRESS_STRIPE_MOCK_URL";

pub(super) fn mock(site: &mut Site) -> Ran {
    site.need_connector("stripe")?;
    let (_mock, url) = start_mock(site)?;
    let own = site.own()?.display().to_string();
    site.script(With::Python, "stripe_mock.py", &[&site.program(), &own, &url])
}

/// The connector's own test, which sends one refund twice: through Redress nobody could.
pub(super) fn idempotency(site: &mut Site) -> Ran {
    site.need_connector("stripe")?;
    let (_mock, url) = start_mock(site)?;
    let words = ["test", "--quiet", "--profile", PROFILE, "--workspace", "--test", "stripe_mock"];
    let mut test = cargo(words);
    test.args(["--", "--ignored"]).env(MOCK_URL, url);
    let ended = finish("stripe-idempotency", &mut test, site.dir(), TEST_LIMIT)?;
    // Where it was built for this, the parts that follow are not to wait for that.
    written_to_disk();
    if ended.code == Some(0) && ended.text.contains("1 passed") {
        return Ok("the same key twice is one refund, with another sum it is refused as in use".into());
    }
    Err(Stop::Failed(format!(
        "{} (see stripe-idempotency.log in {})",
        ended.last_lines(),
        site.dir().display()
    )))
}

pub(super) fn sdk_python(site: &mut Site) -> Ran {
    sdk(site, Receiver::Python("stripe"))
}

pub(super) fn sdk_javascript(site: &mut Site) -> Ran {
    sdk(site, Receiver::Node("stripe"))
}

fn sdk(site: &mut Site, receiver: Receiver) -> Ran {
    site.need_connector("stripe")?;
    let (_receiver, url) = receiver.start(site, "stripe")?;
    let own = site.own()?.display().to_string();
    site.script(With::Python, "sandbox_webhooks.py", &[&site.program(), &own, &url, "stripe"])
}

fn start_mock(site: &Site) -> Result<(Process, String), Stop> {
    let port = free_port()?;
    let mock = site.serving(With::Node("stripe-stateful-mock"), "stripe_mock.js", &[], port)?;
    Ok((mock, format!("http://127.0.0.1:{port}")))
}
