//! PayPal: what goes between connector and sandbox is recorded, and validated against its official description.

use super::{
    part::Ran,
    process::free_port,
    site::{Site, With},
};

const PAYMENTS: &str = "paypal_payments_v2.json";

const WEBHOOKS: &str = "paypal_webhooks.json";

pub(super) fn openapi_core(site: &mut Site) -> Ran {
    site.need_connector("paypal")?;
    let payments = site.need_description(PAYMENTS)?.display().to_string();
    let webhooks = site.need_description(WEBHOOKS)?.display().to_string();
    let judge = With::PythonPackage("openapi-core");
    site.interpreter(judge)?;
    let own = site.own()?.display().to_string();
    let port = free_port()?;
    let record = site.dir().join("paypal.jsonl").display().to_string();
    let sandbox = site.sandbox_url()?;
    let _recorder = site.serving(With::Python, "recorder.py", &[&sandbox, &record], port)?;
    let url = format!("http://127.0.0.1:{port}");
    site.script(judge, "paypal.py", &[&site.program(), &own, &url, &record, &payments, &webhooks])
}
