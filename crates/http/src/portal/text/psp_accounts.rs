//! PSP accounts.

use redress_core::policy::AccountState;

use super::{Texts, texts};

texts!(
    /// PSP accounts.
    PspAccounts {
        title: "Provider accounts", "حسابات مزودي الدفع";
        none: "There are no accounts yet: nothing can be refunded.", "لا توجد حسابات بعد: لا يمكن رد أي مبلغ.";
        new: "Add an account", "إضافة حساب";
        provider: "Provider", "مزود الدفع";
        name_hint: "What you call it.", "اسم تعرفه به.";
        at_once: "Refunds sent at once", "عمليات الرد المرسلة في آن واحد";
        at_once_wrong: "A number from 1 to {max}.", "رقم من 1 إلى {max}.";
        base_url: "Another address than the provider's own", "عنوان غير عنوان المزود نفسه";
        base_url_hint: "Leave it empty unless the provider gave you an address of your own. Another address needs all secrets \
                        anew.",
            "اتركه فارغًا ما لم يعطك المزود عنوانًا خاصًا بك. العنوان الجديد يتطلب كتابة كل الأسرار من جديد.";
        own_address: "The provider's own", "عنوان المزود نفسه";
        secrets: "Secrets", "الأسرار";
        secrets_new: "They are encrypted and never shown again, not even to you.",
            "تُشفَّر ولا تُعرض مرة أخرى، ولا حتى لك.";
        secrets_change: "Leave all of them empty to keep those there are. Otherwise type all of them: together they take the \
                         place of the old ones. What names your contract with the provider, as a merchant number does, cannot \
                         change once a refund took effect under it, or may have.",
            "اتركها كلها فارغة للإبقاء على الحالية، وإلا فاكتبها كلها: تحل معًا محل القديمة. وما يحدد عقدك مع المزود، كرقم التاجر، لا يمكن تغييره متى نُفِّذت بموجبه عملية رد أو احتُمل أنها نُفِّذت.";
        secrets_again: "Secrets are not shown again: type them once more.", "لا تُعرض الأسرار مرة أخرى: اكتبها من جديد.";
        optional: "May be left empty.", "يمكن تركه فارغًا.";
        version: "Version", "الإصدار";
        version_hint: "A refund that was sent before a change is sent again, where it has to be, with the version of then. All \
                       else goes by the newest one.",
            "عملية الرد التي أُرسلت قبل التغيير يُعاد إرسالها عند الحاجة بإصدار ذلك الوقت، وكل ما عداها يتبع أحدث إصدار.";
        notify: "The provider sends its notifications to", "يرسل المزود إشعاراته إلى";
        notify_none: "No address was given to the provider: refunds are followed by asking.",
            "لم يُعطَ المزود عنوانًا: تُتابَع عمليات الرد بسؤاله.";
        notify_copy: "Copy the address for notifications", "نسخ عنوان الإشعارات";
        active: "Sends", "يرسل";
        paused: "Paused", "متوقف مؤقتًا";
        revoked: "Revoked", "ملغى نهائيًا";
        check: "Prove it at the provider now", "إثباته لدى المزود الآن";
        check_told: "Moves no money.", "لا يحرّك أموالًا.";
        proved: "It is good.", "الحساب صالح.";
        not_possible: "It cannot be checked.", "لا يمكن التحقق منه.";
        not_accepted: "The provider does not accept it.", "لم يقبله المزود.";
        unclear: "It could not be checked now. Try again later.", "تعذّر التحقق منه الآن. حاول لاحقًا.";
        edit: "Change the account", "تغيير الحساب";
        pause: "Pause it", "إيقافه مؤقتًا";
        pause_told: "Refunds are accepted and wait until it is resumed.", "تُقبل عمليات الرد وتنتظر حتى الاستئناف.";
        resume: "Resume it", "استئنافه";
        resume_told: "What waited is sent now.", "يُرسل الآن ما كان ينتظر.";
        revoke: "Revoke it for ever", "إلغاؤه نهائيًا";
        revoke_told: "Nothing more can be refunded through it. Refunds that wait fail, and their amounts are free again.",
            "لا يمكن رد شيء من خلاله بعد ذلك. تفشل عمليات الرد المنتظرة وتتحرر مبالغها.";
        revoke_sure: "Yes, refund nothing more through it", "نعم، لا ترد شيئًا من خلاله بعد الآن";
        overtaken: "Somebody changed the account meanwhile, or it is revoked. Nothing was changed: look again.",
            "غيّر شخص آخر الحساب في هذه الأثناء أو أنه ملغى. لم يتغيّر شيء: انظر مرة أخرى.";
    }
);

impl Texts {
    /// How a PSP account stands.
    pub(crate) const fn account_state(&self, state: AccountState) -> &'static str {
        match state {
            AccountState::Active => self.psp_accounts.active,
            AccountState::Paused => self.psp_accounts.paused,
            AccountState::Revoked => self.psp_accounts.revoked,
        }
    }
}
