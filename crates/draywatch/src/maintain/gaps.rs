//! The times without a picture and why: the slots that the database keeps, cut to the portal's days, told in words. Must not
//! touch files.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use draywatch_catalog::{Catalog, DaySlots, Result};
use draywatch_core::CameraId;
use draywatch_core::coverage::{self, Answer, FILE_BAD, FILE_MISSING, NEVER_TRIED, SLOT, Stretch};
use draywatch_core::zone::day_bounds;

/// Portal days that are looked at together: memory stays the same however many are asked for.
const DAYS_AT_A_TIME: u64 = 32;

/// The stretches of whole slots without a full picture on the portal's days `first..=last`, up to `now`, for each of
/// `cameras`.
///
/// # Errors
/// When the database fails.
pub async fn gaps(
    catalog: &dyn Catalog,
    cameras: &[CameraId],
    (first, last): (NaiveDate, NaiveDate),
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<Vec<Vec<Stretch>>> {
    let mut found = vec![Vec::new(); cameras.len()];
    let mut day = first;
    while day <= last && day_bounds(day, zone).0 < now {
        let block = day
            .checked_add_days(Days::new(DAYS_AT_A_TIME - 1))
            .map_or(last, |end| end.min(last));
        // The slot that is going on is no whole one yet.
        let from = day_bounds(day, zone).0;
        let to = day_bounds(block, zone).1.min(coverage::slot_of(now));
        let days = catalog
            .slots(cameras, from.date_naive(), to.date_naive())
            .await?;
        for (found, days) in found.iter_mut().zip(&days) {
            join(found, coverage::gaps(&between(days, from, to)));
        }
        match block.succ_opt() {
            Some(next) => day = next,
            None => break,
        }
    }
    Ok(found)
}

/// The slots that begin in `from..to`.
fn between(
    days: &[DaySlots],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Answer)> {
    let all = days.iter().flat_map(DaySlots::slots);
    let within = all.filter(|(slot, _)| (from..to).contains(slot));
    within
        .map(|(slot, answer)| (slot, answer.clone()))
        .collect()
}

/// Appends stretches; the first is the continuation of the last one where they say the same.
fn join(found: &mut Vec<Stretch>, more: Vec<Stretch>) {
    for stretch in more {
        match found.last_mut() {
            Some(last) if last.to == stretch.from && last.answer == stretch.answer => {
                last.to = stretch.to;
                last.slots += stretch.slots;
            }
            _ => found.push(stretch),
        }
    }
}

/// The reason of an answer as a short code that stays the same, where there is one beyond the answer itself.
#[must_use]
pub fn reason_code(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::NotDownloaded(reason) => Some(reason),
        _ => None,
    }
}

/// An answer in words for people.
#[must_use]
pub fn in_words(answer: &Answer) -> String {
    match answer {
        Answer::Stored => "stored".to_owned(),
        Answer::Thumbnail => "only the thumbnail could be had".to_owned(),
        Answer::NotOffered => {
            "the portal answered and offered none: the camera was offline".to_owned()
        }
        Answer::NotObserved => {
            "nobody asked the portal, or it could not be read: `draywatch backfill` asks it"
                .to_owned()
        }
        Answer::TooOld => {
            "the portal no longer had that day when it was asked: older than it keeps".to_owned()
        }
        Answer::Removed => "was stored, and removed on purpose".to_owned(),
        Answer::NotDownloaded(reason) => not_downloaded(reason),
    }
}

fn not_downloaded(reason: &str) -> String {
    if let Some(why) = reason.strip_prefix("given_up:") {
        return format!("listed, and given up: {}", why.replace('_', " "));
    }
    match reason {
        FILE_MISSING => "was stored, but its file is missing: see `draywatch verify`".to_owned(),
        FILE_BAD => "was stored, but its file is damaged: see `draywatch verify`".to_owned(),
        NEVER_TRIED => "listed, but not tried yet".to_owned(),
        reason => format!("listed, but not downloaded: {}", reason.replace('_', " ")),
    }
}

/// How many slots all stretches have together.
#[must_use]
pub fn slots(gaps: &[Stretch]) -> usize {
    gaps.iter().map(|gap| gap.slots).sum()
}

/// The length of that many slots, in words: `3 h 20 min`.
#[must_use]
pub fn length(slots: usize) -> String {
    let minutes = i64::try_from(slots)
        .unwrap_or(i64::MAX)
        .saturating_mul(SLOT.num_minutes());
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes:02} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
