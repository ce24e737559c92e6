//! The work queue: why a person must look, what that means, and what can be done.

use redress_core::case::CaseKind;

use super::{Texts, texts};

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
        endpoint: "Endpoint {id}", "عنوان الإشعارات {id}";
        evidence: "What the provider told", "ما أرسله المزود";
        evidence_told: "Notifications that were not applied, the newest first, each with what differs from what is known \
                        here. Compare them with the provider's own pages.",
            "إشعارات لم تُطبَّق، الأحدث أولًا، ومع كل منها ما يختلف عما هو معروف هنا. قارنها بصفحات المزود.";
        closed_by: "Closed by {name} at {time}", "أغلقها {name} في {time}";
        close_title: "Close this case", "إغلاق هذه الحالة";
        reason_hint: "It is kept with this case and in the audit trail, with your name.",
            "يُحفظ مع هذه الحالة وفي سجل التدقيق مع اسمك.";
        to_refund: "To the refund", "إلى عملية الرد";
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
        endpoint_disabled: "One of your endpoints takes nothing any more", "أحد عناوين إشعاراتك لم يعد يستقبل شيئًا";
        recorded: "As it was recorded", "كما سُجّل";
        status_open: "Open", "مفتوحة";
        status_closed: "Closed", "مغلقة";
        none_closed: "Nothing was closed.", "لم يُغلق شيء.";
        was_released: "{amount} can be refunded again since then.", "صار رد {amount} ممكنًا من جديد منذ ذلك الحين.";
        was_refunded: "{amount} count as given back since then.", "يُحتسب {amount} مردودًا منذ ذلك الحين.";
    }
);

texts!(
    /// What a case of each kind means.
    CasesTold {
        unresolved: "This refund may have reached the provider, and asking has not shown whether it was done. Its amount stays \
                     reserved, and nothing is sent again blindly.",
            "ربما وصلت عملية الرد إلى المزود، ولم يُظهر الاستعلام هل نُفّذت. يبقى مبلغها محجوزًا ولا يُعاد إرسال شيء دون تحقق.";
        ambiguous: "The provider shows more than one refund that could be this one, so none of them was taken for it. Its \
                    amount stays reserved.",
            "يعرض المزود أكثر من عملية قد تكون هذه، فلم تُعتمد أي منها. يبقى مبلغها محجوزًا.";
        mismatch: "What the provider shows under the reference of this refund does not fit it: another amount, currency or \
                   payment, or a state that cannot be. Nothing of it was applied.",
            "ما يعرضه المزود تحت مرجع عملية الرد هذه لا يوافقها: مبلغ أو عملة أو دفعة أخرى، أو حالة غير ممكنة. لم يُطبَّق منه شيء.";
        overdue: "This refund has not moved for too long: the provider accepted it and says nothing final, or it cannot be \
                  sent because the provider is not reached or does not let the account in. The trying goes on.",
            "لم تتقدم عملية الرد هذه منذ مدة طويلة: قبلها المزود ولم يصدر عنه رد نهائي، أو تعذر إرسالها لأن المزود لا يجيب أو لا يقبل الحساب. المحاولات مستمرة.";
        late_success: "This refund counted as over, and now the provider says that it did it or is doing it. If that is so, \
                       the customer has the money.",
            "كانت عملية الرد هذه تُعد منتهية، والآن يقول المزود إنه نفّذها أو ينفّذها. فإن صح ذلك فالمال لدى العميل.";
        reversed: "This refund was done, or its money had counted as gone, and later the provider said that it failed: the \
                   customer does not have the money, and it counts as not given back.",
            "نُفّذت عملية الرد هذه أو احتُسب مالها خارجًا، ثم قال المزود إنها فشلت: المال ليس لدى العميل ولا يُحتسب مردودًا.";
        foreign_refund: "The provider tells of a refund that nobody asked for here: somebody may have made it on the \
                         provider's own pages, or it was made twice.",
            "يخبر المزود عن عملية رد لم يطلبها أحد هنا: ربما أنشأها شخص في صفحات المزود نفسه، أو أُنشئت مرتين.";
        quarantined: "A notification of the provider does not fit what is known here, or asking did not confirm it. It was \
                      not applied.",
            "إشعار من المزود لا يوافق ما هو معروف هنا، أو لم يؤكده الاستعلام. لم يُطبَّق.";
        endpoint_disabled: "This endpoint took no notification for too long, so nothing more is sent to it. What it is owed \
                            waits.",
            "لم يقبل عنوان الإشعارات هذا أي إشعار منذ مدة طويلة، فلم يعد يُرسل إليه شيء. وما يجب إرساله إليه ينتظر.";
    }
);

texts!(
    /// What people can do about a case of each kind.
    CasesToDo {
        unresolved: "Look for it on the provider's own pages, by the references on the page of the refund. Then say there how \
                     it ended: this case is closed with it.",
            "ابحث عنها في صفحات المزود بالمراجع المبينة في صفحة عملية الرد، ثم حدد هناك كيف انتهت فتُغلق هذه الحالة معها.";
        ambiguous: "Compare the times and amounts on the provider's own pages. Then say on the page of the refund how this one \
                    ended: this case is closed with it.",
            "قارن الأوقات والمبالغ في صفحات المزود، ثم حدد في صفحة عملية الرد كيف انتهت هذه فتُغلق هذه الحالة معها.";
        mismatch: "Compare the page of the refund with the provider's own pages, and ask the provider where they differ. Where \
                   the refund is still open, say there how it ended; else close this case with what you found.",
            "قارن صفحة عملية الرد بصفحات المزود واسأله عما يختلف. إن كانت عملية الرد ما زالت مفتوحة فحدد هناك كيف انتهت، وإلا فأغلق هذه الحالة بما وجدته.";
        overdue: "The page of the refund says which it is. Where the provider accepted it, ask the provider. Where it waits to \
                  be sent, have the provider's account checked in the settings, or cancel the refund.",
            "توضح صفحة عملية الرد أيهما وقع. إن كان المزود قد قبلها فاسأله، وإن كانت بانتظار الإرسال فاطلب التحقق من حساب المزود في الإعدادات أو ألغِ عملية الرد.";
        late_success: "Look on the provider's own pages whether the money left. Then close this case with what you found. What \
                       it blocks cannot be refunded until then.",
            "تحقق في صفحات المزود هل خرج المال، ثم أغلق هذه الحالة بما وجدته. ولا يمكن رد ما تحجبه حتى ذلك الحين.";
        reversed: "The page of the refund says why. Make another refund, or pay the customer another way, then close this case. \
                   Where it blocks a sum, see first from the provider that the money came back: what it blocks cannot be \
                   refunded until it is closed.",
            "توضح صفحة عملية الرد السبب. أنشئ عملية رد أخرى أو ادفع للعميل بطريقة أخرى، ثم أغلق هذه الحالة. وإن كانت تحجب مبلغًا \
             فتحقق أولًا لدى المزود من رجوع المال، فلا يمكن رد ما تحجبه قبل إغلاقها.";
        foreign_refund: "Find out from the provider who made it, and of which payment. Then close this case with what you \
                         found. What it blocks cannot be refunded until then.",
            "اعرف من المزود من أنشأها ولأي دفعة، ثم أغلق هذه الحالة بما وجدته. ولا يمكن رد ما تحجبه حتى ذلك الحين.";
        quarantined: "Compare what it says with the provider's own pages, and ask the provider where they differ. Then close \
                      this case with what you found. What it blocks cannot be refunded until then.",
            "قارن ما ورد فيه بصفحات المزود واسأله عما يختلف، ثم أغلق هذه الحالة بما وجدته. ولا يمكن رد ما تحجبه حتى ذلك الحين.";
        endpoint_disabled: "Have the system behind it mended, send the endpoint a test, and enable it in the settings: what \
                            waits is sent then. Then close this case.",
            "أصلح النظام الذي خلفه، وأرسل إليه اختبارًا، ثم فعّله في الإعدادات فيُرسل ما ينتظر. ثم أغلق هذه الحالة.";
    }
);

/// Which of an area's texts is a kind's: each area of kinds names its texts after them.
macro_rules! of_kind {
    ($words:expr, $kind:expr) => {
        match $kind {
            CaseKind::Unresolved => $words.unresolved,
            CaseKind::Ambiguous => $words.ambiguous,
            CaseKind::Mismatch => $words.mismatch,
            CaseKind::Overdue => $words.overdue,
            CaseKind::LateSuccess => $words.late_success,
            CaseKind::Reversed => $words.reversed,
            CaseKind::ForeignRefund => $words.foreign_refund,
            CaseKind::Quarantined => $words.quarantined,
            CaseKind::EndpointDisabled => $words.endpoint_disabled,
        }
    };
}

impl Texts {
    /// Why a person must look.
    pub(crate) const fn case(&self, kind: CaseKind) -> &'static str {
        of_kind!(self.cases, kind)
    }

    /// What a case of this kind means.
    pub(crate) const fn case_told(&self, kind: CaseKind) -> &'static str {
        of_kind!(self.cases_told, kind)
    }

    /// What people can do about a case of this kind.
    pub(crate) const fn case_to_do(&self, kind: CaseKind) -> &'static str {
        of_kind!(self.cases_to_do, kind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::portal::language::Language;

    #[test]
    fn every_kind_has_words_of_its_own_in_every_language() {
        let mut seen = BTreeSet::new();
        for t in Language::ALL.map(Language::texts) {
            for kind in CaseKind::ALL {
                for words in [t.case(kind), t.case_told(kind), t.case_to_do(kind)] {
                    assert!(seen.insert(words), "{kind:?}: another kind has the same words: {words}");
                }
            }
        }
    }
}
