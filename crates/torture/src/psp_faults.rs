//! What the PSPs do, drawn at random.

use crate::dice::Dice;
use crate::payment::Psp;

/// Steps of one payment; what comes after them succeeds.
const STEPS: usize = 60;

/// With its weight. Most refunds are easy ones, so that the hard ones are met by a server that has work.
const AT_BOTH: [(&str, u64); 13] = [
    ("succeed", 50),
    ("slow:150", 10),
    ("slow:600", 3),
    ("refuse", 4),
    ("pend", 4),
    ("timeout_before_effect", 1),
    ("timeout_after_effect", 4),
    ("reset_after_effect", 4),
    ("effect_after:400", 3),
    ("effect_after:1300", 3),
    ("error500_before_effect", 2),
    ("error500_after_effect", 3),
    ("garbage", 3),
];
const AT_TAP: [(&str, u64); 2] = [("duplicate_notification", 5), ("notify_before_answer", 5)];

/// The script of a new payment.
pub fn steps(psp: Psp, dice: &mut Dice) -> Vec<&'static str> {
    let mut choices = AT_BOTH.to_vec();
    if psp == Psp::Tap {
        choices.extend(AT_TAP);
    }
    (0..STEPS).map(|_| step(&choices, dice)).collect()
}

fn step(choices: &[(&'static str, u64)], dice: &mut Dice) -> &'static str {
    let mut at = dice.below(choices.iter().map(|(_, weight)| weight).sum());
    for (step, weight) in choices {
        if at < *weight {
            return step;
        }
        at -= weight;
    }
    unreachable!("below the sum of all weights")
}
