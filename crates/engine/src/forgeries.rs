//! How often a PSP is asked whether a notification is its own, where only it can say: anybody may send one, and every
//! question goes out with the merchant's credentials.
//!
//! Only what the PSP disowns counts. Its own notifications are asked about however many come, a few at a time, and a
//! connector that proves them by itself asks nothing and is never counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::id::AccountId;
use redress_core::time::Timestamp;
use redress_psp::guard::GuardError;
use redress_psp::notice::NoticeError;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::world::Clock;

/// After so many forged notifications of an account within [`FORGERIES_SPAN`], its PSP is asked about none.
pub const FORGERIES_MAX: usize = 10;

/// How long a forged notification counts.
pub const FORGERIES_SPAN: Duration = Duration::from_secs(60);

/// So many notifications of an account are asked about at once; others wait. Without it, many that come together would all
/// be asked about before the first was found forged.
pub const ASKED_AT_ONCE_MAX: usize = 8;

/// What was forged of late, of all accounts of this process.
pub(crate) struct Forgeries {
    accounts: Mutex<BTreeMap<AccountId, Arc<Account>>>,
    clock: Arc<dyn Clock>,
}

struct Account {
    id: AccountId,
    /// When the last were found forged, at most [`FORGERIES_MAX`] of them, the oldest first.
    forged: Mutex<VecDeque<Timestamp>>,
    turns: Arc<Semaphore>,
}

impl Forgeries {
    /// Nothing was forged yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { accounts: Mutex::default(), clock }
    }

    /// The way to a PSP for whoever reads one notification that came to `account`.
    pub(crate) fn door<'a>(&self, account: AccountId, transport: &'a dyn Transport) -> Door<'a> {
        Door {
            account: self.account(account),
            clock: Arc::clone(&self.clock),
            transport,
            turn: OnceCell::new(),
            rejected: AtomicBool::new(false),
            counts: AtomicBool::new(true),
        }
    }

    fn account(&self, id: AccountId) -> Arc<Account> {
        let mut accounts = lock(&self.accounts);
        let new =
            || Account { id, forged: Mutex::default(), turns: Arc::new(Semaphore::new(ASKED_AT_ONCE_MAX)) };
        Arc::clone(accounts.entry(id).or_insert_with(|| Arc::new(new())))
    }
}

impl Account {
    /// Waits until the PSP may be asked about one more; an error where too many were forged.
    async fn turn(&self, clock: &dyn Clock) -> Result<OwnedSemaphorePermit, TransportError> {
        let refused = || TransportError::NotSent("too many forged notifications came of late".to_owned());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| refused())?;
        if of_late(&lock(&self.forged), clock.now()) >= FORGERIES_MAX {
            return Err(refused());
        }
        Ok(turn)
    }

    fn note(&self, now: Timestamp) {
        let mut forged = lock(&self.forged);
        forged.push_back(now);
        if forged.len() > FORGERIES_MAX {
            forged.pop_front();
        }
        let enough = of_late(&forged, now) >= FORGERIES_MAX;
        drop(forged);
        if enough {
            tracing::warn!(account = %self.id, "forged notifications came: for a minute the PSP is asked about none");
        }
    }
}

fn of_late(forged: &VecDeque<Timestamp>, now: Timestamp) -> usize {
    // A clock that was set back must not make old ones count for longer.
    forged.iter().filter(|at| **at <= now && now < at.plus(FORGERIES_SPAN)).count()
}

/// The way to a PSP for one notification. Unless [`Door::learn`] hears otherwise, what was asked about counts as forged:
/// else whoever hangs up before the answer could make it be asked for nothing.
pub(crate) struct Door<'a> {
    account: Arc<Account>,
    clock: Arc<dyn Clock>,
    transport: &'a dyn Transport,
    /// There is one as soon as the PSP was asked.
    turn: OnceCell<OwnedSemaphorePermit>,
    /// The PSP's last answer was that it cannot even be asked about this.
    rejected: AtomicBool,
    counts: AtomicBool,
}

impl Door<'_> {
    /// Hears what came of the reading.
    pub(crate) fn learn<T>(self, read: &Result<T, NoticeError>) {
        let forged = match read {
            Err(NoticeError::BadSignature) => true,
            Err(NoticeError::NotVerifiable) => self.rejected.load(Relaxed),
            Ok(_) | Err(NoticeError::NotUnderstood | NoticeError::NotARefund | NoticeError::NotSupported) => {
                false
            }
        };
        self.counts.store(forged, Relaxed);
    }
}

impl Transport for Door<'_> {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let _turn = self.turn.get_or_try_init(|| self.account.turn(&*self.clock)).await?;
            let answer = self.transport.send(request).await;
            let rejected = answer.as_ref().is_ok_and(|answer| matches!(answer.status, 400 | 422));
            self.rejected.store(rejected, Relaxed);
            answer
        })
    }

    fn check_url(&self, url: &str) -> Result<(), GuardError> {
        self.transport.check_url(url)
    }
}

impl Drop for Door<'_> {
    fn drop(&mut self) {
        // Before the turn goes to the next.
        if self.turn.initialized() && self.counts.load(Relaxed) {
            self.account.note(self.clock.now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
