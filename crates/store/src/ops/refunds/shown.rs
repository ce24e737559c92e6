//! A refund for whoever only shows it: of its payment no more than the names.

use redress_core::id::{MerchantId, RefundId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;

use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{self, REFUND_COLUMNS, refund_columns};
use crate::tx::Tx;

/// Reads one refund with its payment's names.
#[derive(Clone, Copy, Debug)]
pub struct ShowRefund {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub refund: RefundId,
}

/// The names of a payment that a merchant gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRefs {
    /// The reference by which the faces find it.
    pub order_ref: String,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
}

impl From<Payment> for OrderRefs {
    fn from(payment: Payment) -> Self {
        Self { order_ref: payment.order_ref, merchant_order_ref: payment.merchant_order_ref }
    }
}

/// A refund whose payment is not there is no answer but a row that cannot be read.
const SHOWN: &str = concat!(
    "SELECT r.*, p.order_ref, p.merchant_order_ref FROM (SELECT ",
    refund_columns!(),
    " FROM refunds) r LEFT JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE r.merchant_id = $1 AND r.refund_id = $2"
);

impl Query for ShowRefund {
    type Out = Option<(Refund, OrderRefs)>;
    const NAME: &'static str = "show_refund";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let found = tx.rows(SHOWN, &[self.merchant.as_bytes().into(), self.refund.as_bytes().into()]).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let refs = OrderRefs {
            order_ref: row.text(REFUND_COLUMNS)?,
            merchant_order_ref: row.opt_text(REFUND_COLUMNS + 1)?,
        };
        Ok(Some((rows::refund(row)?, refs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::fixtures::{MERCHANT, STRANGER, load, pay, queued, rf, sql, world};
    use crate::testing::TestStores;

    #[tokio::test]
    async fn a_refund_is_shown_with_its_payments_names_and_to_its_merchant_alone() {
        TestStores::each(async |store| {
            world(&store).await;
            pay(&store, 2, "flex", 1000).await;
            sql(&store, "UPDATE payments SET merchant_order_ref = 'own' WHERE order_ref = 'order-2'", vec![])
                .await;
            queued(&store, "order-1", "1", 1).await;
            queued(&store, "order-2", "2", 2).await;
            let shown = async |merchant, n| store.read(ShowRefund { merchant, refund: rf(n) }).await.unwrap();
            for (n, own) in [(1, None), (2, Some("own".to_owned()))] {
                let (refund, refs) = shown(MERCHANT, n).await.unwrap();
                let (whole, payment) = load(&store, n).await;
                assert_eq!((refund, &refs), (whole, &OrderRefs::from(payment)));
                assert_eq!(refs, OrderRefs { order_ref: format!("order-{n}"), merchant_order_ref: own });
            }
            assert_eq!((shown(STRANGER, 1).await, shown(MERCHANT, 9).await), (None, None));
        })
        .await;
    }
}
