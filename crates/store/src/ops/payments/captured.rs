//! What a batch of payments adds to what was captured, noted for the daily sums with the payments themselves.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use redress_core::daily::{Day, Measure, Sum, SumKey, channel_of};
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId};
use redress_core::money::Currency;

use super::NewPayment;
use crate::error::StoreError;
use crate::ops::daily::{CapturedChange, note_captured};
use crate::tx::Tx;

type Key = (&'static str, Day, &'static str, String);

/// What a batch adds, by environment, day, currency and channel.
#[derive(Default)]
pub(super) struct Captured {
    changes: BTreeMap<Key, (Environment, Currency, PaymentId, Sum)>,
    /// The PSPs of accounts that were looked up.
    psps: BTreeMap<AccountId, String>,
}

impl Captured {
    /// A payment that is new, or whose captured sum has grown by so much.
    pub(super) async fn add<T: Tx>(
        &mut self,
        tx: &mut T,
        merchant: MerchantId,
        (payment, id): (&NewPayment, PaymentId),
        sum: Sum,
    ) -> Result<(), StoreError> {
        let (channel, method) = (payment.channel.as_deref(), payment.payment_method.as_deref());
        let channel = match channel.or(method) {
            Some(_) => channel_of(channel, method, "").to_owned(),
            None => channel_of(None, None, self.psp(tx, merchant, payment.account).await?).to_owned(),
        };
        let (environment, currency) = (payment.environment, payment.captured.currency());
        let key = (environment.as_str(), Day::of(payment.captured_at), currency.code(), channel);
        let place = self.changes.entry(key).or_insert((environment, currency, id, Sum::default()));
        place.3 = place.3.plus(sum);
        Ok(())
    }

    async fn psp<T: Tx>(
        &mut self,
        tx: &mut T,
        merchant: MerchantId,
        account: AccountId,
    ) -> Result<&str, StoreError> {
        match self.psps.entry(account) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let sql = "SELECT psp FROM psp_accounts WHERE merchant_id = $1 AND account_id = $2";
                let rows = tx.rows(sql, &[merchant.as_bytes().into(), account.as_bytes().into()]).await?;
                let row = rows.first().ok_or_else(|| StoreError::inconsistent("a payment of no account"))?;
                Ok(unknown.insert(row.text(0)?))
            }
        }
    }

    /// Notes all of it.
    pub(super) async fn note<T: Tx>(self, tx: &mut T, merchant: MerchantId) -> Result<(), StoreError> {
        for ((_, day, _, channel), (environment, currency, payment, sum)) in self.changes {
            let key = SumKey { day, currency, channel, measure: Measure::Captured };
            note_captured(tx, &CapturedChange { merchant, environment, payment, key, sum }).await?;
        }
        Ok(())
    }
}
