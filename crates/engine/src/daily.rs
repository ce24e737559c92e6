//! Daily sums: counted in the background, and put together for people (docs/decisions/0027).

mod channel_labels;

use std::time::Duration;

use redress_core::daily::{CountedEvent, Day, Sums};
use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_store::StoreError;
use redress_store::ops::daily::{
    CapturedChanges, CountCaptured, CountEvents, ReadDailySums, Uncounted, UncountedEvents,
};
use redress_store::ops::merchants::ListMerchants;

use channel_labels::ChannelLabels;

use crate::admin::PAGE_ROWS;
use crate::engine::Engine;
use crate::error::EngineError;

pub use redress_core::daily::{
    ChannelOverview, CurrencyOverview, DayOverview, DayTotals, Overview, Ratio, Sum, TookAtMost,
};

/// An overview goes back so many days at most.
pub const OVERVIEW_DAYS_MAX: u32 = 90;

/// So many sums are read for one overview. A day has about ten a channel and currency.
const OVERVIEW_SUMS_MAX: u32 = 40_000;

/// How long what happened waits until it is counted, when nothing else is counted. Nothing wakes for it.
const COUNT_EVERY: Duration = Duration::from_secs(60);

/// So many events, or changes of what was captured, are counted in one transaction: others wait for it.
const COUNTED_AT_ONCE: u32 = 250;

/// Some days of a merchant in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overviewed {
    /// The days.
    pub overview: Overview,
    /// False where there are more sums than are read: then the oldest days are missing some.
    pub is_whole: bool,
}

impl Engine {
    /// Counts what happened into the daily sums, until `stop` resolves.
    pub async fn work_daily_sums(&self, stop: impl Future<Output = ()>) {
        self.repeat_every("what the daily sums do not have", COUNT_EVERY, || self.count_days_once(), stop)
            .await;
    }

    /// Counts some of what the daily sums do not have yet, of every merchant. True when there may be more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked; what was counted until then stays counted.
    pub async fn count_days_once(&self) -> Result<bool, StoreError> {
        let mut again = self.count_captured().await?;
        let mut after = None;
        loop {
            let page = self.parts.store.read(ListMerchants { after, limit: PAGE_ROWS }).await?;
            for merchant in &page {
                for environment in [Environment::Sandbox, Environment::Live] {
                    match self.count_events(merchant.id, environment).await {
                        Ok(more) => again |= more,
                        Err(error @ (StoreError::Unavailable { .. } | StoreError::Full)) => {
                            return Err(error);
                        }
                        // What is wrong with one merchant's events must not hold up the others'.
                        Err(error) => {
                            tracing::error!(merchant = %merchant.id, %error, "events cannot be counted");
                        }
                    }
                }
            }
            if page.len() < PAGE_ROWS as usize {
                return Ok(again);
            }
            after = page.last().map(|last| last.id);
        }
    }

    async fn count_captured(&self) -> Result<bool, StoreError> {
        let changes = self.parts.store.read(CapturedChanges { limit: COUNTED_AT_ONCE }).await?;
        if changes.is_empty() {
            return Ok(false);
        }
        let are_more = changes.len() == COUNTED_AT_ONCE as usize;
        Ok(self.parts.store.run(CountCaptured(changes)).await? && are_more)
    }

    async fn count_events(&self, merchant: MerchantId, environment: Environment) -> Result<bool, StoreError> {
        let uncounted = UncountedEvents { merchant, environment, limit: COUNTED_AT_ONCE };
        let Some(Uncounted { from, to, events, are_more }) = self.parts.store.read(uncounted).await? else {
            return Ok(false);
        };
        let mut sums = Sums::default();
        for event in &events {
            sums.add_event(event);
        }
        let counted = self.parts.store.run(CountEvents { merchant, environment, from, to, sums }).await?;
        if counted {
            count_steps(&events);
        }
        Ok(counted && are_more)
    }

    /// The last days of a merchant in one environment, today included, by UTC: [`OVERVIEW_DAYS_MAX`] at most. What happened
    /// within the last minute or so may be missing.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn overview(
        &self,
        merchant: MerchantId,
        environment: Environment,
        days: u32,
    ) -> Result<Overviewed, EngineError> {
        let to = Day::of(self.now());
        let from = to.minus(days.clamp(1, OVERVIEW_DAYS_MAX) - 1);
        let read = ReadDailySums { merchant, environment, from, to, limit: OVERVIEW_SUMS_MAX };
        let sums = self.parts.store.read(read).await?;
        let is_whole = sums.len() < OVERVIEW_SUMS_MAX as usize;
        Ok(Overviewed { overview: redress_core::daily::overview(sums, from, to), is_whole })
    }
}

/// Tells metrics of what this process counted: no other process counts it too.
fn count_steps(events: &[CountedEvent]) {
    static CHANNELS: ChannelLabels = ChannelLabels::new();
    for event in events {
        let (state, channel) =
            (event.kind.as_str().trim_start_matches("refund."), CHANNELS.of(&event.channel));
        metrics::counter!("redress_refunds_total", "state" => state, "channel" => channel).increment(1);
    }
}

#[cfg(test)]
mod tests;
