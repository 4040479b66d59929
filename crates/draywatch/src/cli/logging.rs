//! The log: on standard error, and for the service in a file as well. Must not decide what is logged, only how much of it is
//! shown, how, and where.
//!
//! The configuration is read first, without a log: what is wrong with it is told as the command's own error.

mod rotate;
mod sink;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;

use draywatch_core::{Clock, Kind};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use super::args::GlobalArgs;
use super::context::CliError;
use crate::config::{LogConfig, LogFormat, LogLevel};
use rotate::RotatingFile;
use sink::{Sink, stderr_sink};

/// The environment variable that overrides `-q` and `-v`, in the syntax of `tracing` (`draywatch=debug,draywatch_portal=trace`).
const VARIABLE: &str = "DRAYWATCH_LOG";

/// The crates of ours, whose events are shown; of others only errors are.
const OURS: [&str; 5] = [
    "draywatch",
    "draywatch_portal",
    "draywatch_catalog",
    "draywatch_core",
    "draywatch_picture",
];

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A command: warnings on standard error.
    Command,
    /// The service: all that `[log]` says.
    Service,
}

/// A log that has been set up; its level can be changed while the program runs.
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    fixed: bool,
}

impl Log {
    /// Takes a new `log.level`, unless a flag or the environment said how much is shown.
    pub fn set_level(&self, level: LogLevel) {
        if !self.fixed {
            // It fails only where the log is gone, as when the program ends.
            let _ = self.filter.reload(filter(level));
        }
    }
}

/// Sets the log up for a command that reads no configuration.
pub fn set_up_plain(global: &GlobalArgs) {
    let (level, fixed) = level(global, LogLevel::Warn);
    let layers = vec![layer(
        LogFormat::Text,
        std::io::stderr().is_terminal(),
        stderr_sink(),
    )];
    start(level, fixed, layers);
}

/// Sets the log up by the section `[log]`, and makes a panic a line rather than a backtrace: a panic is a mistake of ours,
/// which users should report.
///
/// Commands other than the service write warnings to standard error only, as JSON where `[log]` says so and nobody reads along
/// on a terminal; the file is the service's, since two processes cannot rotate one file.
///
/// # Errors
/// When the log file cannot be opened.
pub fn set_up(global: &GlobalArgs, config: &LogConfig, purpose: Purpose) -> Result<Log, CliError> {
    let terminal = std::io::stderr().is_terminal();
    let (usual, format) = match purpose {
        Purpose::Service => (config.level, config.format),
        Purpose::Command if terminal => (LogLevel::Warn, LogFormat::Text),
        Purpose::Command => (LogLevel::Warn, config.format),
    };
    let (level, fixed) = level(global, usual);
    let colour = terminal && format == LogFormat::Text;
    let mut layers = vec![layer(format, colour, stderr_sink())];
    if let (Purpose::Service, Some(path)) = (purpose, &config.file) {
        let file = RotatingFile::open(path, config, Clock::system()).map_err(|error| {
            let message = format!(
                "the log file {} cannot be opened: {error}. Give its folder to the user that runs the service, or set \
                 `log.file` otherwise or not at all.",
                path.display()
            );
            CliError::new(Kind::Configuration, message)
        })?;
        layers.push(layer(format, false, Sink::file(path, file)));
    }
    Ok(start(level, fixed, layers))
}

/// How much is shown, and whether a flag or the environment said so.
fn level(global: &GlobalArgs, usual: LogLevel) -> (EnvFilter, bool) {
    let asked = std::env::var(VARIABLE)
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok());
    if let Some(asked) = asked {
        return (asked, true);
    }
    match (global.quiet, global.verbose) {
        (true, _) => (filter(LogLevel::Error), true),
        (false, 0) => (filter(usual), false),
        (false, 1) => (filter(LogLevel::Info), true),
        (false, 2) => (filter(LogLevel::Debug), true),
        (false, _) => (filter(LogLevel::Trace), true),
    }
}

/// Our events down to a level, and the errors of others.
fn filter(level: LogLevel) -> EnvFilter {
    let own = OURS.map(|name| format!("{name}={}", level.as_str()));
    EnvFilter::new(format!("error,{}", own.join(",")))
}

/// One place that events are written to, boxed since text and JSON are of different types.
type Output<S> = Box<dyn Layer<S> + Send + Sync>;

/// Writes events in a format, one a line.
fn layer<S, W>(format: LogFormat, colour: bool, writer: W) -> Output<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colour)
        .with_target(false)
        .log_internal_errors(false);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

/// What events pass through before they are written.
type Filtered = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

/// Starts writing, and makes panics events.
fn start(level: EnvFilter, fixed: bool, layers: Vec<Output<Filtered>>) -> Log {
    let (level, filter) = reload::Layer::new(level);
    tracing_subscriber::registry()
        .with(level)
        .with(layers)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = ?panic.location().map(ToString::to_string), "internal error, please report it: {}", panic.payload_as_str().unwrap_or("no words"));
    }));
    Log { filter, fixed }
}
