//! What was just done, for the page after it to say once. It goes through a cookie, so that it needs no script; only
//! these words can, so that nobody can put others there.

use super::text::Texts;

macro_rules! saids {
    ($($(#[$doc:meta])* $said:ident = $key:ident;)*) => {
        /// Something that was just done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Said {
            $($(#[$doc])* $said,)*
        }

        impl Said {
            /// The word in the cookie.
            pub(super) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$said => stringify!($key),)*
                }
            }

            /// Reads the word; `None` for anything else.
            pub(super) fn parse(word: &str) -> Option<Self> {
                match word {
                    $(stringify!($key) => Some(Self::$said),)*
                    _ => None,
                }
            }

            /// What people are told.
            pub(super) const fn text(self, t: &Texts) -> &'static str {
                match self {
                    $(Self::$said => t.saids.$key,)*
                }
            }
        }
    };
}

saids! {
    /// Signed out here.
    SignedOut = signed_out;
    /// Signed out everywhere.
    SignedOutEverywhere = signed_out_everywhere;
    /// The session was over before what was wanted could be done.
    SessionOver = session_over;
    /// One session was ended.
    SessionEnded = session_ended;
    /// The password was changed.
    PasswordChanged = password_changed;
    /// A code was taken again.
    CodeTaken = code_taken;
    /// A recovery code was taken in place of a code.
    RecoveryCodeUsed = recovery_code_used;
    /// A second factor was set up.
    SecondFactorOn = second_factor_on;
    /// The form was too old and had secrets in it.
    TypedAgain = typed_again;
    /// The environment is live now.
    NowLive = now_live;
    /// The environment is the sandbox now.
    NowSandbox = now_sandbox;
    /// The PSP is asked.
    RefundAsked = refund_asked;
    /// What was not sent yet is tried.
    RefundTried = refund_tried;
    /// Nothing was to be asked about.
    RefundNotAsked = refund_not_asked;
    /// A refund was withdrawn.
    RefundCanceled = refund_canceled;
    /// It may have been sent, or has ended.
    TooLateToCancel = too_late_to_cancel;
    /// A person said how a refund ended.
    RefundClosed = refund_closed;
    /// Its end was known before.
    EndIsKnown = end_is_known;
    /// A notification is due again.
    Resent = resent;
    /// Its endpoint is revoked.
    EndpointRevoked = endpoint_revoked;
    /// A case was closed.
    CaseClosed = case_closed;
    /// Somebody closed it before.
    CaseWasClosed = case_was_closed;
    /// A payment is marked as disputed.
    PaymentDisputed = payment_disputed;
    /// The mark of a dispute is taken away.
    DisputeReleased = dispute_released;
    /// Somebody had marked it, or taken the mark away, before.
    DisputeStoodSo = dispute_stood_so;
    /// A form's key was used for another refund.
    KeyReused = key_reused;
    /// No second factor was being set up.
    EnrolmentGone = enrolment_gone;
    /// No second factor was being set up, and there is one.
    SecondFactorStands = second_factor_stands;
    /// The same form made something else before.
    MadeBefore = made_before;
    /// The same form is at work in another request.
    BeingDone = being_done;
    /// The same form made a key before.
    KeyMadeBefore = key_made_before;
    /// The same form gave an endpoint another secret before.
    SecretMadeBefore = secret_made_before;
    /// The same form gave somebody another password before.
    PasswordMadeBefore = password_made_before;
    /// The same form added a person before.
    PersonMadeBefore = person_made_before;
    /// The same form made new recovery codes before.
    CodesMadeBefore = codes_made_before;
    /// The same form added an endpoint before.
    EndpointMadeBefore = endpoint_made_before;
    /// The same form added a PSP account before.
    AccountMadeBefore = account_made_before;
    /// Something was changed.
    Changed = changed;
    /// A key was revoked.
    KeyRevoked = key_revoked;
    /// An endpoint was enabled.
    EndpointEnabled = endpoint_enabled;
    /// An endpoint was disabled.
    EndpointDisabled = endpoint_disabled;
    /// An endpoint was revoked.
    EndpointEnded = endpoint_ended;
    /// A PSP account was added.
    AccountAdded = account_added;
    /// A PSP account was paused.
    AccountPaused = account_paused;
    /// A PSP account sends again.
    AccountResumed = account_resumed;
    /// A PSP account was revoked.
    AccountRevoked = account_revoked;
    /// A person was disabled.
    PersonDisabled = person_disabled;
    /// A person was enabled.
    PersonEnabled = person_enabled;
    /// Somebody's second factor was taken away.
    SecondFactorGone = second_factor_gone;
    /// Somebody was signed out everywhere.
    SessionsEnded = sessions_ended;
}
