//! Endpoints.

use redress_engine::admin::endpoints::Dialect;

use super::{Texts, texts};

texts!(
    /// Endpoints.
    Endpoints {
        title: "Endpoints", "عناوين الإشعارات";
        none: "Nobody is told anything yet.", "لا يُبلَّغ أحد بشيء بعد.";
        new: "Add an endpoint", "إضافة عنوان";
        name_hint: "What you call it, such as: shop.", "اسم تعرفه به، مثل: المتجر.";
        url: "Address", "العنوان";
        url_hint: "Begins with https://", "يبدأ بـ \u{2068}https://\u{2069}";
        dialect: "Shape of what is sent", "شكل الإشعار";
        standard: "Standard Webhooks", "معيار Standard Webhooks";
        portone: "As PortOne sends it", "كما ترسله PortOne";
        sgate: "As SGate sends it", "كما ترسله SGate";
        events: "What it is told of", "ما يُبلَّغ به";
        events_hint: "Where nothing is ticked, what is usual for the shape.", "إن لم تختر شيئًا فما هو معتاد لهذا الشكل.";
        secret: "Signing secret", "مفتاح التوقيع السري";
        made_title: "Your new endpoint", "العنوان الجديد";
        secret_title: "The new signing secret", "مفتاح التوقيع السري الجديد";
        secret_told: "What is sent is signed with it from now on; with the old one too, until {time}.",
            "يُوقَّع به كل ما يُرسل من الآن، وبالقديم أيضًا حتى {time}.";
        failing: "Has taken nothing since {time}", "لم يقبل شيئًا منذ {time}";
        disabled: "Disabled since {time}: nothing is sent to it", "معطّل منذ {time}: لا يُرسل إليه شيء";
        old_signs: "The old secret signs too until {time}.", "يوقّع المفتاح القديم أيضًا حتى {time}.";
        tries: "Tries that failed, 7 days", "المحاولات الفاشلة خلال 7 أيام";
        tries_told: "{failed} of {tries}: {rate}", "{failed} من {tries}: {rate}";
        no_tries: "None was made", "لم تُجرَ أي محاولة";
        tries_part: "There were more than are counted: these are of the newest refunds alone.",
            "المحاولات أكثر مما يُعدّ: هذه تخص أحدث عمليات الرد فقط.";
        notifications: "What was sent to it", "ما أُرسل إليه";
        rate: "Of the last {count} notifications it took {taken}; {due} wait, {given_up} were given up. Not taken: {rate}.",
            "من آخر {count} إشعار قَبل {taken}، و{due} قيد الانتظار، وتُرك {given_up}. نسبة ما لم يُقبل: {rate}.";
        nothing_sent: "Nothing was to be sent to it yet.", "لم يكن هناك ما يُرسل إليه بعد.";
        event: "Told of", "عن";
        refund: "Refund", "عملية الرد";
        due: "Waits", "قيد الانتظار";
        taken: "Taken", "قُبل";
        given_up: "Given up", "تُرك";
        resend: "Send again", "إرسال مجددًا";
        resend_of: "Send again what tells of {refund}", "إعادة إرسال ما يخص {refund}";
        test: "Send a test now", "إرسال اختبار الآن";
        test_told: "It is signed as everything is, and is about no refund of yours.",
            "يُوقَّع كغيره ولا يخص أي عملية رد لديك.";
        tested_good: "It took the test: status {status}, after {ms} ms.", "قَبل الاختبار: الحالة {status} بعد {ms} مللي ثانية.";
        tested_bad: "It did not take the test: {status}, after {ms} ms.", "لم يقبل الاختبار: {status} بعد {ms} مللي ثانية.";
        no_answer: "no answer", "لا إجابة";
        answer: "What came back", "ما عاد منه";
        edit: "Change the endpoint", "تغيير العنوان";
        rotate: "Give it another secret", "إعطاؤه مفتاحًا سريًا آخر";
        rotate_told: "The old secret signs too for {hours} hours, so that nothing is lost while you change over.",
            "يوقّع المفتاح القديم أيضًا لمدة {hours} ساعة كي لا يضيع شيء أثناء الانتقال.";
        disable: "Disable it", "تعطيله";
        disable_told: "What is owed to it waits until it is enabled again.", "ينتظر ما يجب إرساله حتى يُفعَّل من جديد.";
        enable: "Enable it", "تفعيله";
        enable_told: "What waited is sent now.", "يُرسل الآن ما كان ينتظر.";
        revoke: "Revoke it for ever", "إلغاؤه نهائيًا";
        revoke_told: "Nothing is sent to it any more, not even what is owed to it.",
            "لا يُرسل إليه شيء بعد ذلك، ولا حتى ما كان يجب إرساله.";
        revoke_sure: "Yes, send nothing to it any more", "نعم، لا ترسل إليه شيئًا بعد الآن";
    }
);

impl Texts {
    /// The shape of what an endpoint is told in.
    pub(crate) const fn dialect(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Standard => self.endpoints.standard,
            Dialect::Portone => self.endpoints.portone,
            Dialect::Sgate => self.endpoints.sgate,
        }
    }
}
