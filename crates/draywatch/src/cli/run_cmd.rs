//! `draywatch run`: the service is set up and started. What it does is `service`'s business.

use std::sync::Arc;

use draywatch_core::{Clock, Failure, Kind};

use super::context::{CliError, Status};
use super::logging::Log;
use crate::config::{Loaded, Overrides};
use crate::service::Service;
use crate::service::reload::Reloader;
use crate::service::signals::Signals;

/// Threads of the service: one that computes must not keep the others waiting.
const THREADS: usize = 2;

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the settings make it impossible, or the system gives no threads or signals.
pub fn run(loaded: &Loaded, overrides: Overrides, log: Log) -> Result<Status, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(&error))?;
    let signals = Signals::listen().map_err(|error| CliError::failed(&error))?;
    let reloader = Reloader::new(loaded, overrides);
    let done = runtime.block_on(async move {
        let on_reload = Box::new(move |config: &crate::config::Config| {
            log.set_level(config.log.level);
        });
        let observer = Arc::new(|_: crate::collect::Event<'_>| {});
        Service::new(reloader, signals, Clock::system(), observer, on_reload)
            .run()
            .await
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done.map(|()| Status::AllWell).map_err(told)
}

fn told(failure: Failure) -> CliError {
    let kind = match failure.kind {
        Kind::Bug => Kind::Interrupted,
        kind => kind,
    };
    CliError::new(kind, failure.message)
}
