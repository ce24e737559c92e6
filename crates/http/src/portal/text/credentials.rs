//! What providers call the secrets and settings of an account with them.

use super::{Texts, fill, texts};

texts!(
    /// Fields of an account's credentials.
    Credentials {
        access_key: "Access key", "مفتاح الوصول";
        access_token: "Access token", "رمز الوصول";
        api_key: "API key", "مفتاح واجهة البرمجة";
        api_version: "Version of the provider's API", "إصدار واجهة المزود البرمجية";
        certificate: "Client certificate", "شهادة العميل";
        client_code: "Client code", "رمز العميل";
        client_id: "Client id", "معرّف العميل";
        client_secret: "Client secret", "سر العميل";
        entity_id: "Entity id", "معرّف الكيان";
        hmac_key: "Key of the notifications", "مفتاح الإشعارات";
        hmac_key_old: "Key of the notifications before", "مفتاح الإشعارات السابق";
        inquiry_path: "Path of inquiries", "مسار الاستعلام";
        merchant_account: "Merchant account", "حساب التاجر";
        merchant_id: "Merchant id", "معرّف التاجر";
        notification_secret: "Secret of the notifications", "سر الإشعارات";
        partner_code: "Partner code", "رمز الشريك";
        password: "Password", "كلمة المرور";
        private_key: "Private key", "المفتاح الخاص";
        query_path: "Path of look-ups", "مسار الاستفسار عن رد المبالغ";
        refund_path: "Path of refunds", "مسار رد المبالغ";
        secret_key: "Secret key", "المفتاح السري";
        test_mode: "Test mode", "وضع الاختبار";
        user_name: "User name", "اسم المستخدم";
        webhook_id: "Webhook id", "معرّف الإشعارات";
        webhook_key: "Webhook key", "مفتاح فك الإشعارات";
        webhook_secret: "Webhook secret", "سر توقيع الإشعارات";
    }
);

impl Texts {
    /// A field of an account's credentials: its words, and its name as commands and files have it.
    pub(crate) fn credential(&self, name: &str) -> String {
        match self.credential_words(name) {
            Some(words) => fill(&format!("{words} ({{name}})"), &[("name", name)]),
            None => name.to_owned(),
        }
    }

    fn credential_words(&self, name: &str) -> Option<&'static str> {
        let t = &self.credentials;
        Some(match name {
            "access_key" => t.access_key,
            "access_token" => t.access_token,
            "api_key" => t.api_key,
            "api_version" => t.api_version,
            "certificate" => t.certificate,
            "client_code" => t.client_code,
            "client_id" => t.client_id,
            "client_secret" => t.client_secret,
            "entity_id" => t.entity_id,
            "hmac_key" => t.hmac_key,
            "hmac_key_old" => t.hmac_key_old,
            "inquiry_path" => t.inquiry_path,
            "merchant_account" => t.merchant_account,
            "merchant_id" => t.merchant_id,
            "notification_secret" => t.notification_secret,
            "partner_code" => t.partner_code,
            "password" => t.password,
            "private_key" => t.private_key,
            "query_path" => t.query_path,
            "refund_path" => t.refund_path,
            "secret_key" => t.secret_key,
            "test_mode" => t.test_mode,
            "user_name" => t.user_name,
            "webhook_id" => t.webhook_id,
            "webhook_key" => t.webhook_key,
            "webhook_secret" => t.webhook_secret,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use redress_engine::connectors::sheets;

    use crate::portal::language::Language;

    #[test]
    fn every_providers_fields_have_words_in_every_language() {
        for language in Language::ALL {
            let t = language.texts();
            for field in sheets().into_iter().flat_map(|sheet| sheet.profile.credentials) {
                assert!(t.credential_words(field.name).is_some(), "{}", field.name);
                let told = t.credential(field.name);
                assert!(told.contains(field.name) && !told.contains(['{', '}']), "{told}");
                let is_arabic = told.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
                assert_eq!(is_arabic, language == Language::Arabic, "{told}");
            }
            assert_eq!(t.credential("not_known"), "not_known");
        }
    }
}
