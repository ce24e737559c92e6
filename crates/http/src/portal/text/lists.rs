//! Lists of payments and refunds, and the import of payments.

use redress_core::payment_status::PaymentStatus;
use redress_engine::admin::payment_imports::{ImportState, RowOutcome};

use super::{Texts, texts};

texts!(
    /// What lists have in common.
    Lists {
        payments: "Payments", "الدفعات";
        refunds: "Refunds", "عمليات الرد";
        term: "Reference", "المرجع";
        term_hint: "Of the order, yours, the provider's or the customer's.",
            "مرجع الطلب أو مرجعك أو مرجع المزود أو العميل.";
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
        no_day: "This is no day: year, month, day, as 2026-11-27.", "ليس تاريخًا: سنة وشهر ويوم مثل 2026-11-27.";
        count: "{count} found", "عدد النتائج: {count}";
        count_since: "{count} found back to {time}; what is older was not looked at.",
            "عدد النتائج: {count} حتى {time}؛ لم يُبحث فيما هو أقدم.";
        none: "Nothing was found.", "لا توجد نتائج.";
        none_yet: "Nothing was found so far. Look further back.", "لا توجد نتائج حتى الآن. تابع البحث في الأقدم.";
        newer: "Newer", "الأحدث";
        older: "Older", "الأقدم";
        export: "Export as CSV", "تصدير بصيغة CSV";
        export_told: "{count} rows at most.", "بحد أقصى {count} صف.";
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

texts!(
    /// The import of payments.
    Imports {
        title: "Import payments", "استيراد دفعات";
        told: "A CSV file with a header row: order_ref, psp_account, psp_payment_id, currency, amount, captured_at, and \
               what else there is of them. At most 16 MiB and 100,000 rows.",
            "ملف CSV بصف عناوين: order_ref و psp_account و psp_payment_id و currency و amount و captured_at وغيرها إن وُجدت. بحد أقصى 16 ميبيبايت و 100,000 صف.";
        file: "File", "الملف";
        dry_run: "What to do", "الإجراء";
        dry_run_yes: "Only check: say what would be done with each row", "تحقق فقط: بيان ما سيحدث لكل صف";
        dry_run_no: "Import", "استيراد";
        go: "Upload", "رفع";
        before: "Imports before", "عمليات الاستيراد السابقة";
        none: "Nothing was imported yet.", "لم يُستورد شيء بعد.";
        id: "Import", "الاستيراد";
        status: "Status", "الحالة";
        rows: "Rows", "الصفوف";
        made: "Begun", "البدء";
        by: "By", "بواسطة";
        checked: "Check", "تحقق";
        receiving: "Being received, or broken off", "قيد الاستلام أو انقطع";
        running: "Running", "جارٍ";
        done: "Done", "انتهى";
        waiting: "Waiting", "بالانتظار";
        created: "New", "جديد";
        updated: "Changed", "مُعدَّل";
        unchanged: "As before", "دون تغيير";
        refused: "Refused", "مرفوض";
        progress: "{done} of {total} rows", "{done} من {total} صف";
        line: "Line", "السطر";
        outcome: "Outcome", "النتيجة";
        why: "Why", "السبب";
        order_ref: "Reference", "المرجع";
        show: "Show", "عرض";
        all: "All rows", "كل الصفوف";
        more: "Further rows", "صفوف أخرى";
        dry_note: "Nothing was changed: the rows were only checked.", "لم يتغيّر شيء: جرى التحقق من الصفوف فقط.";
        no_file: "Choose a file.", "اختر ملفًا.";
        unreadable: "This cannot be read: {why}", "تعذرت القراءة: {why}";
        no_rows: "It has no rows.", "لا يحتوي على صفوف.";
    }
);

impl Texts {
    /// How far an import is.
    pub(crate) const fn import_state(&self, state: ImportState) -> &'static str {
        match state {
            ImportState::Receiving => self.imports.receiving,
            ImportState::Running => self.imports.running,
            ImportState::Done => self.imports.done,
        }
    }

    /// What came of a row; `None` while it waits.
    pub(crate) const fn row_outcome(&self, outcome: Option<RowOutcome>) -> &'static str {
        match outcome {
            None => self.imports.waiting,
            Some(RowOutcome::Created) => self.imports.created,
            Some(RowOutcome::Updated) => self.imports.updated,
            Some(RowOutcome::Unchanged) => self.imports.unchanged,
            Some(RowOutcome::Refused) => self.imports.refused,
        }
    }

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
