//! The way from the PSPs to Redress: notifications that are lost, refused, doubled and late, and what was told by them.

use std::sync::{Arc, Weak};

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::Request;
use redress_sandbox::world::{Notification, Notifier, NotifyError};

use crate::merchant::{Merchant, REDRESS_URL};
use crate::network::{Answer, LATE, WAY, brief};
use crate::plan::Fault;
use crate::psps;
use crate::state::{Run, Told, lock};

/// The way from the PSPs to Redress.
pub(crate) struct Notices(pub(crate) Weak<Run>);

impl Notifier for Notices {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        let run = self.0.clone();
        Box::pin(async move {
            let Some(run) = run.upgrade() else {
                return Err(NotifyError { reason: "the run is over".into() });
            };
            run.psp_tells(notification).await
        })
    }
}

/// How long a PSP waits for the answer to a notification, in microseconds.
const NOTICE_PATIENCE: u64 = 5_000_000;

impl Run {
    async fn psp_tells(self: Arc<Self>, notification: Notification) -> Result<u16, NotifyError> {
        let from = Sender::of(&notification, self.merchants());
        self.count("PSP notifications");
        self.count_at(from.psp, "PSP notifications");
        let told = from.read(&notification);
        if told.is_some() {
            self.count_at(from.psp, "ends told of");
        }
        let text = told.as_ref().map(|(refund, failed)| format!(" that {refund} failed: {failed}"));
        self.note(format_args!(
            "{} tells{} {}",
            from.psp,
            text.unwrap_or_default(),
            brief(&notification.body)
        ));
        self.write_down_notice(told.clone(), false);
        let psp = from.psp;
        if self.strikes_at(Fault::NoticeRefused, psp) {
            return Err(NotifyError { reason: "connection refused".into() });
        }
        if self.strikes_at(Fault::NoticeLost, psp) {
            // Some middle box took it and said yes.
            return Ok(200);
        }
        if self.strikes_at(Fault::NoticeDoubled, psp) {
            let (run, again) = (Arc::clone(&self), notification.clone());
            self.exec.spawn(self.outside, async move {
                run.pause(WAY.0, LATE.1).await;
                run.hand_over(again).await;
            });
        }
        if self.strikes_at(Fault::NoticeLate, psp) {
            // A queue in between: the PSP is told yes, and it arrives when others have overtaken it.
            let run = Arc::clone(&self);
            self.exec.spawn(self.outside, async move {
                run.pause(LATE.0, LATE.1).await;
                run.hand_over(notification).await;
            });
            return Ok(200);
        }
        let refused = || NotifyError { reason: "no answer".into() };
        self.hand_over(notification).await.map(|answer| answer.status).ok_or_else(refused)
    }

    fn write_down_notice(&self, told: Option<(String, bool)>, heard: bool) {
        let Some((refund, failed)) = told else { return };
        lock(&self.told).push(Told { refund, failed, heard });
    }

    async fn hand_over(self: &Arc<Self>, notification: Notification) -> Option<Answer> {
        let path = notification.url.strip_prefix(REDRESS_URL)?.to_owned();
        let told = Sender::of(&notification, self.merchants()).read(&notification);
        let mut request = Request::post(path).header("content-type", notification.content_type);
        for (name, value) in notification.headers {
            request = request.header(name, value);
        }
        let asked = request.body(Body::from(notification.body)).ok()?;
        let answer = self.call_redress(asked, NOTICE_PATIENCE).await;
        if let Some(answer) = &answer {
            self.note(format_args!("psp was answered {}", answer.status));
            self.judge_status("a PSP", answer);
            if answer.status == 200 {
                self.write_down_notice(told, true);
            }
        }
        answer
    }
}

/// Which account of which PSP a notification is of.
struct Sender {
    psp: &'static str,
    merchant: usize,
}

impl Sender {
    /// By the address: it ends in the PSP and in the account's id.
    fn of(notification: &Notification, merchants: &[Merchant]) -> Self {
        let account = notification.url.rsplit('/').next().unwrap_or_default();
        let all = merchants.iter().flat_map(|it| it.accounts.iter().map(|(psp, id)| (it.number, *psp, *id)));
        let found = all.into_iter().find(|(_, _, id)| id.to_string() == account);
        found.map_or(Self { psp: "tap", merchant: 0 }, |(merchant, psp, _)| Self { psp, merchant })
    }

    /// The PSP's id of the refund, and whether it is said to have failed; `None` where no end is told.
    fn read(&self, notification: &Notification) -> Option<(String, bool)> {
        let header = |name: &str| {
            notification.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        };
        let (vector, tag) = (header("x-initialization-vector"), header("x-authentication-tag"));
        let opened = vector
            .zip(tag)
            .and_then(|(vector, tag)| psps::deciphered(self.merchant, vector, tag, &notification.body));
        psps::told(self.psp, &notification.body, opened.as_deref())
    }
}
