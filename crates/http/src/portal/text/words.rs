//! Words for what the program tells apart: states, reasons why not, what was done.

use redress_core::role::{Role, Why};
use redress_core::state::StateName;

use super::{Texts, fill, texts};
use crate::portal::format::amount;

texts!(
    /// How a refund stands.
    States {
        held: "On hold", "معلّق";
        queued: "Waiting to be sent", "بانتظار الإرسال";
        submitting: "Being sent", "قيد الإرسال";
        unknown: "Unknown", "غير معروف";
        pending: "Accepted by the provider", "قبله مزود الدفع";
        succeeded: "Refunded", "تم الرد";
        failed: "Failed", "فشل";
        canceled: "Canceled", "أُلغي";
        reversed: "Came back", "أُعيد المبلغ";
    }
);

texts!(
    /// Reasons of a refund.
    Reasons {
        requested_by_customer: "The customer asked for it", "طلب من العميل";
        duplicate: "Charged twice", "خُصم المبلغ مرتين";
        fraudulent: "Fraud", "احتيال";
        product_not_received: "Not received", "لم يُستلم المنتج";
        product_unsatisfactory: "Not as expected", "المنتج غير مُرضٍ";
        other: "Another reason", "سبب آخر";
    }
);

texts!(
    /// Why somebody may not do something.
    Whys {
        password_temporary: "Choose a password of your own first.", "اختر أولًا كلمة مرور خاصة بك.";
        role: "This needs the role {role}. Ask somebody who has it.", "هذا يتطلب دور {role}. اطلبه ممن لديه هذا الدور.";
        no_limit: "You may not refund in {currency}: you have no limit in it.",
            "لا يُسمح لك برد مبالغ بعملة {currency}: ليس لديك حد بها.";
        over_limit: "You may give back at most {limit} of one payment, together with what was given back before.",
            "يمكنك رد {limit} كحد أقصى من الدفعة الواحدة، بما في ذلك ما رُدّ من قبل.";
        second_factor_missing: "Set up a second factor first.", "فعّل أولًا التحقق بخطوتين.";
        second_factor_old: "Enter a code of your second factor again.", "أدخل رمز التحقق مرة أخرى.";
    }
);

texts!(
    /// What was just done.
    Saids {
        signed_out: "You are signed out.", "تم تسجيل خروجك.";
        signed_out_everywhere: "You are signed out everywhere.", "تم تسجيل خروجك من كل مكان.";
        session_over: "Your session is over. Sign in again.", "انتهت جلستك. سجّل الدخول مرة أخرى.";
        session_ended: "The session is ended.", "أُنهيت الجلسة.";
        password_changed: "Your password is changed. Your other sessions are ended.",
            "تغيّرت كلمة مرورك وانتهت جلساتك الأخرى.";
        code_taken: "The code was taken. Go on.", "قُبل الرمز. تابع.";
        recovery_code_used: "A recovery code was used. See below how many are left.",
            "استُخدم رمز استرداد. انظر أدناه كم بقي منها.";
        second_factor_on: "Your second factor is on.", "فُعّل التحقق بخطوتين.";
        typed_again: "The page was too old, so nothing was done. Please type it again.",
            "الصفحة قديمة فلم يُنفَّذ شيء. يُرجى الكتابة مرة أخرى.";
        now_live: "You are in live now: real money moves.", "أنت الآن في البيئة الفعلية: تتحرك أموال حقيقية.";
        now_sandbox: "You are in the sandbox now: no real money moves.",
            "أنت الآن في البيئة التجريبية: لا تتحرك أموال حقيقية.";
        refund_asked: "The provider is being asked.", "يجري الاستعلام من المزود.";
        refund_tried: "Its sending is tried now, as soon as it may be sent.", "تجري الآن محاولة الإرسال، حالما يُسمح به.";
        refund_not_asked: "Nothing was asked: nothing is open there to ask about, this provider cannot be asked, or it is \
                           being sent right now.",
            "لم يُستعلم عن شيء: لا يوجد ما يُستعلم عنه، أو لا يمكن الاستعلام من هذا المزود، أو أن الإرسال جارٍ الآن.";
        refund_canceled: "The refund is canceled.", "أُلغيت عملية الرد.";
        too_late_to_cancel: "It is too late to cancel: it may have been sent, or has ended.",
            "فات وقت الإلغاء: ربما أُرسلت العملية أو انتهت.";
        refund_closed: "What you said was recorded, and its cases are closed.", "سُجّل ما حددته وأُغلقت حالاته.";
        end_is_known: "Its end is known already, or it is being sent right now. Nothing was changed.",
            "نهايتها معروفة بالفعل، أو أن الإرسال جارٍ الآن. لم يتغيّر شيء.";
        resent: "It is sent again now.", "يُعاد إرساله الآن.";
        endpoint_revoked: "That endpoint is revoked: nothing is sent to it any more.",
            "عنوان الإشعارات هذا ملغى: لم يعد يُرسل إليه شيء.";
        case_closed: "The case is closed.", "أُغلقت الحالة.";
        case_was_closed: "Somebody closed it before. Nothing was changed.", "أغلقها شخص آخر من قبل. لم يتغيّر شيء.";
        payment_disputed: "The payment is marked as disputed: no refund of it can be made.",
            "وُسمت الدفعة بأنها متنازع عليها: لا يمكن رد شيء منها.";
        dispute_released: "The mark of the dispute is taken away.", "أُزيل وسم النزاع.";
        dispute_stood_so: "It stood so already: somebody said it before you. Nothing was changed, and your reason is not kept.",
            "كان الأمر كذلك بالفعل: قاله شخص آخر قبلك. لم يتغيّر شيء، ولم يُحفظ سببك.";
        key_reused: "A refund with other details was made from this form already. Look below whether it is there; nothing \
                     more was done.",
            "أُنشئت من هذا النموذج عملية رد بتفاصيل أخرى من قبل. تحقق منها أدناه؛ لم يُنفَّذ شيء آخر.";
        enrolment_gone: "Nothing was being set up any more. Begin again.", "لم يعد هناك إعداد جارٍ. ابدأ من جديد.";
        second_factor_stands: "Nothing is being set up any more: your second factor is on. Its recovery codes were shown once and \
                               are not shown again. If you did not keep them, make new ones here.",
            "لم يعد هناك إعداد جارٍ: التحقق بخطوتين مفعّل. عُرضت رموز الاسترداد مرة واحدة ولن تُعرض ثانية. إن لم تحتفظ بها فأنشئ غيرها هنا.";
        made_before: "This form was sent before with something else in it, so nothing more was made. Look below for what it made; \
                      secrets are not shown again.",
            "أُرسل هذا النموذج من قبل بمحتوى آخر فأُنشئ ذلك ولم يُنشأ شيء آخر. ابحث عنه أدناه؛ ولا تُعرض الأسرار مرة أخرى.";
        being_done: "This form was sent twice, and is being done now; it may yet be refused. Look here again in a moment before \
                     you send another. If it makes a secret that nobody sees, make another then.",
            "أُرسل هذا النموذج مرتين وتنفيذه جارٍ الآن، وقد يُرفض بعد. انظر هنا مرة أخرى بعد لحظة قبل أن ترسل غيره. وإن أنشأ سرًا لم يره أحد فأنشئ غيره حينها.";
        key_made_before: "This form was sent before. It made one key, whose secret was shown once and is not shown again. If nobody \
                          kept it, revoke that key and make another.",
            "أُرسل هذا النموذج من قبل فأنشأ مفتاحًا واحدًا عُرض سره مرة واحدة ولن يُعرض ثانية. إن لم يحتفظ به أحد فألغِ ذلك المفتاح وأنشئ غيره.";
        secret_made_before: "This form was sent before. It made one new secret, which was shown once and is not shown again; the \
                             one before it signs too for a while. If nobody kept the new one, make another.",
            "أُرسل هذا النموذج من قبل فأنشأ مفتاحًا سريًا جديدًا واحدًا عُرض مرة واحدة ولن يُعرض ثانية، ويوقّع السابق أيضًا لمدة. إن لم يحتفظ أحد بالجديد فأنشئ غيره.";
        password_made_before: "This form was sent before. It gave one new password, which was shown once and is not shown again. If \
                               nobody kept it, give another.",
            "أُرسل هذا النموذج من قبل فأعطى كلمة مرور جديدة واحدة عُرضت مرة واحدة ولن تُعرض ثانية. إن لم يحتفظ بها أحد فأعطِ غيرها.";
        person_made_before: "This form was sent before. It added this person, whose first password was shown once and is not shown \
                             again. If nobody kept it, give another one below.",
            "أُرسل هذا النموذج من قبل فأضاف هذا الشخص، وعُرضت كلمة مروره الأولى مرة واحدة ولن تُعرض ثانية. إن لم يحتفظ بها أحد فأعطه غيرها أدناه.";
        codes_made_before: "This form was sent before. It made new recovery codes, which were shown once and are not shown again; \
                            those of before do not count any more. If you did not keep the new ones, make others.",
            "أُرسل هذا النموذج من قبل فأنشأ رموز استرداد جديدة عُرضت مرة واحدة ولن تُعرض ثانية، ولم تعد الرموز السابقة صالحة. إن لم تحتفظ بالجديدة فأنشئ غيرها.";
        endpoint_made_before: "This form was sent before. It added one endpoint, whose secret was shown once and is not shown \
                               again. If nobody kept it, give it another secret.",
            "أُرسل هذا النموذج من قبل فأضاف عنوانًا واحدًا عُرض سره مرة واحدة ولن يُعرض ثانية. إن لم يحتفظ به أحد فأعطه مفتاحًا سريًا آخر.";
        account_made_before: "This form was sent before. It added one account; nothing more was added or changed.",
            "أُرسل هذا النموذج من قبل فأضاف حسابًا واحدًا، ولم يُضف شيء آخر ولم يتغيّر شيء.";
        changed: "The change is saved.", "حُفظ التغيير.";
        key_revoked: "The key is revoked.", "أُلغي المفتاح نهائيًا.";
        endpoint_enabled: "The endpoint is enabled.", "فُعّل عنوان الإشعارات.";
        endpoint_disabled: "The endpoint is disabled.", "عُطّل عنوان الإشعارات.";
        endpoint_ended: "The endpoint is revoked.", "أُلغي عنوان الإشعارات نهائيًا.";
        account_added: "The account is there. Have it proved now.", "أُضيف الحساب. تحقق منه الآن.";
        account_paused: "The account is paused.", "أُوقف الحساب مؤقتًا.";
        account_resumed: "The account sends again.", "عاد الحساب إلى الإرسال.";
        account_revoked: "The account is revoked.", "أُلغي الحساب نهائيًا.";
        person_disabled: "This person cannot sign in any more.", "لم يعد بإمكان هذا الشخص الدخول.";
        person_enabled: "This person can sign in again.", "عاد بإمكان هذا الشخص الدخول.";
        second_factor_gone: "The second factor is taken away.", "أُزيل التحقق بخطوتين.";
        sessions_ended: "This person is signed out everywhere.", "سُجّل خروج هذا الشخص من كل مكان.";
    }
);

impl Texts {
    /// How a refund stands.
    pub(crate) const fn state(&self, state: StateName) -> &'static str {
        let words = &self.states;
        match state {
            StateName::Held => words.held,
            StateName::Queued => words.queued,
            StateName::Submitting => words.submitting,
            StateName::Unknown => words.unknown,
            StateName::Pending => words.pending,
            StateName::Succeeded => words.succeeded,
            StateName::Failed => words.failed,
            StateName::Canceled => words.canceled,
            StateName::Reversed => words.reversed,
        }
    }

    /// A refund's reason; one that is none of ours is the merchant's own words.
    pub(crate) fn reason<'a>(&'a self, reason: &'a str) -> &'a str {
        let words = &self.reasons;
        match reason {
            "requested_by_customer" => words.requested_by_customer,
            "duplicate" => words.duplicate,
            "fraudulent" => words.fraudulent,
            "product_not_received" => words.product_not_received,
            "product_unsatisfactory" => words.product_unsatisfactory,
            "other" => words.other,
            own => own,
        }
    }

    /// A role.
    pub(crate) const fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Viewer => self.common.role_viewer,
            Role::Support => self.common.role_support,
            Role::Manager => self.common.role_manager,
            Role::Admin => self.common.role_admin,
        }
    }

    /// Why somebody may not do something.
    pub(crate) fn why(&self, why: &Why) -> String {
        let words = &self.whys;
        match why {
            Why::PasswordTemporary => words.password_temporary.to_owned(),
            Why::Role { least } => fill(words.role, &[("role", self.role(*least))]),
            Why::NoLimit { currency } => fill(words.no_limit, &[("currency", currency.code())]),
            Why::OverLimit { limit } => fill(words.over_limit, &[("limit", &amount(*limit))]),
            Why::SecondFactorMissing => words.second_factor_missing.to_owned(),
            Why::SecondFactorOld => words.second_factor_old.to_owned(),
        }
    }
}
