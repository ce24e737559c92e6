//! What the doctor looks at beyond this machine: where merchants are notified, and the PSP accounts.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use redress_core::policy::AccountState;
use redress_engine::admin::account_check::AccountCheck;
use redress_engine::admin::endpoints::Endpoint;
use redress_engine::engine::Engine;
use redress_engine::world::World;
use redress_psp::guard::GuardPolicy;
use tokio::net::{TcpStream, lookup_host};

use super::{Check, Trouble};
use crate::open;
use crate::output::time;
use crate::settings::Settings;

/// How long a name may take to resolve, and a connection to stand.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);

/// So many addresses are looked at at once.
const AT_ONCE: usize = 8;

/// Judges every endpoint that is not revoked: by the address guard, by its name, by whether it took what was sent to it;
/// connects where `probe` says so.
pub(super) async fn check_endpoints(
    settings: &Settings,
    engine: &Engine,
    world: &World,
    probe: bool,
) -> Result<Vec<(String, Check)>, Trouble> {
    let mut endpoints = Vec::new();
    for merchant in engine.list_merchants().await.map_err(|error| error.to_string())? {
        let of = engine.list_endpoints(merchant.id, None).await.map_err(|error| error.to_string())?;
        let used = of.into_iter().filter(|endpoint| endpoint.revoked_at.is_none());
        // The commands that mend one ask whose it is.
        endpoints.extend(used.map(|endpoint| (format!("{} of {}", endpoint.id, merchant.code), endpoint)));
    }
    let guard = &settings.notifications.guard;
    let look = |(name, endpoint): (String, Endpoint)| async move {
        let checked = check_url(guard, &endpoint.url, world, probe).await;
        (name, checked.and_then(|reached| check_health(&endpoint, reached)))
    };
    Ok(futures_util::stream::iter(endpoints.into_iter().map(look)).buffered(AT_ONCE).collect().await)
}

/// An address that is well says nothing of whether anybody there takes what is sent.
fn check_health(endpoint: &Endpoint, reached: String) -> Check {
    match (endpoint.disabled_at, endpoint.failing_since) {
        (None, None) => Ok(reached),
        (Some(at), _) => Err(Trouble::Warning(format!(
            "{reached}; it is disabled, and nothing is sent to it since {}: endpoint enable, once it may be told again",
            time(at)
        ))),
        (None, Some(since)) => Err(Trouble::Warning(format!(
            "{reached}; it has taken nothing since {}: endpoint deliveries tells what came back",
            time(since)
        ))),
    }
}

async fn check_url(guard: &GuardPolicy, url: &str, world: &World, probe: bool) -> Check {
    let checked = guard.check_url(url).map_err(|error| {
        format!("{error}: nothing is sent there; allow it in [notifications], or revoke the endpoint")
    })?;
    let (host, port) =
        (checked.host_str().unwrap_or_default(), checked.port_or_known_default().unwrap_or(443));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::select! {
        biased;
        found = lookup_host((bare, port)) => found.map_err(|error| error.to_string()),
        () = world.clock.sleep(REACH_TIMEOUT) => Err("no answer in time".to_owned()),
    };
    let found: Vec<SocketAddr> =
        found.map_err(|error| Trouble::Warning(format!("{host} does not resolve: {error}")))?.collect();
    let Some(allowed) = found.iter().find(|address| guard.allows(address.ip())) else {
        let text = format!("{host} resolves to no address that may be spoken to");
        return Err(format!("{text}: allow its network in [notifications], or change its name").into());
    };
    if !probe {
        return Ok(format!("{host} resolves to {}", allowed.ip()));
    }
    let connected = tokio::select! {
        biased;
        connected = TcpStream::connect(allowed) => connected.map_err(|error| error.to_string()),
        () = world.clock.sleep(REACH_TIMEOUT) => Err("no answer in time".to_owned()),
    };
    match connected {
        Ok(_) => Ok(format!("{host} takes connections at {allowed}")),
        Err(error) => Err(Trouble::Warning(format!("{host} at {allowed}: {error}; notifications wait"))),
    }
}

/// Judges every PSP account that is not revoked; asks its PSP where `probe` says so.
pub(super) async fn check_accounts(
    settings: &Settings,
    engine: &Engine,
    probe: bool,
) -> Result<Vec<(String, Check)>, Trouble> {
    let transport = open::psp_transport(settings).map_err(|error| error.to_string())?;
    let mut checks = Vec::new();
    for account in engine.list_accounts(None).await.map_err(|error| error.to_string())? {
        if account.state == AccountState::Revoked {
            continue;
        }
        let name = account.id.to_string();
        let check = async {
            let (base_url, _) =
                engine.account_addresses(&account).await.map_err(|error| error.to_string())?;
            if let Some(url) = base_url {
                let judged = settings.psp.guard.check_url(&url);
                judged
                    .map_err(|error| format!("{url}: {error}; allow it in [psp], or change the account"))?;
            }
            let mut unproved = false;
            let said = match probe {
                false => account.psp.clone(),
                true => match engine.check_account(account.id, &transport).await {
                    Ok(AccountCheck::Proved(what)) => format!("{} is good: {what}", account.psp),
                    Ok(AccountCheck::NotPossible(why)) => {
                        unproved = true;
                        format!("{} cannot be checked: {why}", account.psp)
                    }
                    Ok(AccountCheck::Refused(why)) => {
                        let text = format!("{} does not accept it: {why}", account.psp);
                        return Err(format!("{text}. Change its credentials: psp-account change").into());
                    }
                    Ok(AccountCheck::Unclear(why)) => {
                        return Err(Trouble::Warning(format!("{} could not be asked: {why}", account.psp)));
                    }
                    Err(error) => return Err(error.to_string().into()),
                },
            };
            match account.state {
                AccountState::Paused => Err(Trouble::Warning(format!(
                    "{said}; it is paused, and its refunds wait: psp-account resume"
                ))),
                // Whoever wanted it proved must not take it for proved.
                _ if unproved => Err(Trouble::Warning(said)),
                _ => Ok(said),
            }
        };
        checks.push((name, check.await));
    }
    Ok(checks)
}
