//! What the engine says against what was typed or asked for: words for each of its codes.

use redress_engine::admin::fault::{Fault, FaultCode};

use super::{Texts, fill, texts};

texts!(
    /// What is wrong, whatever it is wrong with.
    Faults {
        empty: "This is needed.", "هذا الحقل مطلوب.";
        too_long: "This is too long: {max} bytes at most. A letter takes 1 to 4.",
            "النص طويل جدًا: الحد الأقصى {max} بايت، والحرف الواحد يشغل من 1 إلى 4.";
        control_characters: "This has characters in it that cannot be seen. Type it anew.",
            "في هذا النص رموز غير مرئية. اكتبه من جديد.";
        out_of_range: "This must be a number from {min} to {max}.", "يجب أن يكون هذا رقمًا من {min} إلى {max}.";
        url_form: "This was not taken: it is no web address with a host.",
            "لم يُقبل هذا: ليس عنوان ويب فيه اسم مضيف.";
        url_scheme: "This address is refused: it must begin with https:// or http://.",
            "هذا العنوان مرفوض: يجب أن يبدأ بـ \u{2068}https://\u{2069} أو \u{2068}http://\u{2069}.";
        url_not_https: "This address is refused: it must begin with https://.",
            "هذا العنوان مرفوض: يجب أن يبدأ بـ \u{2068}https://\u{2069}.";
        url_user: "This address is refused: it must not have a user name or a password in it.",
            "هذا العنوان مرفوض: يجب ألا يحتوي على اسم مستخدم أو كلمة مرور.";
        url_port: "This address is refused: port {port} belongs to another protocol. Use 443, 80 or one from 1024.",
            "هذا العنوان مرفوض: المنفذ {port} مخصص لبروتوكول آخر. استخدم 443 أو 80 أو منفذًا من 1024 فما فوق.";
        url_network: "This address is refused: it is not on the public internet.",
            "هذا العنوان مرفوض: ليس على الإنترنت العام.";
        email: "This is no email address.", "هذا ليس عنوان بريد إلكتروني.";
        email_taken: "Somebody has this email address already.", "هذا البريد الإلكتروني مستخدم بالفعل.";
        password: "This password cannot be chosen. Choose a longer one that has nothing to do with the old one or the email address.",
            "لا يمكن اختيار كلمة المرور هذه. اختر كلمة أطول لا صلة لها بالقديمة ولا بالبريد الإلكتروني.";
        events: "Choose at least one kind of event.", "اختر نوعًا واحدًا على الأقل من الأحداث.";
        credential_missing: "The provider gives you this, and it is needed.", "يعطيك مزود الدفع هذه القيمة، وهي مطلوبة.";
        credential_form: "This was not taken: it {problem}.",
            "لم يُقبل هذا لأن شكله غير صحيح. التفاصيل التقنية: {problem}.";
        credentials_anew: "Type the secrets anew: the old ones must not go to another host.",
            "اكتب البيانات السرية من جديد: يجب ألا تُرسل القديمة إلى مضيف آخر.";
        other_contract: "This names another contract with the provider, and under the present one a refund took effect, or may have. \
                         Add another account for it, or see first how that refund ended.",
            "هذه القيمة تخص عقدًا آخر مع مزود الدفع، وقد نُفِّذت عملية رد بموجب العقد الحالي أو يُحتمل أنها نُفِّذت. أضف حسابًا آخر لها، أو تحقق أولًا كيف انتهت تلك العملية.";
        endpoints_max: "There are {max} endpoints already. Revoke one first.",
            "يوجد {max} من عناوين الإشعارات بالفعل. ألغِ أحدها أولًا.";
        endpoint_revoked: "The endpoint is revoked. Nothing was changed.", "عنوان الإشعارات هذا ملغى. لم يتغيّر شيء.";
        account_revoked: "The account is revoked. Nothing was changed.", "هذا الحساب ملغى. لم يتغيّر شيء.";
        key_ended: "The key is revoked, or another was put in its place. Nothing was changed.",
            "هذا المفتاح ملغى أو استُبدل بآخر. لم يتغيّر شيء.";
        last_admin: "This is the only administrator. Make another one first.",
            "هذا مسؤول النظام الوحيد. عيّن مسؤولًا آخر أولًا.";
        overtaken: "It was changed or has ended meanwhile. Nothing was done: look at it again.",
            "تغيّر هذا أو انتهى في هذه الأثناء. لم يُنفَّذ شيء: ألقِ نظرة عليه من جديد.";
        try_again: "It did not work out this time. Try it once more.", "لم ينجح هذا الآن. حاول مرة أخرى.";
        other: "This was not taken. Technical details: {problem}.", "لم يُقبل هذا. التفاصيل التقنية: {problem}.";
    }
);

impl Texts {
    /// What is wrong. Only what depends on a provider's own rules is told in its developers' words besides.
    pub(crate) fn fault(&self, fault: &Fault) -> String {
        let words = &self.faults;
        let detail = || fault.to_string();
        match fault.code {
            FaultCode::Empty => words.empty.to_owned(),
            FaultCode::TooLong { bytes_max } => fill(words.too_long, &[("max", &bytes_max.to_string())]),
            FaultCode::ControlCharacters => words.control_characters.to_owned(),
            FaultCode::OutOfRange { min, max } => {
                fill(words.out_of_range, &[("min", &min.to_string()), ("max", &max.to_string())])
            }
            FaultCode::UrlForm => words.url_form.to_owned(),
            FaultCode::UrlScheme => words.url_scheme.to_owned(),
            FaultCode::UrlNotHttps => words.url_not_https.to_owned(),
            FaultCode::UrlUser => words.url_user.to_owned(),
            FaultCode::UrlPort { port } => fill(words.url_port, &[("port", &port.to_string())]),
            FaultCode::UrlNetwork => words.url_network.to_owned(),
            FaultCode::Email => words.email.to_owned(),
            FaultCode::EmailTaken => words.email_taken.to_owned(),
            FaultCode::Password => words.password.to_owned(),
            FaultCode::Events => words.events.to_owned(),
            FaultCode::CredentialMissing => words.credential_missing.to_owned(),
            FaultCode::CredentialForm => fill(words.credential_form, &[("problem", &detail())]),
            FaultCode::CredentialsAnew => words.credentials_anew.to_owned(),
            FaultCode::OtherContract => words.other_contract.to_owned(),
            FaultCode::EndpointsMax { max } => fill(words.endpoints_max, &[("max", &max.to_string())]),
            FaultCode::EndpointRevoked => words.endpoint_revoked.to_owned(),
            FaultCode::AccountRevoked => words.account_revoked.to_owned(),
            FaultCode::KeyEnded => words.key_ended.to_owned(),
            FaultCode::LastAdmin => words.last_admin.to_owned(),
            FaultCode::Overtaken => words.overtaken.to_owned(),
            FaultCode::TryAgain => words.try_again.to_owned(),
            FaultCode::Other => fill(words.other, &[("problem", &detail())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::portal::language::Language;

    #[test]
    fn every_code_has_its_words_in_every_language() {
        const DEVELOPERS: &str = "must not be as it is";
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for code in FaultCode::ALL {
                let told = language.texts().fault(&code.told(DEVELOPERS));
                let is_arabic = told.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
                assert_eq!(is_arabic, language == Language::Arabic, "{code:?}: {told}");
                assert!(!told.contains(['{', '}']), "{code:?}: {told}");
                let has_detail = matches!(code, FaultCode::CredentialForm | FaultCode::Other);
                assert_eq!(told.contains(DEVELOPERS), has_detail, "{code:?}: {told}");
                assert!(seen.insert(told), "{code:?}: another code has the same words");
            }
        }
    }
}
