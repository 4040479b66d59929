//! The log on standard error. Must not decide what is logged, only how much of it is shown.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::args::GlobalArgs;

/// The environment variable that overrides `-q` and `-v`, in the syntax of `tracing` (`draywatch=debug,draywatch_portal=trace`).
const VARIABLE: &str = "DRAYWATCH_LOG";

/// Sets the log up, and makes a panic a line rather than a backtrace: a panic is a mistake of ours, which users should report.
pub fn set_up(global: &GlobalArgs) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    let ours = [
        "draywatch",
        "draywatch_portal",
        "draywatch_catalog",
        "draywatch_core",
        "draywatch_picture",
    ];
    let own: Vec<String> = ours.iter().map(|name| format!("{name}={level}")).collect();
    let filter = std::env::var(VARIABLE)
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(format!("error,{}", own.join(","))));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = ?panic.location().map(ToString::to_string), "internal error, please report it: {}", panic.payload_as_str().unwrap_or("no words"));
    }));
}
