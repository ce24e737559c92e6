//! A checker that finds nothing must first be shown to be able to: each planted defect is caught.

use redress_sim::defect::Defect;
use redress_sim::one;

/// A defect must show within so many seeds.
const SEEDS_MAX: u64 = 200;

/// Runs seeds until the auditor says what it must.
fn caught(defect: Defect, expected: &str) {
    for seed in 1..=SEEDS_MAX {
        let found = one(seed, defect, false).violations;
        if found.iter().any(|violation| violation.contains(expected)) {
            return;
        }
    }
    panic!("{defect:?} was not caught as {expected:?} within {SEEDS_MAX} seeds");
}

#[test]
fn a_lost_answer_taken_for_a_refusal_is_caught() {
    caught(Defect::TimeoutIsRefusal, "it has an effect");
}

#[test]
fn another_key_with_every_send_is_caught() {
    caught(Defect::FreshKeyEverySend, "an effect of no refund");
}

#[test]
fn not_found_taken_for_a_refusal_is_caught() {
    caught(Defect::NotFoundIsRefusal, "it has an effect");
}

#[test]
fn pending_taken_for_success_is_caught() {
    caught(Defect::PendingIsSuccess, "it never happened at the PSP");
}

#[test]
fn a_re_send_without_a_key_is_caught() {
    caught(Defect::ResendsWithoutKey, "effects of rf-");
}

#[test]
fn two_refunds_at_once_at_a_psp_that_cannot_tell_them_apart_are_caught() {
    caught(Defect::TurnIgnored, "two refunds of one payment under way at once");
}

#[test]
fn a_request_that_is_said_never_to_have_left_is_caught() {
    caught(Defect::SentIsNotSent, "it is withdrawn, and left all the same");
}

#[test]
fn a_withdrawal_of_what_was_sent_is_caught() {
    caught(Defect::WithdrawalFeigned, "a withdrawal was acknowledged, and it is not withdrawn");
}

#[test]
fn a_captured_sum_that_is_too_large_is_caught() {
    caught(Defect::CapturedTooLarge, "given back of");
}

#[test]
fn a_forgotten_refund_is_caught() {
    caught(Defect::RefundForgotten, "which is not there");
}

#[test]
fn a_balance_that_is_no_sum_is_caught() {
    caught(Defect::BalanceWrong, "the balance should be refunded");
}

#[test]
fn a_reversal_without_a_success_is_caught() {
    caught(Defect::EventsWrong, "refund.reversed after refund.");
}

#[test]
fn money_that_left_unasked_and_was_forgotten_is_caught() {
    caught(Defect::StrangerForgotten, "money left unasked");
}

#[test]
fn a_person_who_was_called_and_forgotten_is_caught() {
    caught(Defect::PersonForgotten, "it is open, and no person is called");
}

#[test]
fn lost_events_are_caught() {
    caught(Defect::EventsLost, "events are missing");
}

#[test]
fn a_failure_that_nothing_explains_is_caught() {
    caught(Defect::FailureUnexplained, "failed, and nothing says why");
}

#[test]
fn a_withdrawal_that_nobody_asked_for_is_caught() {
    caught(Defect::WithdrawnByNobody, "it is withdrawn, and nobody who may did that");
}

#[test]
fn a_delivery_that_is_given_up_too_early_is_caught() {
    caught(Defect::GivenUpTooEarly, "given up too early");
}

#[test]
fn a_delivery_without_an_end_is_caught() {
    caught(Defect::DeliveryOwed, "still owed");
}

#[test]
fn a_notification_that_tells_something_else_than_the_tables_is_caught() {
    caught(Defect::ReasonIsAnother, "shows another refund");
}

#[test]
fn money_that_is_booked_and_never_left_is_caught() {
    caught(Defect::BookedForNothing, "are booked,");
}

#[test]
fn a_forgotten_delivery_is_caught() {
    caught(Defect::DeliveryForgotten, "nothing is owed");
}

#[test]
fn a_delivery_that_was_never_sent_is_caught() {
    caught(Defect::DeliveryNotSent, "recorded as made, and it never came");
}

#[test]
fn a_body_changed_after_it_was_signed_is_caught() {
    caught(Defect::BodyChangedAfterSigning, "does not prove itself");
}

#[test]
fn a_psp_that_acts_twice_is_caught() {
    caught(Defect::PspActsTwice, "effects of rf-");
}

#[test]
fn one_merchant_taken_for_another_is_caught() {
    caught(Defect::MerchantsMixedUp, "was shown");
}

#[test]
fn another_sum_than_was_asked_for_is_caught() {
    caught(Defect::SumIsAnother, "another effect than was asked for");
}

#[test]
fn a_reversal_that_nobody_hears_is_caught() {
    caught(Defect::NoticesUnheard, "the PSP took it back and said so");
}

#[test]
fn a_key_that_is_overlooked_is_caught() {
    caught(Defect::KeyOverlooked, "refunds, at most 1 are right");
}

#[test]
fn a_refund_that_is_denied_is_caught() {
    caught(Defect::RefundDenied, "was told 400 4041, and there is");
}
