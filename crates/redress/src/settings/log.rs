//! `[log]`: what is written to standard error.

use super::error::SettingsError;
use super::reader::Section;
use super::value::Setting;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "What is written to standard error.";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// Lines of JSON, or text for people.
    pub(crate) format: LogFormat,
    /// A level, or a filter as `info,redress_engine=debug`.
    pub(crate) level: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

impl LogSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let settings = Self {
            format: section.key("format", "Lines of JSON, or text for people.").or(LogFormat::Json)?,
            level: section.key("level", "`error`, `warn`, `info`, `debug` or `trace`, or a filter as `info,redress_engine=debug`.").or(Filter("info".to_owned()))?.0,
        };
        section.finish()?;
        Ok(settings)
    }
}

impl Setting for LogFormat {
    const KIND: &'static str = "`json` or `text`";

    fn show(&self) -> String {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
        .to_owned()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("must be json or text".to_owned()),
        }
    }
}

struct Filter(String);

impl Setting for Filter {
    const KIND: &'static str = "level or filter";

    fn show(&self) -> String {
        self.0.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || {
            "must be error, warn, info, debug or trace, or a filter as info,redress_engine=debug".to_owned()
        };
        tracing_subscriber::EnvFilter::try_new(text).map_err(|_| wrong())?;
        // A bare word that is no level would be taken for a module and silence everything else.
        let bare = |part: &str| part.contains('=') || part.parse::<tracing::Level>().is_ok() || part == "off";
        if text.split(',').all(|part| bare(part.trim())) { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}
