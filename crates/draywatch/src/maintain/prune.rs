//! Removing pictures by age, size budget and a floor of free disk. A rehearsal and a removal are one piece of code, so that they
//! say the same; what goes is decided in `draywatch_core::retention`. Must not remove a file whose row is there (invariant 5).

use std::collections::{BTreeMap, BTreeSet};

use draywatch_archive::PruneLock;
use draywatch_catalog::{Buried, CandidatePage, CatalogError, RemovalFilter};
use draywatch_core::retention::{
    Candidate, HoldSpan, Judge, Obstacle, Origin, Policy, Reason, Verdict,
};
use draywatch_core::{Clock, Kind};

pub use super::keep::Keep;
use super::keep::{Cause, policy};
use super::pruned::{Gone, Pruned};
use super::{MaintainError, Progress, Watch};
use crate::removal;
use crate::store::Store;

/// Frames that are looked at, and removed, together.
const PAGE: u32 = 500;
/// Whether anything is really removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only told.
    Rehearse,
    /// Removed.
    Remove,
}

/// Told of every frame that goes.
pub type Tell<'a> = &'a (dyn Fn(&Gone) + Send + Sync);

/// Removes, or tells, what is to go by all rules.
///
/// # Errors
/// When database or archive fail or do not belong together (then nothing was removed), another clean-up is at work, or the floor
/// is higher than the disk. What was removed until then is removed as a whole.
pub async fn prune(
    store: &Store,
    clock: &Clock,
    keep: &Keep,
    mode: Mode,
    tell: Tell<'_>,
    watch: Watch<'_>,
) -> Result<Pruned, MaintainError> {
    let alone = store.reopened().await?.archive.lock_prune()?;
    run(
        store,
        clock,
        keep,
        (mode, Cause::Routine),
        &alone,
        tell,
        watch,
    )
    .await
}

/// The same by one of the causes, for one who holds the right to remove.
pub(super) async fn run(
    store: &Store,
    clock: &Clock,
    keep: &Keep,
    (mode, cause): (Mode, Cause),
    _alone: &PruneLock,
    tell: Tell<'_>,
    watch: Watch<'_>,
) -> Result<Pruned, MaintainError> {
    // As it is now: the disk may have gone since the store was opened (invariant 6).
    let store = store.reopened().await?;
    let mut pruned = Pruned {
        floor: keep.floor(),
        ..Pruned::default()
    };
    if mode == Mode::Remove {
        pruned.failed.extend(removal::finish(&store).await?.failed);
    }
    let holds = store.catalog.holds().await?;
    let holds: Vec<HoldSpan> = holds.into_iter().map(|hold| hold.span).collect();
    let (mut free, total) = store.archive.free_space()?;
    if mode == Mode::Rehearse {
        // A removal finishes what is under way first.
        free = free.saturating_add(removal::pending_bytes(&store).await?);
    }
    let policy = policy(&store, clock.now(), keep, cause, (free, total))?;
    let used = match policy.budget {
        Some(_) => store.catalog.usage().await?.bytes,
        None => 0,
    };
    let mut prune = Prune {
        store: &store,
        clock,
        mode,
        policy,
        judge: Judge::new(policy, &holds, free, used),
        pruned,
        elsewhere: (0, 0),
        tell,
        watch,
    };
    prune.by_age().await?;
    prune.by_room().await?;
    let pruned = prune.settle().await?;
    if mode == Mode::Remove {
        store.archive.keep_reserve()?;
    }
    Ok(pruned)
}

/// A clean-up under way.
struct Prune<'a> {
    store: &'a Store,
    clock: &'a Clock,
    mode: Mode,
    policy: Policy,
    judge: Judge<'a>,
    pruned: Pruned,
    /// Frames and bytes that went and were not collected by us.
    elsewhere: (u64, u64),
    tell: Tell<'a>,
    watch: Watch<'a>,
}

impl Prune<'_> {
    /// Everything that is too old, whoever brought it.
    async fn by_age(&mut self) -> Result<(), MaintainError> {
        let Some(limit) = self.policy.taken_before else {
            return Ok(());
        };
        let filter = RemovalFilter {
            before: Some(limit),
            ..RemovalFilter::default()
        };
        self.pages(filter, |frame| frame.at < limit, |_| false)
            .await
    }

    /// What we collected, the oldest first, until there is room.
    async fn by_room(&mut self) -> Result<(), MaintainError> {
        let from = self.policy.taken_before;
        let filter = RemovalFilter {
            from,
            only_collected: true,
            ..RemovalFilter::default()
        };
        let is_younger = |frame: &Candidate| from.is_none_or(|limit| frame.at >= limit);
        self.pages(filter, is_younger, |judge| judge.shortage().is_none())
            .await
    }

    async fn pages(
        &mut self,
        filter: RemovalFilter,
        concerns: impl Fn(&Candidate) -> bool + Send,
        is_done: impl Fn(&Judge<'_>) -> bool + Send,
    ) -> Result<(), MaintainError> {
        let mut after = None;
        while !is_done(&self.judge) && !self.pruned.is_stuck {
            let catalog = &self.store.catalog;
            let CandidatePage { mut frames, next } =
                catalog.candidates(filter, after.as_ref(), PAGE).await?;
            frames.retain(&concerns);
            self.page(frames).await?;
            (self.watch)(Progress {
                doing: "pictures removed",
                done: self.pruned.frames,
                total: None,
            });
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(())
    }

    /// Judges a page, and removes what goes.
    async fn page(&mut self, frames: Vec<Candidate>) -> Result<(), MaintainError> {
        let mut going = BTreeMap::<Reason, Vec<Candidate>>::new();
        for frame in frames {
            match self.judge.judge(&frame) {
                Verdict::Goes(reason) => going.entry(reason).or_default().push(frame),
                Verdict::Stays(obstacle) => self.pruned.keep(obstacle, &frame),
                Verdict::NotDue => {}
            }
        }
        for (reason, frames) in going {
            match self.mode {
                Mode::Rehearse => frames.iter().for_each(|frame| self.goes(reason, frame)),
                Mode::Remove => self.remove(reason, &frames).await?,
            }
        }
        Ok(())
    }

    /// Rows first, then their files (invariant 5). A disk so full that the database cannot take a batch may take a small one.
    async fn remove(
        &mut self,
        reason: Reason,
        mut frames: &[Candidate],
    ) -> Result<(), MaintainError> {
        let mut size = frames.len();
        while !frames.is_empty() && !self.pruned.is_stuck {
            let (now, later) = frames.split_at(size.min(frames.len()));
            match self.bury(reason, now).await {
                Ok(buried) => {
                    fail::fail_point!("prune-buried");
                    self.account(reason, now, &buried);
                    let finished = removal::finish(self.store).await?;
                    self.pruned.is_stuck = finished.count == 0 && !buried.gone.is_empty();
                    self.pruned.failed.extend(finished.failed);
                    (frames, size) = (later, size.saturating_mul(4));
                }
                Err(error) if error.kind() == Kind::DiskFull && now.len() > 1 => {
                    size = now.len() / 8 + 1;
                }
                Err(error)
                    if error.kind() == Kind::DiskFull
                        && self.store.archive.release_reserve()? => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn bury(&self, reason: Reason, frames: &[Candidate]) -> Result<Buried, CatalogError> {
        let ids: Vec<i64> = frames.iter().map(|frame| frame.id).collect();
        let (catalog, keeps) = (&self.store.catalog, self.policy.keeps_referred);
        catalog.bury(&ids, reason, keeps, self.clock.now()).await
    }

    fn account(&mut self, reason: Reason, frames: &[Candidate], buried: &Buried) {
        let gone: BTreeSet<i64> = buried.gone.iter().copied().collect();
        let kept: BTreeMap<i64, Obstacle> = buried.kept.iter().copied().collect();
        for frame in frames {
            if gone.contains(&frame.id) {
                self.goes(reason, frame);
            } else if let Some(obstacle) = kept.get(&frame.id) {
                self.pruned.keep(*obstacle, frame);
            }
        }
    }

    fn goes(&mut self, reason: Reason, frame: &Candidate) {
        if frame.origin == Origin::Elsewhere {
            self.elsewhere.0 += 1;
            self.elsewhere.1 += if frame.is_lost { 0 } else { frame.bytes };
        }
        (self.tell)(&self.pruned.go(reason, frame));
    }

    /// What is still lacking, and which frames lack of room may not take.
    async fn settle(mut self) -> Result<Pruned, MaintainError> {
        let shortage = self.judge.shortage();
        self.pruned.lacks(shortage);
        if !shortage.is_none() {
            let usage = self.store.catalog.usage().await?;
            let gone = if self.mode == Mode::Rehearse {
                self.elsewhere
            } else {
                (0, 0)
            };
            let frames = usage.elsewhere_images.saturating_sub(gone.0);
            let bytes = usage.elsewhere_bytes.saturating_sub(gone.1);
            self.pruned.keep_elsewhere(frames, bytes);
        }
        Ok(self.pruned)
    }
}
