//! Payments, and why one cannot be refunded.

use redress_core::policy::Refusal;

use super::{Texts, fill, texts};
use crate::portal::format::amount;

texts!(
    /// One payment.
    Payment {
        title: "Payment {reference}", "الدفعة {reference}";
        captured: "Captured", "المبلغ المحصَّل";
        refunded: "Refunded", "المبلغ المردود";
        booked: "{amount} of it as a person decided in this case:", "منه {amount} كما قرر شخص في هذه الحالة:";
        reserved: "Reserved by open refunds", "محجوز لعمليات رد مفتوحة";
        blocked: "Blocked by open cases", "محجوب بسبب حالات مفتوحة";
        refundable: "Can be refunded", "يمكن رده";
        details: "Details", "التفاصيل";
        order_ref: "Reference", "المرجع";
        merchant_order_ref: "Your order", "رقم طلبك";
        psp: "Provider", "مزود الدفع";
        psp_payment_id: "Provider's id", "معرّف المزود";
        customer: "Customer", "العميل";
        channel: "Channel", "القناة";
        method: "Method", "طريقة الدفع";
        captured_at: "Captured on", "تاريخ التحصيل";
        deadline: "Can be refunded until", "يمكن الرد حتى";
        id: "Payment id", "معرّف الدفعة";
        copy_order_ref: "Copy the reference", "نسخ المرجع";
        copy_psp_payment_id: "Copy the provider's id", "نسخ معرّف المزود";
        refund: "Refund", "رد المبلغ";
        refund_off: "No refund can be made now", "لا يمكن رد أي مبلغ الآن";
        partial_off: "Only in full: {why}", "بالكامل فقط: {why}";
        one_in_flight: "The provider takes one refund of a payment at a time: the next one is sent when the one before \
                        it is over.",
            "يقبل المزود عملية رد واحدة للدفعة في كل مرة: تُرسل التالية بعد انتهاء السابقة.";
        disputed: "The customer disputes this payment at the bank since {time}.",
            "يعترض العميل على هذه الدفعة لدى مصرفه منذ {time}.";
        refunds: "Refunds", "عمليات الرد";
        no_refunds: "Nothing was refunded through this server yet.", "لم يُرد أي مبلغ عبر هذا الخادم بعد.";
        refunded_before: "{amount} had been refunded before this server knew the payment.",
            "رُدّ {amount} قبل أن يعرف هذا الخادم الدفعة.";
        refund_amount: "Amount", "المبلغ";
        refund_state: "Status", "الحالة";
        refund_made: "Made", "تاريخ الإنشاء";
        refund_reason: "Reason", "السبب";
        refund_id: "Refund", "عملية الرد";
        unavailable: "The account at the provider is gone, so nothing can be refunded.",
            "حساب مزود الدفع لم يعد موجودًا، لذلك لا يمكن رد شيء.";
    }
);

texts!(
    /// A payment that the customer wants back from the bank.
    Dispute {
        mark: "Mark as disputed", "وسم الدفعة بأنها متنازع عليها";
        mark_title: "Is {reference} disputed?", "هل الدفعة {reference} متنازع عليها؟";
        mark_told: "The customer wants the money back from the bank. While the mark stands no refund of this payment can be \
                    made, through any API either, so that nobody gives the money back twice. Refunds that were made before go \
                    on: cancel those that must not.",
            "يطالب العميل باسترداد المال عن طريق مصرفه. لا يمكن إنشاء عملية رد لهذه الدفعة ما دام الوسم قائمًا، ولا عبر أي واجهة برمجية، كي لا يُعاد المال \
             مرتين. وتستمر عمليات الرد التي أُنشئت من قبل: ألغِ منها ما لا ينبغي أن يستمر.";
        release: "Take the mark of the dispute away", "إزالة وسم النزاع";
        release_title: "Is the dispute of {reference} over?", "هل انتهى النزاع على {reference}؟";
        release_told: "Take the mark away where the dispute was won or withdrawn: refunds of this payment can be made again. Where \
                       the bank gave the money back, leave it: a refund would give it back twice.",
            "أزل الوسم إذا كسبت النزاع أو سُحب: يصير رد هذه الدفعة ممكنًا من جديد. وإن كان المصرف قد أعاد المال فاتركه: فالرد عندئذ يعيده مرتين.";
        why_hint: "It stands in the audit trail, with your name.", "يظهر في سجل التدقيق مع اسمك.";
    }
);

texts!(
    /// Why a refund may not be made.
    Refusals {
        wrong_environment: "The payment belongs to the other environment.", "تنتمي الدفعة إلى البيئة الأخرى.";
        wrong_channel: "The payment was not made through this channel.", "لم تتم الدفعة عبر هذه القناة.";
        wrong_currency: "The payment is in {currency}.", "الدفعة بعملة {currency}.";
        disputed: "The customer disputes the payment at the bank: a refund besides would give the money back twice.",
            "يعترض العميل على الدفعة لدى مصرفه: الرد الآن قد يعيد المال مرتين.";
        changed: "Meanwhile something else was refunded: {remaining} are left now. Look again before you go on.",
            "رُدّ مبلغ آخر في هذه الأثناء: المتبقي الآن {remaining}. راجع قبل المتابعة.";
        not_refundable: "The provider cannot refund this payment, or the account there is closed.",
            "لا يستطيع المزود رد هذه الدفعة، أو أن الحساب لديه مغلق.";
        window_closed: "The time in which the provider refunds this payment is over.",
            "انتهت المدة التي يرد فيها المزود هذه الدفعة.";
        nothing_left: "Nothing is left to refund.", "لم يبقَ شيء لرده.";
        several_not_allowed: "The provider refunds a payment only once.", "لا يرد المزود الدفعة إلا مرة واحدة.";
        partial_not_allowed: "The provider refunds this payment only in full.",
            "لا يرد المزود هذه الدفعة إلا بالكامل.";
        not_positive: "The amount must be more than zero.", "يجب أن يكون المبلغ أكبر من صفر.";
        too_precise: "{decimals} decimals at most.", "الحد الأقصى للمنازل العشرية هو {decimals}.";
        not_a_multiple: "The provider refunds only multiples of {step}.", "لا يرد المزود إلا مضاعفات {step}.";
        more_than_left: "This is more than is left, which is {remaining}.", "المبلغ أكبر من المتبقي وهو {remaining}.";
        less_than_min: "The provider refunds {min} at least.", "الحد الأدنى للرد لدى المزود هو {min}.";
        more_than_max: "The provider refunds {max} at once at most.", "الحد الأقصى للرد الواحد لدى المزود هو {max}.";
    }
);

impl Texts {
    /// Why a refund may not be made.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> String {
        let t = &self.refusals;
        match refusal {
            Refusal::WrongEnvironment => t.wrong_environment.to_owned(),
            Refusal::WrongChannel => t.wrong_channel.to_owned(),
            Refusal::WrongCurrency { currency } => fill(t.wrong_currency, &[("currency", currency.code())]),
            Refusal::Disputed => t.disputed.to_owned(),
            Refusal::RefundableChanged { remaining } => {
                fill(t.changed, &[("remaining", &amount(*remaining))])
            }
            Refusal::NotRefundable => t.not_refundable.to_owned(),
            Refusal::WindowClosed => t.window_closed.to_owned(),
            Refusal::NothingLeft => t.nothing_left.to_owned(),
            Refusal::SeveralNotAllowed => t.several_not_allowed.to_owned(),
            Refusal::PartialNotAllowed => t.partial_not_allowed.to_owned(),
            Refusal::NotPositive => t.not_positive.to_owned(),
            Refusal::TooPrecise { decimals } => fill(t.too_precise, &[("decimals", &decimals.to_string())]),
            Refusal::NotAMultiple { step } => fill(t.not_a_multiple, &[("step", &amount(*step))]),
            Refusal::MoreThanLeft { remaining } => {
                fill(t.more_than_left, &[("remaining", &amount(*remaining))])
            }
            Refusal::LessThanMin { min } => fill(t.less_than_min, &[("min", &amount(*min))]),
            Refusal::MoreThanMax { max } => fill(t.more_than_max, &[("max", &amount(*max))]),
        }
    }
}
