//! The demo's settings, written as a settings file: `serve` and the commands beside it read the same.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use url::Url;

use super::files;
use crate::failure::Failure;
use crate::place::DEMO_SETTINGS_FILE;
use crate::settings::Settings;

/// What the demo's settings depend on.
pub(super) struct Wanted<'a> {
    pub(super) dir: &'a Path,
    pub(super) listen: SocketAddr,
    pub(super) metrics_port: u16,
    pub(super) sandbox_url: &'a str,
}

/// The spans are short, because a demo is watched and its sandbox answers at once. What was being sent when the demo was
/// killed is looked up at its restart: at MoMo up to four look-ups with a re-send after each, at Tap four look-ups, and
/// then a person is called. With a PSP that lets every send time out that takes half a minute at most; a refund that the
/// PSP calls pending is a case after 40 s. Either way it has ended or stands as an open case within 60 s.
fn text(wanted: &Wanted<'_>) -> String {
    let Wanted { listen, metrics_port, sandbox_url, .. } = wanted;
    let allow_nets =
        network(sandbox_url).map_or_else(String::new, |net| format!("allow_nets = [\"{net}\"]\n"));
    format!(
        r#"# The settings of this demo, written anew at each of its starts. Commands with --data and this directory read them.

[server]
listen = "{listen}"
public_url = "http://{listen}"
metrics_listen = "127.0.0.1:{metrics_port}"
shutdown_limit = "10s"

[engine]
lease = "8s"
not_sent_first = "500ms"
not_sent_max = "3s"
resolve_first = "500ms"
resolve_max = "3s"
pending_first = "1s"
pending_max = "3s"
person_after_queries = 4
overdue = "40s"
poll = "200ms"

[psp]
timeout = "3s"
connect_timeout = "1s"
allow_loopback = true
{allow_nets}
[notifications]
timeout = "5s"
connect_timeout = "1s"
retry_first = "1s"
retry_max = "30s"
sgate_silent_gap = "5s"
sgate_gap = "10s"
allow_loopback = true

[log]
format = "text"
level = "info"
"#
    )
}

/// The network of a sandbox that is neither on this machine nor on the public internet.
fn network(sandbox_url: &str) -> Option<String> {
    let url = Url::parse(sandbox_url).ok()?;
    let ip: IpAddr = url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    (!ip.is_loopback()).then(|| format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 }))
}

/// Writes the file and reads it as a server does; the environment has no say in a demo.
pub(super) fn write(wanted: &Wanted<'_>) -> Result<Settings, Failure> {
    let file = wanted.dir.join(DEMO_SETTINGS_FILE);
    files::replace(&file, text(wanted).as_bytes())?;
    Ok(Settings::load(Some(&file), Some(wanted.dir), Vec::new())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{END_LIMIT, ONCE_SECONDS_MAX};
    use std::time::Duration;

    fn settings(sandbox_url: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let listen = "127.0.0.1:8080".parse().unwrap();
        write(&Wanted { dir: dir.path(), listen, metrics_port: 20_001, sandbox_url }).unwrap()
    }

    #[test]
    fn the_demos_settings_are_sound_and_quick() {
        let settings = settings("http://127.0.0.1:20000");
        settings.check_serving().unwrap();
        let config = settings.engine_config().unwrap();
        assert_eq!(config.psp_timeout, Duration::from_secs(3));
        let delivery = config.delivery;
        for first in [delivery.backoff.first, delivery.sgate_silent_gap, delivery.sgate_gap] {
            assert!(first <= Duration::from_secs(10));
        }
        assert!(settings.psp.guard.allow_loopback && settings.notifications.guard.allow_loopback);
        assert!(settings.psp.guard.allow_nets.is_empty());
    }

    /// The longest way to a case: MoMo, every send times out, every look-up finds nothing.
    #[test]
    fn what_was_in_flight_is_a_case_in_time() {
        let config = settings("http://127.0.0.1:20000").engine_config().unwrap();
        let (timing, mut sends, mut passed) = (config.timing, 1, Duration::ZERO);
        for queries in 1..=timing.person_after_queries {
            passed += timing.resolve.jittered(queries + sends, u64::MAX) + config.poll;
            if queries < timing.person_after_queries {
                sends += 1;
                passed +=
                    config.psp_timeout + timing.resolve.jittered(queries + sends, u64::MAX) + config.poll;
            }
        }
        assert!(passed < Duration::from_secs(45), "{passed:?}");
        let pending = timing.overdue + timing.poll.jittered(9, u64::MAX) + config.poll;
        assert!(pending < Duration::from_secs(50), "{pending:?}");
    }

    /// With what ends after it.
    #[test]
    fn a_tour_that_hangs_ends_within_its_minute() {
        let end = settings("http://127.0.0.1:20000").server.shutdown_limit + END_LIMIT;
        assert!(end + Duration::from_secs(ONCE_SECONDS_MAX) < Duration::from_secs(59), "{end:?}");
    }

    #[test]
    fn a_sandbox_on_another_machine_may_be_spoken_to() {
        assert_eq!(settings("http://10.1.2.3:8090").psp.guard.allow_nets.len(), 1);
    }
}
