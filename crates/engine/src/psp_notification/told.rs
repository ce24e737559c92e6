//! What a notification tells, for the judgement of core, and in what it differs from what is known here, for people.

use redress_core::id::AccountId;
use redress_core::notice::{Differs, Told, differences};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_psp::notice::Notice;

/// What core judges of a notification. `left`: [`Told::left`].
pub(super) fn told(account: AccountId, notice: &Notice, left: bool) -> Told<'_> {
    Told {
        account,
        amount: notice.amount,
        psp_refund_id: notice.psp_refund_id.as_deref(),
        outcome: &notice.outcome,
        must_confirm: notice.must_confirm,
        foreign: notice.foreign.is_some(),
        superseded_by: notice.superseded_by,
        left,
    }
}

/// Adds the payment that a notification names to what is not the refund's, if so.
pub(super) fn compare_payment(notice: &mut Notice, payment: &Payment) {
    let Some(named) = notice.psp_payment_ids.first() else { return };
    if notice.psp_payment_ids.contains(&payment.psp_payment_id) {
        return;
    }
    let other = format!("the payment {named}, and not {}", payment.psp_payment_id);
    notice.foreign = Some(match notice.foreign.take() {
        Some(of) => format!("{of}; {other}"),
        None => other,
    });
}

/// Each thing in which a notification that came to `account` differs from `refund`.
pub(super) fn differing(refund: &Refund, account: AccountId, notice: &Notice) -> String {
    let text = |differs: Differs| match differs {
        Differs::Account => format!("the account {account}, and not {}", refund.account),
        Differs::Whose => notice.foreign.clone().unwrap_or_default(),
        Differs::Currency(told) => {
            format!("the currency {} ({told}), and not {}", told.currency(), refund.amount)
        }
        Differs::Sum(told) => format!("the sum {told}, and not {}", refund.amount),
        Differs::PspRefund => other_refund(refund, notice),
    };
    let all: Vec<_> = differences(refund, &told(account, notice, false)).into_iter().map(text).collect();
    format!("told otherwise than here: {}", all.join("; "))
}

/// That it is about another of the PSP's refunds than `refund` is bound to.
pub(super) fn other_refund(refund: &Refund, notice: &Notice) -> String {
    let told = notice.psp_refund_id.as_deref().unwrap_or("none");
    let ours = refund.psp_refund_id.as_deref().unwrap_or("none");
    format!("the PSP's refund {told}, and not {ours}")
}

/// That it is about no refund of ours, and what else is strange about it.
pub(super) fn of_nobody(notice: &Notice) -> String {
    let nobody = "no refund here has its reference or its id";
    notice.foreign.as_ref().map_or_else(|| nobody.to_owned(), |of| format!("{nobody}; {of}"))
}
