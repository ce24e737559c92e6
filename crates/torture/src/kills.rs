//! SIGKILL at random moments.

use std::time::Duration;

use crate::dice::Dice;
use crate::scene::Scene;
use crate::time::{pass, stopwatch};

/// Between two looks at the load.
const LOOK_PAUSE: Duration = Duration::from_millis(2);
/// How long a kill waits for the load, where it does.
const LOAD_LIMIT: Duration = Duration::from_secs(2);

/// When servers were killed, counted by how long after they had become ready, or had served again.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// While starting, before they were ready.
    pub starting: u64,
    /// Within 50 ms of being ready.
    pub at_once: u64,
    /// Within 250 ms.
    pub soon: u64,
    /// Later.
    pub later: u64,
}

/// Lets a refund be acknowledged first, so that the kill meets work also where the machine is slow.
fn wait_for_load(scene: &Scene<'_>) {
    let (before, start) = (scene.load.accepted(), stopwatch());
    while scene.load.accepted() == before && start.elapsed() < LOAD_LIMIT {
        pass(LOOK_PAUSE);
    }
}

/// Kills so many times, each time starts anew on the same data, and waits for the return to service.
pub fn kill(scene: &mut Scene<'_>, kills: u64, dice: &mut Dice) -> Moments {
    let mut moments = Moments::default();
    let mut done = 0;
    while done < kills {
        *scene.says.lock().unwrap() = format!("{done} of {kills} kills");
        let victim = usize::try_from(dice.below(scene.servers.len() as u64)).unwrap();
        let span_ms = match dice.below(100) {
            0..40 => dice.below(50),
            40..85 => dice.below(250),
            _ => dice.below(1_500),
        };
        if dice.percent(50) {
            wait_for_load(scene);
        }
        pass(Duration::from_millis(span_ms));
        scene.servers[victim].kill();
        done += 1;
        match span_ms {
            0..50 => moments.at_once += 1,
            50..250 => moments.soon += 1,
            _ => moments.later += 1,
        }
        if dice.percent(15) {
            pass(Duration::from_millis(dice.below(400)));
        }
        while done < kills && dice.percent(10) {
            let mut starting = scene.site.start(victim);
            pass(Duration::from_millis(dice.below(60)));
            starting.kill();
            done += 1;
            moments.starting += 1;
        }
        let (server, took) = scene.site.serve_measured(victim);
        scene.servers[victim] = server;
        scene.slowest = scene.slowest.max(took);
    }
    moments
}
