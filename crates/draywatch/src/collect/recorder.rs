//! Batches: staged files placed, their folders flushed, and only then their rows committed (invariants 1, 2 and 8). Must not fetch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_archive::Written;
use draywatch_catalog::{FrameResult, LedgerEntry};
use draywatch_core::{Failure, Kind};
use futures::StreamExt;
use tokio::sync::mpsc::Receiver;
use tokio_stream::wrappers::ReceiverStream;

use super::frame::{Got, Ready, failure_of};
use super::place::place_all;
use super::{Collector, Event};

/// The longest that a picture waits for its batch to fill.
const BATCH_PATIENCE: Duration = Duration::from_millis(500);

/// What was recorded so far in a collection.
#[derive(Debug, Default)]
pub struct Tally {
    /// Frames stored now.
    pub stored: u64,
    /// Frames not stored.
    pub missing: u64,
    /// Frames whose thumbnail was there before and whose full picture still cannot be had.
    pub kept: u64,
    /// Of stored and kept, thumbnails only.
    pub thumbnails: u64,
    /// Bytes stored.
    pub bytes: u64,
    /// Whether every listed frame that is not stored is in the ledger.
    pub is_on_record: bool,
    /// Refusals by reason: how many, and the first one.
    pub refused: BTreeMap<String, (u64, Failure)>,
    /// The UTC days of the frames stored now.
    pub days: BTreeSet<NaiveDate>,
}

impl Collector {
    /// Commits what comes, until nothing comes any more.
    pub(super) async fn store_all(
        &self,
        receiver: Receiver<Got>,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let batch = usize::try_from(self.config.batch_size).unwrap_or(50);
        let results = ReceiverStream::new(receiver);
        let batches = tokio_stream::StreamExt::chunks_timeout(results, batch, BATCH_PATIENCE);
        // While one batch is committed, the next is placed.
        let (sender, mut placed) = tokio::sync::mpsc::channel(1);
        let placing = async move {
            futures::pin_mut!(batches);
            while let Some(got) = batches.next().await {
                if sender.send(self.place_batch(got).await?).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        let recording = async move {
            while let Some(batch) = placed.recv().await {
                self.commit(batch, tally).await?;
            }
            Ok(())
        };
        // A batch that cannot be placed does not keep the one before it from being recorded.
        let (placed, recorded) = tokio::join!(placing, recording);
        recorded.and(placed)
    }

    /// Places the files of a batch.
    async fn place_batch(&self, got: Vec<Got>) -> Result<PlacedBatch, Failure> {
        let (mut ready, refused) = sort(got)?;
        self.find_damaged(&mut ready).await?;
        for item in ready
            .iter()
            .map(|(_, item)| item)
            .filter(|item| item.is_damaged || item.has_thumbnail && item.instead_of.is_none())
        {
            self.store
                .catalog
                .intend_replacement(item.entry.id, &item.facts)
                .await
                .map_err(|error| failed(&error))?;
        }
        fail::fail_point!("collect-intended");
        // The rows would be refused from one who was taken for dead: so that no file of theirs comes in the way either.
        let held = self.store.catalog.check_lease().await;
        held.map_err(|error| failed(&error))?;
        let archive = self.store.archive.clone();
        let placed = tokio::task::spawn_blocking(move || place_all(&archive, ready));
        let placed = placed
            .await
            .map_err(|error| Failure::of(Kind::Bug, &error))?
            .map_err(|error| Failure::of(error.kind(), &error))?;
        Ok(PlacedBatch { placed, refused })
    }

    /// Marks the pictures in whose place a file lies that is known to be damaged. Only where a file is in the way, which is
    /// rare, the database is asked for its row.
    async fn find_damaged(&self, ready: &mut [(Written, Ready)]) -> Result<(), Failure> {
        for (_, item) in ready.iter_mut().filter(|(_, item)| item.is_taken) {
            let wanted = &item.entry.entry;
            let row = self
                .store
                .catalog
                .image_of_file(&wanted.path, &wanted.frame);
            let row = row.await.map_err(|error| failed(&error))?;
            item.is_damaged = row.is_some_and(|row| row.is_damaged());
        }
        Ok(())
    }

    /// Records a batch; nothing is counted before it is committed.
    async fn commit(&self, batch: PlacedBatch, tally: &mut Tally) -> Result<(), Failure> {
        let PlacedBatch { placed, refused } = batch;
        let stored = placed.len();
        let kept: Vec<bool> = refused
            .iter()
            .map(|(_, has_thumbnail)| *has_thumbnail)
            .collect();
        let mut results = placed;
        results.extend(refused.into_iter().map(|(result, _)| result));
        self.store
            .catalog
            .record(&results, self.clock.now())
            .await
            .map_err(|error| failed(&error))?;
        fail::fail_point!("collect-committed");
        for (at, result) in results.iter().enumerate() {
            tally.count(result, at >= stored && kept[at - stored]);
        }
        (self.observer)(Event::Frame(true, stored as u64));
        (self.observer)(Event::Frame(false, kept.len() as u64));
        Ok(())
    }
}

/// A batch whose files have their names, durably, and whose rows are still to be written.
struct PlacedBatch {
    placed: Vec<FrameResult>,
    /// What was refused, and whether a thumbnail of it is stored.
    refused: Vec<(FrameResult, bool)>,
}

fn failed(error: &draywatch_catalog::CatalogError) -> Failure {
    Failure::of(error.kind(), error)
}

impl Tally {
    fn count(&mut self, result: &FrameResult, has_thumbnail: bool) {
        match result {
            FrameResult::Stored { image, failure, .. } => {
                self.stored += 1;
                self.days.insert(image.frame.instant.date_naive());
                self.bytes += image.facts.bytes;
                self.thumbnails += u64::from(image.is_thumbnail);
                self.refuse(failure.as_ref().map(|(failure, reason)| (reason, failure)));
            }
            FrameResult::Failed {
                failure, reason, ..
            } => {
                self.kept += u64::from(has_thumbnail);
                self.thumbnails += u64::from(has_thumbnail);
                self.missing += u64::from(!has_thumbnail);
                self.refuse(Some((reason, failure)));
            }
        }
    }

    /// A frame of the ledger that has to wait for its next try, with the reason of its last.
    pub(super) fn wait(&mut self, entry: &LedgerEntry, has_thumbnail: bool) {
        self.kept += u64::from(has_thumbnail);
        self.thumbnails += u64::from(has_thumbnail);
        self.missing += u64::from(!has_thumbnail);
        let reason = entry.reason.as_ref();
        self.refuse(reason.zip(entry.failure.as_ref()));
    }

    /// Each kind of refusal as a failure of the run.
    pub(super) fn failures(&self) -> impl Iterator<Item = Failure> + '_ {
        self.refused.iter().map(|(reason, (count, first))| {
            Failure::new(first.kind, format!("{count} x {reason}, such as: {first}"))
        })
    }

    fn refuse(&mut self, refusal: Option<(&String, &Failure)>) {
        if let Some((reason, failure)) = refusal {
            self.refused
                .entry(reason.clone())
                .or_insert_with(|| (0, failure.clone()))
                .0 += 1;
        }
    }
}

type Sorted = (Vec<(Written, Ready)>, Vec<(FrameResult, bool)>);

/// Pictures on the one side, refusals on the other; a broken archive ends it.
fn sort(got: Vec<Got>) -> Result<Sorted, Failure> {
    let mut sorted = Sorted::default();
    for got in got {
        match got {
            Got::Ready(ready) => sorted.0.push(*ready),
            Got::Refused(refused, has_thumbnail) => {
                let (entry, refused) = *refused;
                let (failure, reason) = failure_of(&refused);
                let result = FrameResult::Failed {
                    ledger_id: entry.id,
                    failure,
                    reason,
                    not_before: refused.retry_at,
                };
                sorted.1.push((result, has_thumbnail));
            }
            Got::Broken(error) => return Err(Failure::of(error.kind(), &error)),
        }
    }
    Ok(sorted)
}
