//! A real database in a file, as a collection uses it; the pictures' facts are made up. Must not decide what is due.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch::maintain::gaps;
use draywatch_catalog::{
    Catalog, CatalogError, DatabaseUrl, Fence, FrameResult, Jobs, LedgerEntry, LedgerFilter,
    LedgerState, NewImage, NewLedgerEntry, NewObservation, NewRun, OpenOptions, PictureFacts,
    Result, RunCounts, RunEnd,
};
use draywatch_core::coverage::{Answer, SLOT, slot_of};
use draywatch_core::outcome::Outcome;
use draywatch_core::plan::KnownState;
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Failure, FrameId, Kind};

use crate::archive::{Archive, Listing, Owed};
use crate::world::ZONE;

/// The database, and the folder that it lies in.
pub struct Sqlite {
    pub catalog: Arc<dyn Catalog>,
    _folder: tempfile::TempDir,
}

impl Sqlite {
    pub async fn new(now: DateTime<Utc>) -> Self {
        // Where there is one, in a file that no disk has to flush: how durable a commit is, others test.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("database.db"));
        let options = OpenOptions {
            create: true,
            busy_timeout: Duration::from_secs(5),
            now,
        };
        Self {
            catalog: draywatch_catalog::open(&url, options).await.unwrap(),
            _folder: folder,
        }
    }
}

/// What was refused because the lease was lost is no failure here.
fn unless_lost<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(CatalogError::FencedOut { .. }) => Ok(None),
        done => done.map(Some),
    }
}

fn new_entry(frame: &FrameId, date: NaiveDate) -> NewLedgerEntry {
    NewLedgerEntry {
        url: format!("https://cdn.invalid/{}", frame.relative_path()),
        url_is_listed: true,
        thumbnail_url: None,
        path: format!("data/images/{}", frame.relative_path()),
        date,
        frame: frame.clone(),
    }
}

fn owed(entry: &LedgerEntry) -> Owed {
    Owed {
        id: entry.id,
        instant: entry.entry.frame.instant,
        date: entry.entry.date,
        attempts: entry.attempts,
        last_tried: entry.last_tried,
    }
}

fn result(camera: &CameraId, owed: &Owed, is_had: bool) -> FrameResult {
    let frame = FrameId::first(camera.clone(), owed.instant);
    if !is_had {
        return FrameResult::Failed {
            ledger_id: owed.id,
            failure: Failure::new(Kind::Transient, "the picture host is down"),
            reason: Kind::Transient.to_string(),
            not_before: None,
        };
    }
    let entry = new_entry(&frame, owed.date);
    let facts = PictureFacts {
        bytes: 200_000,
        sha256: format!("{:064x}", owed.instant.timestamp()),
        media_type: "image/jpeg".into(),
        width: 1200,
        height: 675,
    };
    FrameResult::Stored {
        ledger_id: owed.id,
        image: NewImage {
            frame,
            path: entry.path,
            facts,
            is_thumbnail: false,
            url: Some(entry.url),
            look: None,
        },
        failure: None,
    }
}

#[async_trait]
impl Archive for Sqlite {
    fn jobs(&self) -> &dyn Jobs {
        &*self.catalog
    }

    async fn enlist(&self, fence: &Fence, listing: &Listing) -> Result<Option<(i64, Vec<Owed>)>> {
        let catalog = self.catalog.fenced(fence);
        let run = NewRun {
            command: "collect".into(),
            camera: listing.camera.clone(),
            date: Some(listing.date),
            started_at: listing.began,
            pid: 1,
        };
        let Some(id) = unless_lost(catalog.start_run(&run).await)? else {
            return Ok(None);
        };
        let (from, to) = listing.bounds;
        let known = catalog.known(&listing.camera, from, to).await?;
        let stored: BTreeSet<_> = known
            .into_iter()
            .filter(|frame| frame.state == KnownState::Stored)
            .map(|frame| frame.id.instant)
            .collect();
        let listed = listing.frames.as_deref().unwrap_or(&[]).iter();
        let new = listed.filter(|instant| !stored.contains(instant));
        let new: Vec<_> = new
            .map(|at| new_entry(&FrameId::first(listing.camera.clone(), *at), listing.date))
            .collect();
        if new.is_empty() {
            return Ok(Some((id, Vec::new())));
        }
        let enlisted = unless_lost(catalog.enlist(&new, listing.read).await)?;
        Ok(enlisted.map(|entries| (id, entries.iter().map(owed).collect())))
    }

    async fn record(
        &self,
        fence: &Fence,
        camera: &CameraId,
        tried: &[(Owed, bool)],
        now: DateTime<Utc>,
    ) -> Result<Option<()>> {
        let results: Vec<_> = tried
            .iter()
            .map(|(owed, is_had)| result(camera, owed, *is_had))
            .collect();
        let recorded = self.catalog.fenced(fence).record(&results, now).await;
        unless_lost(recorded.map(|_| ()))
    }

    async fn close(
        &self,
        fence: &Fence,
        run: i64,
        listing: &Listing,
        now: DateTime<Utc>,
    ) -> Result<Option<()>> {
        let frames = listing.frames.as_ref();
        let end = RunEnd {
            finished_at: now,
            outcome: if frames.is_ok() {
                Outcome::Complete
            } else {
                Outcome::Failed
            },
            counts: RunCounts::default(),
            errors: frames.err().cloned().into_iter().collect(),
            listing_took: Duration::from_secs(3),
            took: Duration::from_secs(3),
        };
        let observation = NewObservation {
            camera: listing.camera.clone(),
            date: listing.date,
            day_start: listing.bounds.0,
            day_end: listing.bounds.1,
            observed_at: listing.read,
            confirmed: frames.is_ok(),
            listed: frames.ok().map(|frames| frames.len() as u64),
            newest: frames.ok().and_then(|frames| frames.iter().max().copied()),
            failure: frames.err().cloned(),
        };
        let catalog = self.catalog.fenced(fence);
        unless_lost(catalog.finish_run(run, &end, Some(&observation)).await)
    }

    async fn owed(&self, camera: &CameraId) -> Result<Vec<Owed>> {
        let filter = LedgerFilter {
            camera: Some(camera.clone()),
            dates: None,
            states: vec![LedgerState::Open, LedgerState::Thumbnail],
        };
        let entries = self.catalog.ledger(&filter).await?;
        Ok(entries.iter().map(owed).collect())
    }

    async fn stored(&self, camera: &CameraId) -> Result<BTreeSet<DateTime<Utc>>> {
        let (from, to) = (
            DateTime::UNIX_EPOCH,
            DateTime::from_timestamp(9_000_000_000, 0),
        );
        let known = self.catalog.known(camera, from, to.unwrap()).await?;
        let stored = known.into_iter();
        let stored = stored.filter(|frame| frame.state == KnownState::Stored);
        Ok(stored.map(|frame| frame.id.instant).collect())
    }

    /// What `gaps` says, told slot by slot: what it does not name is stored.
    async fn slots(
        &self,
        camera: &CameraId,
        days: (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Answer)>> {
        let gaps = gaps::gaps(
            &*self.catalog,
            std::slice::from_ref(camera),
            days,
            ZONE,
            now,
        )
        .await?;
        let mut slot = day_bounds(days.0, ZONE).0;
        let end = day_bounds(days.1, ZONE).1.min(slot_of(now));
        let mut slots = Vec::new();
        let mut gaps = gaps.into_iter().flatten().peekable();
        while slot < end {
            while gaps.next_if(|gap| gap.to <= slot).is_some() {}
            let gap = gaps.peek().filter(|gap| gap.from <= slot);
            slots.push((slot, gap.map_or(Answer::Stored, |gap| gap.answer.clone())));
            slot += SLOT;
        }
        Ok(slots)
    }
}
