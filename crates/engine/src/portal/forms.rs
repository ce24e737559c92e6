//! Forms that do something once, however often they are sent: a double click, a reload, the back button, two at once.

use redress_core::environment::Environment;
use redress_core::id::MerchantId;

use super::PortalError;
use crate::engine::Engine;
use crate::once::{Begun, Did, Ended, KeyedRun, Work};

/// A form is the same in whichever environment it is sent again: its key is remembered in one.
const FORMS: Environment = Environment::Sandbox;

/// What came of such a form.
#[derive(Clone, Debug)]
pub enum FormDone<T> {
    /// It was done now.
    Now(T),
    /// The same form did it before; the id of what it was about.
    Before(String),
    /// The same form is doing it in another request, and may yet be refused, or nobody knows what came of it: nobody can
    /// say that it did anything.
    Meanwhile,
    /// The form was sent before with something else in it.
    Reused,
}

impl Engine {
    /// Does the work of a form once: `form_key` is drawn with the form ([`Engine::form_key`]), and `parts` is what a repeat
    /// must have in common with it. The work answers with the id of what it was about; where it is refused it changes
    /// nothing, and the same form can be sent again. Where nobody knows whether it was done, it cannot for a while. Work that
    /// was begun is brought to its end where the browser leaves.
    pub(super) async fn do_once<T: Send + 'static>(
        &self,
        merchant: MerchantId,
        form_key: &str,
        parts: Vec<String>,
        work: impl Future<Output = Result<(T, String), PortalError>> + Send + 'static,
    ) -> Result<FormDone<T>, PortalError> {
        let work = Box::pin(work);
        let work = move |_: Work| async move { work.await.map(Did::Now) };
        self.run_form((merchant, form_key), parts, work, Ended::Held).await
    }

    /// The same of work that knows again what a run of it did before: where nobody knows, the same form finds out.
    pub(super) async fn do_known_again<T: Send + 'static, W>(
        &self,
        merchant: MerchantId,
        form_key: &str,
        parts: Vec<String>,
        work: impl FnOnce(Work) -> W + Send + 'static,
    ) -> Result<FormDone<T>, PortalError>
    where
        W: Future<Output = Result<Did<(T, String), String>, PortalError>> + Send + 'static,
    {
        self.run_form((merchant, form_key), parts, work, Ended::Open).await
    }

    async fn run_form<T: Send + 'static, W>(
        &self,
        (merchant, form_key): (MerchantId, &str),
        parts: Vec<String>,
        work: impl FnOnce(Work) -> W + Send + 'static,
        in_doubt: Ended,
    ) -> Result<FormDone<T>, PortalError>
    where
        W: Future<Output = Result<Did<(T, String), String>, PortalError>> + Send + 'static,
    {
        let (engine, name) = (self.clone(), format!("portal-form-{form_key}"));
        let all = async move {
            let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            let (begun, run) = engine.begin_keyed(merchant, FORMS, &name, &parts).await?;
            match begun {
                Begun::First | Begun::Again { .. } => {
                    let done = Box::pin(work(run.work())).await;
                    let ended = match &done {
                        Ok(Did::Now((_, object)) | Did::Before(object)) => Ended::Done(object.clone()),
                        Err(error) if error.is_in_doubt() => in_doubt,
                        Err(_) => Ended::Refused,
                    };
                    engine.end_form(run, ended).await;
                    Ok(match done? {
                        Did::Now((made, _)) => FormDone::Now(made),
                        Did::Before(object) => FormDone::Before(object),
                    })
                }
                Begun::Repeat { object } => Ok(FormDone::Before(object)),
                Begun::InUse => Ok(FormDone::Meanwhile),
                Begun::Reused => Ok(FormDone::Reused),
            }
        };
        self.to_its_end("form", all).await
    }

    /// The work of a form was done, or refused. What was made is shown although the store cannot be told: its secret
    /// would be lost.
    async fn end_form(&self, run: KeyedRun, ended: Ended) {
        if let Err(error) = self.end_keyed(run, ended).await {
            tracing::warn!(%error, "the key of a form stays in use for a while");
        }
    }
}
