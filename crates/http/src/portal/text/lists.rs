//! Lists of payments and refunds.

use redress_core::payment_status::PaymentStatus;

use super::{Texts, texts};

texts!(
    /// What lists have in common.
    Lists {
        payments: "Payments", "الدفعات";
        refunds: "Refunds", "عمليات الرد";
        term: "Reference", "المرجع";
        term_hint: "Of the order, yours, the provider's or the customer's.",
            "مرجع الطلب أو مرجعك أو مرجع المزود أو العميل.";
        refund_term_hint: "All of it: the refund's, the order's, yours, the provider's or the customer's.",
            "كاملًا: مرجع عملية الرد أو الطلب أو مرجعك أو مرجع المزود أو العميل.";
        matches: "Compared", "المطابقة";
        matches_beginning: "Begins with it", "يبدأ به";
        matches_all: "All of it", "مطابقة كاملة";
        channel: "Channel", "القناة";
        method: "Method", "طريقة الدفع";
        status: "Status", "الحالة";
        any: "Any", "أي";
        currency: "Currency", "العملة";
        least: "From amount", "من مبلغ";
        most: "To amount", "إلى مبلغ";
        from_captured: "Captured from", "التحصيل من";
        to_captured: "Captured to", "التحصيل إلى";
        from_made: "Made from", "الإنشاء من";
        to_made: "Made to", "الإنشاء إلى";
        psp: "Provider", "مزود الدفع";
        search: "Search", "بحث";
        more_filters: "More filters", "مرشحات إضافية";
        clear: "Clear", "مسح";
        no_currency: "This is no currency: three letters, as SAR.", "ليست عملة: ثلاثة أحرف مثل SAR.";
        needs_currency: "Choose a currency too.", "اختر العملة أيضًا.";
        no_sum: "This is no sum with {decimals} decimals at most.", "ليس مبلغًا بحد أقصى {decimals} منازل عشرية.";
        sums_crossed: "This is less than the amount that it begins with.", "هذا أقل من المبلغ الأدنى.";
        days_crossed: "This is before the day that it begins with.", "هذا التاريخ قبل تاريخ البداية.";
        no_day: "This is no day: year, month, day, as 2026-11-27.", "ليس تاريخًا: سنة وشهر ويوم مثل \u{2068}2026-11-27\u{2069}.";
        count: "{count} found", "عدد النتائج: {count}";
        count_since: "{count} found back to {time}; what is older was not looked at.",
            "عدد النتائج: {count} حتى {time}؛ لم يُبحث فيما هو أقدم.";
        none: "Nothing was found here. Try fewer filters, a shorter beginning of the reference, or the other environment.",
            "لا توجد نتائج هنا. جرّب مرشحات أقل، أو بداية أقصر للمرجع، أو البيئة الأخرى.";
        not_searched: "Nothing was looked for: see what is wrong above.", "لم يجرِ البحث: انظر الخطأ أعلاه.";
        none_yet: "Nothing was found so far. Look further back.", "لا توجد نتائج حتى الآن. تابع البحث في الأقدم.";
        newest: "The newest first", "الأحدث أولًا";
        last_taken_in: "The last taken in first", "أحدث ما سُجّل هنا أولًا";
        last_captured: "The last captured first", "أحدث ما حُصّل أولًا";
        newer: "Newer", "الأحدث";
        older: "Older", "الأقدم";
        export: "Export as CSV", "تصدير بصيغة CSV";
        export_told: "An export has {count} rows at most.", "يحتوي التصدير على {count} صف بحد أقصى.";
        export_cut: "More than {count} rows: the rest is not in this file.",
            "أكثر من {count} صف: الباقي ليس في هذا الملف.";
        totals: "Totals", "المجاميع";
        totals_asked: "Asked for", "المطلوب";
        totals_done: "Refunded", "المردود فعلًا";
        totals_count: "Number", "العدد";
        totals_since: "Of those made since {time}; what is older was not added up.",
            "لما أُنشئ منذ {time}؛ لم يُجمع ما هو أقدم.";
        not_refunded: "Not refunded", "لم يُرد";
        partly_refunded: "Partly refunded", "رُدّ جزئيًا";
        fully_refunded: "Fully refunded", "رُدّ بالكامل";
        under_way: "Refund under way", "الرد جارٍ";
        disputed: "Disputed", "معترض عليه";
    }
);

impl Texts {
    /// How much of a payment was given back.
    pub(crate) const fn payment_status(&self, status: PaymentStatus) -> &'static str {
        let t = &self.lists;
        match status {
            PaymentStatus::NotRefunded => t.not_refunded,
            PaymentStatus::PartlyRefunded => t.partly_refunded,
            PaymentStatus::FullyRefunded => t.fully_refunded,
            PaymentStatus::UnderWay => t.under_way,
            PaymentStatus::Disputed => t.disputed,
        }
    }
}
