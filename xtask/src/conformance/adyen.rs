//! Adyen: its official description judges what goes between connector and sandbox, and its own libraries check the
//! signatures that our sandbox makes in its name.

use super::{
    part::Ran,
    process::free_port,
    site::{Site, With},
    webhooks::Receiver,
};

const DESCRIPTION: &str = "adyen_v71.json";

const WEBHOOKS: &str = "adyen_webhooks.json";

const PRISM: &str = "@stoplight/prism-cli";

/// What Adyen's own address ends with; the description's paths come after it.
const VERSION: &str = "/v71";

pub(super) fn prism(site: &mut Site) -> Ran {
    site.need_connector("adyen")?;
    let description = site.need_description(DESCRIPTION)?;
    let modules = site.packages.need_node(PRISM)?;
    let own = site.own()?;
    let port = free_port()?;
    let log = format!("prism-{port}");
    let mut prism = site.interpreter(With::Node(PRISM))?;
    prism.arg(modules.join(PRISM).join("dist").join("index.js"));
    prism.args(["proxy", "-h", "127.0.0.1", "-p", &port.to_string(), "--errors"]).arg(description);
    prism.arg(format!("{}{VERSION}", site.sandbox_url()?));
    let _prism = site.started(&log, &mut prism, port)?;
    let log = site.dir().join(format!("{log}.log")).display().to_string();
    let url = format!("http://127.0.0.1:{port}");
    site.script(With::Python, "adyen_prism.py", &[&site.program(), &own.display().to_string(), &url, &log])
}

/// What our sandbox tells in Adyen's name is held to Adyen's description of its webhooks.
pub(super) fn webhooks(site: &mut Site) -> Ran {
    site.need_connector("adyen")?;
    let description = site.need_description(WEBHOOKS)?.display().to_string();
    let judge = With::PythonPackage("openapi-core");
    site.interpreter(judge)?;
    let own = site.own()?.display().to_string();
    site.script(judge, "adyen_webhooks.py", &[&site.program(), &own, &description])
}

pub(super) fn sdk_python(site: &mut Site) -> Ran {
    sdk(site, Receiver::Python("Adyen"))
}

pub(super) fn sdk_javascript(site: &mut Site) -> Ran {
    sdk(site, Receiver::Node("@adyen/api-library"))
}

fn sdk(site: &mut Site, receiver: Receiver) -> Ran {
    site.need_connector("adyen")?;
    let (_receiver, url) = receiver.start(site, "adyen")?;
    let own = site.own()?.display().to_string();
    site.script(With::Python, "sandbox_webhooks.py", &[&site.program(), &own, &url, "adyen"])
}
