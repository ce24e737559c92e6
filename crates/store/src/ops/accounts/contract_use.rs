//! Whether the contract that an account names was used: whether a refund of the account had an effect under it, or may have had.

use redress_core::case::CaseKind;
use redress_core::id::{AccountId, MerchantId};

use crate::error::StoreError;
use crate::tx::Tx;

/// A refund that may be at the PSP now, or that the PSP has or had: it is open and was sent, the PSP gave it an id, it is done
/// without one, or the PSP is asked about it although a person has called it failed. What was never sent, and what the PSP
/// itself refused, is none of these.
///
/// Found by the account alone, whose id no other merchant's has, each in an index; what is open is always due. In one statement:
/// a refund that goes from one of these to another meanwhile is seen in either.
const USED: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = $1 AND r.state = 'submitting' \
     AND r.due_at IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = $1 AND r.state = 'unknown' AND r.due_at IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = $1 AND r.state = 'pending' AND r.due_at IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = $1 AND r.psp_refund_id IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = $1 AND r.psp_refund_id IS NULL \
     AND (r.state = 'succeeded' OR r.state = 'reversed')) \
     OR EXISTS (SELECT 1 FROM late_checks v WHERE v.account_id = $1)";

/// An open case of a kind about a refund of the account. SQLite nests the loops of a CROSS JOIN as they are written: it looks at
/// the open cases, and at no other refunds than theirs.
const OPEN_CASE: &str = "SELECT 1 FROM cases c CROSS JOIN refunds r WHERE c.merchant_id = $1 \
     AND c.environment = (SELECT a.environment FROM psp_accounts a WHERE a.account_id = $2) \
     AND c.kind = $3 AND c.closed_at IS NULL AND r.merchant_id = c.merchant_id AND r.refund_id = c.refund_id \
     AND r.account_id = $2 LIMIT 1";

/// A person has booked what left all the same, though the refund is called failed.
const BOOKED: &str = "SELECT 1 FROM cases c CROSS JOIN refunds r WHERE c.merchant_id = $1 AND c.booked > 0 \
     AND r.merchant_id = c.merchant_id AND r.refund_id = c.refund_id AND r.account_id = $2 LIMIT 1";

/// Whether it was, as far as anybody knows now. A claim, or an accept, that read the account before the change may send one
/// refund more under the old contract: no lock keeps it from that, and it is asked about where it was sent.
pub(super) async fn was_used<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    account: AccountId,
) -> Result<bool, StoreError> {
    if !tx.rows(USED, &[account.as_bytes().into()]).await?.is_empty() {
        return Ok(true);
    }
    let whose = [merchant.as_bytes().into(), account.as_bytes().into()];
    if !tx.rows(BOOKED, &whose).await?.is_empty() {
        return Ok(true);
    }
    // Money may have left that the refund itself does not show. That nobody lets us in, or that the PSP is not reached, is a case
    // of a kind that tells of no money: just that is to be mended.
    for kind in CaseKind::ALL.into_iter().filter(|kind| kind.is_alarm()) {
        let params = [merchant.as_bytes().into(), account.as_bytes().into(), kind.as_str().into()];
        if !tx.rows(OPEN_CASE, &params).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
