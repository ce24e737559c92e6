//! What stands around each benchmark: threads for what is measured, and the figures shown in the end.

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use crate::Outcome;

/// One thread: enough for callers, and it leaves the cores to the server.
pub(crate) fn one_thread() -> Outcome<Runtime> {
    built(&mut Builder::new_current_thread())
}

/// A thread a core, where the server runs beside its callers.
pub(crate) fn all_threads() -> Outcome<Runtime> {
    built(&mut Builder::new_multi_thread())
}

fn built(builder: &mut Builder) -> Outcome<Runtime> {
    builder.enable_all().build().map_err(|error| format!("the runtime cannot be started: {error}"))
}

/// Measures, and shows the figures: as JSON, or as `print` shows them.
pub(crate) fn run<R: Serialize>(
    runtime: Outcome<Runtime>,
    measure: impl Future<Output = Outcome<R>>,
    json: bool,
    print: impl FnOnce(&R),
) -> Outcome {
    let runtime = runtime?;
    let report = runtime.block_on(measure)?;
    runtime.shutdown_background();
    if json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?);
    } else {
        print(&report);
    }
    Ok(())
}
