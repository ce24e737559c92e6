//! What happens to PostgreSQL under load: the way to it is cut, it crashes, it fails over to a standby.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_cluster::Cluster;

use crate::dice::Dice;
use crate::proxy::{Cut, Proxy};
use crate::scene::Scene;
use crate::time::{LIMIT, pass, stopwatch, until, until_at_every};

const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What happens to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The way to it breaks: connections closed, statements half sent, answers to COMMIT lost, silence.
    Cut,
    /// It crashes and is started again.
    Restart,
    /// The primary crashes for good, and its synchronous standby takes over.
    Failover,
}

impl Database {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Restart => "restart",
            Self::Failover => "failover",
        }
    }
}

/// The database and what stands before it.
pub struct Backstage {
    database: Option<Database>,
    primary: Option<Cluster>,
    standby: Option<Cluster>,
    proxy: Option<Proxy>,
}

impl Backstage {
    /// Sets it up.
    pub fn new(database: Option<Database>, primary: Option<Cluster>) -> Self {
        let standby = match (database, &primary) {
            (Some(Database::Failover), Some(primary)) => Some(primary.with_standby().unwrap()),
            _ => None,
        };
        let proxy = match (database, &primary) {
            (Some(Database::Cut), Some(primary)) => Some(Proxy::start(vec![primary.address()])),
            _ => None,
        };
        Self { database, primary, standby, proxy }
    }

    /// What the servers are told; none without a cluster.
    pub fn url(&self) -> Option<String> {
        let primary = self.primary.as_ref()?;
        let hosts = match (&self.proxy, &self.standby) {
            (Some(proxy), _) => proxy.at.clone(),
            (None, Some(standby)) => format!("{},{}", primary.address(), standby.address()),
            (None, None) => primary.address(),
        };
        Some(format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write"))
    }

    /// Breaks it so many times under load, and waits each time until the service has returned by itself.
    pub fn play(&mut self, scene: &mut Scene<'_>, times: u64, dice: &mut Dice) -> Vec<(&'static str, u64)> {
        let mut done: BTreeMap<&'static str, u64> = BTreeMap::new();
        for n in 0..times {
            pass(Duration::from_millis(dice.below(600)));
            let name = match self.database {
                Some(Database::Cut) => cut(self.proxy.as_ref().unwrap(), dice),
                Some(Database::Restart) => restart(self.primary.as_ref().unwrap(), dice),
                Some(Database::Failover) => "failover",
                None => return Vec::new(),
            };
            *scene.says.lock().unwrap() = format!("{n} of {times} things done to the database, now {name}");
            if self.database == Some(Database::Failover) {
                self.fail_over(scene);
            } else {
                wait_for_service(scene, name);
            }
            *done.entry(name).or_default() += 1;
        }
        done.into_iter().collect()
    }

    /// The primary crashes, the standby takes over, and what was the primary becomes the standby of the next time.
    fn fail_over(&mut self, scene: &mut Scene<'_>) {
        let (Some(primary), Some(standby)) = (self.primary.take(), self.standby.take()) else { return };
        primary.crash().unwrap();
        standby.promote().unwrap();
        wait_for_service(scene, "failover");
        primary.follow(&standby).unwrap();
        (self.primary, self.standby) = (Some(standby), Some(primary));
    }
}

fn cut(proxy: &Proxy, dice: &mut Dice) -> &'static str {
    let armed = |cut| {
        proxy.arm(cut);
        until("traffic that fits a cut", LIMIT, || (!proxy.is_armed()).then_some(()));
    };
    match dice.below(100) {
        0..35 => {
            armed(Cut::CommitAnswer);
            "answer to COMMIT lost"
        }
        35..50 => {
            armed(Cut::Commit);
            "COMMIT lost"
        }
        50..70 => {
            armed(Cut::MidStatement);
            "statement half sent"
        }
        70..85 => {
            proxy.cut_all();
            "all connections closed"
        }
        85..95 => {
            proxy.stall(Duration::from_millis(50 + dice.below(2_000)));
            "stall"
        }
        _ => {
            proxy.go_silent();
            "silence"
        }
    }
}

fn restart(cluster: &Cluster, dice: &mut Dice) -> &'static str {
    cluster.crash().unwrap();
    pass(Duration::from_millis(dice.below(1_500)));
    cluster.start_again().unwrap();
    "crash and start"
}

/// Every server says that it can serve, and a refund is acknowledged.
fn wait_for_service(scene: &mut Scene<'_>, after: &str) {
    let (start, before) = (stopwatch(), scene.load.accepted());
    until_at_every(LOOK_PAUSE, &format!("service after {after}"), LIMIT, || {
        let serves =
            scene.load.accepted() > before && scene.servers.iter_mut().all(|server| server.is_ready());
        serves.then_some(())
    });
    scene.slowest = scene.slowest.max(start.elapsed());
}
