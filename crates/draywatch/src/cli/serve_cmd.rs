//! `draywatch serve`: pages and API on their own. What they answer is `draywatch_web`'s business.

use draywatch_core::{Clock, Failure};

use super::context::{CliError, Status};
use crate::config::Loaded;
use crate::service::serve;
use crate::service::signals::Signals;

/// Threads that answer.
const THREADS: usize = 2;

/// Serves until it is told to stop.
///
/// # Errors
/// When the port is taken, or the system gives no threads or signals.
pub fn run(loaded: Loaded) -> Result<Status, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(&error))?;
    let signals = Signals::listen().map_err(|error| CliError::failed(&error))?;
    let done = runtime.block_on(serve::run(loaded, signals, Clock::system()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done.map(|()| Status::AllWell)
        .map_err(|failure: Failure| CliError::new(failure.kind, failure.message))
}
