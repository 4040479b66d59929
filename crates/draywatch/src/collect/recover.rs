//! Putting in order what a crash left, at a cost of the work that was in flight. Must not walk the archive.

use std::sync::Arc;

use async_trait::async_trait;
use draywatch_archive::{Archive, ArchiveError};
use draywatch_catalog::{
    Catalog, CatalogError, FrameResult, LedgerEntry, LedgerFilter, LedgerState, PictureFacts,
};
use draywatch_core::{CameraId, Clock, Failure};
use draywatch_portal::SessionJournal;
use draywatch_portal::browser::delete_remote_sessions;

use super::Collector;
use crate::blocking::blocking;
use crate::removal;
use crate::store::StoreError;

/// Sessions on a remote WebDriver server, on record in the database.
pub struct Journal {
    catalog: Arc<dyn Catalog>,
    clock: Clock,
}

impl Journal {
    /// A journal in that database.
    pub fn new(catalog: Arc<dyn Catalog>, clock: Clock) -> Self {
        Self { catalog, clock }
    }
}

#[async_trait]
impl SessionJournal for Journal {
    async fn opened(&self, server: &str, session: &str) {
        if let Err(error) = self
            .catalog
            .remember_session(server, session, self.clock.now())
            .await
        {
            tracing::error!(%error, session, "a remote browser session could not be recorded");
        }
    }

    async fn closed(&self, server: &str, session: &str) {
        if let Err(error) = self.catalog.forget_session(server, session).await {
            tracing::error!(%error, session, "a remote browser session could not be forgotten");
        }
    }
}

impl Collector {
    /// Once per process: temporaries, profile folders and remote sessions that nobody owns any more.
    pub(super) async fn sweep(&self) -> Result<(), CatalogError> {
        let archive = self.store.archive.clone();
        let swept = tokio::task::spawn_blocking(move || {
            (archive.sweep(), draywatch_portal::guard::sweep_profiles())
        })
        .await;
        match swept {
            Ok((Ok(files), profiles)) if files.count + profiles as u64 > 0 => {
                tracing::info!(
                    temporaries = files.count,
                    profiles,
                    "left-overs of an earlier run were removed"
                );
            }
            Ok((Err(error), _)) => tracing::warn!(%error, "temporaries could not be swept"),
            _ => {}
        }
        self.finish_removals().await?;
        let sessions = self.store.catalog.sessions().await?;
        if !sessions.is_empty() && self.every_camera_is_free() {
            let journal = Journal::new(Arc::clone(&self.store.catalog), self.clock.clone());
            delete_remote_sessions(&sessions, &journal).await;
        }
        Ok(())
    }

    /// Files whose rows an earlier clean-up removed before it was cut short.
    async fn finish_removals(&self) -> Result<(), CatalogError> {
        match removal::finish(&self.store).await {
            Ok(finished) => {
                if finished.count > 0 {
                    tracing::info!(
                        files = finished.count,
                        "removals of an earlier run were completed"
                    );
                }
                if let Some(error) = finished.failed.first() {
                    tracing::warn!(files = finished.failed.len(), %error, "files could not be removed");
                }
                Ok(())
            }
            Err(StoreError::Catalog(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "removals of an earlier run could not be completed");
                Ok(())
            }
        }
    }

    /// Whether no other process collects: its remote session must not be taken for a left-over.
    fn every_camera_is_free(&self) -> bool {
        self.config
            .stream_names
            .iter()
            .all(|camera| self.store.archive.lock_camera(camera).is_ok())
    }

    /// Once per camera and process, under its lock: runs without an end, files without a row.
    pub(super) async fn recover(&self, camera: &CameraId) -> Result<(), Failure> {
        let closed = self
            .store
            .catalog
            .close_interrupted(Some(camera), self.clock.now())
            .await
            .map_err(database)?;
        let filter = LedgerFilter {
            camera: Some(camera.clone()),
            dates: None,
            states: vec![LedgerState::Open, LedgerState::Thumbnail],
        };
        let owed = self.store.catalog.ledger(&filter).await.map_err(database)?;
        let lying = self.files_of(owed).await?;
        let archive = self.store.archive.clone();
        let found = blocking(move || {
            let found = lying.iter().map(|lying| found_file(&archive, lying));
            found.filter_map(Result::transpose).collect()
        });
        let found: Result<Vec<_>, ArchiveError> = found.await;
        let found = found.map_err(|error| Failure::of(error.kind(), &error))?;
        if closed > 0 || !found.is_empty() {
            tracing::info!(camera = %camera, runs = closed, files = found.len(), "an earlier run was cut short: runs closed, files taken over");
        }
        if !found.is_empty() {
            self.store
                .catalog
                .record(&found, self.clock.now())
                .await
                .map_err(database)?;
        }
        Ok(())
    }

    /// The frames in whose places files lie that may mean something, and what their rows say of them.
    async fn files_of(&self, owed: Vec<LedgerEntry>) -> Result<Vec<Lying>, Failure> {
        let archive = self.store.archive.clone();
        // Something else than a file in a frame's place is told when the frame is to be stored.
        let there = blocking(move || -> Vec<LedgerEntry> {
            let is_there = |entry: &LedgerEntry| {
                let means_something =
                    entry.state == LedgerState::Open || entry.replacement.is_some();
                let place = entry.entry.frame.relative_path();
                means_something && matches!(archive.exists(&place), Ok(true))
            };
            owed.into_iter().filter(is_there).collect()
        });
        let mut lying = Vec::new();
        for entry in there.await {
            let (path, frame) = (&entry.entry.path, &entry.entry.frame);
            let row = self.store.catalog.image_of_file(path, frame).await;
            let is_damaged = row.map_err(database)?.is_some_and(|row| row.is_damaged());
            lying.push(Lying { entry, is_damaged });
        }
        Ok(lying)
    }
}

/// A frame of the ledger, and the file that lies in its place.
struct Lying {
    entry: LedgerEntry,
    /// Whether its row says that the file is damaged.
    is_damaged: bool,
}

fn database(error: CatalogError) -> Failure {
    let error = StoreError::from(error);
    Failure::of(error.kind(), &error)
}

/// What the file of a ledger row means: `None` when it changes nothing.
fn found_file(archive: &Archive, lying: &Lying) -> Result<Option<FrameResult>, ArchiveError> {
    let entry = &lying.entry;
    let relative = entry.entry.frame.relative_path();
    // A stored thumbnail, or a damaged file, stays until its replacement is there: only that is taken over.
    let is_replaced = entry.state == LedgerState::Thumbnail || lying.is_damaged;
    let bytes = archive.read(&relative)?;
    let facts = match draywatch_picture::verify(&bytes, None) {
        Ok(verified) => facts_of(&verified),
        Err(_) if is_replaced => return Ok(None),
        Err(refusal) => {
            archive.quarantine(
                &relative,
                &format!("found without a row, and not a whole picture: {refusal}"),
            )?;
            return Ok(None);
        }
    };
    if is_replaced && entry.replacement.as_ref() != Some(&facts) {
        return Ok(None);
    }
    archive.sync_folders([entry.entry.frame.folder().as_str()])?;
    Ok(Some(entry.taken_over(facts)))
}

/// What the verifier found, as the database holds it.
pub fn facts_of(verified: &draywatch_picture::Verified) -> PictureFacts {
    PictureFacts {
        bytes: verified.bytes,
        sha256: verified.sha256.to_string(),
        media_type: verified.media_type.as_str().to_owned(),
        width: verified.width,
        height: verified.height,
    }
}
