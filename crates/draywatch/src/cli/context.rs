//! What every command is handed: the configuration, the clock, how to speak. And how commands end.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use chrono::NaiveDate;
use draywatch_core::error::chain;
use draywatch_core::{Clock, Kind};
use serde::Serialize;

use super::args::GlobalArgs;
use crate::config::{Config, ConfigError};
use crate::store::StoreError;

/// What every command is handed.
#[derive(Debug, Clone)]
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The clock.
    pub clock: Clock,
    /// Whether to print JSON.
    pub json: bool,
    /// Whether to print nothing but errors.
    pub quiet: bool,
    /// Whether progress bars may be drawn: on a terminal, unless told otherwise.
    pub bars: bool,
}

impl Context {
    /// The context of a command line.
    #[must_use]
    pub fn new(config: Config, global: &GlobalArgs) -> Self {
        let bars = std::io::stderr().is_terminal() && !global.quiet && !global.no_progress;
        Self {
            config,
            clock: Clock::system(),
            json: global.json,
            quiet: global.quiet,
            bars,
        }
    }

    /// The portal's today.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        draywatch_core::zone::local_date(self.clock.now(), self.config.portal.time_zone)
    }

    /// Prints a line for people to standard output, unless they asked for silence or for JSON. A reader that has gone away is
    /// no failure.
    pub fn say(&self, line: impl fmt::Display) {
        if !self.quiet && !self.json {
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    /// Prints one JSON document on a line of its own, if JSON was asked for.
    pub fn tell(&self, value: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string(value)
                .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 0: all well.
    AllWell,
    /// 1: something is missing or failed.
    SomethingMissing,
    /// 2: usage or configuration.
    Usage,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::AllWell => 0,
            Status::SomethingMissing => 1,
            Status::Usage => 2,
        })
    }
}

/// Why a command could not do its work at all: words for people, and the kind.
#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
}

impl CliError {
    /// An error of that kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// A failure that is nobody's setting.
    #[must_use]
    pub fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(Kind::Bug, chain(error))
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit status: 2 for usage and configuration, 1 for everything else.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.kind == Kind::Configuration {
            Status::Usage
        } else {
            Status::SomethingMissing
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Configuration, error.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), chain(&error))
    }
}

impl From<draywatch_catalog::CatalogError> for CliError {
    fn from(error: draywatch_catalog::CatalogError) -> Self {
        Self::new(error.kind(), chain(&error))
    }
}

impl From<draywatch_archive::ArchiveError> for CliError {
    fn from(error: draywatch_archive::ArchiveError) -> Self {
        Self::new(error.kind(), chain(&error))
    }
}
