//! ONE collection, the whole pipeline, read top to bottom: list, subtract what is known, write the ledger, fetch, verify, store,
//! record, account. It composes portal, fetch, archive and catalog, and owns only the order of the steps.

mod day;
mod frame;
mod given;
mod recorder;
mod recover;
mod report;
mod settings;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use draywatch_catalog::{LedgerFilter, LedgerState};
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Clock, Failure};
use draywatch_portal::Lister;

use crate::archive::CameraLock;
use crate::config::Config;
use crate::fetch::{FetchError, Fetcher};
use crate::store::{Store, StoreError};

pub use given::{BadFrames, GivenFrame, read_frames};
pub use report::{DayReport, Event, Observer};
pub use settings::{browser_settings, fetch_settings, portal_settings};

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

/// Collects days of cameras. One per command; it holds the store and the connections.
pub struct Collector {
    store: Store,
    fetcher: Fetcher,
    clock: Clock,
    config: Config,
    command: &'static str,
    observer: Observer,
}

/// The right to collect a camera, with everything that an earlier crash left of it put in order.
pub struct Turn {
    camera: CameraId,
    _lock: CameraLock,
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
        let store = Store::open(config, &clock).await?;
        let fetcher = Fetcher::new(fetch_settings(config), clock.clone())?;
        let collector = Self {
            store,
            fetcher,
            clock,
            config: config.clone(),
            command,
            observer,
        };
        collector.sweep().await.map_err(StoreError::from)?;
        Ok(collector)
    }

    /// The database and the archive.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
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

    /// Takes a camera's lock and puts in order what a crash left of it.
    ///
    /// # Errors
    /// When another process collects the camera, or the order cannot be restored.
    pub async fn turn(&self, camera: &CameraId) -> Result<Turn, Failure> {
        let lock = self
            .store
            .archive
            .lock_camera(camera)
            .map_err(|error| Failure::of(error.kind(), &error))?;
        self.recover(camera).await?;
        Ok(Turn {
            camera: camera.clone(),
            _lock: lock,
        })
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
        let (sender, mut listed) = tokio::sync::mpsc::channel::<day::Listing>(1);
        let listing = async move {
            for (nth, date) in days.iter().enumerate() {
                if nth > 0 {
                    tokio::time::sleep(pause).await;
                }
                let listing = self.list(&turn.camera, *date, lister).await;
                if sender.send(listing).await.is_err() {
                    return;
                }
            }
        };
        let storing = async {
            let mut reports = Vec::new();
            while let Some(listing) = listed.recv().await {
                let report = self.settle(&turn.camera, listing).await;
                (self.observer)(Event::Day(&report));
                reports.push(report);
            }
            reports
        };
        tokio::join!(listing, storing).1
    }

    /// The account of a day that needs no collection: confirmed after it had ended, and nothing of it is owed.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn final_report(
        &self,
        camera: &CameraId,
        date: NaiveDate,
    ) -> Result<Option<DayReport>, Failure> {
        let database = |error| {
            Failure::of(
                draywatch_core::Kind::Database,
                &error as &(dyn std::error::Error + 'static),
            )
        };
        let (_, end) = day_bounds(date, self.config.portal.time_zone);
        let interval = TimeDelta::from_std(self.config.download_interval()).unwrap_or_default();
        let settled = end + interval * 2;
        let seen = self
            .store
            .catalog
            .observations(camera, date, date)
            .await
            .map_err(database)?;
        let confirmed = seen
            .iter()
            .map(|row| &row.observation)
            .rfind(|o| o.confirmed && o.observed_at >= settled);
        let Some(confirmed) = confirmed else {
            return Ok(None);
        };
        let filter = LedgerFilter {
            camera: Some(camera.clone()),
            dates: Some((date, date)),
            states: vec![LedgerState::Open, LedgerState::Thumbnail],
        };
        let owed = self.store.catalog.ledger(&filter).await.map_err(database)?;
        let report = DayReport::of_final_day(camera, date, confirmed.listed.unwrap_or(0));
        Ok(owed.is_empty().then_some(report))
    }
}
