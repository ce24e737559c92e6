//! `redress verify`.

use clap::Args;
use redress_engine::admin::verify::VerifyCursor;
use redress_engine::engine::Engine;

use crate::failure::Failure;
use crate::output::{one_line, print};
use crate::place::PlaceArgs;
use crate::{open, progress};

/// Recompute the books: every balance from the refunds and cases, every refund's state from its events
///
/// Prints each difference on a line. Works beside a running server, batch by batch. Exits 0 when nothing differs, 1 on
/// any difference, 2 when the books could not be read.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn run(args: Verify) -> Result<(), Failure> {
    books(&open::for_tool(&args.place.settings()?).await?.engine).await
}

/// Verifies all books and prints what differs.
pub(crate) async fn books(engine: &Engine) -> Result<(), Failure> {
    let bar = progress::count("payments");
    let (mut payments, mut refunds, mut differences) = (0, 0, 0_u64);
    let mut next = Some(VerifyCursor::default());
    while let Some(from) = next {
        // Whatever stops it, the books were not verified.
        let batch = engine.verify_batch(from).await.map_err(|error| Failure::unable(error.to_string()))?;
        payments += batch.payments;
        refunds += batch.refunds;
        for difference in batch.differences {
            differences += 1;
            let line = one_line(&difference.to_string());
            bar.suspend(|| print(&line))?;
        }
        bar.set_position(payments);
        next = batch.next;
    }
    bar.finish_and_clear();
    print(&format!("verified {payments} payments and {refunds} refunds: {differences} differences"))?;
    if differences == 0 { Ok(()) } else { Err(Failure::found("the books do not agree")) }
}
