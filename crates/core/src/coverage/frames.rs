//! What became of frames, gathered from what is stored, removed and wanted. Must not know where that is kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Answer;
use crate::plan::KnownState;

/// The reason of a frame whose file is gone.
pub const FILE_MISSING: &str = "file_missing";
/// The reason of a frame whose file is damaged.
pub const FILE_BAD: &str = "file_bad";
/// The reason of a frame that was listed, and not tried yet.
pub const NEVER_TRIED: &str = "never_tried";

/// What is known of the file of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFact {
    /// Nothing is wrong with it as far as anybody looked.
    Good,
    /// It is gone.
    Missing,
    /// It is damaged.
    Bad,
}

/// Frames by their instant and their place in its second.
#[derive(Debug, Clone, Default)]
pub struct Frames(BTreeMap<(DateTime<Utc>, u16), Facts>);

/// What is known of one frame.
#[derive(Debug, Clone, Default)]
struct Facts {
    has_full: bool,
    has_thumbnail: bool,
    lost: Option<&'static str>,
    is_removed: bool,
    wanted: Option<(KnownState, String)>,
}

impl Frames {
    /// A row of a picture. Old databases may hold several of one frame: the best of them counts.
    pub fn stored(
        &mut self,
        instant: DateTime<Utc>,
        ordinal: u16,
        is_thumbnail: bool,
        file: FileFact,
    ) {
        let facts = self.0.entry((instant, ordinal)).or_default();
        match file {
            FileFact::Good if is_thumbnail => facts.has_thumbnail = true,
            FileFact::Good => facts.has_full = true,
            FileFact::Missing => facts.lost = Some(FILE_MISSING),
            FileFact::Bad => facts.lost = Some(FILE_BAD),
        }
    }

    /// A picture that was removed on purpose.
    pub fn removed(&mut self, instant: DateTime<Utc>, ordinal: u16) {
        self.0.entry((instant, ordinal)).or_default().is_removed = true;
    }

    /// A frame that is still wanted, or was given up, and the short code of the reason where there is one.
    pub fn wanted(
        &mut self,
        instant: DateTime<Utc>,
        ordinal: u16,
        state: KnownState,
        reason: Option<String>,
    ) {
        let reason = match state {
            KnownState::GivenUp => format!("given_up:{}", reason.as_deref().unwrap_or("no_reason")),
            _ => reason.unwrap_or_else(|| NEVER_TRIED.to_owned()),
        };
        self.0.entry((instant, ordinal)).or_default().wanted = Some((state, reason));
    }

    /// What became of each, in time order.
    #[must_use]
    pub fn answers(self) -> Vec<(DateTime<Utc>, Answer)> {
        let answers = self.0.into_iter();
        answers
            .map(|((at, _), facts)| (at, facts.answer()))
            .collect()
    }
}

impl Facts {
    /// The picture that is there; else that it was lost (it may be wanted again, but that says more); else that it was
    /// removed; else why it is not there.
    fn answer(self) -> Answer {
        let is_small_wanted = matches!(self.wanted, Some((KnownState::Thumbnail, _)));
        if self.has_full && !is_small_wanted {
            return Answer::Stored;
        }
        if self.has_full || self.has_thumbnail {
            return Answer::Thumbnail;
        }
        if let Some(how) = self.lost {
            return Answer::NotDownloaded(how.to_owned());
        }
        match self.wanted {
            _ if self.is_removed => Answer::Removed,
            Some((KnownState::Thumbnail, _)) => Answer::Thumbnail,
            Some((_, reason)) => Answer::NotDownloaded(reason),
            None => Answer::NotDownloaded(NEVER_TRIED.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200, 0).unwrap()
    }

    fn one(tell: impl FnOnce(&mut Frames)) -> Answer {
        let mut frames = Frames::default();
        tell(&mut frames);
        frames.answers()[0].1.clone()
    }

    fn not_downloaded(reason: &str) -> Answer {
        Answer::NotDownloaded(reason.to_owned())
    }

    #[test]
    fn what_is_there_counts_first() {
        let stored = one(|frames| {
            frames.stored(at(), 1, false, FileFact::Good);
            frames.removed(at(), 1);
            frames.wanted(at(), 1, KnownState::Open, Some("http_404".into()));
        });
        assert_eq!(stored, Answer::Stored);
        let small = one(|frames| {
            frames.stored(at(), 1, true, FileFact::Good);
            frames.wanted(at(), 1, KnownState::GivenUp, None);
        });
        assert_eq!(small, Answer::Thumbnail);
    }

    #[test]
    fn of_two_rows_the_better_one_counts() {
        let twins = one(|frames| {
            frames.stored(at(), 1, false, FileFact::Missing);
            frames.stored(at(), 1, false, FileFact::Good);
        });
        assert_eq!(twins, Answer::Stored);
    }

    #[test]
    fn a_row_that_the_ledger_calls_a_thumbnail_is_one() {
        let small = one(|frames| {
            frames.stored(at(), 1, false, FileFact::Good);
            frames.wanted(at(), 1, KnownState::Thumbnail, None);
        });
        assert_eq!(small, Answer::Thumbnail);
    }

    #[test]
    fn what_is_lost_says_so_and_not_that_it_is_owed() {
        let lost = one(|frames| {
            frames.stored(at(), 1, false, FileFact::Bad);
            frames.wanted(at(), 1, KnownState::Open, None);
        });
        assert_eq!(lost, not_downloaded(FILE_BAD));
    }

    #[test]
    fn what_is_removed_is_not_owed() {
        let removed = one(|frames| {
            frames.removed(at(), 1);
            frames.wanted(at(), 1, KnownState::GivenUp, Some("withdrawn".into()));
        });
        assert_eq!(removed, Answer::Removed);
    }

    #[test]
    fn what_is_wanted_says_why() {
        let wanted = |state, reason: Option<&str>| {
            one(|frames| frames.wanted(at(), 1, state, reason.map(str::to_owned)))
        };
        assert_eq!(wanted(KnownState::Open, None), not_downloaded(NEVER_TRIED));
        let tried = wanted(KnownState::Open, Some("http_404"));
        assert_eq!(tried, not_downloaded("http_404"));
        let given_up = wanted(KnownState::GivenUp, Some("withdrawn"));
        assert_eq!(given_up, not_downloaded("given_up:withdrawn"));
        let unknown = wanted(KnownState::GivenUp, None);
        assert_eq!(unknown, not_downloaded("given_up:no_reason"));
    }
}
