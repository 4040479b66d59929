//! The right to collect a camera: its lock, its lease, and what an earlier crash left of it put in order. Must not list or fetch.

use std::time::Duration;

use draywatch_archive::{ArchiveError, CameraLock};
use draywatch_catalog::{CatalogError, Fence};
use draywatch_core::{CameraId, Failure, Kind};
use tokio::time::Instant;

use super::Collector;
use crate::blocking::blocking;
use crate::lease::{self, Keeper, Watch};

/// How often a lease that another holds is looked at again.
const LOOK: Duration = Duration::from_millis(500);
/// How long the lock of a process that is just ending is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// The longest that a run which was broken off is waited for to be closed.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The name of the job that collects a camera; its lease is taken by whoever collects, service or command.
#[must_use]
pub fn job_name(camera: &CameraId) -> String {
    format!("collect:{camera}")
}

/// The right to collect a camera. Everything that is written in its name is refused once another process has taken over.
pub struct Turn {
    pub(super) camera: CameraId,
    /// The collector, writing in the name of the lease.
    pub(super) collector: Collector,
    fence: Fence,
    _lock: CameraLock,
    /// Signs of life, where nobody else gives them.
    keeper: Option<Keeper>,
}

impl Turn {
    /// The camera.
    #[must_use]
    pub fn camera(&self) -> &CameraId {
        &self.camera
    }

    /// Closes the runs that were begun in this turn and broken off, then gives the lease back: for who was told to stop.
    pub async fn break_off(self) {
        let ending = async {
            let now = self.collector.clock.now();
            let catalog = &self.collector.store.catalog;
            if let Err(error) = catalog.close_interrupted(Some(&self.camera), now).await {
                tracing::warn!(camera = %self.camera, error = %draywatch_core::error::chain(&error), "the run that was broken off could not be closed; the next collection does so");
            }
            self.end().await;
        };
        // Who was told to stop does not wait for a database that is locked.
        let _ = tokio::time::timeout(LAST_WORDS, ending).await;
    }

    /// Gives the lease back. Left out, another process finds out by itself that this one is gone.
    pub async fn end(self) {
        if self.keeper.is_none() {
            return;
        }
        if let Err(error) = self.collector.store.catalog.release(&self.fence).await {
            tracing::warn!(camera = %self.camera, error = %draywatch_core::error::chain(&error), "the lease could not be given back");
        }
    }
}

impl Collector {
    /// Takes a camera's lock and lease, keeps the lease alive, and puts in order what a crash left of the camera.
    ///
    /// # Errors
    /// When another process collects the camera, or the order cannot be restored.
    pub async fn turn(&self, camera: &CameraId) -> Result<Turn, Failure> {
        let lock = self.store.archive.lock_camera(camera);
        let lock = lock.map_err(|error| Failure::of(error.kind(), &error))?;
        let fence = self.take_lease(camera).await?;
        let life = Duration::from_secs(self.config.service.lease_seconds.into());
        let catalog = self.store.catalog.clone();
        let keeper = Keeper::start(catalog, fence.clone(), life, self.clock.clone());
        let turn = self.begin_turn(camera, fence, lock, Some(keeper));
        turn.collector.recover(camera).await?;
        turn.collector.cards.refresh(&*self.store.catalog).await;
        Ok(turn)
    }

    /// As [`Collector::turn`], for one who holds the lease and keeps it alive.
    ///
    /// # Errors
    /// When the lock cannot be had although the lease was, or the order cannot be restored.
    pub async fn turn_of(&self, camera: &CameraId, fence: &Fence) -> Result<Turn, Failure> {
        let lock = self.lock_patiently(camera).await?;
        let turn = self.begin_turn(camera, fence.clone(), lock, None);
        turn.collector.recover(camera).await?;
        turn.collector.cards.refresh(&*self.store.catalog).await;
        Ok(turn)
    }

    fn begin_turn(
        &self,
        camera: &CameraId,
        fence: Fence,
        lock: CameraLock,
        keeper: Option<Keeper>,
    ) -> Turn {
        let mut collector = self.clone();
        collector.store.catalog = self.store.catalog.fenced(&fence);
        Turn {
            camera: camera.clone(),
            collector,
            fence,
            _lock: lock,
            keeper,
        }
    }

    /// Takes the lease, from a holder that is gone if need be.
    async fn take_lease(&self, camera: &CameraId) -> Result<Fence, Failure> {
        let (job, me) = (job_name(camera), lease::this_process());
        let life = Duration::from_secs(self.config.service.lease_seconds.into());
        let (mut watch, deadline) = (Watch::new(life), Instant::now() + life + LOOK * 2);
        let catalog = &self.store.catalog;
        let mut gone = None;
        loop {
            let taken = catalog.take_lease(&job, &me, gone, self.clock.now()).await;
            if let Some(fence) = taken.map_err(|error| failed(&error))? {
                return Ok(fence);
            }
            let jobs = catalog.jobs().await.map_err(|error| failed(&error))?;
            let held = jobs.into_iter().find(|row| row.name == job);
            let Some(held) = held.and_then(|row| row.lease) else {
                continue;
            };
            if watch.is_gone(&job, &held, Instant::now()) {
                gone = Some(held.fence);
            } else if Instant::now() >= deadline {
                let message = format!(
                    "{camera} is being collected by another process ({}): wait until it is done, or stop it",
                    held.holder
                );
                return Err(Failure::new(Kind::Interrupted, message));
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// The lock of one who holds the lease: another who has it is just ending, or was stopped and lost the lease.
    async fn lock_patiently(&self, camera: &CameraId) -> Result<CameraLock, Failure> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            let (archive, name) = (self.store.archive.clone(), camera.clone());
            let error = match blocking(move || archive.lock_camera(&name)).await {
                Ok(lock) => return Ok(lock),
                Err(error) => error,
            };
            if let ArchiveError::Locked { owner, .. } = &error
                && owner.parse().is_ok_and(lease::is_stopped)
            {
                tracing::warn!(camera = %camera, process = %owner, "the process that has the camera's lock was stopped and has lost its lease: the lock is taken from it");
                let lock = self.store.archive.seize_camera(camera);
                return lock.map_err(|error| Failure::of(error.kind(), &error));
            }
            if !matches!(error, ArchiveError::Locked { .. }) || Instant::now() >= deadline {
                return Err(Failure::of(error.kind(), &error));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn failed(error: &CatalogError) -> Failure {
    Failure::of(error.kind(), error)
}
