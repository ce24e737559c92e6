//! Progress of long work, on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many bytes.
pub(crate) fn bytes(total: u64) -> ProgressBar {
    // Drawn on standard error, and hidden by itself where that is no terminal.
    let bar = ProgressBar::new(total);
    let template = "{bar:30} {percent:>3} %  {binary_bytes} of {binary_total_bytes}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// A count whose end is not known.
pub(crate) fn count(unit: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {unit}, {{elapsed}}"))
    {
        bar.set_style(style);
    }
    bar
}
