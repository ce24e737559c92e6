//! The settings: a TOML file and `REDRESS_*` variables over it. Whatever is unknown or wrong is refused before anything
//! starts, with the file, the key and the variable in the message.

mod described;
mod engine;
mod error;
mod key;
mod limits;
mod log;
mod notifications;
mod portal;
mod psp;
mod reader;
pub(crate) mod reference;
mod server;
mod store;
mod telemetry;
mod value;
mod variable;

use std::path::{Path, PathBuf};

use redress_engine::config::{ConfigError, EngineConfig};
use redress_engine::portal::PortalConfig;

pub(crate) use self::engine::EngineSettings;
pub(crate) use self::error::SettingsError;
use self::error::{relation, zero};
pub(crate) use self::limits::LimitSettings;
pub(crate) use self::log::{LogFormat, LogSettings};
pub(crate) use self::notifications::NotificationSettings;
pub(crate) use self::portal::PortalSettings;
pub(crate) use self::psp::PspSettings;
pub(crate) use self::reader::Sources;
pub(crate) use self::server::ServerSettings;
pub(crate) use self::store::{DATA_DIR, Place, StoreSettings};
pub(crate) use self::telemetry::TelemetrySettings;
pub(crate) use self::value::address;

/// All settings, each checked by itself; [`Settings::engine_config`] and [`Settings::check_serving`] check what must
/// hold between them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) server: ServerSettings,
    pub(crate) store: StoreSettings,
    pub(crate) engine: EngineSettings,
    pub(crate) psp: PspSettings,
    pub(crate) notifications: NotificationSettings,
    pub(crate) log: LogSettings,
    pub(crate) limits: LimitSettings,
    pub(crate) portal: PortalSettings,
    pub(crate) telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads the settings for the embedded store in `data`, or from `config`, or the defaults; `variables` are the
    /// environment.
    ///
    /// # Errors
    /// The first [`SettingsError`] found.
    pub(crate) fn load(
        config: Option<&Path>,
        data: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        Self::of(Sources::new(config, variables)?, data)
    }

    /// Reads the settings from their sources.
    ///
    /// # Errors
    /// The first [`SettingsError`] found.
    pub(crate) fn of(mut sources: Sources, data: Option<&Path>) -> Result<Self, SettingsError> {
        let settings = Self::read(&mut sources, data)?;
        sources.finish()?;
        Ok(settings)
    }

    /// Reads every section; the order is that of the reference.
    fn read(sources: &mut Sources, data: Option<&Path>) -> Result<Self, SettingsError> {
        Ok(Self {
            server: ServerSettings::read(&mut sources.section("server", server::ABOUT)?)?,
            store: StoreSettings::read(&mut sources.section("store", store::ABOUT)?, data)?,
            engine: EngineSettings::read(&mut sources.section("engine", engine::ABOUT)?)?,
            psp: PspSettings::read(&mut sources.section("psp", psp::ABOUT)?)?,
            notifications: NotificationSettings::read(
                &mut sources.section("notifications", notifications::ABOUT)?,
            )?,
            log: LogSettings::read(&mut sources.section("log", log::ABOUT)?)?,
            limits: LimitSettings::read(&mut sources.section("limits", limits::ABOUT)?)?,
            portal: PortalSettings::read(&mut sources.section("portal", portal::ABOUT)?)?,
            telemetry: TelemetrySettings::read(&mut sources.section("telemetry", telemetry::ABOUT)?)?,
        })
    }

    /// The same settings, for an embedded store in another file.
    pub(crate) fn at(&self, path: PathBuf) -> Self {
        let mut there = self.clone();
        there.store.place = Place::Sqlite(path);
        there
    }

    /// The engine's settings, with the relations between them checked.
    ///
    /// # Errors
    /// [`SettingsError::Relation`] names the keys.
    pub(crate) fn engine_config(&self) -> Result<EngineConfig, SettingsError> {
        let config = EngineConfig {
            timing: self.engine.timing,
            psp_timeout: self.psp.timeout,
            face_wait: self.engine.face_wait,
            waits_max: self.limits.waits_max(),
            poll: self.engine.poll,
            sgate_clock_tolerance: self.engine.sgate_clock_tolerance,
            delivery_timeout: self.notifications.timeout,
            delivery: self.notifications.schedule,
            rate: self.limits.rate,
            portal: PortalConfig { https: self.server.is_reached_by_https(), ..self.portal.config.clone() },
            public_url: self.server.public_url.clone(),
        };
        config.check().map_err(|error| match error {
            ConfigError::LeaseTooShort => {
                relation(&[("engine", "lease"), ("psp", "timeout")], error.to_string())
            }
            ConfigError::ZeroDelay(key) => zero(key),
            ConfigError::SessionTooShort => {
                relation(&[("portal", "session"), ("portal", "idle")], error.to_string())
            }
        })?;
        for (key, span) in [
            ("psp.connect_timeout", self.psp.connect_timeout),
            ("notifications.connect_timeout", self.notifications.connect_timeout),
        ] {
            if span.is_zero() {
                return Err(zero(key));
            }
        }
        if self.psp.connect_timeout >= self.psp.timeout {
            let problem = "connecting must be given less time than the whole exchange";
            return Err(relation(&[("psp", "connect_timeout"), ("psp", "timeout")], problem));
        }
        if self.notifications.connect_timeout >= self.notifications.timeout {
            let keys = [("notifications", "connect_timeout"), ("notifications", "timeout")];
            return Err(relation(&keys, "connecting must be given less time than the whole exchange"));
        }
        Ok(config)
    }

    /// What must hold where a server is about to listen.
    ///
    /// # Errors
    /// [`SettingsError::Relation`] names the keys.
    pub(crate) fn check_serving(&self) -> Result<(), SettingsError> {
        if !self.server.listen.ip().is_loopback() && !self.server.behind_tls_proxy {
            let problem = "it listens beyond this machine in plain HTTP, where keys and requests can be read on the way. \
                           Put a TLS proxy in front and set behind_tls_proxy = true, or listen on 127.0.0.1";
            return Err(relation(&[("server", "listen"), ("server", "behind_tls_proxy")], problem));
        }
        let same = |metrics: std::net::SocketAddr| metrics == self.server.listen && metrics.port() != 0;
        if self.server.metrics_listen.is_some_and(same) {
            let problem = "metrics have an address of their own";
            return Err(relation(&[("server", "listen"), ("server", "metrics_listen")], problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
