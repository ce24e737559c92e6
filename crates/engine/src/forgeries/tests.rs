use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::{HeaderMap, Method};

use super::*;
use crate::testing::ManualClock;

const A: AccountId = AccountId::from_bytes([1; 16]);
const B: AccountId = AccountId::from_bytes([2; 16]);

/// Answers everything after a while with this status, and counts.
struct Psp {
    status: u16,
    asked: AtomicUsize,
}

impl Psp {
    fn saying(status: u16) -> Self {
        Self { status, asked: AtomicUsize::new(0) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl Transport for Psp {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        self.asked.fetch_add(1, Relaxed);
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(HttpResponse { status: self.status, headers: HeaderMap::new(), body: Bytes::new() })
        })
    }
}

fn forgeries() -> (Forgeries, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    let forgeries = Forgeries::new(Arc::clone(&clock) as Arc<dyn Clock>);
    (forgeries, clock)
}

async fn ask(door: &Door<'_>) -> Result<HttpResponse, TransportError> {
    door.send(HttpRequest::new(Method::POST, "https://psp.test/verify")).await
}

/// A notification is asked about, and found to be this; whether it was asked about.
async fn read(forgeries: &Forgeries, account: AccountId, psp: &Psp, found: Result<(), NoticeError>) -> bool {
    let door = forgeries.door(account, psp);
    let asked = ask(&door).await.is_ok();
    let found = if asked { found } else { Err(NoticeError::NotVerifiable) };
    door.learn(&found);
    asked
}

#[tokio::test]
async fn after_so_many_forged_ones_the_psp_is_asked_about_none_for_a_minute() {
    let (forgeries, clock) = forgeries();
    let psp = Psp::saying(200);
    let forged = Err(NoticeError::BadSignature);
    for _ in 0..FORGERIES_MAX {
        assert!(read(&forgeries, A, &psp, forged).await);
        clock.advance(Duration::from_secs(1));
    }
    assert!(!read(&forgeries, A, &psp, forged).await);
    assert!(!read(&forgeries, A, &psp, Ok(())).await, "nobody knows whether it is the PSP's");
    assert_eq!(psp.asked(), FORGERIES_MAX);
    assert!(read(&forgeries, B, &psp, forged).await, "another account has its own");
    clock.advance(FORGERIES_SPAN - Duration::from_secs(FORGERIES_MAX as u64));
    assert!(read(&forgeries, A, &psp, forged).await, "the first was a minute ago");
    assert!(!read(&forgeries, A, &psp, forged).await, "the others were not");
    clock.advance(FORGERIES_SPAN);
    assert!(read(&forgeries, A, &psp, Ok(())).await);
}

#[tokio::test]
async fn only_what_the_psp_disowns_counts() {
    let (forgeries, _) = forgeries();
    let (psp, away, rejecting) = (Psp::saying(200), Psp::saying(503), Psp::saying(400));
    for _ in 0..3 * FORGERIES_MAX {
        assert!(read(&forgeries, A, &psp, Ok(())).await, "its own");
        assert!(read(&forgeries, A, &psp, Err(NoticeError::NotARefund)).await, "its own too");
        assert!(read(&forgeries, A, &away, Err(NoticeError::NotVerifiable)).await, "it does not say");
        // A connector that proves it by itself asks nothing.
        forgeries.door(A, &psp).learn::<()>(&Err(NoticeError::BadSignature));
    }
    for _ in 0..FORGERIES_MAX {
        let asked = read(&forgeries, A, &rejecting, Err(NoticeError::NotVerifiable)).await;
        assert!(asked, "it says that this can be none");
    }
    assert!(!read(&forgeries, A, &psp, Ok(())).await);
}

#[tokio::test]
async fn many_at_once_are_asked_about_a_few_at_a_time() {
    let (forgeries, _) = forgeries();
    let psp = Psp::saying(200);
    let forged = (0..200).map(|_| read(&forgeries, A, &psp, Err(NoticeError::BadSignature)));
    join_all(forged).await;
    assert!(psp.asked() < FORGERIES_MAX + ASKED_AT_ONCE_MAX, "{}", psp.asked());
    let genuine = (0..200).map(|_| read(&forgeries, B, &psp, Ok(())));
    assert!(join_all(genuine).await.into_iter().all(|asked| asked), "the PSP's own wait and are asked about");
}

#[tokio::test]
async fn whoever_hangs_up_is_counted() {
    let (forgeries, _) = forgeries();
    let psp = Psp::saying(200);
    for _ in 0..FORGERIES_MAX {
        let door = forgeries.door(A, &psp);
        assert!(ask(&door).now_or_never().is_none(), "the answer is still to come");
    }
    assert!(!read(&forgeries, A, &psp, Ok(())).await);
    assert_eq!(psp.asked(), FORGERIES_MAX);
}
