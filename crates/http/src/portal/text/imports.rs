//! The import of payments, and why a file or a row of it is not taken.

use redress_engine::admin::payment_imports::{ImportState, RefusalKind, RowOutcome, RowRefusal};
use redress_engine::admin::payments_csv::{HeaderProblem, NEEDED, OPTIONAL};

use super::{Texts, fill, texts};
use crate::limits::IMPORT_ROWS_MAX;
use crate::payment_upload::UploadProblem;
use crate::portal::format::count;

texts!(
    /// The import of payments.
    Imports {
        title: "Import payments", "استيراد دفعات";
        told: "A CSV file with a header row. Needed: {needed}. Possible besides: {optional}. At most 16 MiB and 100,000 rows.",
            "ملف CSV بصف عناوين. الأعمدة المطلوبة: {needed}. والممكنة أيضًا: {optional}. بحد أقصى 16 ميبيبايت و 100,000 صف.";
        file: "File", "الملف";
        dry_run: "What to do", "الإجراء";
        dry_run_yes: "Check first: nothing is changed, you see what would come of each row and import it then",
            "تحقق أولًا: لا يتغيّر شيء، وترى ما سيحدث لكل صف ثم تستورده";
        dry_run_no: "Import at once", "استيراد فورًا";
        go: "Upload", "رفع";
        before: "Earlier imports", "عمليات الاستيراد السابقة";
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
        in_order: "In the order of the file", "بترتيب الملف";
        more: "Further rows", "صفوف أخرى";
        dry_note: "Nothing was changed: the rows were only checked.", "لم يتغيّر شيء: جرى التحقق من الصفوف فقط.";
        import_told: "Rows that were refused are left out: mend them in the file and upload it again. Each of the others is \
                      looked at once more when it is imported.",
            "تُترك الصفوف المرفوضة: صحّحها في الملف ثم ارفعه مرة أخرى. ويُفحص كل صف من البقية مرة أخرى عند استيراده.";
        import_go: "Import what was checked (rows: {count})", "استيراد ما جرى التحقق منه (الصفوف: {count})";
        import_nothing: "It found nothing to import: no payment would be new, and none would change.",
            "لا يوجد ما يُستورد: لن تُضاف أي دفعة ولن تتغيّر أي دفعة.";
        no_file: "Choose a file with something in it.", "اختر ملفًا فيه محتوى.";
        unreadable: "This cannot be read. Save it as CSV with the encoding UTF-8 and try again.",
            "تعذرت القراءة. احفظ الملف بصيغة CSV وترميز UTF-8 ثم حاول مرة أخرى.";
        no_commas: "The columns of this file are not separated by commas. Save it as CSV with commas between the columns, and with a \
                    point before the decimals of each sum.",
            "لا تفصل الفواصل (,) بين أعمدة هذا الملف. احفظه بصيغة CSV مع فواصل (,) بين الأعمدة ونقطة قبل الكسور في كل مبلغ.";
        column_unknown: "The header row has a column {column}, which is not known. These are known: {known}.",
            "يحتوي صف العناوين على عمود {column} وهو غير معروف. الأعمدة المعروفة: {known}.";
        column_twice: "The header row names the column {column} twice.", "يذكر صف العناوين العمود {column} مرتين.";
        column_missing: "The header row lacks the column {column}.", "ينقص صف العناوين العمود {column}.";
        no_rows: "It has no rows.", "لا يحتوي على صفوف.";
        too_many: "It has more than {max} rows. Send it in parts.", "يحتوي على أكثر من {max} صف. أرسله على أجزاء.";
    }
);

texts!(
    /// Why a row is refused, by what is at fault.
    RowRefusals {
        row: "The row cannot be read as a payment. Compare its fields with the header row.",
            "تعذرت قراءة الصف كدفعة. قارن حقوله بصف العناوين.";
        text: "{field} is too long, or has characters in it that cannot be seen.",
            "قيمة {field} طويلة جدًا أو فيها رموز غير مرئية.";
        order_ref: "order_ref is needed. It must not be too long, nor have the form of a payment's id here, nor be one dot or two.",
            "الحقل order_ref مطلوب، ويجب ألا يكون طويلًا جدًا ولا بشكل معرّف دفعة هنا ولا نقطة أو نقطتين.";
        psp_account: "psp_account must be the id of one of your provider accounts, as the settings show it.",
            "يجب أن يكون psp_account معرّف أحد حساباتك لدى مزودي الدفع كما تعرضه الإعدادات.";
        psp_payment_id: "psp_payment_id must be the id that the provider gave to the payment, in that provider's form.",
            "يجب أن يكون psp_payment_id المعرّف الذي أعطاه المزود للدفعة، بالصيغة التي يستعملها ذلك المزود.";
        currency: "currency must be a currency's code of three letters, as SAR.",
            "يجب أن يكون currency رمز عملة من ثلاثة أحرف مثل SAR.";
        amount: "amount must be a sum of more than zero with no more decimals than the currency has, as 10.50.",
            "يجب أن يكون amount مبلغًا أكبر من صفر وبمنازل عشرية لا تتجاوز منازل العملة، مثل 10.50.";
        refunded_before: "refunded_before must be a sum from zero to the amount.",
            "يجب أن يكون refunded_before مبلغًا من صفر إلى مبلغ الدفعة.";
        captured_at: "captured_at must be a time with its zone, as 2026-01-02T03:04:05Z.",
            "يجب أن يكون captured_at وقتًا مع منطقته الزمنية، مثل \u{2068}2026-01-02T03:04:05Z\u{2069}.";
        environment: "environment must be the one that was chosen here, and the account's: sandbox or live.",
            "يجب أن يكون environment البيئة المختارة هنا وبيئة الحساب: sandbox أو live.";
        notification_url: "notification_url must be a web address on the public internet.",
            "يجب أن يكون notification_url عنوان ويب على الإنترنت العام.";
        taken_amount: "The amount is less than what was given back of this payment, is under way or is blocked.",
            "المبلغ أقل مما رُدّ من هذه الدفعة أو ما هو جارٍ أو محجوب منها.";
        taken_psp_payment_id: "Another payment has this psp_payment_id, or the payment with this order_ref has another one.",
            "لدى دفعة أخرى قيمة psp_payment_id نفسها، أو للدفعة ذات order_ref هذا قيمة أخرى.";
        taken: "The payment with this order_ref is there already with something else as {field}. Only its amount can be changed.",
            "الدفعة ذات order_ref هذا موجودة بقيمة أخرى للحقل {field}. ولا يمكن تغيير سوى مبلغها.";
        no_account: "psp_account is none of your provider accounts. The settings show their ids.",
            "قيمة psp_account ليست لأي من حساباتك لدى مزودي الدفع. تعرض الإعدادات معرّفاتها.";
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

    /// Why a file is not taken.
    pub(crate) fn upload_problem(&self, problem: &UploadProblem) -> String {
        let t = &self.imports;
        match problem {
            UploadProblem::Empty => t.no_rows.to_owned(),
            UploadProblem::TooMany => {
                fill(t.too_many, &[("max", &count(u64::try_from(IMPORT_ROWS_MAX).unwrap_or(u64::MAX)))])
            }
            UploadProblem::Unreadable(_)
            | UploadProblem::Header(HeaderProblem::Unreadable(_) | HeaderProblem::Misquoted) => {
                t.unreadable.to_owned()
            }
            // As spreadsheets save it where a comma stands before decimals: all of the row is one column.
            UploadProblem::Header(HeaderProblem::Unknown(column)) if column.contains([';', '\t']) => {
                t.no_commas.to_owned()
            }
            UploadProblem::Header(HeaderProblem::Unknown(column)) => {
                let known = [&NEEDED[..], &OPTIONAL[..]].concat().join(", ");
                fill(t.column_unknown, &[("known", &known), ("column", column)])
            }
            UploadProblem::Header(HeaderProblem::Twice(column)) => {
                fill(t.column_twice, &[("column", column)])
            }
            UploadProblem::Header(HeaderProblem::Missing(column)) => {
                fill(t.column_missing, &[("column", column)])
            }
        }
    }

    /// Why a row is refused, without what else was recorded of it.
    pub(crate) fn row_refusal(&self, refusal: &RowRefusal) -> String {
        let t = &self.row_refusals;
        let field = refusal.field.as_deref();
        let text = match (refusal.kind, field) {
            (RefusalKind::NoAccount, _) => t.no_account,
            (RefusalKind::Conflict, Some("amount")) => t.taken_amount,
            (RefusalKind::Conflict, Some("psp_payment_id")) => t.taken_psp_payment_id,
            (RefusalKind::Conflict, _) => t.taken,
            (RefusalKind::Invalid, Some("order_ref")) => t.order_ref,
            (RefusalKind::Invalid, Some("psp_account")) => t.psp_account,
            (RefusalKind::Invalid, Some("psp_payment_id")) => t.psp_payment_id,
            (RefusalKind::Invalid, Some("currency")) => t.currency,
            (RefusalKind::Invalid, Some("amount")) => t.amount,
            (RefusalKind::Invalid, Some("refunded_before")) => t.refunded_before,
            (RefusalKind::Invalid, Some("captured_at")) => t.captured_at,
            (RefusalKind::Invalid, Some("environment")) => t.environment,
            (RefusalKind::Invalid, Some("notification_url")) => t.notification_url,
            (RefusalKind::Invalid, Some(field)) if OPTIONAL.contains(&field) => t.text,
            // Or a field that there is not: of JSON lines, which come by the API.
            (RefusalKind::Invalid, _) => t.row,
        };
        fill(text, &[("field", field.unwrap_or("order_ref"))])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::portal::language::Language;

    fn is_arabic(text: &str) -> bool {
        text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c))
    }

    #[test]
    fn a_refused_row_has_words_for_every_kind_and_column_in_every_language() {
        let fields = NEEDED.into_iter().chain(OPTIONAL).map(Some).chain([None]).collect::<Vec<_>>();
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for kind in RefusalKind::ALL {
                for field in &fields {
                    let refusal = RowRefusal { kind, field: field.map(str::to_owned), detail: None };
                    let told = language.texts().row_refusal(&refusal);
                    assert_eq!(is_arabic(&told), language == Language::Arabic, "{refusal:?}: {told}");
                    assert!(!told.contains(['{', '}']), "{refusal:?}: {told}");
                    let names = field.is_none_or(|field| told.contains(field) || field == "amount");
                    assert!(names || kind == RefusalKind::NoAccount, "{refusal:?}: {told}");
                    seen.insert(told);
                }
            }
            // One for each column and none that is wrong, and taken; the account that is missing is the same for all. A
            // payment that is taken as a whole is taken by its order_ref.
            assert_eq!(seen.len(), 14 + 13 + 1);
        }
    }

    #[test]
    fn a_file_that_is_not_taken_is_told_in_every_language() {
        for language in Language::ALL {
            for (problem, names) in [
                (UploadProblem::Empty, ""),
                (UploadProblem::TooMany, "100,000"),
                (UploadProblem::Unreadable("broken pipe".to_owned()), ""),
                (UploadProblem::Header(HeaderProblem::Unreadable("broken pipe".to_owned())), ""),
                (UploadProblem::Header(HeaderProblem::Unknown("colour".to_owned())), "colour"),
                (UploadProblem::Header(HeaderProblem::Unknown("order_ref;currency".to_owned())), ""),
                (UploadProblem::Header(HeaderProblem::Twice("amount")), "amount"),
                (UploadProblem::Header(HeaderProblem::Missing("currency")), "currency"),
            ] {
                let told = language.texts().upload_problem(&problem);
                assert_eq!(is_arabic(&told), language == Language::Arabic, "{problem:?}: {told}");
                assert!(told.contains(names) && !told.contains(['{', '}']), "{problem:?}: {told}");
                assert!(!told.contains("broken pipe"), "{problem:?}: {told}");
            }
        }
    }
}
