//! Each guard is taken away in turn, and the checker must find what it kept away. The models are the ones that hold with
//! all their guards, in `models.rs`.

use redress_model::{Redress, Without, find};

const THREADS: usize = 2;

#[test]
fn without_any_one_guard_the_checker_finds_what_it_kept_away() {
    for without in Without::ALL {
        let (model, property) = Redress::missing(without);
        let guarded = Redress { without: None, ..model };
        assert!(
            Redress::default_models(model.kind).contains(&guarded),
            "{without:?}: checked with its guard"
        );
        let found = find(model, property, THREADS);
        assert!(
            found.is_some(),
            "without {without:?} at {}, this still holds: {property}",
            model.kind.name()
        );
    }
}
