//! What every route is handed: where answers come from, the settings, and what is remembered between requests. Must not know a route.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use chrono::{DateTime, Utc};
use draywatch_archive::{Access as ArchiveAccess, Archive};
use draywatch_catalog::Catalog;
use draywatch_core::CameraId;
use tokio::sync::{Semaphore, watch};

use crate::Source;
use crate::access::{Attempts, Sessions};
use crate::events::Events;
use crate::problem::Problem;
use crate::settings::{Live, Settings};
use crate::thumbnails::Thumbnails;
use crate::videos::Videos;
use crate::warm::Warm;

/// How long a request waits for the database.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many exports run at once: each keeps a reader of the database and some memory busy.
const EXPORTS: usize = 2;

/// A database that is open, and the archive that belongs to it.
#[derive(Clone)]
pub struct Store {
    /// The database.
    pub catalog: Arc<dyn Catalog>,
    /// The archive's id, by which another disk in its place is told.
    pub archive_id: Option<String>,
}

/// The store as it is now: nothing while it cannot be opened.
pub type StoreNow = watch::Receiver<Option<Store>>;

/// What every route is handed; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    source: Source,
    store: StoreNow,
    settings: Settings,
    sessions: Sessions,
    attempts: Attempts,
    events: Events,
    thumbnails: Thumbnails,
    warm: Arc<Warm>,
    videos: Videos,
    exports: Arc<Semaphore>,
}

impl App {
    /// All of it.
    #[must_use]
    pub fn new(source: Source, store: StoreNow, settings: Settings) -> Self {
        let thumbnails = Thumbnails::new(&settings.thumbnails, settings.thumbnail_bytes);
        Self(Arc::new(Inner {
            source,
            store,
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            events: Events::default(),
            thumbnails,
            warm: Arc::default(),
            videos: Videos::new(&settings.thumbnails),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            settings,
        }))
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What may change while the server runs.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.0.settings.live.borrow())
    }

    /// Where health comes from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.source.clock.now()
    }

    /// Who is logged in.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Who tried to log in.
    #[must_use]
    pub fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Who is told of new images.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.0.events
    }

    /// Thumbnails.
    #[must_use]
    pub fn thumbnails(&self) -> &Thumbnails {
        &self.0.thumbnails
    }

    /// What was served lately.
    #[must_use]
    pub fn warm(&self) -> &Arc<Warm> {
        &self.0.warm
    }

    /// Videos that are made.
    #[must_use]
    pub fn videos(&self) -> &Videos {
        &self.0.videos
    }

    /// Who may export: a permit for each export that runs.
    #[must_use]
    pub fn exports(&self) -> &Arc<Semaphore> {
        &self.0.exports
    }

    /// The store.
    ///
    /// # Errors
    /// While it cannot be opened.
    pub fn store(&self) -> Result<Store, Problem> {
        let store = self.0.store.borrow().clone();
        store.ok_or_else(|| Problem::later("the database is not open yet; /healthz says why"))
    }

    /// Asks the database.
    ///
    /// # Errors
    /// While it does not answer, or not in time.
    pub async fn ask<T, F, Fut>(&self, question: F) -> Result<T, Problem>
    where
        F: FnOnce(Arc<dyn Catalog>) -> Fut,
        Fut: Future<Output = draywatch_catalog::Result<T>>,
    {
        let catalog = self.store()?.catalog;
        let answer = tokio::time::timeout(PATIENCE, question(catalog)).await;
        let late = |_| Problem::later("the database does not answer in time; try again later");
        Ok(answer.map_err(late)??)
    }

    /// Does something with the archive, opened anew: its disk may have gone or changed meanwhile. Off the threads that serve.
    ///
    /// # Errors
    /// When the archive cannot be used, or is another one.
    pub async fn in_archive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Archive) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (root, known) = (self.0.settings.archive.clone(), self.store()?.archive_id);
        let opened = move || {
            let archive = Archive::open(&root, ArchiveAccess::ReadOnly)?;
            if archive.id()? != known {
                return Err(Problem::later(
                    "the archive is not the one that the database knows; /healthz says more",
                ));
            }
            work(&archive)
        };
        blocking(opened).await?
    }

    /// A camera that is collected or has pictures.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn camera(&self, camera: &CameraId) -> Result<(), Problem> {
        if self.live().cameras.contains(camera) {
            return Ok(());
        }
        let totals = self
            .ask(|catalog| async move { catalog.totals().await })
            .await?;
        if totals
            .cameras
            .iter()
            .any(|one| one.camera_id == camera.as_str())
        {
            return Ok(());
        }
        Err(Problem::absent(format!(
            "there is no camera {camera}; /api/v1/cameras lists them"
        )))
    }
}

impl FromRef<App> for Source {
    fn from_ref(app: &App) -> Self {
        app.0.source.clone()
    }
}

/// Something that blocks or computes, off the threads that serve.
///
/// # Errors
/// When it panics.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work for a request was broken off");
        Problem::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "a mistake in draywatch; its log says more",
        )
    })
}
