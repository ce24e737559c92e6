//! The rhythm of the loops.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Notify, oneshot};

use super::rig::{Rig, soon};
use crate::repeat::LOOK_PAUSE;

/// So many turns of the runtime are enough for a loop that would go on.
const TURNS: usize = 100;

async fn nothing_more(looks: &AtomicU32, so_far: u32, why: &str) {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    assert_eq!(looks.load(Ordering::SeqCst), so_far, "{why}");
}

#[tokio::test]
async fn a_look_that_found_something_is_followed_by_one_for_all_that_came_meanwhile() {
    let rig = Rig::new().await;
    let (due, looks) = (Notify::new(), AtomicU32::new(0));
    let (stop, stopped) = oneshot::channel::<()>();
    let once = || {
        let before = looks.fetch_add(1, Ordering::SeqCst);
        async move { Ok(before == 0) }
    };
    let looping = rig.engine.repeat("things", &due, once, async move { stopped.await.unwrap() });
    let test = async {
        soon(|| looks.load(Ordering::SeqCst) == 1 && rig.clock.sleepers() == 1).await;
        for _ in 0..5 {
            due.notify_one();
        }
        nothing_more(&looks, 1, "those who call now share one look").await;
        rig.clock.advance(LOOK_PAUSE);
        // The one after the pause, which finds nothing, and the one that was called for.
        soon(|| looks.load(Ordering::SeqCst) == 3).await;
        nothing_more(&looks, 3, "nobody calls").await;
        due.notify_one();
        soon(|| looks.load(Ordering::SeqCst) == 4).await;
        stop.send(()).unwrap();
    };
    tokio::join!(looping, test);
}
