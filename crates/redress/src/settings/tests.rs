use std::path::PathBuf;
use std::time::Duration;

use super::*;

struct Given {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

fn given(file: &str, variables: &[(&str, &str)]) -> Given {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("redress.toml"), file).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Given { dir, variables }
}

impl Given {
    fn load(&self) -> Result<Settings, SettingsError> {
        Settings::load(Some(&self.dir.path().join("redress.toml")), None, self.variables.clone())
    }

    fn refusal(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

/// The message must have each of these.
#[track_caller]
fn names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn nothing_given_suits_production() {
    let settings = Settings::load(None, None, []).unwrap();
    assert_eq!(settings.store.place, Place::Sqlite(PathBuf::from("redress-data/redress.db")));
    assert_eq!(settings.store.master_key_file, PathBuf::from("redress-data/master.key"));
    assert!(settings.server.listen.ip().is_loopback());
    assert!(!settings.psp.guard.allow_loopback && !settings.notifications.guard.allow_loopback);
    let config = settings.engine_config().unwrap();
    assert_eq!(config.timing, EngineConfig::default().timing);
    assert_eq!((settings.limits.connections_max, config.waits_max), (768, EngineConfig::default().waits_max));
    settings.check_serving().unwrap();
}

#[test]
fn half_of_the_connections_may_wait_and_always_one() {
    for (connections, waits) in [(1, 1), (2, 1), (5, 2), (1_000, 500)] {
        let given = given(&format!("[limits]\nconnections_max = {connections}\n"), &[]);
        assert_eq!(given.load().unwrap().engine_config().unwrap().waits_max, waits);
    }
}

#[test]
fn a_directory_holds_all_of_an_embedded_store() {
    let settings = Settings::load(None, Some(Path::new("/srv/r")), []).unwrap();
    assert_eq!(settings.store.place, Place::Sqlite(PathBuf::from("/srv/r/redress.db")));
    assert_eq!(settings.store.master_key_file, PathBuf::from("/srv/r/master.key"));
    let url = ("REDRESS_STORE_URL".to_owned(), "postgres://u:hunter2@h/d".to_owned());
    let message = Settings::load(None, Some(Path::new("/srv/r")), [url]).unwrap_err().to_string();
    names(&message, &["--data", "store.url"]);
    assert!(!message.contains("hunter2"));
}

#[test]
fn a_variable_goes_over_the_file() {
    let given = given(
        "[server]\nlisten = \"127.0.0.1:1\"\n[psp]\ntimeout = \"20s\"\nallow_nets = [\"10.1.0.0/16\"]\n",
        &[("REDRESS_SERVER_LISTEN", "127.0.0.1:2"), ("REDRESS_LOG_FORMAT", "text"), ("HOME", "/root")],
    );
    let settings = given.load().unwrap();
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.psp.timeout, Duration::from_secs(20));
    assert_eq!(settings.psp.guard.allow_nets.len(), 1);
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    names(
        &given("[server]\nlissten = \"x\"\n", &[]).refusal(),
        &["redress.toml", "server.lissten", "listen", "public_url"],
    );
    names(&given("[sever]\nlisten = \"x\"\n", &[]).refusal(), &["redress.toml", "sever", "server, store"]);
    names(&given("listen = \"x\"\n", &[]).refusal(), &["redress.toml", "listen", "not a setting"]);
    names(
        &given("", &[("REDRESS_PSP_TIMEOUTS", "3s")]).refusal(),
        &["REDRESS_PSP_TIMEOUTS", "REDRESS_PSP_TIMEOUT"],
    );
    names(
        &given("", &[("REDRESS_SEVER_LISTEN", "x")]).refusal(),
        &["REDRESS_SEVER_LISTEN", "REDRESS_SERVER_*"],
    );
    given("", &[("REDRESS_CONFIG", "x"), ("REDRESS_TEST_PG_URL", "y")]).load().unwrap();
}

#[test]
fn what_is_wrong_is_refused_with_file_key_and_variable() {
    for (file, key, variable) in [
        ("[server]\nlisten = 8080\n", "server.listen", "REDRESS_SERVER_LISTEN"),
        ("[server]\nlisten = \"localhost\"\n", "server.listen", "REDRESS_SERVER_LISTEN"),
        (
            "[server]\nbehind_tls_proxy = \"yes\"\n",
            "server.behind_tls_proxy",
            "REDRESS_SERVER_BEHIND_TLS_PROXY",
        ),
        ("[server]\npublic_url = \"ftp://x\"\n", "server.public_url", "REDRESS_SERVER_PUBLIC_URL"),
        ("[psp]\ntimeout = 30\n", "psp.timeout", "REDRESS_PSP_TIMEOUT"),
        ("[psp]\ntimeout = \"30\"\n", "psp.timeout", "REDRESS_PSP_TIMEOUT"),
        ("[psp]\nallow_nets = [\"10.0.0.1/99\"]\n", "psp.allow_nets", "REDRESS_PSP_ALLOW_NETS"),
        ("[engine]\npoll = \"0s\"\n", "engine.poll", "REDRESS_ENGINE_POLL"),
        ("[engine]\npoll = \"61s\"\n", "engine.poll", "REDRESS_ENGINE_POLL"),
        ("[engine]\nperson_after_queries = -1\n", "engine.person_after_queries", "REDRESS_ENGINE_PERSON"),
        ("[log]\nlevel = \"loud\"\n", "log.level", "REDRESS_LOG_LEVEL"),
        ("[limits]\nconnections_max = 0\n", "limits.connections_max", "REDRESS_LIMITS_CONNECTIONS_MAX"),
        ("[limits]\nhead_timeout = \"1ms\"\n", "limits.head_timeout", "REDRESS_LIMITS_HEAD_TIMEOUT"),
        ("[portal]\nidle = \"1m\"\n", "portal.idle", "REDRESS_PORTAL_IDLE"),
        (
            "[telemetry]\notlp_endpoint = \"http://u:hunter2@h:4318\"\n",
            "telemetry.otlp_endpoint",
            "REDRESS_TELEMETRY_OTLP_ENDPOINT",
        ),
        ("[store]\nurl = \"mysql://h/d\"\n", "store.url", "REDRESS_STORE_URL"),
        ("[store]\nurl = \"postgres://h/d\"\n", "store.master_key_file", "REDRESS_STORE_MASTER_KEY_FILE"),
    ] {
        names(&given(file, &[]).refusal(), &[key, variable]);
    }
    names(&given("", &[("REDRESS_PSP_TIMEOUT", "soon")]).refusal(), &["REDRESS_PSP_TIMEOUT", "\"30s\""]);
}

#[test]
fn a_file_that_is_no_toml_is_named_and_not_quoted() {
    let message = given("[store]\nurl = postgres://u:hunter2@h/d\n", &[]).refusal();
    names(&message, &["redress.toml", "line 2"]);
    assert!(!message.contains("hunter2"), "{message}");
    let missing = Settings::load(Some(Path::new("/nowhere/redress.toml")), None, []).unwrap_err();
    names(&missing.to_string(), &["/nowhere/redress.toml", "cannot be read"]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let given_path_and_url = "[store]\npath = \"a.db\"\nurl = \"postgres://h/d\"\n";
    names(&given(given_path_and_url, &[]).refusal(), &["store.path", "store.url"]);
    for (file, parts) in [
        ("[engine]\nlease = \"50s\"\n", ["engine.lease", "psp.timeout", "REDRESS_ENGINE_LEASE"]),
        ("[psp]\nconnect_timeout = \"30s\"\n", ["psp.connect_timeout", "psp.timeout", "less time"]),
        (
            "[notifications]\ntimeout = \"5s\"\n",
            ["notifications.connect_timeout", "notifications.timeout", "less"],
        ),
        ("[portal]\nidle = \"13h\"\n", ["portal.session", "portal.idle", "REDRESS_PORTAL_IDLE"]),
    ] {
        names(&given(file, &[]).load().unwrap().engine_config().unwrap_err().to_string(), &parts);
    }
}

/// A pause of nothing is a loop that hammers whoever is asked, and what is given no time never succeeds.
#[test]
fn a_span_that_must_not_be_nothing_is_refused_with_its_key_and_variable() {
    for key in [
        "engine.not_sent_first",
        "engine.not_sent_max",
        "engine.resolve_first",
        "engine.resolve_max",
        "engine.pending_first",
        "engine.pending_max",
        "psp.timeout",
        "psp.connect_timeout",
        "notifications.timeout",
        "notifications.connect_timeout",
        "notifications.retry_first",
        "notifications.retry_max",
        "notifications.sgate_silent_gap",
        "notifications.sgate_gap",
        "notifications.disable_after",
    ] {
        let (section, name) = key.split_once('.').unwrap();
        let given = given(&format!("[{section}]\n{name} = \"0s\"\n"), &[]);
        let message = given.load().unwrap().engine_config().unwrap_err().to_string();
        let variable = format!("REDRESS_{}_{}", section.to_uppercase(), name.to_uppercase());
        names(&message, &[key, &variable, "longer than 0s"]);
    }
    // Of these nothing is a choice.
    for file in ["[engine]\nface_wait = \"0s\"\n", "[notifications]\nsecret_overlap = \"0s\"\n"] {
        given(file, &[]).load().unwrap().engine_config().unwrap();
    }
}

#[test]
fn plain_http_off_loopback_needs_a_word() {
    let open = given("[server]\nlisten = \"0.0.0.0:8080\"\n", &[]);
    let message = open.load().unwrap().check_serving().unwrap_err().to_string();
    names(&message, &["server.listen", "server.behind_tls_proxy", "TLS proxy"]);
    let proxied = given("[server]\nlisten = \"0.0.0.0:8080\"\nbehind_tls_proxy = true\n", &[]);
    proxied.load().unwrap().check_serving().unwrap();
    let same = given("[server]\nmetrics_listen = \"127.0.0.1:8080\"\n", &[]);
    names(&same.load().unwrap().check_serving().unwrap_err().to_string(), &["metrics_listen"]);
    let off = given("[server]\nmetrics_listen = \"off\"\n", &[]);
    assert_eq!(off.load().unwrap().server.metrics_listen, None);
}

#[test]
fn no_password_is_printed() {
    let given = given("[store]\nurl = \"postgres://u:hunter2@h/d\"\nmaster_key_file = \"k\"\n", &[]);
    let settings = given.load().unwrap();
    assert!(!format!("{settings:?} {}", settings.store.place).contains("hunter2"));
}
