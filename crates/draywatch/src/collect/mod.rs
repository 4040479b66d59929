//! ONE collection, the whole pipeline, read top to bottom: list, subtract what is known, write the ledger, fetch, verify, store,
//! record, account. It composes portal, fetch, archive and catalog, and owns only the order of the steps.

mod abandoned;
mod day;
mod examined;
mod finality;
mod frame;
mod frames;
mod given;
mod owed;
mod pages;
mod place;
mod recorder;
mod recover;
mod report;
mod settings;
mod turn;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_core::Clock;
use draywatch_core::retry::Delays;
use draywatch_portal::Lister;
use tokio_util::sync::CancellationToken;

use crate::blocking::blocking;
use crate::config::Config;
use crate::examine::Cards;
use crate::fetch::{FetchError, Fetcher};
use crate::store::{Store, StoreError};

pub use abandoned::is_abandoned;
pub use given::{BadFrames, GivenFrame, read_frames};
pub use pages::Pages;
pub use report::{DayReport, Event, Observer};
pub use settings::{browser_settings, fetch_settings, portal_settings};
pub use turn::{Turn, job_name};

/// Why no collection can begin.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Database or archive.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl CollectError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> draywatch_core::Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Fetch(error) => error.kind(),
        }
    }
}

/// Collects days of cameras. One per command; it holds the store and the connections. Clones share both.
#[derive(Clone)]
pub struct Collector {
    store: Store,
    fetcher: Fetcher,
    cards: Cards,
    clock: Clock,
    config: Config,
    command: &'static str,
    observer: Observer,
    service: Option<InService>,
}

/// What the service adds to a collection.
#[derive(Clone)]
pub struct InService {
    /// When frames of the ledger may be tried again; a command tries them at once.
    pub delays: Delays,
    /// One page of the portal at a time, for all cameras.
    pub pages: Arc<Pages>,
    /// Cuts waits short: the service is to stop.
    pub stopping: CancellationToken,
}

impl Collector {
    /// Opens database and archive and sweeps what a crash may have left.
    ///
    /// # Errors
    /// When database and archive cannot be used.
    pub async fn open(
        config: &Config,
        clock: Clock,
        command: &'static str,
        observer: Observer,
    ) -> Result<Self, CollectError> {
        let (settings, its_clock) = (fetch_settings(config), clock.clone());
        // Reads the system's certificates, hundreds of files.
        let fetcher = blocking(move || Fetcher::new(settings, its_clock));
        let (store, fetcher) = tokio::join!(Store::open(config, &clock), fetcher);
        let (store, fetcher) = (store?, fetcher?);
        let collector = Self {
            store,
            fetcher,
            cards: Cards::default(),
            clock,
            config: config.clone(),
            command,
            observer,
            service: None,
        };
        collector.sweep().await.map_err(StoreError::from)?;
        Ok(collector)
    }

    /// The same collector as the service uses it, for its runs.
    #[must_use]
    pub fn in_service(self, service: InService) -> Self {
        Self {
            fetcher: self.fetcher.stopped_by(service.stopping.clone()),
            service: Some(service),
            ..self
        }
    }

    /// The turns at the portal's page, where there are any.
    #[must_use]
    pub fn pages(&self) -> Option<Arc<Pages>> {
        let service = self.service.as_ref()?;
        Some(Arc::clone(&service.pages))
    }

    /// The same collector, its archive opened anew: for one that lives for long.
    ///
    /// # Errors
    /// When the archive is not there any more, or is another than the database's.
    pub async fn looked_at_again(&self) -> Result<Self, StoreError> {
        let store = self.store.reopened().await?;
        Ok(Self {
            store,
            ..self.clone()
        })
    }

    /// The same collector on the database that lies there now: another file was put in the place of the one it had.
    ///
    /// # Errors
    /// When it cannot be used, or does not belong to the archive.
    pub async fn reopened(&self, config: &Config, clock: &Clock) -> Result<Self, StoreError> {
        let store = Store::open(config, clock).await?;
        Ok(Self {
            store,
            cards: Cards::default(),
            ..self.clone()
        })
    }

    /// The same collector with other settings, as far as they can change without a restart.
    ///
    /// # Errors
    /// When no HTTP client can be made by them.
    pub fn reconfigured(&self, config: &Config) -> Result<Self, CollectError> {
        let settings = fetch_settings(config);
        let mut changed = self.clone();
        changed.config = config.clone();
        // Connections, pauses and slots are kept where they can be.
        if settings != fetch_settings(&self.config) {
            changed.fetcher = Fetcher::new(settings, self.clock.clone())?;
        }
        Ok(changed)
    }

    /// The database and the archive.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The cards that cameras send when they have no picture.
    #[must_use]
    pub fn cards(&self) -> &Cards {
        &self.cards
    }

    /// A lister for this collector's portal.
    #[must_use]
    pub fn lister(&self) -> Lister {
        let journal = Arc::new(recover::Journal::new(
            Arc::clone(&self.store.catalog),
            self.clock.clone(),
        ));
        Lister::new(
            portal_settings(&self.config),
            browser_settings(&self.config),
            Some(journal),
            self.clock.clone(),
        )
    }

    /// Collects `days` of one camera, in order. While one day's frames are fetched the next day is listed.
    ///
    /// `pause` is kept between two listings. Failures are in the reports, one for every day.
    pub async fn days(
        &self,
        turn: &Turn,
        days: &[NaiveDate],
        lister: &mut Lister,
        pause: Duration,
    ) -> Vec<DayReport> {
        let this = &turn.collector;
        let (sender, mut listed) = tokio::sync::mpsc::channel::<day::Listing>(1);
        let listing = async move {
            for (nth, date) in days.iter().enumerate() {
                if nth > 0 {
                    tokio::time::sleep(pause).await;
                }
                let listing = this.list(&turn.camera, *date, lister).await;
                if sender.send(listing).await.is_err() {
                    return;
                }
            }
        };
        let storing = async {
            let mut reports = Vec::new();
            while let Some(listing) = listed.recv().await {
                let report = this.settle(&turn.camera, listing).await;
                (this.observer)(Event::Day(&report));
                reports.push(report);
            }
            reports
        };
        tokio::join!(listing, storing).1
    }
}
