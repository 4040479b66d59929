//! The frames of one day of a camera: looks first, then comparisons in the order of time, then one transaction. Must not choose days.

use std::sync::Arc;

use chrono::NaiveDate;
use draywatch_catalog::{CameraDay, DayOfFrames, Finding, FoundOfFrame, FrameToExamine, Look};
use draywatch_core::verdict::Verdict;
use draywatch_picture::verdict::{Fingerprint, Placeholders, Step};
use futures::{StreamExt, stream};
use tokio::time::Instant;

use super::{Account, Cards, ExamineError, Pace, file};
use crate::blocking::blocking;
use crate::store::Store;

/// A day under examination.
pub(super) struct Day<'a> {
    store: &'a Store,
    cards: Arc<Placeholders>,
    day: &'a CameraDay,
    again: bool,
    frames: DayOfFrames,
    found: Vec<FoundOfFrame>,
}

impl<'a> Day<'a> {
    /// Reads what there is; for `again`, as if nobody had looked at the day's pictures yet.
    pub(super) async fn read(
        store: &'a Store,
        cards: &Cards,
        day: &'a CameraDay,
        again: bool,
    ) -> Result<Self, ExamineError> {
        let mut frames = store.catalog.frames_to_examine(day).await?;
        for frame in frames
            .frames_mut()
            .iter_mut()
            .filter(|frame| again && frame.is_of_day)
        {
            (frame.verdict, frame.problem) = (None, None);
        }
        Ok(Self {
            store,
            cards: cards.current(),
            day,
            again,
            frames,
            found: Vec::new(),
        })
    }

    /// How many frames of the day have no verdict.
    pub(super) fn count(&self) -> u64 {
        self.frames
            .frames()
            .iter()
            .filter(|frame| is_open(frame))
            .count() as u64
    }

    /// Whether the frames before the first of this day are of that day.
    pub(super) fn follows(&self, date: NaiveDate) -> bool {
        let before = self.frames.frames().iter().filter(|frame| !frame.is_of_day);
        let last = before.filter_map(|frame| frame.instant).max();
        last.is_some_and(|last| last.date_naive() == date)
    }

    /// Looks, compares, and writes down.
    pub(super) async fn examine(
        mut self,
        pace: &Pace,
        account: &mut Account,
    ) -> Result<(), ExamineError> {
        self.look(pace, account).await?;
        self.compare(pace).await;
        if self.found.is_empty() {
            return Ok(());
        }
        account.left_open += self.store.catalog.note_found(self.day, &self.found).await?;
        for one in &self.found {
            let verdict = match &one.finding {
                Finding::Looked(look) if one.frame.is_of_day => look.verdict,
                Finding::Compared(verdict, _) => Some(*verdict),
                _ => None,
            };
            if let Some(verdict) = verdict {
                *account.verdicts.entry(verdict).or_default() += 1;
            }
        }
        Ok(())
    }

    /// The places of frames to be looked at: open ones, and those that open ones are compared with.
    fn unseen(&self) -> Vec<usize> {
        let frames = self.frames.frames();
        let place = |id: i64| frames.iter().position(|frame| frame.id == id);
        let mut unseen: Vec<usize> = Vec::new();
        for (nth, frame) in frames
            .iter()
            .enumerate()
            .filter(|(_, frame)| is_open(frame))
        {
            unseen.push(nth);
            let before = self.frames.before(nth).iter();
            unseen.extend(before.filter_map(|frame| place(frame.id)));
            debug_assert!(frame.is_of_day, "only frames of the day are open");
        }
        unseen.sort_unstable();
        unseen.dedup();
        unseen.retain(|nth| {
            let frame = &frames[*nth];
            let is_anew = self.again && frame.is_of_day;
            frame.problem.is_none() && (is_anew || fingerprint(frame).is_none())
        });
        unseen
    }

    async fn look(&mut self, pace: &Pace, account: &mut Account) -> Result<(), ExamineError> {
        let (cards, archive) = (&self.cards, &self.store.archive);
        let looking = self.unseen().into_iter().map(|nth| {
            let frame = &self.frames.frames()[nth];
            let (path, is_timed) = (frame.path.clone(), frame.instant.is_some());
            let (archive, cards) = (archive.clone(), Arc::clone(cards));
            async move {
                if !is_timed {
                    return (nth, Err("its time is no time".to_owned()));
                }
                let began = Instant::now();
                let look = blocking(move || file::look(&archive, &path, &cards)).await;
                pace.rest(began).await;
                (nth, look)
            }
        });
        let looking: Vec<_> = looking.collect();
        let mut looked = stream::iter(looking).buffer_unordered(pace.at_once);
        let mut looks = Vec::new();
        while let Some(look) = looked.next().await {
            looks.push(look);
        }
        drop(looked);
        if looks.iter().any(|(_, look)| look.is_err()) {
            // Where the whole archive is gone, a missing file says nothing.
            self.store.reopened().await?;
        }
        for (nth, look) in looks {
            self.take(nth, look, account);
        }
        Ok(())
    }

    /// Takes note of a look, for the comparisons and for the database.
    fn take(&mut self, nth: usize, look: Result<Look, String>, account: &mut Account) {
        account.looked += u64::from(look.is_ok());
        let frame = &mut self.frames.frames_mut()[nth];
        let before = frame.clone();
        let finding = match look {
            Ok(look) => {
                frame.fingerprint = Some(look.fingerprint.clone());
                frame.verdict = look.verdict;
                Finding::Looked(look)
            }
            Err(problem) => {
                frame.fingerprint = None;
                frame.problem = Some(problem.clone());
                account.problems += 1;
                let words = format!("{}: {problem}", frame.path);
                account.first_problem.get_or_insert(words);
                Finding::Problem(problem)
            }
        };
        self.found.push(FoundOfFrame {
            frame: before,
            finding,
        });
    }

    async fn compare(&mut self, pace: &Pace) {
        let mut left = pace.comparisons;
        for nth in (0..self.frames.frames().len()).rev() {
            let frame = &self.frames.frames()[nth];
            let Some(own) = fingerprint(frame).filter(|_| is_open(frame)) else {
                continue;
            };
            let needs_files = self.needs_files(&own, nth);
            if needs_files && left == 0 {
                continue;
            }
            left -= usize::from(needs_files);
            let mut verdict = Verdict::Ok;
            for previous in self.frames.before(nth) {
                if self.is_same(&own, frame, previous, pace).await {
                    verdict = Verdict::Frozen;
                    break;
                }
            }
            let with = self.frames.before(nth).iter();
            let with = with.map(|one| (one.id, one.fingerprint.clone())).collect();
            self.found.push(FoundOfFrame {
                frame: frame.clone(),
                finding: Finding::Compared(verdict, with),
            });
        }
    }

    /// Whether the fingerprints of a frame and of those before it leave open whether it is the same picture.
    fn needs_files(&self, own: &Fingerprint, nth: usize) -> bool {
        let before = self.frames.before(nth).iter().filter_map(fingerprint);
        let steps: Vec<Step> = before.map(|before| own.after(&before)).collect();
        steps.contains(&Step::Candidate) && !steps.contains(&Step::Settled(Verdict::Frozen))
    }

    /// Whether a frame is the same picture as one before it; the files are read only if their fingerprints leave that open.
    async fn is_same(
        &self,
        own: &Fingerprint,
        frame: &FrameToExamine,
        previous: &FrameToExamine,
        pace: &Pace,
    ) -> bool {
        let Some(before) = fingerprint(previous) else {
            return false;
        };
        match own.after(&before) {
            Step::Settled(verdict) => verdict == Verdict::Frozen,
            Step::Candidate => {
                let archive = self.store.archive.clone();
                let (previous, path) = (previous.path.clone(), frame.path.clone());
                let began = Instant::now();
                let same =
                    blocking(move || file::is_same_picture(&archive, &previous, &path)).await;
                pace.rest(began).await;
                same
            }
        }
    }
}

/// Whether a frame of the day waits for its verdict.
fn is_open(frame: &FrameToExamine) -> bool {
    frame.is_of_day && frame.verdict.is_none() && frame.problem.is_none()
}

/// A frame's fingerprint, if this version wrote it.
fn fingerprint(frame: &FrameToExamine) -> Option<Fingerprint> {
    frame.fingerprint.as_ref()?.parse().ok()
}
