//! Refunds that no payment knows: reading the books payment by payment would never come by them.

use redress_core::id::{MerchantId, PaymentId, RefundId};

use super::Difference;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// Looks for refunds without a payment, and for first refunds that are not their payment's first, in a batch of all.
#[derive(Clone, Copy, Debug)]
pub struct LoadStrays {
    /// The last refund of the batch before.
    pub after: Option<(MerchantId, RefundId)>,
    /// So many refunds at most.
    pub limit: u32,
}

/// What a batch showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strays {
    /// The refunds that no payment knows.
    pub found: Vec<Difference>,
    /// The last refund that was looked at; `None` at the end.
    pub last: Option<(MerchantId, RefundId)>,
}

const LINKS: &str = "SELECT r.merchant_id, r.refund_id, r.payment_id, CASE WHEN p.payment_id IS NULL \
     OR (r.ordinal = 1 AND (p.first_refund_id IS NULL OR p.first_refund_id <> r.refund_id)) THEN 1 ELSE 0 END \
     FROM refunds r LEFT JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE (r.merchant_id, r.refund_id) > ($1, $2) ORDER BY r.merchant_id, r.refund_id LIMIT $3";

impl Query for LoadStrays {
    type Out = Strays;
    const NAME: &'static str = "load_strays";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Strays, StoreError> {
        // Before every refund: shorter than any id.
        let start: (Vec<u8>, Vec<u8>) = self.after.map_or((Vec::new(), Vec::new()), |(merchant, refund)| {
            (merchant.as_bytes().to_vec(), refund.as_bytes().to_vec())
        });
        let rows = tx.rows(LINKS, &[(&start.0).into(), (&start.1).into(), self.limit.into()]).await?;
        let mut strays = Strays { found: Vec::new(), last: None };
        for row in &rows {
            let merchant = MerchantId::from_bytes(row.id16(0)?);
            let refund = RefundId::from_bytes(row.id16(1)?);
            if row.int(3)? != 0 {
                strays.found.push(Difference {
                    merchant,
                    payment: PaymentId::from_bytes(row.id16(2)?),
                    refund: Some(refund),
                    what: "a refund that its payment does not know".to_owned(),
                });
            }
            strays.last = Some((merchant, refund));
        }
        Ok(strays)
    }
}
