//! The audit trail, and words for what people did.

use redress_core::audit::Deed;

use super::{Texts, texts};

texts!(
    /// The audit trail.
    Audit {
        title: "Audit trail", "سجل التدقيق";
        told: "Who did what, when and from where: in the sandbox and in live, at this portal and by the operator.",
            "من فعل ماذا ومتى ومن أين: في البيئتين التجريبية والفعلية، في هذه البوابة ومن مشغّل الخادم.";
        filter: "Filter", "تصفية";
        person: "Person", "الشخص";
        everybody: "Everybody", "الجميع";
        object: "Done to", "طال";
        object_hint: "An id, such as that of a refund or a key.", "معرّف، مثل معرّف عملية رد أو مفتاح.";
        one: "Choose a person or write an id, not both.", "اختر شخصًا أو اكتب معرّفًا، لا كليهما.";
        go: "Show", "عرض";
        none: "There is nothing.", "لا يوجد شيء.";
        when: "When", "متى";
        who: "Who", "من";
        what: "What", "ماذا";
        done: "What was done", "ما جرى";
        detail: "More", "تفاصيل";
        from: "From", "من أين";
        with: "Program", "البرنامج";
        operator: "Operator", "مشغّل الخادم";
        older: "Older", "الأقدم";
        newest: "The newest", "الأحدث";
    }
);

texts!(
    /// What people did.
    Deeds {
        signed_in: "Signed in", "سجّل الدخول";
        sign_in_failed: "Failed to sign in", "فشل في تسجيل الدخول";
        second_factor_shown: "Entered a code again", "أدخل رمزًا مجددًا";
        signed_out: "Signed out", "سجّل الخروج";
        sessions_ended: "Ended sessions", "أنهى جلسات";
        password_changed: "Changed the own password", "غيّر كلمة مروره";
        password_reset: "Gave somebody another password", "أعطى شخصًا كلمة مرور أخرى";
        second_factor_added: "Set up a second factor", "أعدّ التحقق بخطوتين";
        second_factor_reset: "Took a second factor away", "أزال تحققًا بخطوتين";
        recovery_code_used: "Used a recovery code", "استخدم رمز استرداد";
        recovery_codes_replaced: "Made new recovery codes", "أنشأ رموز استرداد جديدة";
        user_added: "Added a person", "أضاف شخصًا";
        user_changed: "Changed a person", "غيّر شخصًا";
        user_disabled: "Disabled a person", "عطّل شخصًا";
        user_enabled: "Enabled a person", "فعّل شخصًا";
        refund_made: "Made a refund", "أنشأ عملية رد";
        refund_repeated: "Sent a refund's form again: nothing more was made", "أعاد إرسال نموذج رد: لم يُنشأ شيء آخر";
        refund_refused: "Tried to make a refund: it was refused", "حاول إنشاء عملية رد فرُفضت";
        refund_canceled: "Withdrew a refund", "سحب عملية رد";
        refund_cancel_in_vain: "Tried to withdraw a refund: it was too late", "حاول سحب عملية رد بعد فوات الوقت";
        refund_refreshed: "Had the provider asked, or the sending tried", "طلب سؤال المزود أو محاولة الإرسال";
        refund_closed: "Said how a refund ended", "قرّر نتيجة عملية رد";
        refund_close_in_vain: "Tried to say how a refund ended: nothing was changed",
            "حاول تقرير نتيجة عملية رد: لم يتغيّر شيء";
        case_closed: "Closed a case", "أغلق حالة";
        case_close_in_vain: "Tried to close a case: it was closed before", "حاول إغلاق حالة أُغلقت من قبل";
        payment_disputed: "Marked a payment as disputed", "وسم دفعة بأنها متنازع عليها";
        dispute_released: "Took the mark of a dispute away", "أزال وسم النزاع";
        payments_checked: "Had payments checked, and took none in", "طلب التحقق من دفعات دون استيراد شيء منها";
        payments_imported: "Imported payments", "استورد دفعات";
        list_exported: "Exported a list", "صدّر قائمة";
        notification_resent: "Had a notification sent again", "أعاد إرسال إشعار";
        key_added: "Made a key", "أنشأ مفتاحًا";
        key_rotated: "Put another key in place of one", "استبدل مفتاحًا";
        key_revoked: "Revoked a key", "ألغى مفتاحًا";
        endpoint_added: "Added an endpoint", "أضاف عنوان إشعارات";
        endpoint_changed: "Changed an endpoint", "غيّر عنوان إشعارات";
        endpoint_tested: "Tested an endpoint", "اختبر عنوان إشعارات";
        endpoint_revoked: "Revoked an endpoint", "ألغى عنوان إشعارات";
        account_added: "Added a provider account", "أضاف حساب مزود";
        account_changed: "Changed a provider account", "غيّر حساب مزود";
        account_checked: "Had a provider account checked", "طلب التحقق من حساب مزود";
        account_revoked: "Revoked a provider account", "ألغى حساب مزود";
    }
);

impl Texts {
    /// What somebody did.
    pub(crate) const fn deed(&self, deed: Deed) -> &'static str {
        let words = &self.deeds;
        match deed {
            Deed::SignedIn => words.signed_in,
            Deed::SignInFailed => words.sign_in_failed,
            Deed::SecondFactorShown => words.second_factor_shown,
            Deed::SignedOut => words.signed_out,
            Deed::SessionsEnded => words.sessions_ended,
            Deed::PasswordChanged => words.password_changed,
            Deed::PasswordReset => words.password_reset,
            Deed::SecondFactorAdded => words.second_factor_added,
            Deed::SecondFactorReset => words.second_factor_reset,
            Deed::RecoveryCodeUsed => words.recovery_code_used,
            Deed::RecoveryCodesReplaced => words.recovery_codes_replaced,
            Deed::UserAdded => words.user_added,
            Deed::UserChanged => words.user_changed,
            Deed::UserDisabled => words.user_disabled,
            Deed::UserEnabled => words.user_enabled,
            Deed::RefundMade => words.refund_made,
            Deed::RefundRepeated => words.refund_repeated,
            Deed::RefundRefused => words.refund_refused,
            Deed::RefundCanceled => words.refund_canceled,
            Deed::RefundCancelInVain => words.refund_cancel_in_vain,
            Deed::RefundRefreshed => words.refund_refreshed,
            Deed::RefundClosed => words.refund_closed,
            Deed::RefundCloseInVain => words.refund_close_in_vain,
            Deed::CaseClosed => words.case_closed,
            Deed::CaseCloseInVain => words.case_close_in_vain,
            Deed::PaymentDisputed => words.payment_disputed,
            Deed::DisputeReleased => words.dispute_released,
            Deed::PaymentsChecked => words.payments_checked,
            Deed::PaymentsImported => words.payments_imported,
            Deed::ListExported => words.list_exported,
            Deed::NotificationResent => words.notification_resent,
            Deed::KeyAdded => words.key_added,
            Deed::KeyRotated => words.key_rotated,
            Deed::KeyRevoked => words.key_revoked,
            Deed::EndpointAdded => words.endpoint_added,
            Deed::EndpointChanged => words.endpoint_changed,
            Deed::EndpointTested => words.endpoint_tested,
            Deed::EndpointRevoked => words.endpoint_revoked,
            Deed::AccountAdded => words.account_added,
            Deed::AccountChanged => words.account_changed,
            Deed::AccountChecked => words.account_checked,
            Deed::AccountRevoked => words.account_revoked,
        }
    }
}
