//! The steps a test can script for the next submits of one payment, and what each of them means, common to all PSPs.

use serde_json::Value;

/// Longest time a step may name, in milliseconds: one hour.
const STEP_MS_MAX: u64 = 3_600_000;
/// How many steps one script may have.
pub(crate) const STEPS_MAX: usize = 1_000;

/// What happens to one submit. The table of effects and answers is in the crate's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Succeed,
    Refuse,
    RefuseForNow,
    Pend,
    PendForFunds,
    TimeoutBeforeEffect,
    TimeoutAfterEffect,
    EffectAfter { ms: u64 },
    Error500BeforeEffect,
    Error500AfterEffect,
    ResetAfterEffect,
    Garbage,
    Slow { ms: u64 },
    DuplicateNotification,
    NotifyBeforeAnswer,
    SucceedThenFail,
    SucceedThenReverse,
}

/// What a step does to the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request is lost on its way: the PSP never hears of it.
    Lost,
    /// The PSP refuses: nothing moves.
    Refused,
    /// It happens at once.
    Now,
    /// It happens after so many milliseconds.
    Later { ms: u64 },
}

/// How the caller is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// At once, with the PSP's answer.
    Plain,
    /// The PSP's answer, after so many milliseconds.
    After { ms: u64 },
    /// Not at all: the connection is held until the caller goes.
    Never,
    /// HTTP 500.
    Error500,
    /// The connection is reset.
    Reset,
    /// HTTP 200 with a body that is not JSON.
    Garbage,
    /// The PSP's answer, after the notification was delivered.
    AfterNotification,
}

impl Step {
    /// Reads one step: `"slow:2000"`, or the same as an object, `{"slow":2000}`.
    pub(crate) fn parse(value: &Value) -> Result<Step, String> {
        match value {
            Value::String(text) => match text.split_once(':') {
                None => Step::named(text, None),
                Some((name, ms)) => {
                    let ms = ms
                        .parse()
                        .map_err(|_| format!("step {text:?}: {ms:?} is no number of milliseconds"))?;
                    Step::named(name, Some(ms))
                }
            },
            Value::Object(fields) => match fields.iter().next().filter(|_| fields.len() == 1) {
                Some((name, ms)) => {
                    let ms = ms
                        .as_u64()
                        .ok_or_else(|| format!("step {name:?}: {ms} is no number of milliseconds"))?;
                    Step::named(name, Some(ms))
                }
                None => Err("a step object has exactly one field, {\"name\": milliseconds}".to_owned()),
            },
            other => Err(format!("a step is a text such as \"succeed\" or \"slow:2000\", not {other}")),
        }
    }

    fn named(name: &str, ms: Option<u64>) -> Result<Step, String> {
        if ms.is_some_and(|ms| ms > STEP_MS_MAX) {
            return Err(format!("step {name:?}: at most {STEP_MS_MAX} milliseconds"));
        }
        match (name, ms) {
            ("succeed", None) => Ok(Step::Succeed),
            ("refuse", None) => Ok(Step::Refuse),
            ("refuse_for_now", None) => Ok(Step::RefuseForNow),
            ("pend", None) => Ok(Step::Pend),
            ("pend_for_funds", None) => Ok(Step::PendForFunds),
            ("timeout_before_effect", None) => Ok(Step::TimeoutBeforeEffect),
            ("timeout_after_effect", None) => Ok(Step::TimeoutAfterEffect),
            ("effect_after", Some(ms)) => Ok(Step::EffectAfter { ms }),
            ("error500_before_effect", None) => Ok(Step::Error500BeforeEffect),
            ("error500_after_effect", None) => Ok(Step::Error500AfterEffect),
            ("reset_after_effect", None) => Ok(Step::ResetAfterEffect),
            ("garbage", None) => Ok(Step::Garbage),
            ("slow", Some(ms)) => Ok(Step::Slow { ms }),
            ("duplicate_notification", None) => Ok(Step::DuplicateNotification),
            ("notify_before_answer", None) => Ok(Step::NotifyBeforeAnswer),
            ("succeed_then_fail", None) => Ok(Step::SucceedThenFail),
            ("succeed_then_reverse", None) => Ok(Step::SucceedThenReverse),
            ("effect_after" | "slow", None) => {
                Err(format!("step {name:?} needs milliseconds, as in \"{name}:1500\""))
            }
            (_, Some(_)) => Err(format!("there is no step {name:?} with milliseconds")),
            (_, None) => Err(format!("there is no step {name:?}")),
        }
    }

    /// The step as it is kept, readable by [`Step::parse`].
    pub(crate) fn text(self) -> String {
        match self {
            Step::Succeed => "succeed".to_owned(),
            Step::Refuse => "refuse".to_owned(),
            Step::RefuseForNow => "refuse_for_now".to_owned(),
            Step::Pend => "pend".to_owned(),
            Step::PendForFunds => "pend_for_funds".to_owned(),
            Step::TimeoutBeforeEffect => "timeout_before_effect".to_owned(),
            Step::TimeoutAfterEffect => "timeout_after_effect".to_owned(),
            Step::EffectAfter { ms } => format!("effect_after:{ms}"),
            Step::Error500BeforeEffect => "error500_before_effect".to_owned(),
            Step::Error500AfterEffect => "error500_after_effect".to_owned(),
            Step::ResetAfterEffect => "reset_after_effect".to_owned(),
            Step::Garbage => "garbage".to_owned(),
            Step::Slow { ms } => format!("slow:{ms}"),
            Step::DuplicateNotification => "duplicate_notification".to_owned(),
            Step::NotifyBeforeAnswer => "notify_before_answer".to_owned(),
            Step::SucceedThenFail => "succeed_then_fail".to_owned(),
            Step::SucceedThenReverse => "succeed_then_reverse".to_owned(),
        }
    }

    /// Whether the step makes sense only where the PSP notifies or can be asked again about a refund that was final.
    pub(crate) fn needs_notifications(self) -> bool {
        matches!(
            self,
            Step::DuplicateNotification
                | Step::NotifyBeforeAnswer
                | Step::SucceedThenFail
                | Step::SucceedThenReverse
        )
    }

    /// How long after it succeeded the refund fails, or comes back, if it does.
    pub(crate) fn fails_after(self, ms: i64) -> Option<i64> {
        matches!(self, Step::SucceedThenFail | Step::SucceedThenReverse).then_some(ms)
    }

    /// What it does to the money.
    pub(crate) fn effect(self) -> Effect {
        match self {
            Step::TimeoutBeforeEffect | Step::Error500BeforeEffect => Effect::Lost,
            Step::Refuse | Step::RefuseForNow => Effect::Refused,
            Step::EffectAfter { ms } => Effect::Later { ms },
            Step::Succeed
            | Step::Pend
            | Step::PendForFunds
            | Step::TimeoutAfterEffect
            | Step::Error500AfterEffect
            | Step::ResetAfterEffect
            | Step::Garbage
            | Step::Slow { .. }
            | Step::DuplicateNotification
            | Step::NotifyBeforeAnswer
            | Step::SucceedThenFail
            | Step::SucceedThenReverse => Effect::Now,
        }
    }

    /// How the caller is answered.
    pub(crate) fn answer(self) -> Answer {
        match self {
            Step::Succeed
            | Step::Refuse
            | Step::RefuseForNow
            | Step::Pend
            | Step::PendForFunds
            | Step::DuplicateNotification
            | Step::SucceedThenFail
            | Step::SucceedThenReverse => Answer::Plain,
            Step::TimeoutBeforeEffect | Step::TimeoutAfterEffect | Step::EffectAfter { .. } => Answer::Never,
            Step::Error500BeforeEffect | Step::Error500AfterEffect => Answer::Error500,
            Step::ResetAfterEffect => Answer::Reset,
            Step::Garbage => Answer::Garbage,
            Step::Slow { ms } => Answer::After { ms },
            Step::NotifyBeforeAnswer => Answer::AfterNotification,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Step;
    use serde_json::{Value, json};

    const PAGE: &str = include_str!("../../../docs/sandbox.md");

    #[test]
    fn every_step_is_read_back_from_its_own_text() {
        for text in [
            "succeed",
            "refuse",
            "refuse_for_now",
            "pend",
            "pend_for_funds",
            "timeout_before_effect",
            "timeout_after_effect",
            "effect_after:1500",
            "error500_before_effect",
            "error500_after_effect",
            "reset_after_effect",
            "garbage",
            "slow:2000",
            "duplicate_notification",
            "notify_before_answer",
            "succeed_then_fail",
            "succeed_then_reverse",
        ] {
            let step = Step::parse(&Value::from(text)).expect(text);
            assert_eq!(step.text(), text);
            let name = text.split_once(':').map_or_else(|| text.to_owned(), |(name, _)| format!("{name}:MS"));
            assert!(PAGE.contains(&format!("\n| `{name}` |")), "docs/sandbox.md lacks {name}");
        }
        assert_eq!(Step::parse(&json!({"effect_after": 20})), Ok(Step::EffectAfter { ms: 20 }));
    }

    #[test]
    fn nonsense_is_no_step() {
        for wrong in [
            json!("explode"),
            json!("slow"),
            json!("slow:"),
            json!("slow:-1"),
            json!("slow:9999999999"),
            json!("succeed:5"),
            json!({"slow": "2"}),
            json!({"slow": 1, "pend": 2}),
            json!({}),
            json!(7),
            json!(null),
        ] {
            assert!(Step::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
