//! What is wrong in a form, field by field.

use redress_engine::admin::AdminError;
use redress_engine::portal::PortalError;

use crate::portal::field::Wrong;
use crate::portal::problem::Stop;
use crate::portal::text::Texts;

/// The place of what is wrong with all of a form.
const WHOLE: &str = "";

/// What is wrong beside each field.
#[derive(Debug, Default)]
pub(super) struct Wrongs(Vec<(String, String)>);

impl Wrongs {
    /// Notes what is wrong with a field, in words.
    pub(super) fn add(&mut self, field: &str, told: impl Into<String>) {
        self.0.push((field.to_owned(), told.into()));
    }

    /// Only this is wrong, with all of the form.
    pub(super) fn whole(told: impl Into<String>) -> Self {
        Self(vec![(WHOLE.to_owned(), told.into())])
    }

    /// What was read; where it could not be, that is noted and nothing is read.
    pub(super) fn read<T: Default>(&mut self, t: &Texts, field: &str, read: Result<T, Wrong>) -> T {
        read.unwrap_or_else(|wrong| {
            self.add(field, wrong.told(t));
            T::default()
        })
    }

    /// What the engine refuses, beside its field where the form has it; an error that is nobody's typing stops.
    pub(super) fn of(error: AdminError, t: &Texts, fields: &[&str]) -> Result<Self, Stop> {
        match error {
            AdminError::Invalid { field, problem } => {
                let place = if fields.contains(&field) { field } else { WHOLE };
                Ok(Self(vec![(place.to_owned(), t.fault(&problem))]))
            }
            AdminError::Conflict(fault) => Ok(Self::whole(t.fault(&fault))),
            other => Err(other.into()),
        }
    }

    /// The same of an error of the portal's.
    pub(super) fn of_portal(error: PortalError, t: &Texts, fields: &[&str]) -> Result<Self, Stop> {
        match error {
            PortalError::Admin(error) => Self::of(error, t, fields),
            refused @ PortalError::Refused(_) => Err(refused.into()),
        }
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn beside(&self, field: &str) -> Option<String> {
        self.0.iter().find_map(|(of, told)| (of == field).then(|| told.clone()))
    }

    /// What is to be said at the top: what is wrong with all of it, or that something is wrong below.
    pub(super) fn on_top(&self, t: &Texts) -> Option<String> {
        (!self.is_empty()).then(|| self.beside(WHOLE).unwrap_or_else(|| t.settings.look.to_owned()))
    }
}
