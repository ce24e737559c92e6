//! One run: a site under load, with something that breaks it, and the judge at the end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use redress_cluster::{Cluster, Durable};
use serde_json::{Value, json};

use crate::database::{self, Database};
use crate::dice::Dice;
use crate::judge::{Evidence, Findings, Shown, judge};
use crate::kills::{self, Moments};
use crate::load::{self, Books, CALLERS, Load, Told};
use crate::merchant::Merchant;
use crate::proxy::Proxy;
use crate::receiver::Receiver;
use crate::scene::Scene;
use crate::site::{Place, Server, Site, Tuning};
use crate::time::{LIMIT, pass, stopwatch, until};
use crate::wire::Call;

/// How long it may take, once nobody asks any more, until everything has ended or waits for a person.
const END_LIMIT: Duration = Duration::from_secs(300);
/// Between two looks at that.
const END_PAUSE: Duration = Duration::from_millis(250);
/// So many refunds are acknowledged before the load ends, however slow the machine is: the judge must have something to
/// judge.
const ACCEPTED_MIN: u64 = 40;
/// Of a hundred connections that a PSP makes to notify, so many are refused.
const LOST_NOTIFICATIONS_PERCENT: u64 = 30;
/// How long the service may take to return by itself after anything.
const RETURN_MAX: Duration = Duration::from_secs(30);
/// How often the PSPs end what they left pending.
const FINISH_EVERY: Duration = Duration::from_secs(2);
/// How often progress is said.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Which database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A cluster that the run starts itself.
    Postgres,
}

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub program: PathBuf,
    /// Where PostgreSQL's programs are; needed for [`Engine::Postgres`].
    pub postgres: Option<PathBuf>,
    /// Which database.
    pub engine: Engine,
    /// Server processes, 1 or 2.
    pub processes: usize,
    /// How many of them are killed, one after the other.
    pub kills: u64,
    /// What happens to the database, and how often.
    pub database: Option<(Database, u64)>,
    /// Draws everything that is drawn; what processes make of it is up to the machine.
    pub seed: u64,
    /// Says how it goes, now and then.
    pub talks: bool,
}

/// How it went.
#[derive(Debug, Default)]
pub struct Report {
    /// In a few words.
    pub name: String,
    /// Servers killed.
    pub kills: u64,
    /// When they were killed.
    pub moments: Moments,
    /// Things done to the database, by name.
    pub database: Vec<(&'static str, u64)>,
    /// Requests, by what callers were told.
    pub asked: Vec<(&'static str, u64)>,
    /// Repeats of what had been answered.
    pub repeats: u64,
    /// Refunds that have ended.
    pub ended: u64,
    /// Refunds that wait for a person.
    pub waiting: u64,
    /// Effects at the PSPs.
    pub effects: u64,
    /// Notifications that the merchant took.
    pub notices: u64,
    /// The longest return to service.
    pub slowest: Duration,
    /// How long the run took.
    pub took: Duration,
    /// What is wrong.
    pub findings: Findings,
    /// Where everything was left, after a failure.
    pub files: Option<PathBuf>,
}

impl Report {
    /// A service that returns late is wrong. Judged where the machine is known to be quick: a busy one, or one that stands
    /// still, is late by itself.
    pub fn judge_return(&mut self) {
        if self.slowest > RETURN_MAX {
            self.findings.push(format!("the service took {:?} to return", self.slowest));
        }
    }
}

/// Runs a plan.
///
/// # Panics
/// When it cannot go on: the server does not come back, nobody answers.
pub fn run(plan: &Plan) -> Report {
    let started = stopwatch();
    let cluster = (plan.engine == Engine::Postgres).then(|| {
        let programs = plan.postgres.as_ref().expect("a plan for PostgreSQL says where its programs are");
        Cluster::start(programs, Durable::No).unwrap()
    });
    let mut backstage = database::Backstage::new(plan.database.map(|(database, _)| database), cluster);
    let place = backstage.url().map_or(Place::Sqlite, Place::Postgres);
    let tuning = Tuning {
        face_wait_ms: 500,
        max_in_flight: 8,
        person_after: 3,
        resolve_max_ms: 3_000,
        ..Tuning::default()
    };
    let mut site = Site::new(&plan.program, place, tuning);
    // PSPs notify through a way that loses some of it.
    let at = site.servers_at();
    let lane = Proxy::start(at[..plan.processes].to_vec());
    lane.refuse(Dice::new(plan.seed, 1), LOST_NOTIFICATIONS_PERCENT);
    site.notify_at(&lane.at);
    let receiver = Receiver::moody(Dice::new(plan.seed, 2));
    let servers: Vec<Server> = (0..plan.processes).map(|number| site.serve(number)).collect();
    let merchant = site.merchant(Some(&receiver.url));
    let load = Load::new(&site, &merchant, at[..plan.processes].to_vec());
    let (ends, says) = (AtomicBool::new(false), Mutex::new(String::new()));
    let mut scene = Scene { site: &site, load: &load, servers, says: &says, slowest: Duration::ZERO };
    let mut report = Report { name: plan.name(), ..Report::default() };
    std::thread::scope(|scope| {
        // Also when this panics: the threads end, and the panic goes on.
        let stop = Stop { load: &load, ends: &ends };
        for caller in 0..CALLERS {
            let dice = Dice::new(plan.seed, 100 + caller);
            let load = &load;
            scope.spawn(move || load.call(dice));
        }
        scope.spawn(|| finish_now_and_then(&site, Dice::new(plan.seed, 3), &ends));
        if plan.talks {
            scope.spawn(|| talk(&plan.name(), &load, &says, &ends));
        }
        let mut dice = Dice::new(plan.seed, 4);
        report.moments = kills::kill(&mut scene, plan.kills, &mut dice);
        report.kills = plan.kills;
        if let Some((_, times)) = plan.database {
            report.database = backstage.play(&mut scene, times, &mut dice);
        }
        until("load to judge", LIMIT, || (load.accepted() >= ACCEPTED_MIN).then_some(()));
        drop(stop);
    });
    *says.lock().unwrap() = "waiting for the end of everything".to_owned();
    report.slowest = scene.slowest;
    let servers = std::mem::take(&mut scene.servers);
    drop(scene);
    let books = std::mem::take(&mut *load.books.lock().unwrap());
    drop(load);
    let evidence = evidence(&site, &merchant, &servers[0], &receiver, &books, plan.seed);
    report.fill(&books, &evidence);
    report.findings = books.complaints;
    report.findings.extend(judge(&evidence));
    report.took = started.elapsed();
    if !report.findings.is_empty() {
        report.files = Some(site.keep_files());
    }
    report
}

/// Ends the callers and the helpers of a run, however it ends.
struct Stop<'a> {
    load: &'a Load<'a>,
    ends: &'a AtomicBool,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.load.end();
        self.ends.store(true, SeqCst);
    }
}

impl Plan {
    /// In a few words.
    pub fn name(&self) -> String {
        let engine = if self.engine == Engine::Sqlite { "sqlite" } else { "postgres" };
        let what = self.database.map_or("kill", |(database, _)| database.name());
        format!("{engine}, {} process{}, {what}", self.processes, if self.processes == 1 { "" } else { "es" })
    }
}

impl Report {
    fn fill(&mut self, books: &Books, evidence: &Evidence) {
        self.asked = load::count(&books.asked).into_iter().collect();
        self.repeats = books.repeats;
        let all = || evidence.shown.iter().flat_map(|shown| &shown.refunds);
        let count = |n: usize| u64::try_from(n).unwrap();
        self.ended = count(all().filter(|it| it.status != "IN_QUEUE").count());
        self.waiting = count(all().filter(|it| it.status == "IN_QUEUE").count());
        self.effects = count(evidence.ledger.len());
        self.notices = count(evidence.notices.iter().filter(|notice| notice.acknowledged).count());
    }
}

fn talk(name: &str, load: &Load<'_>, says: &Mutex<String>, ends: &AtomicBool) {
    let mut since = stopwatch();
    while !ends.load(SeqCst) {
        pass(Duration::from_millis(100));
        if since.elapsed() > SAY_EVERY {
            since = stopwatch();
            eprintln!("{name}: {}, {} refunds acknowledged", says.lock().unwrap(), load.accepted());
        }
    }
}

/// The PSPs end what they left pending, one way or the other.
fn finish_now_and_then(site: &Site, mut dice: Dice, ends: &AtomicBool) {
    let mut since = stopwatch();
    while !ends.load(SeqCst) {
        pass(Duration::from_millis(50));
        if since.elapsed() > FINISH_EVERY {
            finish(site, &mut dice);
            since = stopwatch();
        }
    }
}

fn finish(site: &Site, dice: &mut Dice) {
    for effect in site.ledger().iter().filter(|effect| effect.state == "pending") {
        let state = if dice.percent(25) { "failed" } else { "succeeded" };
        let end = json!({"psp": effect.psp, "refund": effect.key, "state": state});
        // It may have ended by itself meanwhile.
        let _ = Call::post("/control/finish", end.to_string()).call(&site.sandbox_at);
    }
}

/// Waits until everything has ended or waits for a person, and collects everything.
fn evidence(
    site: &Site,
    merchant: &Merchant,
    server: &Server,
    receiver: &Receiver,
    books: &Books,
    seed: u64,
) -> Evidence {
    let (started, mut dice) = (stopwatch(), Dice::new(seed, 5));
    let mut shown: Vec<Shown> = Vec::new();
    let mut open = books.payments.clone();
    while !open.is_empty() && started.elapsed() < END_LIMIT {
        finish(site, &mut dice);
        let cases = cases_of(site);
        open.retain(|payment| {
            let (refunds, left) = merchant.refunds(server, payment);
            let waits = refunds.iter().any(|it| it.status == "IN_QUEUE" && !cases.contains(&it.id));
            if !waits {
                shown.push(Shown { payment: payment.clone(), refunds, left });
            }
            waits
        });
        pass(END_PAUSE);
    }
    let mut evidence = Evidence {
        asked: books.asked.clone(),
        endpoint_secret: merchant.endpoint_secret.clone().unwrap(),
        ..Evidence::default()
    };
    // The merchant is told a little later, and what waits for a person may still end by itself: looked at once more.
    loop {
        evidence.shown = books
            .payments
            .iter()
            .map(|payment| {
                let (refunds, left) = merchant.refunds(server, payment);
                Shown { payment: payment.clone(), refunds, left }
            })
            .collect();
        evidence.ledger = site.ledger();
        evidence.cases = cases_of(site);
        evidence.notices = receiver.notices();
        evidence.at_sgate = at_sgate(merchant, server, books);
        let ran = site.run("verify");
        evidence.differences = (ran.code != Some(0)).then_some(ran.out);
        if judge(&evidence).is_empty() || started.elapsed() > END_LIMIT {
            return evidence;
        }
        pass(END_PAUSE);
    }
}

/// The refunds with an open case, by PortOne's ids.
fn cases_of(site: &Site) -> BTreeSet<String> {
    let cases = until("list of the open cases", LIMIT, || {
        let ran = site.run("case list --json");
        (ran.code == Some(0)).then(|| serde_json::from_str::<Value>(&ran.out).unwrap())
    });
    let refunds = cases.as_array().unwrap().iter().filter_map(|case| case["portone_refund_id"].as_str());
    refunds.map(str::to_owned).collect()
}

/// What SGate's face says about each refund that it acknowledged.
fn at_sgate(merchant: &Merchant, server: &Server, books: &Books) -> std::collections::BTreeMap<String, i64> {
    let acknowledged = books.asked.iter().filter_map(|asked| match &asked.told {
        Told::Accepted(id) if asked.face == load::Face::Sgate => Some((asked, id)),
        _ => None,
    });
    let mut found = std::collections::BTreeMap::new();
    for (asked, id) in acknowledged {
        let Some(payment) = books.payments.iter().find(|it| it.order_ref == asked.order_ref) else {
            continue;
        };
        let call = merchant.by_sgate(Call::get(format!("/refunds/{id}")), "refund.detail");
        let answer = call.answer(&server.at);
        if answer.status == 200 {
            let body: Value = answer.json();
            found.insert(id.clone(), payment.psp.minor(&body["amount"]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_returns_late_is_wrong() {
        for (slowest, wrong) in [(RETURN_MAX, 0), (RETURN_MAX + Duration::from_millis(1), 1)] {
            let mut report = Report { slowest, ..Report::default() };
            report.judge_return();
            assert_eq!(report.findings.len(), wrong, "{slowest:?}");
        }
    }
}
