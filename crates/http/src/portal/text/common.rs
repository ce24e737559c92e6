//! What stands on every page, or on many.

use super::texts;

texts!(
    /// What stands on every page, or on many.
    Common {
        product: "Redress", "Redress";
        skip: "Skip to the content", "تخطَّ إلى المحتوى";
        main_menu: "Main menu", "القائمة الرئيسية";
        start: "Start", "البداية";
        sign_out: "Sign out", "تسجيل الخروج";
        language: "Language", "اللغة";
        environment: "Environment", "البيئة";
        sandbox: "Sandbox", "بيئة تجريبية";
        live: "Live", "بيئة فعلية";
        sandbox_told: "No real money moves here.", "لا تتحرك هنا أموال حقيقية.";
        live_told: "Real money moves here.", "تتحرك هنا أموال حقيقية.";
        to_live: "Switch to live", "الانتقال إلى البيئة الفعلية";
        to_sandbox: "Switch to the sandbox", "الانتقال إلى البيئة التجريبية";
        role_viewer: "Viewer", "مُطّلع";
        role_support: "Support", "دعم العملاء";
        role_manager: "Manager", "مدير";
        role_admin: "Administrator", "مسؤول النظام";
        required: "This is needed.", "هذا الحقل مطلوب.";
        too_long: "This is too long: {max} characters at most.", "النص طويل جدًا: الحد الأقصى {max} حرفًا.";
        go_on: "Continue", "متابعة";
        back: "Back", "رجوع";
        cancel: "Cancel", "إلغاء";
        copy: "Copy", "نسخ";
        copied: "Copied", "تم النسخ";
        error: "Error", "خطأ";
        problem: "There is a problem", "هناك مشكلة";
        wait: "Too many wrong tries. Try again after {time}.",
            "محاولات خاطئة كثيرة. حاول مرة أخرى بعد {time}.";
        find: "Find a payment or a refund", "البحث عن دفعة أو عملية رد";
        find_label: "Any reference or id of a payment or a refund", "أي مرجع أو معرّف لدفعة أو عملية رد";
        find_go: "Find", "بحث";
        find_nothing: "There is no such payment or refund here. All of a reference is compared; the list of payments finds beginnings too.",
            "لا توجد دفعة أو عملية رد بهذا المرجع هنا. يُقارن المرجع كاملًا، وفي قائمة الدفعات يمكن البحث ببدايته.";
        all_refunds: "All refunds", "كل عمليات الرد";
        welcome: "Welcome, {name}", "أهلًا {name}";
        other_environment_title: "Opened in the other environment", "فُتح في البيئة الأخرى";
        other_environment: "You have switched since this form was opened, perhaps in another window, so nothing was made. \
             Open the form again here, or switch back first.",
            "بُدّلت البيئة منذ فتح هذا النموذج، ربما في نافذة أخرى، لذا لم يُنشأ شيء. افتح النموذج من جديد هنا، أو ارجع إلى البيئة الأولى قبل ذلك.";
        not_found_title: "Not found", "غير موجود";
        not_found: "There is no such page, or what it shows is not yours or not in this environment.",
            "لا توجد صفحة كهذه، أو أن ما تعرضه لا يخصك أو ليس في هذه البيئة.";
        method_title: "Not possible this way", "غير ممكن بهذه الطريقة";
        method: "This address is not opened this way. Go back and use the button on the page.",
            "لا يُفتح هذا العنوان بهذه الطريقة. ارجع واستخدم الزر في الصفحة.";
        too_large_title: "Too large", "الحجم كبير جدًا";
        too_large: "What was sent is larger than this page takes.", "حجم ما أُرسل أكبر مما تقبله هذه الصفحة.";
        broken_off_title: "Broken off", "انقطع الإرسال";
        broken_off: "The sending broke off. Nothing was changed. Go back and try again.",
            "انقطع الإرسال ولم يتغيّر شيء. ارجع وحاول مرة أخرى.";
        busy_title: "Busy", "الخادم مشغول";
        busy: "The server is busy. Wait a moment and load the page again. If you had just sent a form, look first \
               whether it was done.",
            "الخادم مشغول. انتظر لحظة ثم أعد تحميل الصفحة. إن كنت قد أرسلت نموذجًا للتو فتحقق أولًا مما إذا كان قد نُفّذ.";
        broken_title: "A fault here", "عطل في الخادم";
        broken: "Something is broken on our side, and it was logged under the number below. If you had just sent a \
                 form, look first whether it was done.",
            "حدث عطل لدينا وسُجّل بالرقم أدناه. إن كنت قد أرسلت نموذجًا للتو فتحقق أولًا مما إذا كان قد نُفّذ.";
        request_id: "Number of the request: {id}", "رقم الطلب: {id}";
        refused_title: "You may not do this", "لا يُسمح لك بهذا";
        foreign_title: "Sent from elsewhere", "أُرسل من موقع آخر";
        foreign: "This form was not sent from this portal, so nothing was done.",
            "لم يُرسل هذا النموذج من هذه البوابة، لذلك لم يُنفَّذ شيء.";
        again_title: "Please confirm once more", "يُرجى التأكيد مرة أخرى";
        again: "This page was opened before you last signed in or entered a code. Nothing was changed yet. What you \
                typed is kept.",
            "فُتحت هذه الصفحة قبل آخر تسجيل دخول أو إدخال رمز. لم يتغيّر شيء بعد، وما كتبته محفوظ.";
        again_after_code: "The code was taken. Nothing was changed yet. What you typed is kept.",
            "قُبل الرمز. لم يتغيّر شيء بعد، وما كتبته محفوظ.";
        again_secrets: "Secrets are not kept: the next page asks for them again.",
            "لا تُحفظ البيانات السرية: ستطلبها الصفحة التالية مرة أخرى.";
        again_go: "Send it now", "إرسال الآن";
        start_page: "To the start", "إلى البداية";
    }
);
