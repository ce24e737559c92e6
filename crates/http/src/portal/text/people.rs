//! Signing in, and what people change of their own.

use super::texts;

texts!(
    /// Signing in.
    SignIn {
        title: "Sign in", "تسجيل الدخول";
        email: "Email address", "البريد الإلكتروني";
        password: "Password", "كلمة المرور";
        go: "Sign in", "تسجيل الدخول";
        wrong: "The email address or the password is wrong.", "البريد الإلكتروني أو كلمة المرور غير صحيحة.";
        help: "Whoever runs this server gives you another password if you lost yours.",
            "إن فقدت كلمة المرور فاطلب أخرى ممن يدير هذا الخادم.";
    }
);

texts!(
    /// The code of the second factor.
    Code {
        title: "Enter your code", "أدخل الرمز";
        again_title: "Enter a code again", "أدخل رمزًا مرة أخرى";
        told: "Open your authenticator and type the six digits it shows.",
            "افتح تطبيق المصادقة واكتب الأرقام الستة الظاهرة فيه.";
        again_told: "What you are about to do needs a code that was entered within the last 15 minutes.",
            "ما أنت بصدده يتطلب رمزًا أُدخل خلال آخر 15 دقيقة.";
        kept: "Nothing was changed yet. What you typed is kept, and you can send it after the code.",
            "لم يتغيّر شيء بعد. ما كتبته محفوظ، ويمكنك إرساله بعد إدخال الرمز.";
        code: "Code", "الرمز";
        code_hint: "Each code works once. A recovery code works here too.",
            "يعمل كل رمز مرة واحدة. ويمكن استخدام رمز استرداد هنا أيضًا.";
        wrong: "This code is not good, or it was used already. Wait for the next one.",
            "الرمز غير صحيح أو سبق استخدامه. انتظر الرمز التالي.";
        other: "Sign in as somebody else", "الدخول بحساب آخر";
    }
);

texts!(
    /// Choosing a password.
    Password {
        title: "Change your password", "تغيير كلمة المرور";
        temporary_title: "Choose a password of your own", "اختر كلمة مرور خاصة بك";
        temporary: "Your password was chosen by somebody else. Choose one that only you know; then you can go on.",
            "كلمة مرورك اختارها شخص آخر. اختر كلمة لا يعرفها غيرك ثم تابع.";
        old: "Your password now", "كلمة المرور الحالية";
        new: "New password", "كلمة المرور الجديدة";
        new_hint: "At least {min} characters. A few words that do not belong together are good.",
            "{min} حرفًا على الأقل. بضع كلمات لا رابط بينها اختيار جيد.";
        repeat: "New password again", "كلمة المرور الجديدة مرة أخرى";
        go: "Change the password", "تغيير كلمة المرور";
        wrong: "This is not your password.", "كلمة المرور هذه غير صحيحة.";
        differ: "The two are not the same.", "الكلمتان غير متطابقتين.";
        too_short: "This has fewer than {min} characters.", "عدد الأحرف أقل من {min}.";
        too_long: "This is longer than {max} bytes.", "الكلمة أطول من {max} بايت.";
        one_character: "This is one character again and again.", "هذا حرف واحد مكرر.";
        has_email: "This contains your email address.", "تحتوي على بريدك الإلكتروني.";
        same: "This is the password you have now.", "هذه كلمة مرورك الحالية.";
        others_end: "You stay signed in here; your other sessions end.",
            "تبقى مسجَّل الدخول هنا وتنتهي جلساتك الأخرى.";
    }
);

texts!(
    /// Setting up a second factor.
    SecondFactor {
        title: "Set up a second factor", "إعداد التحقق بخطوتين";
        another_title: "Set up another authenticator", "إعداد تطبيق مصادقة آخر";
        told: "With a second factor a stolen password alone opens nothing. You need an authenticator app on your \
               phone or computer.",
            "مع التحقق بخطوتين لا تكفي كلمة مرور مسروقة لفتح أي شيء. تحتاج إلى تطبيق مصادقة على هاتفك أو حاسوبك.";
        another: "Your present authenticator goes on working until the first code of the new one was entered.",
            "يستمر تطبيق المصادقة الحالي في العمل حتى يُدخل أول رمز من التطبيق الجديد.";
        needed: "What you were about to do needs a second factor.", "ما كنت بصدده يتطلب التحقق بخطوتين.";
        password: "Your password", "كلمة المرور";
        scan_title: "Scan this with your authenticator", "امسح هذه الصورة بتطبيق المصادقة";
        picture: "QR code for your authenticator", "رمز استجابة سريعة لتطبيق المصادقة";
        or_type: "Or type this secret into it:", "أو اكتب فيه هذا المفتاح السري:";
        or_open: "Or open it on this device", "أو افتحه على هذا الجهاز";
        first_code: "The code it shows now", "الرمز الظاهر فيه الآن";
        confirm: "Turn it on", "تفعيل";
        codes_title: "Your recovery codes", "رموز الاسترداد";
        codes_told: "Each of these stands in once for a code, if you lose your authenticator. They are shown only \
                     now: print them or write them down.",
            "يحل كل رمز من هذه الرموز مرة واحدة محل رمز التطبيق إن فقدته. لا تُعرض إلا الآن: اطبعها أو دوّنها.";
        codes_kept: "I have kept them", "احتفظت بها";
        codes_again: "Make new recovery codes", "إنشاء رموز استرداد جديدة";
        codes_again_told: "The ones you have stop working.", "تتوقف الرموز الحالية عن العمل.";
    }
);

texts!(
    /// What people see of their own account.
    Account {
        title: "Your account", "حسابك";
        name: "Name", "الاسم";
        email: "Email address", "البريد الإلكتروني";
        role: "Role", "الدور";
        limits: "You may give back of one payment", "يمكنك رد ما يصل إلى هذا المبلغ من الدفعة الواحدة";
        no_limits: "Nothing yet: an administrator has to set a limit.",
            "لا شيء بعد: على مسؤول النظام تحديد حد.";
        security: "Signing in", "تسجيل الدخول";
        change_password: "Change your password", "تغيير كلمة المرور";
        second_factor: "Second factor", "التحقق بخطوتين";
        second_factor_on: "On. {count} recovery codes are left.", "مُفعّل. بقي {count} من رموز الاسترداد.";
        second_factor_off: "Off. Your password alone opens everything you may see.",
            "غير مُفعّل. تكفي كلمة مرورك وحدها لفتح كل ما يُسمح لك برؤيته.";
        sessions: "Where you are signed in", "الأجهزة التي سجّلت الدخول منها";
        session_here: "This one", "هذه الجلسة";
        session_from: "From", "من";
        session_with: "With", "بواسطة";
        session_since: "Since", "منذ";
        session_used: "Last used", "آخر استخدام";
        session_waits: "Waits for a code", "بانتظار الرمز";
        session_end: "End", "إنهاء";
        session_end_of: "End the session from {address}", "إنهاء الجلسة من {address}";
        everywhere: "Sign out everywhere", "تسجيل الخروج من كل مكان";
        everywhere_told: "Ends all of these, this one too.", "يُنهي كل هذه الجلسات بما فيها الحالية.";
        minute: "Use is noted by the minute.", "يُسجَّل الاستخدام بدقة دقيقة.";
    }
);
