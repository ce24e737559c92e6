//! The books, recomputed as `redress verify` does.

use redress_engine::admin::verify::VerifyCursor;

use super::{Guide, Told, check};

pub(super) async fn verify(guide: &Guide) -> Told {
    let (mut payments, mut refunds) = (0, 0);
    let mut next = Some(VerifyCursor::default());
    while let Some(from) = next {
        let batch = guide.engine.verify_batch(from).await.map_err(|error| error.to_string())?;
        check(batch.differences.is_empty(), || {
            batch.differences.first().map_or_else(String::new, ToString::to_string)
        })?;
        payments += batch.payments;
        refunds += batch.refunds;
        next = batch.next;
    }
    Ok(format!("{payments} payments and {refunds} refunds recomputed, no difference"))
}
