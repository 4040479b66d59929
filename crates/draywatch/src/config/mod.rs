//! The configuration: what can be set, where values come from, and which of them counts.
//!
//! One file per section ([`general`], [`portal`], [`browser`], `retention`, [`service`], [`web`], [`alerts`], [`log`]) holds the settings with default,
//! documentation and rules;
//! everything else follows from those rows. Only `cli` sees the whole of it; everyone else is handed a section. It must not
//! print, and reads nothing but the one file and what it is handed.

pub mod alerts;
pub mod browser;
mod cameras;
pub mod env;
mod example;
mod file;
pub mod general;
pub mod health;
pub mod log;
pub mod portal;
mod problem;
mod raw;
mod reader;
mod redact;
mod reload;
mod retention;
pub mod service;
mod setting;
mod show;
mod source;
mod suggest;
mod value;
pub mod web;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use alerts::{AlertFrom, AlertsConfig, Secret, SmtpTls, WebhookForm};
pub use browser::BrowserConfig;
pub use cameras::select_cameras;
pub use example::example;
pub use general::Config;
pub use health::HealthConfig;
pub use log::{LogConfig, LogFormat, LogLevel, Rotation};
pub use portal::PortalConfig;
pub use problem::{ConfigError, Problem};
pub use raw::one_line;
pub use redact::hide_secrets;
pub use reload::Change;
pub use retention::{ReferencedRows, Retention, RetentionConfig};
pub use service::ServiceConfig;
pub use setting::{Bounds, Check, Setting, Spec};
pub use show::Shown;
pub use source::{Overrides, Place, Source};
pub use web::{OpenTo, WebConfig};

use draywatch_core::coverage::SLOT;
use reader::Reader;

/// The file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "draywatch.toml";

/// The names of the sections.
pub(crate) const SECTIONS: [&str; 8] = [
    "portal",
    "browser",
    "retention",
    "health",
    "service",
    "web",
    "alerts",
    "log",
];

/// Every setting, in the order in which they are shown.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    Config::SETTINGS
        .iter()
        .chain(PortalConfig::SETTINGS)
        .chain(BrowserConfig::SETTINGS)
        .chain(RetentionConfig::SETTINGS)
        .chain(HealthConfig::SETTINGS)
        .chain(ServiceConfig::SETTINGS)
        .chain(WebConfig::SETTINGS)
        .chain(AlertsConfig::SETTINGS)
        .chain(LogConfig::SETTINGS)
}

/// The setting of that dotted name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.name == name)
}

/// A configuration, and where each of its values comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Where each value comes from, by the dotted name of the setting.
    pub sources: BTreeMap<&'static str, Source>,
}

impl Loaded {
    /// The same, unless the service could not tell anybody by it that something is wrong. Who starts the service, or asks whether it
    /// could be, hears of that at once; other commands go on all the same.
    ///
    /// # Errors
    /// With all that keeps alerts from being sent, or health from warning.
    pub fn fit_for_service(self) -> Result<Self, ConfigError> {
        let problem = |(name, words): (&'static str, String)| {
            let source = self.sources.get(name).cloned().unwrap_or(Source::Default);
            Problem::setting(name, source.into(), words)
        };
        let faults = self.config.alerts.faults().into_iter();
        let faults = faults.chain(self.config.health.contradiction());
        let problems: Vec<Problem> = faults.map(problem).collect();
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(ConfigError::new(problems))
        }
    }
}

impl Config {
    /// Reads the configuration: defaults, then the file, then the environment, then flags.
    ///
    /// The file is `file`, else the one that `DRAYWATCH_CONFIG` names, else `draywatch.toml` in the working directory if it
    /// is there.
    ///
    /// # Errors
    /// With all that is wrong, in every layer: also a value that a later layer would have replaced.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Loaded, ConfigError> {
        Self::load_in(Path::new(""), file, env, overrides)
    }

    /// As [`Config::load`], with the default file in `folder`.
    fn load_in(
        folder: &Path,
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Loaded, ConfigError> {
        let variables: Vec<(String, String)> = env.into_iter().collect();
        let file = file
            .map(Path::to_owned)
            .or_else(|| named(&variables))
            .or_else(|| Some(folder.join(DEFAULT_FILE)).filter(|path| is_there(path)));
        let (mut entries, mut problems) = file.as_deref().map(file::read).unwrap_or_default();
        let (more, wrong) = env::read(&variables);
        entries.extend(more);
        problems.extend(wrong);
        entries.extend_from_slice(overrides.entries());

        let mut reader = Reader::new(&entries);
        let mut config = Self::read(&mut reader);
        problems.append(&mut reader.problems);
        match env::test_interval(&variables) {
            Ok(interval) => config = config.map(|config| config.with_test_interval(interval)),
            Err(problem) => problems.push(*problem),
        }
        if let Some((name, words)) = config
            .as_ref()
            .and_then(|config| config.web.contradiction())
        {
            let given = entries.iter().rev().find(|entry| entry.name == name);
            let place = given.map_or(Source::Default.into(), |entry| entry.place.clone());
            problems.push(Problem::setting(name, place, words));
        }
        match config.filter(|_| problems.is_empty()) {
            Some(config) => Ok(Loaded {
                config,
                file,
                sources: reader.sources,
            }),
            None => Err(ConfigError::new(problems)),
        }
    }

    /// The time between two collections of a camera by the service: `download_interval_minutes`, or what a test asked for.
    #[must_use]
    pub fn download_interval(&self) -> Duration {
        let minutes = u64::from(self.download_interval_minutes);
        self.test_interval
            .unwrap_or(Duration::from_secs(minutes * 60))
    }

    /// The time within which a camera should have a new frame: however often it is asked for, cameras publish one in ten minutes.
    #[must_use]
    pub fn frame_interval(&self) -> Duration {
        let slot = SLOT.to_std().unwrap_or_default();
        self.test_interval
            .unwrap_or(self.download_interval().max(slot))
    }

    /// With another interval, or without one.
    fn with_test_interval(self, test_interval: Option<Duration>) -> Self {
        Self {
            test_interval,
            ..self
        }
    }

    /// How long to wait for a page or for a picture (`timeout`).
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }

    /// How long the collection of one camera's day may take (`collection_deadline_minutes`).
    #[must_use]
    pub fn collection_deadline(&self) -> Duration {
        Duration::from_secs(u64::from(self.collection_deadline_minutes) * 60)
    }
}

impl Default for Config {
    /// The built-in defaults.
    fn default() -> Self {
        Self::read(&mut Reader::new(&[]))
            .expect("the built-in defaults are valid, as a test proves")
    }
}

impl PortalConfig {
    /// The pause between two days of a backfill (`pause_between_days_seconds`).
    #[must_use]
    pub fn pause_between_days(&self) -> Duration {
        Duration::from_secs(self.pause_between_days_seconds.into())
    }
}

/// The file that `DRAYWATCH_CONFIG` names.
fn named(variables: &[(String, String)]) -> Option<PathBuf> {
    variables
        .iter()
        .find(|(name, value)| name == env::CONFIG_FILE && !value.is_empty())
        .map(|(_, value)| PathBuf::from(value))
}

/// Whether something of that name is there, readable or not: what cannot be read shall be told, not passed over.
fn is_there(path: &Path) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}
