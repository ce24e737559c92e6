//! Forms that do something once, however often they are sent: a double click, a reload, the back button, two at once.

use redress_core::environment::Environment;
use redress_core::id::MerchantId;

use super::PortalError;
use crate::engine::Engine;
use crate::once::{Begun, KeyedRun};

/// A form is the same in whichever environment it is sent again: its key is remembered in one.
const FORMS: Environment = Environment::Sandbox;

/// What came of such a form.
#[derive(Clone, Debug)]
pub enum FormDone<T> {
    /// It was done now.
    Now(T),
    /// The same form did it before; the id of what it was about.
    Before(String),
    /// The same form is doing it in another request, and may yet be refused: nobody can say that it did anything.
    Meanwhile,
    /// The form was sent before with something else in it.
    Reused,
}

impl Engine {
    /// Does the work of a form once: `form_key` is drawn with the form ([`Engine::form_key`]), and `parts` is what a repeat
    /// must have in common with it. The work answers with the id of what it was about; where it is refused it changes
    /// nothing, and the same form can be sent again. Work that was begun is brought to its end where the browser leaves.
    pub(super) async fn do_once<T: Send + 'static>(
        &self,
        merchant: MerchantId,
        form_key: &str,
        parts: Vec<String>,
        work: impl Future<Output = Result<(T, String), PortalError>> + Send + 'static,
    ) -> Result<FormDone<T>, PortalError> {
        let (engine, name, work) = (self.clone(), format!("portal-form-{form_key}"), Box::pin(work));
        let all = async move {
            let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            let (begun, run) = engine.begin_keyed(merchant, FORMS, &name, &parts).await?;
            match begun {
                Begun::First => {
                    let done = work.await;
                    let object = done.as_ref().ok().map(|(_, object)| object.clone());
                    engine.end_form(run, object).await;
                    done.map(|(made, _)| FormDone::Now(made))
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
    async fn end_form(&self, run: KeyedRun, object: Option<String>) {
        if let Err(error) = self.end_keyed(run, object).await {
            tracing::warn!(%error, "the key of a form stays in use for a while");
        }
    }
}
