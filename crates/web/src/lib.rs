//! What people and programs see by HTTP: health, metrics, the API, the dashboard. It reads database and archive and what the service found out; the
//! only thing that it changes is what detectors say of images. It must not judge, collect or fetch.

pub mod access;
pub mod api;
mod cursor;
mod events;
mod files;
mod health;
mod metrics;
pub mod pages;
mod params;
pub mod problem;
mod report;
mod router;
pub mod settings;
mod snapshot;
mod state;
mod thumbnails;
mod videos;
mod warm;

use std::sync::Arc;

use draywatch_catalog::{Catalog, IsAbandoned, RunReader};
use draywatch_core::Clock;
use tokio::sync::watch;

pub use metrics::reference;
pub use report::{JobReport, Report};
pub use router::{router, serve};
pub use snapshot::{CameraReadings, Readings, Snapshot};
pub use state::{App, Store, StoreNow};

/// Where health and metrics come from.
#[derive(Clone)]
pub struct Source {
    /// What the last look at the service found.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Whether the process turns.
    pub is_alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether it can do its work, where that is not what the report says.
    pub is_ready: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    /// Whether the process of a run that has no end is known to be gone.
    pub is_abandoned: IsAbandoned,
    /// The time.
    pub clock: Clock,
}

impl Source {
    /// What the last look found.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Runs as readers are to see them, read from that database.
    fn runs<'a>(&self, catalog: &'a dyn Catalog) -> RunReader<'a> {
        RunReader::new(catalog, self.is_abandoned, self.clock.now())
    }

    /// What the last look found, as far as it still counts.
    fn report(&self) -> Report {
        self.snapshot().report.as_of(self.clock.now())
    }
}
