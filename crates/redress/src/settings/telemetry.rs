//! `[telemetry]`: where traces go, if anywhere.

use url::Url;

use super::error::SettingsError;
use super::reader::Section;
use super::value::Setting;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
Traces for OpenTelemetry, over OTLP/HTTP with protobuf. Nothing is sent unless an endpoint is given.";

/// The settings of the export.
#[derive(Clone, Debug)]
pub(crate) struct TelemetrySettings {
    /// The collector; spans are posted to `/v1/traces` below it.
    pub(crate) otlp_endpoint: Option<Url>,
}

impl TelemetrySettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let otlp_endpoint = section
            .key(
                "otlp_endpoint",
                "The collector, as `http://127.0.0.1:4318`; spans go to `/v1/traces` below it.",
            )
            .or_none::<Endpoint>("none: no traces")?;
        section.finish()?;
        Ok(Self { otlp_endpoint: otlp_endpoint.map(|endpoint| endpoint.0) })
    }
}

struct Endpoint(Url);

impl Setting for Endpoint {
    const KIND: &'static str = "http or https address";

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong =
            || "must be an http or https address with a host, without user, query and fragment".to_owned();
        let url = Url::parse(text).map_err(|_| wrong())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let plain = plain && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
            Ok(Self(url))
        } else {
            Err(wrong())
        }
    }
}
