//! The reference of the settings, in Markdown: made by reading none of them and noting what was asked for.

use std::fmt::Write;

use super::described::{Described, DescribedSection};
use super::{Settings, SettingsError, Sources};

const HEAD: &str = "\
# Settings

Made by `redress settings`, from what the program reads. How to run it with them: [operate.md](operate.md).

A TOML file (`--config FILE`, or `REDRESS_CONFIG`), and variables over it. The variable of a key is `REDRESS_`, the
section, `_`, the key, all in capitals: `server.listen` is `REDRESS_SERVER_LISTEN`. An empty variable counts as not
given. Anything unknown or wrong is refused before anything starts; the message names file, key and variable, and never
quotes the value.

A span is a text of a whole number and a unit: `500ms`, `30s`, `15m`, `48h`, `7d`. A list is a list of texts in the file,
and separated by commas in a variable. Numbers, `true` and `false` stand in the file without quotes, all else in quotes.
A path that does not begin with `/` begins in the directory in which the program is started, not in that of the file.
";

const TABLE: &str = "| key | variable | type | default | bounds | meaning |\n|---|---|---|---|---|---|\n";

/// The whole page.
///
/// # Errors
/// Never, as long as the defaults are settings that may be.
pub(crate) fn markdown() -> Result<String, SettingsError> {
    let mut sources = Sources::new(None, [])?;
    Settings::read(&mut sources, None)?;
    let mut page = HEAD.to_owned();
    for section in sources.described() {
        add(&mut page, &section);
    }
    Ok(page)
}

fn add(page: &mut String, section: &DescribedSection) {
    // Writing to a text cannot fail.
    let _ = write!(page, "\n## `[{}]`\n\n{}\n\n{TABLE}", section.name, section.about);
    for key in &section.keys {
        let _ = writeln!(page, "{}", row(key));
    }
}

fn row(key: &Described) -> String {
    let Described { name, variable, kind, unit, default, bounds, meaning } = key;
    let kind = if unit.is_empty() { (*kind).to_owned() } else { format!("{kind} of {unit}") };
    let bounds = bounds.as_ref().map_or(String::new(), |(least, most)| format!("`{least}` to `{most}`"));
    let cells = [&format!("`{name}`"), &format!("`{variable}`"), &kind, default, &bounds, *meaning];
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | ")).replace("|  |", "| |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_docs_is_what_is_read() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        let committed = std::fs::read_to_string(committed).unwrap_or_default();
        assert_eq!(markdown().unwrap(), committed, "write it anew: redress settings > docs/settings.md");
    }

    #[test]
    fn every_setting_says_what_it_is() {
        let mut sources = Sources::new(None, []).unwrap();
        Settings::read(&mut sources, None).unwrap();
        let sections = sources.described();
        assert_eq!(sections.len(), 9);
        for section in &sections {
            assert!(section.about.ends_with('.'), "{}", section.name);
            assert!(!section.keys.is_empty(), "{}", section.name);
            for key in &section.keys {
                let counts = key.kind == "whole number";
                assert_eq!(counts, !key.unit.is_empty(), "{}.{}: the unit", section.name, key.name);
                assert!(!key.meaning.is_empty() && !key.default.is_empty(), "{}.{}", section.name, key.name);
            }
        }
    }

    #[test]
    fn a_default_that_is_shown_can_be_given() {
        let mut sources = Sources::new(None, []).unwrap();
        Settings::read(&mut sources, None).unwrap();
        let keys: Vec<_> = sources.described().into_iter().flat_map(|section| section.keys).collect();
        let shown = |key: &Described| {
            let text = key.default.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            Some((key.variable.clone(), text))
        };
        // What is relative to another setting is told in words, and words are not given.
        let given: Vec<_> = keys.iter().filter_map(shown).filter(|(_, text)| !text.contains('`')).collect();
        assert!(given.len() > 40, "{given:?}");
        let (with, without) = (Settings::load(None, None, given), Settings::load(None, None, []));
        assert_eq!(format!("{:?}", with.unwrap()), format!("{:?}", without.unwrap()));
    }
}
