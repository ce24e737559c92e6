//! Progress of long work, on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps.
pub(crate) fn bar(steps: u64, unit: &str) -> ProgressBar {
    // Drawn on standard error, and hidden by itself where that is no terminal.
    let bar = ProgressBar::new(steps);
    let template = format!("{{bar:30}} {{percent:>3}} %  {{human_pos}} {unit}  {{per_sec}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// A count whose end is not known.
pub(crate) fn count(unit: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {unit}, {{per_sec}}"))
    {
        bar.set_style(style);
    }
    bar
}
