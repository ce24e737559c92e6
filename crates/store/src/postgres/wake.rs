//! Waking other processes: NOTIFY to hand over work, LISTEN to hear of it. Only a hint; polling is the net.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::{PgStore, Tls, errors::plain};
use crate::error::StoreError;

/// Hears notifications on one channel, over a connection of its own.
pub struct Listener {
    // Dropped, it would end the connection.
    _client: Client,
    messages: Messages,
}

type Messages = Pin<Box<dyn Stream<Item = Result<AsyncMessage, tokio_postgres::Error>> + Send>>;

impl Listener {
    /// Waits for a notification; those that have come meanwhile count as one. Safe to cancel.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection is gone: make another listener, and look for work once, because
    /// notifications were missed.
    pub async fn wait(&mut self) -> Result<(), StoreError> {
        loop {
            if is_notification(self.messages.next().await)? {
                break;
            }
        }
        while let Some(more) = self.messages.next().now_or_never() {
            is_notification(more)?;
        }
        Ok(())
    }
}

fn is_notification(message: Option<Result<AsyncMessage, tokio_postgres::Error>>) -> Result<bool, StoreError> {
    match message {
        Some(Ok(message)) => Ok(matches!(message, AsyncMessage::Notification(_))),
        Some(Err(error)) => Err(StoreError::unavailable(plain(&error))),
        None => Err(StoreError::unavailable("the listening connection was closed")),
    }
}

/// Notifications being sent now, by channel; true when one more was asked for meanwhile.
#[derive(Default)]
pub(super) struct Coalescer(Mutex<BTreeMap<&'static str, bool>>);

impl Coalescer {
    /// True when the caller must send; else somebody else will, after whatever led here.
    fn start(&self, channel: &'static str) -> bool {
        let mut sending = self.lock();
        let first = !sending.contains_key(channel);
        sending.insert(channel, !first);
        first
    }

    /// After a send: true when another was asked for meanwhile.
    fn again(&self, channel: &'static str) -> bool {
        let mut sending = self.lock();
        if sending.get(channel) == Some(&true) {
            sending.insert(channel, false);
            return true;
        }
        sending.remove(channel);
        false
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the channel back when the sender is cancelled or fails in between.
struct Sending<'a>(&'a Coalescer, &'static str);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(self.1);
    }
}

impl PgStore {
    pub(crate) async fn notify(&self, channel: &'static str) -> Result<(), StoreError> {
        if !self.coalescer.start(channel) {
            return Ok(());
        }
        let _sending = Sending(&self.coalescer, channel);
        loop {
            let client = self.client().await?;
            let sent = client.execute("SELECT pg_notify($1, '')", &[&channel]).await;
            sent.map_err(|error| StoreError::unavailable(plain(&error)))?;
            if !self.coalescer.again(channel) {
                return Ok(());
            }
        }
    }

    pub(crate) async fn listener(&self, channel: &'static str) -> Result<Listener, StoreError> {
        let lost = |error: tokio_postgres::Error| StoreError::unavailable(plain(&error));
        let (client, messages) = match &self.tls {
            Tls::Off => split(self.config.connect(NoTls).await.map_err(lost)?),
            Tls::On(tls) => split(self.config.connect(tls.clone()).await.map_err(lost)?),
        };
        let mut messages = messages;
        let quoted = channel.replace('"', "\"\"");
        let listen = format!("LISTEN \"{quoted}\"");
        {
            // The connection moves only while its messages are asked for.
            let mut listening = std::pin::pin!(client.batch_execute(&listen));
            loop {
                tokio::select! {
                    biased;
                    done = &mut listening => break done.map_err(lost)?,
                    message = messages.next() => is_notification(message).map(drop)?,
                }
            }
        }
        Ok(Listener { _client: client, messages })
    }
}

fn split<S, T>((client, mut connection): (Client, Connection<S, T>)) -> (Client, Messages)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    (client, Box::pin(stream::poll_fn(move |cx| connection.poll_message(cx))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_during_a_send_is_sent_once_after_it() {
        let coalescer = Coalescer::default();
        assert!(coalescer.start("a"), "the first sends");
        assert!(!coalescer.start("a") && !coalescer.start("a"), "the others leave it to the first");
        assert!(coalescer.start("b"), "another channel is its own");
        assert!(coalescer.again("a"), "once more for both");
        assert!(!coalescer.again("a"), "and no more");
        assert!(coalescer.start("a"));
        drop(Sending(&coalescer, "a"));
        assert!(coalescer.start("a"), "a sender that went away blocks nobody");
    }
}
