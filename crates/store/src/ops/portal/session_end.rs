//! Ending sessions, with what ends them.

use redress_core::id::{MerchantId, SessionId, UserId};

use crate::error::StoreError;
use crate::tx::Tx;

/// Which of a person's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every one.
    All,
    /// This one.
    One(SessionId),
    /// Every one but this.
    AllBut(SessionId),
}

/// Ends sessions with what ends them.
pub(super) async fn end<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
    which: Ending,
) -> Result<u64, StoreError> {
    let (merchant, user) = (merchant.as_bytes().into(), user.as_bytes().into());
    match &which {
        Ending::All => {
            let sql = "DELETE FROM portal_sessions WHERE merchant_id = $1 AND user_id = $2";
            tx.exec(sql, &[merchant, user]).await
        }
        Ending::One(session) => {
            let sql =
                "DELETE FROM portal_sessions WHERE merchant_id = $1 AND user_id = $2 AND session_id = $3";
            tx.exec(sql, &[merchant, user, session.as_bytes().into()]).await
        }
        Ending::AllBut(session) => {
            let sql =
                "DELETE FROM portal_sessions WHERE merchant_id = $1 AND user_id = $2 AND session_id <> $3";
            tx.exec(sql, &[merchant, user, session.as_bytes().into()]).await
        }
    }
}
