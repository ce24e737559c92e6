//! Settings: what is the same on all their pages, and keys.

use redress_core::right::Right;
use redress_engine::admin::keys::CredentialKind;

use super::{Texts, texts};

texts!(
    /// What stands on many pages of the settings.
    Settings {
        title: "Settings", "الإعدادات";
        only_sandbox: "What stands here belongs to the sandbox: no real money moves through it.",
            "ما يظهر هنا يخص البيئة التجريبية: لا تتحرك من خلاله أموال حقيقية.";
        only_live: "What stands here belongs to live: real money moves through it.",
            "ما يظهر هنا يخص البيئة الفعلية: تتحرك من خلاله أموال حقيقية.";
        keys_told: "What your programs prove themselves with.", "ما تُثبت به برامجك هويتها.";
        endpoints_told: "Where your programs are told what happens.", "حيث تُبلَّغ برامجك بما يحدث.";
        accounts_told: "Your contracts with payment providers.", "عقودك مع مزودي الدفع.";
        people_told: "Who may sign in here, and what they may do.", "من يمكنه الدخول هنا وما يُسمح له به.";
        name: "Name", "الاسم";
        environment: "Environment", "البيئة";
        both: "Sandbox and live", "التجريبية والفعلية";
        stands: "Status", "الحالة";
        id: "Id", "المعرّف";
        added: "Added", "أُضيف في";
        never: "Never", "أبدًا";
        active: "In use", "قيد الاستخدام";
        revoked_at: "Revoked {time}", "أُلغي نهائيًا في {time}";
        save: "Save", "حفظ";
        reason: "Why", "السبب";
        reason_hint: "It is kept with your name.", "يُحفظ مع اسمك.";
        sure: "This cannot be undone", "لا يمكن التراجع عن هذا";
        not_sure: "Tick this first. Nothing was changed.", "ضع علامة هنا أولًا. لم يتغيّر شيء.";
        look: "Nothing was changed. See what is wrong below.", "لم يتغيّر شيء. انظر الخطأ أدناه.";
        trail: "Who did what to it", "من فعل به ماذا";
        shown_once: "This is shown only now and never again. Keep it where only those can see it who must.",
            "يُعرض هذا الآن فقط ولن يُعرض مرة أخرى. احفظه حيث لا يراه إلا من يجب أن يراه.";
        kept: "I have kept it", "احتفظت به";
    }
);

texts!(
    /// Keys.
    Keys {
        title: "Keys", "المفاتيح";
        none: "There are no keys yet.", "لا توجد مفاتيح بعد.";
        new: "Make a key", "إنشاء مفتاح";
        key: "Key", "المفتاح";
        secret: "Secret", "المفتاح السري";
        whole: "The whole key", "المفتاح كاملًا";
        kind: "For", "مخصص لـ";
        api: "Redress's own API", "واجهة Redress البرمجية";
        portone: "PortOne's API", "واجهة PortOne البرمجية";
        sgate: "SGate's API", "واجهة SGate البرمجية";
        kind_hint: "A key for PortOne's API serves the sandbox and live; the others serve the environment that you are in.",
            "مفتاح واجهة PortOne يعمل في البيئتين التجريبية والفعلية، أما غيره فيعمل في البيئة التي أنت فيها.";
        rights: "It may also", "يُسمح له أيضًا";
        rights_hint: "For keys of Redress's own API alone. It can release money: give it only where it is needed.",
            "لمفاتيح واجهة Redress البرمجية فقط. قد يفرج هذا عن أموال: لا تمنحه إلا عند الحاجة.";
        rights_wrong: "Only keys of Redress's own API can have this.",
            "لا يمكن منح هذا إلا لمفاتيح واجهة Redress البرمجية.";
        close_cases: "Say how refunds ended, and close cases", "تقرير نتيجة عمليات الرد وإغلاق الحالات";
        used: "Last used", "آخر استخدام";
        used_hint: "Use is noted by the hour, a minute or so later.", "يُسجَّل الاستخدام بدقة ساعة، بعد نحو دقيقة.";
        ends: "Ends {time}", "ينتهي في {time}";
        made_title: "Your new key", "مفتاحك الجديد";
        replace: "Put another in its place", "استبداله بمفتاح آخر";
        replace_told: "A new key is made with the same rights. The old one goes on for a while, so that your programs can \
                       change over one after the other.",
            "يُنشأ مفتاح جديد بالصلاحيات نفسها، ويستمر القديم لمدة كي تنتقل برامجك واحدًا تلو الآخر.";
        overlap: "The old one goes on for", "يستمر القديم لمدة";
        overlap_none: "No time: it ends at once", "بلا مدة: ينتهي فورًا";
        overlap_hour: "1 hour", "ساعة واحدة";
        overlap_day: "1 day", "يوم واحد";
        overlap_week: "7 days", "7 أيام";
        overlap_month: "30 days", "30 يومًا";
        revoke: "Revoke it for ever", "إلغاؤه نهائيًا";
        revoke_told: "Programs that use this key are turned away at once.", "تُرفض فورًا البرامج التي تستخدم هذا المفتاح.";
        revoke_sure: "Yes, turn away whoever uses this key", "نعم، ارفض كل من يستخدم هذا المفتاح";
        ended: "This key is revoked already, or another was put in its place. Nothing more was done.",
            "هذا المفتاح ملغى من قبل أو استُبدل بآخر. لم يُنفَّذ شيء آخر.";
    }
);

impl Texts {
    /// Which API a key is for.
    pub(crate) const fn key_kind(&self, kind: CredentialKind) -> &'static str {
        match kind {
            CredentialKind::Api => self.keys.api,
            CredentialKind::Portone => self.keys.portone,
            CredentialKind::Sgate => self.keys.sgate,
        }
    }

    /// What a key may do besides.
    pub(crate) const fn right(&self, right: Right) -> &'static str {
        match right {
            Right::CloseCases => self.keys.close_cases,
        }
    }
}
