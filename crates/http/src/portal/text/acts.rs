//! What people do about a refund or a case.

use redress_core::case::CaseKind;

use super::{Texts, texts};

texts!(
    /// What is done about a refund.
    Acts {
        title: "What you can do", "ما يمكنك فعله";
        nothing: "Nothing is to be done about it.", "لا يلزم فعل أي شيء بشأنه.";
        case_waits: "It waits for a person:", "تنتظر قرار شخص:";
        refresh_off: "Asking the provider needs the role {role}.", "الاستعلام من المزود يتطلب دور {role}.";
        cancel_off: "Canceling it needs the role {role}.", "إلغاؤها يتطلب دور {role}.";
        close_off: "Saying how it ended needs the role {role}.", "تحديد كيف انتهت يتطلب دور {role}.";
        refresh: "Ask the provider now", "استعلم من المزود الآن";
        cancel: "Cancel this refund", "إلغاء عملية الرد";
        cancel_title: "Cancel the refund of {amount}", "إلغاء رد {amount}";
        cancel_told: "It was not sent yet. The amount can be refunded again afterwards.",
            "لم يُرسل بعد. يمكن رد المبلغ مرة أخرى بعد الإلغاء.";
        close: "Say how it ended", "تحديد كيف انتهى";
        close_title: "How did the refund of {amount} end?", "كيف انتهى رد {amount}؟";
        close_told: "Look at the provider's own pages first: search there for the references below. What you say here \
                     counts, and nobody asks the provider again.",
            "راجع صفحات المزود أولًا: ابحث فيها عن المراجع أدناه. ما تحدده هنا هو المعتمد ولن يُستعلم من المزود مرة أخرى.";
        verdict: "What happened", "ما الذي حدث";
        verdict_succeeded: "The provider did it. {amount} count as given back, for ever. If it did not, the customer is \
                            not paid and nobody looks again.",
            "نفّذه المزود. يُحتسب {amount} مردودًا نهائيًا. فإن لم يكن قد نفّذه فلن يصل المال إلى العميل ولن يراجع أحد بعد ذلك.";
        verdict_failed: "The provider did not do it and never will. {amount} are released and can be refunded again. If it \
                         did, or still does, the next refund pays the customer twice.",
            "لم ينفّذه المزود ولن ينفّذه. يُحرَّر {amount} ويمكن رده مرة أخرى. فإن كان قد نفّذه أو سينفّذه فسيُدفع للعميل مرتين مع الرد التالي.";
        how_known: "How do you know?", "كيف عرفت ذلك؟";
        how_known_hint: "It stands in the timeline and in the audit trail, with your name.",
            "يظهر في سجل الأحداث وسجل التدقيق مع اسمك.";
        close_go: "Close it", "إغلاق";
        why: "Why?", "لماذا؟";
        resend: "Send again", "إعادة الإرسال";
        resend_of: "Send again: {what}", "إعادة الإرسال: {what}";
    }
);

texts!(
    /// The work queue.
    Cases {
        title: "Work queue", "قائمة العمل";
        told: "What only a person can decide, the newest first.", "ما لا يبتّ فيه إلا شخص، الأحدث أولًا.";
        none: "Nothing waits for a person.", "لا شيء بانتظار أحد.";
        kind: "What it is", "النوع";
        opened: "Since", "منذ";
        about: "About", "بخصوص";
        what: "What happened", "ما الذي حدث";
        blocks: "Blocks", "يحجب";
        all: "All", "الكل";
        filter: "Show", "عرض";
        older: "Older ones", "الأقدم";
        open_count: "Open: {count}", "المفتوح: {count}";
        refund: "Refund", "عملية الرد";
        payment: "Payment", "الدفعة";
        account: "Account {id}", "الحساب {id}";
        endpoint: "Endpoint {id}", "الوجهة {id}";
        evidence: "What the provider told", "ما أرسله المزود";
        evidence_told: "Notifications that were not applied, the newest first, each with what differs from what is known \
                        here. Compare them with the provider's own pages.",
            "إشعارات لم تُطبَّق، الأحدث أولًا، ومع كل منها ما يختلف عما هو معروف هنا. قارنها بصفحات المزود.";
        closed_by: "Closed by {name} at {time}", "أغلقها {name} في {time}";
        close_title: "Close this case", "إغلاق هذه الحالة";
        refund_first: "Its refund is still open: say there how it ended, and this closes with it.",
            "عملية الرد ما زالت مفتوحة: حدد هناك كيف انتهت فتُغلق هذه الحالة معها.";
        blocked: "What becomes of {amount}?", "ما مصير {amount}؟";
        released: "The money is still here: {amount} can be refunded again. If it did leave, the next refund pays the \
                   customer twice.",
            "المال ما زال هنا: يمكن رد {amount} مرة أخرى. فإن كان قد خرج فعلًا فسيُدفع للعميل مرتين مع الرد التالي.";
        refunded: "The money has left: {amount} count as given back.", "خرج المال: يُحتسب {amount} مردودًا.";
        unresolved: "Nobody knows whether the provider did it", "لا يُعرف هل نفّذه المزود";
        ambiguous: "Several of the provider's refunds could be this one", "قد تطابقه عدة عمليات لدى المزود";
        mismatch: "The provider shows something else under our reference", "يعرض المزود شيئًا آخر تحت مرجعنا";
        overdue: "The provider has said nothing final for too long", "تأخر الرد النهائي من المزود";
        late_success: "The provider did what had counted as over", "نفّذ المزود ما كان يُعد منتهيًا";
        reversed: "Money that was given back came back", "عاد مال كان قد رُدّ";
        foreign_refund: "A refund at the provider that nobody here asked for", "رد لدى المزود لم يطلبه أحد هنا";
        quarantined: "A notification that fits nothing here", "إشعار لا يطابق شيئًا هنا";
        endpoint_disabled: "One of your endpoints takes nothing any more", "إحدى وجهاتك لم تعد تستقبل شيئًا";
    }
);

impl Texts {
    /// Why a person must look.
    pub(crate) const fn case(&self, kind: CaseKind) -> &'static str {
        let t = &self.cases;
        match kind {
            CaseKind::Unresolved => t.unresolved,
            CaseKind::Ambiguous => t.ambiguous,
            CaseKind::Mismatch => t.mismatch,
            CaseKind::Overdue => t.overdue,
            CaseKind::LateSuccess => t.late_success,
            CaseKind::Reversed => t.reversed,
            CaseKind::ForeignRefund => t.foreign_refund,
            CaseKind::Quarantined => t.quarantined,
            CaseKind::EndpointDisabled => t.endpoint_disabled,
        }
    }
}
