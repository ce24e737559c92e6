//! What people do about a refund.

use super::texts;

texts!(
    /// What is done about a refund.
    Acts {
        title: "What you can do", "ما يمكنك فعله";
        nothing: "Nothing more can be done about this one.", "لا يمكن فعل شيء آخر بشأن هذه العملية.";
        to_payment: "To its payment, to make another refund", "إلى الدفعة لإنشاء عملية رد أخرى";
        case_waits: "It waits for a person:", "تنتظر قرار شخص:";
        refresh_off: "Asking the provider needs the role {role}.", "الاستعلام من المزود يتطلب دور {role}.";
        cancel_off: "Canceling it needs the role {role}.", "إلغاؤها يتطلب دور {role}.";
        close_off: "Saying how it ended needs the role {role}.", "تحديد كيف انتهت يتطلب دور {role}.";
        refresh: "Ask the provider now", "استعلم من المزود الآن";
        send: "Try to send it now", "محاولة الإرسال الآن";
        cancel: "Cancel this refund", "إلغاء عملية الرد";
        cancel_title: "Cancel the refund of {amount}", "إلغاء رد {amount}";
        cancel_told: "It was not sent yet. The amount can be refunded again afterwards.",
            "لم يُرسل بعد. يمكن رد المبلغ مرة أخرى بعد الإلغاء.";
        close: "Say how it ended", "تحديد كيف انتهى";
        close_title: "How did the refund of {amount} end?", "كيف انتهى رد {amount}؟";
        close_told: "Look at the provider's own pages first: search there for the references below. What you say here \
                     counts at once.",
            "راجع صفحات المزود أولًا: ابحث فيها عن المراجع أدناه. ما تحدده هنا يُعتمد فورًا.";
        close_not_now: "Nobody need say how this refund ended: its end is known, or it is still to be sent.",
            "لا حاجة إلى تحديد كيف انتهت عملية الرد هذه: نهايتها معروفة، أو لم يكتمل إرسالها بعد.";
        verdict: "What happened", "ما الذي حدث";
        verdict_succeeded: "The provider did it. {amount} count as given back, for ever. If it did not, the customer is \
                            not paid: nobody asks the provider again.",
            "نفّذه المزود. يُحتسب {amount} مردودًا نهائيًا. فإن لم يكن قد نفّذه فلن يصل المال إلى العميل، إذ لن يُستعلم من المزود مرة أخرى.";
        verdict_failed: "The provider did not do it and never will. {amount} are released and can be refunded again. If it \
                         did, or still does, the next refund pays the customer twice. For 30 days the provider is asked about \
                         it where it can be; what it says otherwise becomes a case.",
            "لم ينفّذه المزود ولن ينفّذه. يُحرَّر {amount} ويمكن رده مرة أخرى. فإن كان قد نفّذه أو سينفّذه فسيُدفع للعميل مرتين مع الرد التالي. \
             ويُستعلم من المزود عنه مدة 30 يومًا حيث يمكن ذلك، فإن قال غير ذلك فُتحت حالة.";
        how_known: "How do you know?", "كيف عرفت ذلك؟";
        how_known_hint: "It stands in the timeline and in the audit trail, with your name.",
            "يظهر في سجل الأحداث وسجل التدقيق مع اسمك.";
        close_go: "Close it", "إغلاق";
        changed_since: "Something happened after this page was made, so nothing was done. See how it stands now, and decide \
                        again.",
            "حدث شيء بعد فتح هذه الصفحة، فلم يُنفَّذ أي إجراء. راجع الوضع الآن ثم قرّر من جديد.";
        why: "Why?", "لماذا؟";
        resend: "Send again", "إعادة الإرسال";
        resend_of: "Send again: {what}", "إعادة الإرسال: {what}";
    }
);
