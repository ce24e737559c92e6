//! For the tests of the portal: people, and browsers that keep cookies and send forms as they stand in a page.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use futures_util::{StreamExt, stream};
use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::CaseId;
use redress_core::outcome::Outcome;
use redress_core::refund::Refund;
use redress_core::role::{RefundLimits, Role};
use redress_core::settle::{Via, Word};
use redress_core::state::RefundState;
use redress_engine::admin::cases::CaseFilter;
use redress_engine::admin::refunds::Verdict;
use redress_engine::portal::audit::By;
use redress_engine::portal::people::{NewPassword, NewUser};
use redress_engine::testing::authenticator_code;
use redress_store::ops::cases::{CaseSubject, NewCaseRow};
use redress_store::ops::inbound::RecordInbound;
use redress_store::ops::settle::Settle;
use secrecy::ExposeSecret;
use serde_json::json;

use super::html_check::{Element, parse};
use super::language::Language;
use crate::testing::{Answer, Harness, TestMerchant, TestPayment};

/// Everybody's, unless a test gives another.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What is noted for the operator of a case of [`Harness::told`].
pub(crate) const RECORDED: &str = "the PSP told of a refund that was not applied";

/// Somebody who may sign in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    /// The second factor's secret, where there is one.
    pub(crate) secret: Option<String>,
}

impl Harness {
    /// A person of [`Harness::merchant`], without a second factor; support may give back 50.00 SAR of a payment.
    pub(crate) async fn person(&self, role: Role) -> Person {
        self.person_of(&self.merchant, role, NewPassword::Chosen(PASSWORD.into())).await
    }

    /// A person of a merchant, with a password.
    pub(crate) async fn person_of(
        &self,
        merchant: &TestMerchant,
        role: Role,
        password: NewPassword,
    ) -> Person {
        let email = format!("{role}@{}.example", merchant.code.to_lowercase());
        let limits = if role == Role::Support { "SAR:5000" } else { "" };
        let new = NewUser {
            merchant: merchant.id,
            email: email.clone(),
            name: format!("The {role}"),
            role,
            limits: RefundLimits::parse(limits).unwrap(),
        };
        self.engine.add_user(By::Operator, new, password).await.unwrap();
        Person { email, secret: None }
    }

    /// A person of [`Harness::merchant`] with a second factor.
    pub(crate) async fn armed(&self, role: Role) -> Person {
        self.arm(self.person(role).await).await
    }

    /// An admin of [`Harness::other`] with a second factor.
    pub(crate) async fn stranger(&self) -> Person {
        let chosen = NewPassword::Chosen(PASSWORD.into());
        self.arm(self.person_of(&self.other, Role::Admin, chosen).await).await
    }

    async fn arm(&self, person: Person) -> Person {
        let user = self.engine.user_by_email(&person.email).await.unwrap();
        let given = self.engine.give_second_factor(By::Operator, user.merchant, user.id).await.unwrap();
        Person { secret: Some(given.secret.expose_secret().to_owned()), ..person }
    }

    /// A case about a payment of this name, of 100.00 SAR: a person was mistaken, and the PSP gave back 40.00 after all, which
    /// the case blocks.
    pub(crate) async fn late_success(&self, order_ref: &'static str) -> CaseId {
        let refund = self.pending(TestPayment::tap(order_ref, 10_000), 4_000).await;
        let (merchant, failed) = (self.merchant.id, Verdict::Failed);
        self.engine
            .close_refund(merchant, refund.id, failed, "desk", "nothing is known of it")
            .await
            .unwrap();
        let finish = json!({"psp": "tap", "refund": refund.psp_refund_id, "state": "succeeded"});
        self.control("finish", &finish).await;
        self.pass(Duration::from_secs(5)).await;
        let filter = CaseFilter { open: Some(true), kind: Some(CaseKind::LateSuccess) };
        let found = self.engine.list_cases(merchant, Environment::Sandbox, filter, None, 1).await.unwrap();
        found.cases[0].id
    }

    /// A case about a refund at Tap, of which two notifications told otherwise than is known here: first of another sum, a
    /// second later of another currency.
    pub(crate) async fn quarantined(&self) -> CaseId {
        for (n, verdict, body) in [
            (40, "the sum 25.01 SAR, and not 25.00 SAR", r#"{"amount":25.01,"currency":"SAR"}"#),
            (41, "the currency GBP (25.00 GBP), and not 25.00 SAR", r#"{"amount":25.00,"currency":"<GBP>"}"#),
        ] {
            let verdict = format!("told otherwise than here: {verdict}");
            self.told(n, CaseKind::Quarantined, "re_1", (verdict.as_str(), body)).await;
            self.clock.advance(Duration::from_secs(1));
        }
        CaseId::from_bytes([40; 16])
    }

    /// Tap told of a refund of its own, which opened a case of this kind where none is open about it; `n` makes the ids.
    pub(crate) async fn told(
        &self,
        n: u8,
        kind: CaseKind,
        psp_refund_id: &str,
        (verdict, body): (&str, &str),
    ) -> CaseId {
        let (merchant, account, now) = (self.merchant.id, self.merchant.tap, self.engine.now());
        let id = CaseId::from_bytes([n; 16]);
        let case = NewCaseRow {
            merchant,
            id,
            kind,
            subject: CaseSubject::PspRefund { account, psp_refund_id: psp_refund_id.to_owned() },
            payment: None,
            text: RECORDED.to_owned(),
            block_minor: 0,
            now,
        };
        let record = RecordInbound {
            merchant,
            account,
            id: [n; 16],
            body_hash: [n; 16],
            verdict: verdict.to_owned(),
            body: body.to_owned(),
            case: Some(case),
            now,
        };
        self.store.run(record).await.unwrap();
        id
    }

    /// The PSP said this of a refund when it was asked; `n` makes the ids, of the exchange too.
    pub(crate) async fn says(&self, n: u8, refund: &Refund, outcome: Outcome) {
        let now = self.engine.now();
        let said = Settle {
            merchant: refund.merchant,
            refund: refund.id,
            word: Word { outcome, via: Via::Query, started_at: now, send: 0, superseded_by: &[] },
            attempt: [n; 16],
            again: false,
            record: "what was said".to_owned(),
            case_ids: [n, n + 1].map(|n| CaseId::from_bytes([n; 16])),
            timing: self.engine.config().timing,
            seed: 1,
            now,
        };
        self.store.run(said).await.unwrap().unwrap();
    }

    /// A refund of so much of a new payment, which the PSP has accepted and not ended.
    pub(crate) async fn pending(&self, payment: TestPayment, minor: i64) -> Refund {
        self.payment(payment.clone()).await;
        self.script(&payment, &["pend"]).await;
        let body = json!({"amount": minor, "currency": payment.currency, "reason": "duplicate"});
        let make = Request::post(format!("/v1/payments/{}/refunds", payment.order_ref))
            .header("authorization", format!("Bearer {}", self.merchant.api_key));
        let made = self.send(make.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(made.status, 201, "{made:?}");
        self.pass(Duration::from_secs(2)).await;
        let order = self.engine.order(self.merchant.id, None, payment.order_ref).await.unwrap().unwrap();
        let refund = order.refunds.last().unwrap().clone();
        assert_eq!(refund.state, RefundState::Pending);
        refund
    }

    /// A browser in which somebody is signed in, with a code where the person has a second factor.
    pub(crate) async fn browser(&self, person: &Person) -> Browser<'_> {
        let mut browser = Browser::new(self);
        browser.sign_in(person).await;
        browser
    }
}

/// A browser.
pub(crate) struct Browser<'a> {
    harness: &'a Harness,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What it sends besides, in place of what browsers send.
    pub(crate) headers: HeaderMap,
    /// The page that it shows.
    pub(crate) at: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(harness: &'a Harness) -> Self {
        Self { harness, cookies: BTreeMap::new(), headers: HeaderMap::new(), at: String::new() }
    }

    /// Another one with the same cookies: a second tab.
    pub(crate) fn tab(&self) -> Self {
        Self {
            harness: self.harness,
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
            at: self.at.clone(),
        }
    }

    /// In this language from now on.
    pub(crate) fn speaks(&mut self, tag: &str) {
        self.cookies.insert("redress-language".into(), tag.into());
    }

    /// Signs somebody in, and shows a code where the person has a second factor. Time goes on by a step before, so that
    /// the code is a new one.
    pub(crate) async fn sign_in(&mut self, person: &Person) {
        let page = self.get("/portal/sign-in").await;
        let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
        let mut answer = self.submit(&page, "/portal/sign-in", &typed).await;
        if let Some(secret) = &person.secret {
            let page = self.follow(&answer).await;
            answer = self.submit(&page, "/portal/code", &[("code", &self.code(secret))]).await;
        }
        assert_eq!(answer.status, 303, "{answer:?}");
        assert!(!location(&answer).contains("sign-in"), "{answer:?}");
    }

    /// What the person's authenticator shows, once its next code is there.
    pub(crate) fn code(&self, secret: &str) -> String {
        self.harness.clock.advance(Duration::from_secs(30));
        authenticator_code(secret, self.harness.engine.now())
    }

    /// Asks for a page.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, path, "").await;
        if answer.status == 200 {
            path.clone_into(&mut self.at);
        }
        answer
    }

    /// Goes where an answer sends it.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{answer:?}");
        self.get(&location(answer)).await
    }

    /// Sends the form of a page with this action, as it stands there but for what was typed.
    pub(crate) async fn submit(&mut self, page: &Answer, action: &str, typed: &[(&str, &str)]) -> Answer {
        let fields = form(page, action, typed);
        if method(page, action) == "post" {
            self.post(action, &fields).await
        } else {
            self.look(action, &fields).await
        }
    }

    /// Asks for a page with these fields in its address.
    async fn look(&mut self, path: &str, fields: &[(String, String)]) -> Answer {
        self.get(&format!("{path}?{}", encoded(fields))).await
    }

    /// Sends these fields.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Answer {
        self.ask(Method::POST, path, &encoded(fields)).await
    }

    /// The same from a browser that stops in the middle of them: this happens before the server gets the rest.
    pub(crate) async fn post_in_pieces(
        &mut self,
        path: &str,
        fields: &[(String, String)],
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) -> Answer {
        let body = in_pieces(encoded(fields), meanwhile);
        self.ask_with(Method::POST, path, body, "application/x-www-form-urlencoded").await
    }

    /// Sends these fields with a file, as `multipart/form-data`.
    pub(crate) async fn upload(&mut self, path: &str, fields: &[(String, String)], file: &str) -> Answer {
        self.upload_in_pieces(path, fields, file, async {}).await
    }

    /// The same from a browser that stops in the middle of it.
    pub(crate) async fn upload_in_pieces(
        &mut self,
        path: &str,
        fields: &[(String, String)],
        file: &str,
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) -> Answer {
        let mut body = String::new();
        for (name, value) in fields.iter().filter(|(name, _)| name != "file") {
            body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        body += &format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n{file}\r\n--b--\r\n"
        );
        let body = in_pieces(body, meanwhile);
        self.ask_with(Method::POST, path, body, "multipart/form-data; boundary=b").await
    }

    async fn ask(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let body = Body::from(body.to_owned());
        self.ask_with(method, path, body, "application/x-www-form-urlencoded").await
    }

    async fn ask_with(&mut self, method: Method, path: &str, body: Body, kind: &str) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", "redress.test")
            .header("content-type", kind)
            .header("referer", format!("http://redress.test{}", self.at))
            .header("cookie", cookies.join("; "));
        if self.headers.is_empty() && method == Method::POST {
            request = request.header("origin", "http://redress.test").header("sec-fetch-site", "same-origin");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = self.harness.send(request.body(body).unwrap()).await;
        check_title(&answer);
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// A body of which a half comes, and the rest once something has happened: that begins when the server asks for the rest.
fn in_pieces(mut text: String, meanwhile: impl Future<Output = ()> + Send + 'static) -> Body {
    let rest = text.split_off(text.floor_char_boundary(text.len() / 2));
    let rest = async move {
        meanwhile.await;
        Ok::<_, Infallible>(rest)
    };
    Body::from_stream(stream::iter([Ok::<_, Infallible>(text)]).chain(stream::once(rest)))
}

/// The title of a page with something wrong beside a field begins with that word; no other page's does.
fn check_title(answer: &Answer) {
    let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap());
    let Some(root) = kind.filter(|kind| kind.starts_with("text/html")).map(|_| parse(answer.text())) else {
        return;
    };
    let root = root.unwrap_or_else(|problem| panic!("{problem}: {}", answer.text()));
    let title = &root.all("title")[0].text;
    let marked =
        Language::ALL.iter().any(|one| title.starts_with(&format!("{}: ", one.texts().common.error)));
    let below = root.below();
    let has = |class: &str| below.iter().any(|element| element.attribute("class") == Some(class));
    assert!(marked || !has("wrong"), "{title}: {}", answer.text());
    assert!(!marked || has("wrong") || answer.status != 200, "{title}: {}", answer.text());
}

fn encoded(fields: &[(String, String)]) -> String {
    let escaped = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs = fields.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// How the form of a page with this action is sent: `get` or `post`.
fn method(page: &Answer, action: &str) -> String {
    let root = parse(page.text()).unwrap();
    let forms = root.all("form");
    let form = forms.iter().find(|form| form.attribute("action") == Some(action)).unwrap();
    form.attribute("method").unwrap().to_owned()
}

/// Where an answer sends people.
pub(crate) fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The fields of the first form with this action as a browser sends them, with what was typed in place of what stood there. A
/// button's name goes with it where it is among what was typed.
pub(crate) fn form(page: &Answer, action: &str, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let root = parse(page.text()).unwrap_or_else(|problem| panic!("{problem}: {}", page.text()));
    // Those of the page itself before those that stand around every page.
    let forms: Vec<_> = root.all("main")[0].all("form").into_iter().chain(root.all("form")).collect();
    let wanted = |form: &&&Element| form.attribute("action") == Some(action);
    let form = forms.iter().find(wanted).unwrap_or_else(|| panic!("no form {action}: {}", page.text()));
    let mut fields = Vec::new();
    for field in form.all("input").into_iter().chain(form.all("select")).chain(form.all("textarea")) {
        let Some(name) = field.attribute("name") else { continue };
        let chosen = field.all("option").into_iter().find(|option| option.attribute("selected").is_some());
        let chosen = chosen.or_else(|| field.all("option").into_iter().next());
        let off = matches!(field.attribute("type"), Some("radio" | "checkbox"));
        let off = off && field.attribute("checked").is_none();
        let stands = match (field.name.as_str(), chosen) {
            ("select", Some(option)) => option.attribute("value").unwrap_or_default().to_owned(),
            ("textarea", _) => field.text.trim_start_matches('\n').to_owned(),
            _ => field.attribute("value").unwrap_or_default().to_owned(),
        };
        if !off && !typed.iter().any(|(key, _)| *key == name) {
            fields.push((name.to_owned(), stands));
        }
    }
    fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}
