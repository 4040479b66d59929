//! `draywatch run`: ticks, tasks, shutdown. It composes collection and maintenance in time and owns who does what when; what a
//! job does is theirs.

mod alerting;
pub mod book;
mod collect;
mod history;
mod http;
mod monitor;
pub mod policy;
pub mod reload;
mod run;
pub mod serve;
pub mod signals;
pub mod systemd;
mod tasks;
mod unserved;
mod upkeep;

use std::sync::Arc;

use draywatch_core::Clock;
use tokio_util::sync::CancellationToken;

pub use run::{OnReload, Service};

use crate::collect::Collector;
use crate::config::Config;
use policy::Policy;

/// What jobs work with.
struct Shared {
    config: Config,
    policy: Policy,
    clock: Clock,
    collector: Collector,
    /// No new work.
    stopping: CancellationToken,
    /// What is under way is put back now.
    cut_short: CancellationToken,
    in_vain: upkeep::InVain,
    /// Cameras whose past days found no time.
    unserved: unserved::Unserved,
    monitor: Arc<monitor::Monitor>,
}
