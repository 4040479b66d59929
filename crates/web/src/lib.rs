//! What people and programs see by HTTP: health and metrics. It reads what the service found out, and must not judge, collect, fetch
//! or write anything.

mod health;
mod metrics;
mod report;
mod snapshot;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use draywatch_core::Clock;
use tokio::sync::watch;

pub use metrics::reference;
pub use report::{JobReport, Report};
pub use snapshot::{CameraReadings, Readings, Snapshot};

/// Where the answers come from.
#[derive(Clone)]
pub struct Source {
    /// What the last look at the service found.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Whether the process turns.
    pub is_alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// The time.
    pub clock: Clock,
}

impl Source {
    /// What the last look found.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }
}

/// Everything that is served.
pub fn router(source: Source) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(metrics::page))
        .with_state(source)
}
