//! Making a refund, and one refund with what happened to it.

use redress_core::event::EventKind;

use super::{Texts, texts};

texts!(
    /// Making a refund.
    Refunding {
        title: "Refund of {reference}", "رد مبلغ للدفعة {reference}";
        amount: "Amount in {currency}", "المبلغ بعملة {currency}";
        amount_hint: "From {least} to {most}, {decimals} decimals at most. A point before the decimals and nothing \
                      between thousands, as {example}.",
            "من {least} إلى {most}، بحد أقصى {decimals} منازل عشرية. اكتب نقطة قبل الكسور ولا شيء بين الآلاف، مثل {example}.";
        amount_hint_whole: "From {least} to {most}, without decimals and with nothing between thousands, as {example}.",
            "من {least} إلى {most}، بلا كسور ولا شيء بين الآلاف، مثل {example}.";
        not_a_number: "This is not a sum. Write it as {example}: a point before the decimals, nothing between thousands.",
            "هذا ليس مبلغًا. اكتبه هكذا: {example}، بنقطة قبل الكسور ولا شيء بين الآلاف.";
        reason: "Reason", "السبب";
        choose: "Choose one", "اختر سببًا";
        note: "Note", "ملاحظة";
        note_hint: "For your colleagues; some providers show it to the customer. Needed with \"{other}\".",
            "لزملائك، وقد يعرضها بعض مزودي الدفع على العميل. مطلوبة مع «{other}».";
        note_needed: "Say in a few words why.", "اذكر السبب بكلمات قليلة.";
        what_happens: "What will happen", "ماذا سيحدث";
        will_send: "The money goes back the way it was paid, through {psp}. The order is sent at once, and the page after \
                    this one shows what the provider answers.",
            "يعود المال بالطريقة التي دُفع بها عبر {psp}. يُرسل الطلب فورًا وتعرض الصفحة التالية رد المزود.";
        will_wait: "Refunds of this account are paused: it is kept, and sent when they go on.",
            "عمليات الرد لهذا الحساب متوقفة مؤقتًا: تُحفظ وتُرسل عند استئنافها.";
        by_when: "If the provider has said nothing final by {time}, a colleague is asked to look. On which day the money \
                  reaches the customer is for their bank to say.",
            "إن لم يصدر عن المزود رد نهائي حتى {time} فسيُطلب من أحد الزملاء المراجعة. أما يوم وصول المال إلى العميل فيحدده مصرفه.";
        go_summary: "Go on to the summary", "متابعة إلى الملخص";
        summary_title: "Check and refund", "راجع ثم نفّذ الرد";
        summary_told: "Nothing was done yet.", "لم يُنفَّذ شيء بعد.";
        gives_back: "Gives back", "المبلغ المراد رده";
        leaves: "Then left", "المتبقي بعد ذلك";
        of_payment: "Of payment", "من الدفعة";
        confirm: "Refund {amount}", "رد {amount}";
        change: "Change something", "تعديل";
        look_alike: "The same amount of this payment was refunded at {time}. Is this another refund?",
            "رُدّ المبلغ نفسه من هذه الدفعة في {time}. هل هذه عملية رد أخرى؟";
        look_alike_see: "Look at that refund", "عرض تلك العملية";
        look_alike_yes: "Yes, this is another one", "نعم، هذه عملية أخرى";
        look_alike_needed: "Say that this is another refund, or look at the one before.",
            "أكّد أن هذه عملية أخرى، أو راجع العملية السابقة.";
    }
);

texts!(
    /// One refund.
    Refund {
        title: "Refund of {amount}", "رد {amount}";
        live: "This changes by itself until it is final.", "تتغير هذه الحالة تلقائيًا حتى تصبح نهائية.";
        live_lost: "This page does not follow the refund any more. Load it again to see how it stands.",
            "لم تعد هذه الصفحة تتابع عملية الرد. أعد تحميلها لمعرفة حالتها.";
        unknown_told: "Nobody knows yet whether the provider did it. The amount stays reserved, and nothing is sent again \
                       blindly. What is known stands below.",
            "لا يُعرف بعد هل نفّذه المزود. يبقى المبلغ محجوزًا ولا يُعاد إرسال شيء دون تحقق. وما هو معروف مبيّن أدناه.";
        payment: "Payment", "الدفعة";
        made: "Made", "تاريخ الإنشاء";
        made_by: "By", "بواسطة";
        finished: "Final since", "نهائية منذ";
        reason: "Reason", "السبب";
        note: "Note", "ملاحظة";
        arn: "Bank's reference (ARN)", "مرجع المصرف (ARN)";
        arn_copy: "Copy the bank's reference", "نسخ مرجع المصرف";
        psp_refund_id: "Provider's id", "معرّف المزود";
        psp_refund_id_copy: "Copy the provider's id", "نسخ معرّف المزود";
        our_key: "Reference at the provider", "المرجع لدى المزود";
        our_key_copy: "Copy the reference at the provider", "نسخ المرجع لدى المزود";
        merchant_refund_id: "Your id", "معرّفك";
        id: "Refund id", "معرّف عملية الرد";
        failure: "Why it ended without effect", "سبب انتهائه دون أثر";
        came_back: "Why the money came back", "سبب رجوع المال";
        booked: "All the same {amount} count as given back, as a person decided in this case:",
            "ومع ذلك يُحتسب {amount} مردودًا، كما قرر شخص في هذه الحالة:";
        may_have_left: "The money may have left all the same. Nobody should make another refund before this case is closed:",
            "ربما خرج المال رغم ذلك. لا ينبغي لأحد إنشاء عملية رد أخرى قبل إغلاق هذه الحالة:";
        again_at: "A new refund is worth trying from {time} on.", "يمكن محاولة رد جديد ابتداءً من {time}.";
        psp_note: "The provider says", "يقول المزود";
        timeline: "What happened", "ما الذي حدث";
        by: "by {name}", "بواسطة {name}";
        attempts: "Exchanges with the provider", "المراسلات مع المزود";
        no_attempts: "Nothing was exchanged yet.", "لم تتم أي مراسلة بعد.";
        evidence: "What was said (secrets are hidden)", "نص المراسلة (الأسرار مخفية)";
        via_submit: "Sent", "إرسال";
        via_query: "Asked", "استعلام";
        via_notification: "Told by the provider", "إشعار من المزود";
        notifications: "Notifications to your systems", "الإشعارات إلى أنظمتك";
        no_notifications: "No endpoint wanted to hear of it.", "لا يوجد عنوان إشعارات طلب الإشعار به.";
        to_endpoint: "Endpoint {name}", "عنوان الإشعارات {name}";
        to_payment: "The payment's own address", "عنوان الدفعة نفسها";
        delivery_due: "Owed; tried again at {time}", "مستحق؛ تُعاد المحاولة في {time}";
        delivery_delivered: "Taken at {time}", "استُلم في {time}";
        delivery_given_up: "Given up", "توقفت المحاولات";
        delivery_attempt: "{time}: {status}", "{time}: {status}";
        no_status: "no answer", "دون رد";
        event_created: "Made", "أُنشئ";
        event_pending: "Accepted by the provider", "قبله المزود";
        event_unknown: "Became unknown", "أصبح غير معروف";
        event_succeeded: "Refunded", "تم الرد";
        event_failed: "Failed", "فشل";
        event_canceled: "Canceled", "أُلغي";
        event_reversed: "The money came back", "عاد المال";
    }
);

impl Texts {
    /// What happened to a refund.
    pub(crate) const fn event(&self, kind: EventKind) -> &'static str {
        let t = &self.refund;
        match kind {
            EventKind::Created => t.event_created,
            EventKind::Pending => t.event_pending,
            EventKind::Unknown => t.event_unknown,
            EventKind::Succeeded => t.event_succeeded,
            EventKind::Failed => t.event_failed,
            EventKind::Canceled => t.event_canceled,
            EventKind::Reversed => t.event_reversed,
        }
    }
}
