//! A payment with all that says what of it can be refunded.

use redress_core::id::{MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_core::policy::AccountState;
use redress_core::refund::Refund;

use super::{REFUNDS_OF_PAYMENT, REFUNDS_OF_PAYMENT_MAX};
use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{self, PAYMENT_COLUMNS, payment_columns};
use crate::tx::Tx;

/// How a payment is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentBy {
    /// By its id.
    Id(PaymentId),
    /// By its reference.
    OrderRef(String),
}

/// Reads a payment with its PSP account and what reserves something of it.
#[derive(Clone, Debug)]
pub struct LoadRefundable {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub by: PaymentBy,
}

/// What says what of a payment can be refunded, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refundable {
    /// The payment.
    pub payment: Payment,
    /// The connector of its PSP account.
    pub psp: String,
    /// Whether the account sends.
    pub account: AccountState,
    /// Its open refunds, in the order they were accepted.
    pub open: Vec<Refund>,
}

macro_rules! with_account {
    ($by:literal) => {
        concat!(
            "SELECT ",
            payment_columns!(),
            ", through_psp, through_state FROM payments JOIN (SELECT merchant_id AS through_merchant, ",
            "account_id AS through_account, psp AS through_psp, state AS through_state FROM psp_accounts) a ",
            "ON through_merchant = merchant_id AND through_account = account_id WHERE merchant_id = $1 AND ",
            $by,
            " = $2"
        )
    };
}

const BY_ID: &str = with_account!("payment_id");

const BY_ORDER_REF: &str = with_account!("order_ref");

impl Query for LoadRefundable {
    type Out = Option<Refundable>;
    const NAME: &'static str = "load_refundable";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        // Of most payments nothing is reserved.
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Refundable>, StoreError> {
        let merchant = self.merchant.as_bytes();
        let found = match &self.by {
            PaymentBy::Id(id) => tx.rows(BY_ID, &[merchant.into(), id.as_bytes().into()]).await?,
            PaymentBy::OrderRef(text) => tx.rows(BY_ORDER_REF, &[merchant.into(), text.into()]).await?,
        };
        let Some(row) = found.first() else { return Ok(None) };
        let payment = rows::payment(row)?;
        let psp = row.text(PAYMENT_COLUMNS)?;
        let account = rows::parsed(row, PAYMENT_COLUMNS + 1, AccountState::parse)?;
        let mut open = Vec::new();
        // Every open refund reserves something, and nothing else does.
        if payment.balance.reserved != 0 {
            let of = [merchant.into(), payment.id.as_bytes().into(), REFUNDS_OF_PAYMENT_MAX.into()];
            for row in tx.rows(REFUNDS_OF_PAYMENT, &of).await? {
                open.push(rows::refund(&row)?);
            }
            open.retain(|refund| !refund.state.name().is_final());
        }
        Ok(Some(Refundable { payment, psp, account, open }))
    }
}

#[cfg(test)]
mod tests {
    use redress_core::settle::Via;
    use redress_core::state::StateName;

    use super::*;
    use crate::ops::fixtures::{
        MERCHANT, STRANGER, done, hear, in_state, load, pay, payment, queued, rf, set_account, world,
    };
    use crate::testing::TestStores;

    #[tokio::test]
    async fn a_payment_is_read_with_its_account_and_what_reserves_something_of_it() {
        TestStores::each(async |store| {
            world(&store).await;
            pay(&store, 2, "turns", 1000).await;
            let of = async |merchant, by| store.read(LoadRefundable { merchant, by }).await.unwrap();
            let by_ref = |text: &str| PaymentBy::OrderRef(text.to_owned());
            let fresh = of(MERCHANT, by_ref("order-1")).await.unwrap();
            assert_eq!(
                (fresh.psp.as_str(), fresh.account, fresh.open),
                ("flex", AccountState::Active, vec![])
            );
            assert_eq!(fresh.payment.id, payment(1));

            queued(&store, "order-2", "1", 9).await;
            for (n, state) in [
                (4, StateName::Failed),
                (3, StateName::Succeeded),
                (1, StateName::Pending),
                (2, StateName::Unknown),
                (5, StateName::Queued),
            ] {
                in_state(&store, state, "1", n).await;
            }
            set_account(&store, "flex", AccountState::Paused).await;
            for by in [by_ref("order-1"), PaymentBy::Id(payment(1))] {
                let found = of(MERCHANT, by.clone()).await.unwrap();
                let ids: Vec<_> = found.open.iter().map(|refund| refund.id).collect();
                assert_eq!(ids, [rf(1), rf(2), rf(5)]);
                assert_eq!((found.open[0].clone(), found.payment), load(&store, 1).await);
                assert_eq!(found.account, AccountState::Paused);
                assert_eq!(of(STRANGER, by).await, None);
            }
            for none in [by_ref("order-9"), PaymentBy::Id(payment(9))] {
                assert_eq!(of(MERCHANT, none).await, None);
            }

            for n in [1, 2] {
                hear(&store, n, done(None), Via::Query, 30).await;
            }
            let rest = of(MERCHANT, by_ref("order-1")).await.unwrap();
            assert_eq!(rest.open.iter().map(|refund| refund.id).collect::<Vec<_>>(), [rf(5)]);
            assert_eq!(rest.payment.balance.reserved, 100);
        })
        .await;
    }
}
