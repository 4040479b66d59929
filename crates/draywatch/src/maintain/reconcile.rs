//! The check of database and archive against each other, part by part: rows, files without a row, ledger, leftovers, and the
//! database itself. Rows are never deleted and files never overwritten; without `repair` only what was found out is recorded.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use draywatch_archive::{ArchiveError, CameraLock};
use draywatch_catalog::{CheckedFile, FileState, RunFilter};
use draywatch_core::{CameraId, Clock};

use super::{
    MaintainError, Problem, ProblemKind, Progress, Report, Watch, cameras, ledger, orphans, rows,
};
use crate::store::Store;

/// What is checked, and how thoroughly.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether to mend what can be mended. The store must be open for writing then.
    pub repair: bool,
    /// The share of rows whose files are read, `0.0..=1.0`; of all others only presence and size are checked.
    pub share: f64,
    /// The cameras that are configured. Theirs are the files that count as ours, and those of cameras that have rows; they are
    /// locked for a repair.
    pub cameras: Vec<CameraId>,
}

/// The check under way.
pub(super) struct Check<'a> {
    pub(super) store: &'a Store,
    pub(super) clock: &'a Clock,
    pub(super) options: &'a Options,
    pub(super) watch: Watch<'a>,
    pub(super) report: Report,
    pub(super) seen: Seen,
    /// The cameras whose files are ours.
    pub(super) ours: BTreeSet<CameraId>,
    /// Whether it is written down when a file was found as it was before.
    pub(super) notes_every_look: bool,
    checked: Vec<CheckedFile>,
    locks: BTreeMap<CameraId, CameraLock>,
    busy: BTreeMap<CameraId, bool>,
}

/// The archive's files that rows named, as hashes: eight bytes a row, however many there are.
#[derive(Default)]
pub(super) struct Seen {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    pub(super) fn add(&mut self, relative: &str) {
        self.hashes.insert(self.hasher.hash_one(relative));
    }

    pub(super) fn holds(&self, relative: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(relative))
    }
}

/// Checks database and archive against each other.
///
/// With `repair`, the locks of all cameras are held meanwhile, so that no collection changes what is being judged.
///
/// # Errors
/// When database or archive fail, or, for a repair, a camera is being collected. What was recorded until then lasts.
pub async fn reconcile(
    store: &Store,
    clock: &Clock,
    options: &Options,
    watch: Watch<'_>,
) -> Result<Report, MaintainError> {
    let mut check = Check::new(store, clock, options, watch);
    check.engine().await?;
    let images = check.lock_all().await?;
    rows::check(&mut check, images).await?;
    orphans::check(&mut check).await?;
    ledger::check(&mut check).await?;
    if options.repair {
        let archive = store.archive.clone();
        check.report.swept = tokio::task::spawn_blocking(move || archive.sweep())
            .await??
            .count;
    }
    Ok(check.report)
}

impl<'a> Check<'a> {
    pub(super) fn new(
        store: &'a Store,
        clock: &'a Clock,
        options: &'a Options,
        watch: Watch<'a>,
    ) -> Self {
        Self {
            store,
            clock,
            options,
            watch,
            report: Report::default(),
            seen: Seen::default(),
            ours: BTreeSet::new(),
            notes_every_look: false,
            checked: Vec::new(),
            locks: BTreeMap::new(),
            busy: BTreeMap::new(),
        }
    }

    /// Notes what a file's row is to say; written down by [`Check::flush`].
    pub(super) fn note(&mut self, image_id: i64, state: Option<FileState>) {
        self.checked.push(CheckedFile { image_id, state });
    }

    /// Writes down what was noted, in one transaction.
    pub(super) async fn flush(&mut self) -> Result<(), MaintainError> {
        let checked = std::mem::take(&mut self.checked);
        if !checked.is_empty() {
            let catalog = &self.store.catalog;
            catalog.record_checks(&checked, self.clock.now()).await?;
        }
        Ok(())
    }

    /// What the database says about itself.
    async fn engine(&mut self) -> Result<(), MaintainError> {
        (self.watch)(Progress {
            doing: "database",
            done: 0,
            total: None,
        });
        let problems = self
            .store
            .catalog
            .check()
            .await?
            .into_iter()
            .map(|what| Problem {
                kind: ProblemKind::Database,
                path: None,
                camera_id: None,
                what,
                repaired: false,
            });
        self.report.problems.extend(problems);
        Ok(())
    }

    /// Finds the cameras that are ours, and locks them for a repair. The number of image rows.
    async fn lock_all(&mut self) -> Result<u64, MaintainError> {
        let totals = self.store.catalog.totals().await?;
        self.ours = cameras(&totals, &self.options.cameras);
        if self.options.repair {
            for camera in self.ours.clone() {
                self.lock(&camera)?;
            }
        }
        Ok(totals.cameras.iter().map(|camera| camera.images).sum())
    }

    /// Takes the lock of a camera and keeps it to the end of the check.
    pub(super) fn lock(&mut self, camera: &CameraId) -> Result<(), ArchiveError> {
        if !self.locks.contains_key(camera) {
            let lock = self.store.archive.lock_camera(camera)?;
            self.locks.insert(camera.clone(), lock);
        }
        Ok(())
    }
    /// Whether another process collects the camera at this moment: its files come before their rows. Nobody does during a
    /// repair, which holds the locks.
    pub(super) async fn is_busy(&mut self, camera: &CameraId) -> Result<bool, MaintainError> {
        if self.options.repair {
            return Ok(false);
        }
        if let Some(known) = self.busy.get(camera) {
            return Ok(*known);
        }
        let filter = RunFilter {
            camera: Some(camera.clone()),
            limit: 1,
            ..RunFilter::default()
        };
        let runs = self.store.catalog.runs(&filter).await?;
        let is_alive = |pid: u32| Path::new("/proc").join(pid.to_string()).exists();
        let is_busy = runs
            .first()
            .is_some_and(|run| run.end.is_none() && is_alive(run.run.pid));
        self.busy.insert(camera.clone(), is_busy);
        Ok(is_busy)
    }
}
