//! What the demo prints.

use std::io::IsTerminal;
use std::path::Path;

use super::handout;
use super::kind::Kind;
use super::payments::Payment;
use super::setup::Addresses;
use super::state::{Merchant, Person};
use super::{LOG_FILE, SGATE_SCRIPT_FILE, backend};
use crate::failure::Failure;
use crate::output::{one_line, print};

/// The program as it was called, for commands to try.
fn program() -> String {
    quoted(&std::env::args().next().unwrap_or_else(|| "redress".to_owned()))
}

/// A word as a shell reads it: commands to try are copied, and a directory may have a space in its name.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Prints the tour; colours only for people.
pub(super) struct Screen {
    colours: bool,
    steps: usize,
}

impl Screen {
    pub(super) fn new(steps: usize) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { colours, steps }
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Where everything is.
    pub(super) fn opening(
        &self,
        dir: &Path,
        addresses: &Addresses,
        own_sandbox: bool,
    ) -> Result<(), Failure> {
        let Addresses { base_url, sandbox_url, .. } = addresses;
        let whose = if own_sandbox { "" } else { " (another program)" };
        print(&self.coloured("1", &format!("Redress demo in {}", dir.display())))?;
        print(&format!("  server   {base_url}"))?;
        print(&format!("  sandbox  {sandbox_url}{whose}: plays the PSPs"))?;
        print("")?;
        print(&self.coloured("1", "The tour"))
    }

    /// A step that held, now or at an earlier start.
    pub(super) fn held(&self, number: usize, title: &str, told: &str, earlier: bool) -> Result<(), Failure> {
        let verdict = if earlier { "done" } else { "ok" };
        self.line(number, &self.coloured("32", &format!("{verdict:4}")), title, told)
    }

    /// A step that did not.
    pub(super) fn failed(&self, number: usize, title: &str, why: &str) -> Result<(), Failure> {
        self.line(number, &self.coloured("31", "FAIL"), title, why)
    }

    fn line(&self, number: usize, verdict: &str, title: &str, text: &str) -> Result<(), Failure> {
        let steps = self.steps;
        print(&format!("  {number:>2}/{steps}  {verdict}  {title:28}  {}", one_line(text)))
    }
}

/// How the tour went.
pub(super) fn ending(steps: usize, failed: usize) -> Result<(), Failure> {
    print("")?;
    match failed {
        0 => print(&format!("All {steps} steps held.")),
        failed => print(&format!("{failed} of {steps} steps did not hold; the next start tries them again.")),
    }
}

/// What to try, with the payments after those of the tour.
pub(super) fn invitation(
    dir: &Path,
    addresses: &Addresses,
    merchant: &Merchant,
    payments: &[Payment],
    metrics_url: &str,
) -> Result<(), Failure> {
    let pick = |kind| payments.iter().filter(|payment| payment.kind == kind).nth(5);
    let (Some(momo), Some(tap)) = (pick(Kind::MomoVnd), pick(Kind::TapSar)) else { return Ok(()) };
    let last = payments.iter().rfind(|payment| payment.kind == Kind::TapSar).unwrap_or(tap);
    let (base, sandbox) = (&addresses.base_url, &addresses.sandbox_url);
    let (shown, program) = (dir.display(), program());
    let data = quoted(&shown.to_string());
    let Merchant { code, portone, sgate, api_key, .. } = merchant;
    let (momo_ref, tap_ref, last_ref, channel) =
        (&momo.order_ref, &tap.order_ref, &last.order_ref, momo.channel);
    let (handout, log, inbox, script) = (handout::FILE, LOG_FILE, backend::FILE, SGATE_SCRIPT_FILE);
    let script_path = quoted(&dir.join(script).display().to_string());
    print(&format!(
        r#"
The server stays up until Ctrl-C. It is started again with the same command and goes on with what is in {shown}.

Addresses
  server         {base}          /healthz, /readyz
  metrics        {metrics_url}
  sandbox        {sandbox}          /control/ledger shows every effect
  notifications  {backend}          the merchant's small backend; what came in is in {shown}/{inbox}
  log            {shown}/{log}

Keys of the merchant {code} (for this demo only; with {total} payments to refund they are in {shown}/{handout})
  PortOne   client key {portone_key}
            secret     {portone_secret}
  SGate     key        {sgate_key}
            secret     {sgate_secret}
  Redress   API key    {api_key}

Refund a MoMo payment of {momo_amount} by PortOne's API, and list its refunds:
  TOKEN=$(curl -s {base}/api/merchant/auth-token -d '{{"portone_key":"{portone_key}","portone_secret":"{portone_secret}"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s {base}/api/refund/{momo_ref} -H "Authorization: Bearer $TOKEN" -H "X-Portone-Client-Key: {portone_key}" -d '{{"amount":150000,"channel":"{channel}","description":"try","refund_type":"partial","refund_reason":"customer request","environment":"sandbox"}}'
  curl -s {base}/api/refund/{momo_ref} -H "Authorization: Bearer $TOKEN" -H "X-Portone-Client-Key: {portone_key}"

Refund a Tap payment of {tap_amount} by SGate's API, and query it ({script} signs the call):
  python3 {script_path} POST /orders/{tap_ref}/refunds order.refund '{{"amount":"12.50","reason":"try"}}'
  python3 {script_path} GET /refunds/{tap_ref}_R1 refund.detail

Refund all of another Tap payment by Redress's own API, from the command line, and see what happened:
  export REDRESS_URL={base} REDRESS_API_KEY={api_key}
  {program} refund create {last_ref} --wait 20
  {program} events tail --from beginning --no-follow

Have MoMo's answer to that payment's next refund lost, refund it once more as above, and see one effect for it:
  curl -s {sandbox}/control/script -d '{{"psp":"momo","payment":"{momo_id}","steps":["timeout_after_effect"]}}'
  curl -s {sandbox}/control/ledger

Look into it beside the running server:
  {program} case list --data {data}
  {program} verify --data {data}
"#,
        backend = addresses.backend_url,
        total = payments.len(),
        portone_key = portone.key,
        portone_secret = portone.secret,
        sgate_key = sgate.key,
        sgate_secret = sgate.secret,
        momo_amount = momo.captured,
        tap_amount = tap.captured,
        momo_id = momo.psp_payment_id,
    ))
}

/// Who may sign in to the portal.
pub(super) fn people(people: &[Person]) -> Result<(), Failure> {
    print(
        "People who may sign in to the portal (the secret is for an authenticator: RFC 6238, six digits, 30 s)",
    )?;
    for Person { email, password, role, totp_secret } in people {
        print(&format!("  {role:8}  {email:21}  password {password}  second factor {totp_secret}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word() {
        for plain in ["./redress-demo", "/opt/re_dress/bin-1", "target/release/redress"] {
            assert_eq!(quoted(plain), plain);
        }
        for (word, written) in [
            ("my demo", "'my demo'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;x", "'$HOME;x'"),
            ("caf\u{e9}", "'caf\u{e9}'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), written);
        }
    }
}
