//! What people did, by name: the words of the audit trail.

macro_rules! deeds {
    ($($(#[$doc:meta])* $deed:ident = $name:literal;)*) => {
        /// Something that a person did, or tried.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Deed {
            $($(#[$doc])* $deed,)*
        }

        impl Deed {
            /// Every deed.
            pub const ALL: &'static [Self] = &[$(Self::$deed,)*];

            /// The name in the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$deed => $name,)*
                }
            }
        }
    };
}

deeds! {
    /// Signed in.
    SignedIn = "signed_in";
    /// Showed a wrong password or a wrong code.
    SignInFailed = "sign_in_failed";
    /// Showed a second factor again.
    SecondFactorShown = "second_factor_shown";
    /// Signed out.
    SignedOut = "signed_out";
    /// Ended sessions, one's own or another's.
    SessionsEnded = "sessions_ended";
    /// Chose a new password.
    PasswordChanged = "password_changed";
    /// Gave somebody else a new password.
    PasswordReset = "password_reset";
    /// Set up a second factor.
    SecondFactorAdded = "second_factor_added";
    /// Took somebody's second factor away.
    SecondFactorReset = "second_factor_reset";
    /// Used a recovery code in place of the second factor.
    RecoveryCodeUsed = "recovery_code_used";
    /// Had new recovery codes made.
    RecoveryCodesReplaced = "recovery_codes_replaced";
    /// Added a person.
    UserAdded = "user_added";
    /// Changed a person's name, role or limits.
    UserChanged = "user_changed";
    /// Disabled a person.
    UserDisabled = "user_disabled";
    /// Enabled a person again.
    UserEnabled = "user_enabled";
    /// Made a refund.
    RefundMade = "refund_made";
    /// Sent the form of a refund again, which made nothing more.
    RefundRepeated = "refund_repeated";
    /// Tried to make a refund, which was refused.
    RefundRefused = "refund_refused";
    /// Withdrew a refund.
    RefundCanceled = "refund_canceled";
    /// Tried to withdraw a refund that was sent, ended or withdrawn before.
    RefundCancelInVain = "refund_cancel_in_vain";
    /// Had the PSP asked.
    RefundRefreshed = "refund_refreshed";
    /// Said how a refund ended.
    RefundClosed = "refund_closed";
    /// Tried to say how a refund ended whose end was known.
    RefundCloseInVain = "refund_close_in_vain";
    /// Closed a case.
    CaseClosed = "case_closed";
    /// Tried to close a case that was closed before.
    CaseCloseInVain = "case_close_in_vain";
    /// Marked a payment as disputed.
    PaymentDisputed = "payment_disputed";
    /// Took the mark away.
    DisputeReleased = "dispute_released";
    /// Uploaded payments to be checked alone.
    PaymentsChecked = "payments_checked";
    /// Uploaded payments to be taken in, or had those taken in that were checked before.
    PaymentsImported = "payments_imported";
    /// Took a list away as a file.
    ListExported = "list_exported";
    /// Told an endpoint once more.
    NotificationResent = "notification_resent";
    /// Made a key.
    KeyAdded = "key_added";
    /// Put a key in the place of another.
    KeyRotated = "key_rotated";
    /// Revoked a key.
    KeyRevoked = "key_revoked";
    /// Added an endpoint.
    EndpointAdded = "endpoint_added";
    /// Changed an endpoint, also its secret, or whether anything is sent to it.
    EndpointChanged = "endpoint_changed";
    /// Sent an endpoint a test.
    EndpointTested = "endpoint_tested";
    /// Revoked an endpoint.
    EndpointRevoked = "endpoint_revoked";
    /// Added a PSP account.
    AccountAdded = "account_added";
    /// Changed a PSP account, also its credentials, or whether it is used.
    AccountChanged = "account_changed";
    /// Had a PSP account proved at the PSP.
    AccountChecked = "account_checked";
    /// Revoked a PSP account.
    AccountRevoked = "account_revoked";
}

impl Deed {
    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|deed| deed.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_differ() {
        for deed in Deed::ALL {
            assert_eq!(Deed::parse(deed.as_str()), Some(*deed));
        }
        assert_eq!(Deed::parse("looked"), None);
    }
}
