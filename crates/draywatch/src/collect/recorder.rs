//! Batches: staged files placed, their folders flushed, and only then their rows committed (invariants 1, 2 and 8). Must not fetch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_archive::{Archive, ArchiveError, Staged, Written};
use draywatch_catalog::{FrameResult, LedgerEntry, NewImage, PictureFacts};
use draywatch_core::{Failure, Kind};
use futures::StreamExt;
use tokio::sync::mpsc::Receiver;
use tokio_stream::wrappers::ReceiverStream;

use super::frame::{Got, Ready, failure_of};
use super::recover::facts_of;
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
        let (ready, refused) = sort(got)?;
        for item in ready
            .iter()
            .map(|(_, item)| item)
            .filter(|item| item.has_thumbnail && item.instead_of.is_none())
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

/// Flushes files, moves them to their places and flushes the folders.
fn place_all(
    archive: &Archive,
    ready: Vec<(Written, Ready)>,
) -> Result<Vec<FrameResult>, ArchiveError> {
    let (written, ready): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
    let mut results = Vec::with_capacity(ready.len());
    let mut folders = Vec::new();
    for (staged, item) in archive.flush(written)?.into_iter().zip(ready) {
        folders.push(item.entry.entry.frame.folder());
        results.push(place(archive, staged, item)?);
    }
    archive.sync_folders(folders.iter().map(String::as_str))?;
    Ok(results)
}

/// Moves one staged file to its place. A file that is there already gives way only to a better one.
fn place(archive: &Archive, staged: Staged, item: Ready) -> Result<FrameResult, ArchiveError> {
    let Ready {
        entry,
        mut facts,
        look,
        url,
        instead_of,
        has_thumbnail,
    } = item;
    let relative = entry.entry.frame.relative_path();
    let (mut is_thumbnail, mut is_ours) = (instead_of.is_some(), true);
    if has_thumbnail && !is_thumbnail {
        let _ = archive.replace(staged, &relative)?;
    } else if !archive.exists(&relative)? {
        let _ = archive.place(staged, &relative)?;
    } else {
        match better(archive, &relative, &facts)? {
            Found::Keep(kept) => {
                is_thumbnail &= kept.width <= facts.width;
                is_ours = kept.sha256 == facts.sha256;
                facts = kept;
            }
            Found::Worse => drop(archive.replace(staged, &relative)?),
            Found::Broken(why) => {
                archive.quarantine(&relative, &why)?;
                let _ = archive.place(staged, &relative)?;
            }
        }
    }
    let image = NewImage {
        frame: entry.entry.frame.clone(),
        path: entry.entry.path.clone(),
        facts,
        is_thumbnail,
        url: Some(url),
        // What was kept instead was not looked at.
        look: look.filter(|_| is_ours),
    };
    let failure = instead_of.as_ref().filter(|_| is_thumbnail).map(failure_of);
    Ok(FrameResult::Stored {
        ledger_id: entry.id,
        image,
        failure,
    })
}

/// What lies where a new file should go.
enum Found {
    /// A whole picture, as good as the new one or better: a crash left it without its row, and it is taken over.
    Keep(PictureFacts),
    /// A whole picture, but smaller: a thumbnail.
    Worse,
    /// No whole picture; why.
    Broken(String),
}

fn better(archive: &Archive, relative: &str, new: &PictureFacts) -> Result<Found, ArchiveError> {
    let bytes = archive.read(relative)?;
    Ok(match draywatch_picture::verify(&bytes, None) {
        Ok(there) if there.width >= new.width => Found::Keep(facts_of(&there)),
        Ok(_) => Found::Worse,
        Err(refusal) => Found::Broken(format!(
            "lay where a frame goes, without a row, and is not a whole picture: {refusal}"
        )),
    })
}
