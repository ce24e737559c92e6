//! Every kind of PSP, checked to the end of the default bounds.

use redress_model::{Kind, Redress, check};

const THREADS: usize = 2;

fn holds(model: Redress) {
    let checked = check(model, THREADS);
    let broken: Vec<String> =
        checked.broken.iter().map(|(property, way)| format!("{property}:\n{way}")).collect();
    assert!(broken.is_empty(), "{model:?}\n{}", broken.join("\n"));
    assert!(checked.not_reached.is_empty(), "{model:?} never reaches {:?}", checked.not_reached);
    assert!(checked.states > 1_000, "{} states are no search", checked.states);
}

#[test]
fn one_refund_and_any_two_troubles() {
    for kind in Kind::ALL {
        holds(Redress::default_models(kind)[0]);
    }
}

#[test]
fn two_refunds_that_want_the_same_money() {
    for kind in Kind::ALL {
        holds(Redress::default_models(kind)[1]);
    }
}

#[test]
fn money_that_a_person_booked_as_gone_and_that_comes_back() {
    for kind in Kind::ALL {
        holds(Redress::default_models(kind)[3]);
    }
}

#[test]
fn two_refunds_that_are_under_way_at_once() {
    for kind in Kind::ALL {
        holds(Redress::default_models(kind)[2]);
    }
}
