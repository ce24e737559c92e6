//! The merchant's people, as an admin sees them.

use super::texts;

texts!(
    /// The merchant's people.
    Team {
        title: "People", "الأشخاص";
        new: "Add a person", "إضافة شخص";
        name: "Name", "الاسم";
        email: "Email address", "البريد الإلكتروني";
        email_wrong: "This is no email address.", "هذا ليس بريدًا إلكترونيًا.";
        email_taken: "Somebody has this email address already.", "هذا البريد الإلكتروني مستخدم من قبل.";
        role: "Role", "الدور";
        role_viewer: "Viewer: sees everything and changes nothing", "مُطّلع: يرى كل شيء ولا يغيّر شيئًا";
        role_support: "Support: refunds up to a limit", "دعم العملاء: يرد مبالغ ضمن حد";
        role_manager: "Manager: refunds without a limit, imports payments, closes cases",
            "مدير: يرد بلا حد ويستورد الدفعات ويغلق الحالات";
        role_admin: "Administrator: sets up keys, endpoints, accounts and people",
            "مسؤول النظام: يدير المفاتيح والعناوين والحسابات والأشخاص";
        limits: "Limits", "الحدود";
        limits_hint: "For support: how much of one payment may be given back in all, a currency each, such as: SAR 100.00. \
                      Without one in a currency, nothing can be refunded in it.",
            "لدعم العملاء: أقصى ما يمكن رده من الدفعة الواحدة، لكل عملة على حدة، مثل: SAR 100.00. ولا يمكن رد شيء بعملة لا حد لها.";
        limits_wrong: "Write each as a currency and a sum, such as: SAR 1000.00, with a point before the decimals and nothing \
                       between thousands. Each currency once, each more than zero.",
            "اكتب كل حد كعملة ومبلغ، مثل: SAR 1000.00، مع نقطة قبل الكسور ولا شيء بين الآلاف. كل عملة مرة واحدة وكل مبلغ أكبر من صفر.";
        second_factor: "Second factor", "التحقق بخطوتين";
        signed_in: "Last signed in", "آخر دخول";
        is_on: "On", "مفعّل";
        is_off: "Off", "غير مفعّل";
        may_sign_in: "May sign in", "يمكنه الدخول";
        temporary: "Has to choose a password first", "عليه اختيار كلمة مرور أولًا";
        disabled: "Disabled since {time}", "معطّل منذ {time}";
        password: "Another password for {name}", "كلمة مرور أخرى لـ {name}";
        first_password: "First password", "كلمة المرور الأولى";
        password_told: "It works once: at the first sign-in another one has to be chosen. Give it to the person yourself.",
            "تعمل مرة واحدة: يجب اختيار غيرها عند أول دخول. سلّمها للشخص بنفسك.";
        made_title: "{name} may sign in now", "يمكن لـ {name} الدخول الآن";
        you: "This is you. Your own password and second factor are under your account.",
            "هذا أنت. كلمة مرورك والتحقق بخطوتين الخاص بك في صفحة حسابك.";
        did: "What this person did", "ما فعله هذا الشخص";
        was_done: "What was done to this person", "ما طال هذا الشخص";
        change: "What they are called and may do", "الاسم وما يُسمح به";
        change_told: "It counts from their next click on.", "يسري بدءًا من نقرته التالية.";
        last_admin: "This is the only administrator. Make another one first.",
            "هذا مسؤول النظام الوحيد. عيّن غيره أولًا.";
        disable: "Disable", "تعطيل";
        disable_told: "They are signed out everywhere and cannot sign in any more.",
            "يُسجَّل خروجه من كل مكان ولا يمكنه الدخول بعد ذلك.";
        enable: "Enable", "تفعيل";
        enable_told: "They can sign in again, as before.", "يمكنه الدخول من جديد كما كان.";
        reset_password: "Give another password", "إعطاء كلمة مرور أخرى";
        reset_password_told: "For a person who lost it. They are signed out everywhere.",
            "لمن فقد كلمة مروره. يُسجَّل خروجه من كل مكان.";
        reset_second_factor: "Take the second factor away", "إزالة التحقق بخطوتين";
        reset_second_factor_told: "For a person who lost authenticator and recovery codes. Make sure that it is that person \
                                   who asks.",
            "لمن فقد تطبيق المصادقة ورموز الاسترداد. تأكد أن الطالب هو الشخص نفسه.";
        end_sessions: "Sign out everywhere", "تسجيل خروجه من كل مكان";
        end_sessions_told: "At once, wherever they are signed in.", "فورًا، حيثما كان مسجّل الدخول.";
    }
);
