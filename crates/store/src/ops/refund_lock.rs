//! A refund, read so that nobody changes it before the transaction ends.

use redress_core::id::{MerchantId, RefundId};
use redress_core::refund::Refund;

use super::rows::{self, refund_columns};
use crate::error::StoreError;
use crate::tx::{Engine, Tx};

/// The one writer reads what nobody else can change meanwhile.
const READ_REFUND: &str =
    concat!("SELECT ", refund_columns!(), " FROM refunds WHERE merchant_id = $1 AND refund_id = $2");

/// Waits for whoever has the refund now, and reads it as they left it. An update would write the row twice.
const LOCK_REFUND: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE merchant_id = $1 AND refund_id = $2 FOR NO KEY UPDATE"
);

/// Reads and holds it; `None` where the merchant has no such refund.
pub(crate) async fn lock_refund<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    refund: RefundId,
) -> Result<Option<Refund>, StoreError> {
    let sql = match T::ENGINE {
        Engine::Sqlite => READ_REFUND,
        Engine::Postgres => LOCK_REFUND,
    };
    let found = tx.rows(sql, &[merchant.as_bytes().into(), refund.as_bytes().into()]).await?;
    found.first().map(rows::refund).transpose()
}
