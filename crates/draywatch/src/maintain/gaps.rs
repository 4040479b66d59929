//! The times without a picture and why: what the database knows, told slot by slot. Must not touch files.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_catalog::{Catalog, LedgerEntry, LedgerFilter, LedgerState, Result};
use draywatch_core::coverage::{self, Answer, GAP, Observed, SLOT, Stretch};
use draywatch_core::plan::KnownState;
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Kind};

/// Portal days that are looked at together: memory stays the same however many are asked for.
const DAYS_AT_A_TIME: u64 = 32;

/// The reason of a frame whose file is gone.
pub const FILE_MISSING: &str = "file_missing";
/// The reason of a frame whose file is damaged.
pub const FILE_BAD: &str = "file_bad";

/// A frame by its instant and its place in its second.
type Key = (DateTime<Utc>, u16);

/// The stretches of whole slots without a full picture on the portal's days `first..=last`, up to `now`.
///
/// # Errors
/// When the database fails.
pub async fn gaps(
    catalog: &dyn Catalog,
    camera: &CameraId,
    (first, last): (NaiveDate, NaiveDate),
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<Vec<Stretch>> {
    let mut found = Vec::new();
    let keeps = keeps(catalog, camera).await?;
    let mut day = first;
    while day <= last && day_bounds(day, zone).0 < now {
        let block = day
            .checked_add_days(Days::new(DAYS_AT_A_TIME - 1))
            .map_or(last, |end| end.min(last));
        join(
            &mut found,
            block_gaps(catalog, camera, (day, block), (zone, keeps), now).await?,
        );
        match block.succ_opt() {
            Some(next) => day = next,
            None => break,
        }
    }
    Ok(found)
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

async fn block_gaps(
    catalog: &dyn Catalog,
    camera: &CameraId,
    (first, last): (NaiveDate, NaiveDate),
    (zone, keeps): (Tz, TimeDelta),
    now: DateTime<Utc>,
) -> Result<Vec<Stretch>> {
    // The slot that is going on is no whole one yet.
    let (from, to) = (
        day_bounds(first, zone).0,
        day_bounds(last, zone).1.min(coverage::slot_of(now)),
    );
    let frames = frames(catalog, camera, (first, last), (from - GAP, to + GAP)).await?;
    // A slot may begin on one day and end on the next.
    let around = (
        first.pred_opt().unwrap_or(first),
        last.succ_opt().unwrap_or(last),
    );
    let observed = observed(catalog, camera, around, keeps).await?;
    Ok(coverage::gaps(&coverage::slots(
        from, to, &frames, &observed,
    )))
}

/// What became of every frame that is known, in time order.
async fn frames(
    catalog: &dyn Catalog,
    camera: &CameraId,
    (first, last): (NaiveDate, NaiveDate),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(DateTime<Utc>, Answer)>> {
    let known = catalog.known(camera, from, to).await?;
    let gone = lost(catalog, camera, from, to).await?;
    let reasons = reasons(catalog, camera, first, last).await?;
    let frames = known.into_iter().map(|frame| {
        let key = (frame.id.instant, frame.id.ordinal);
        let reason = || {
            reasons
                .get(&key)
                .cloned()
                .unwrap_or_else(|| "never_tried".to_owned())
        };
        let answer = match frame.state {
            KnownState::Removed => Answer::Removed,
            // A frame that was stored and lost is owed again: that it was lost says more.
            _ if gone.contains_key(&key) => Answer::NotDownloaded(gone[&key].to_owned()),
            KnownState::Open | KnownState::GivenUp => Answer::NotDownloaded(reason()),
            KnownState::Stored => Answer::Stored,
            KnownState::Thumbnail => Answer::Thumbnail,
        };
        (frame.id.instant, answer)
    });
    Ok(frames.collect())
}

/// Frames whose rows are there, but whose files a check found missing or bad.
async fn lost(
    catalog: &dyn Catalog,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<BTreeMap<Key, &'static str>> {
    let (mut lost, mut good) = (BTreeMap::new(), BTreeSet::new());
    for row in catalog.images_between(camera, from, to).await? {
        let Some(at) = row.timestamp else { continue };
        match row.file_state.as_deref() {
            Some("missing") => drop(lost.insert((at, row.ordinal), FILE_MISSING)),
            Some("bad") => drop(lost.insert((at, row.ordinal), FILE_BAD)),
            _ => drop(good.insert((at, row.ordinal))),
        }
    }
    // Old databases may have two rows of one frame.
    lost.retain(|key, _| !good.contains(key));
    Ok(lost)
}

/// Why frames of the ledger are not stored.
async fn reasons(
    catalog: &dyn Catalog,
    camera: &CameraId,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<BTreeMap<Key, String>> {
    // A frame at midnight may be listed under the day before or after.
    let dates = (
        first.pred_opt().unwrap_or(first),
        last.succ_opt().unwrap_or(last),
    );
    let filter = LedgerFilter {
        camera: Some(camera.clone()),
        dates: Some(dates),
        states: Vec::new(),
    };
    let entries = catalog.ledger(&filter).await?;
    Ok(entries
        .iter()
        .map(|entry| {
            (
                (entry.entry.frame.instant, entry.entry.frame.ordinal),
                reason(entry),
            )
        })
        .collect())
}

fn reason(entry: &LedgerEntry) -> String {
    let kind = || {
        entry
            .failure
            .as_ref()
            .map(|failure| failure.kind.as_str().to_owned())
    };
    match entry.state {
        LedgerState::GivenUp => format!(
            "given_up:{}",
            entry.reason.as_deref().unwrap_or("no_reason")
        ),
        _ => entry
            .reason
            .clone()
            .or_else(kind)
            .unwrap_or_else(|| "never_tried".to_owned()),
    }
}

/// The stretches of time that listings answer for.
async fn observed(
    catalog: &dyn Catalog,
    camera: &CameraId,
    (first, last): (NaiveDate, NaiveDate),
    keeps: TimeDelta,
) -> Result<Vec<Observed>> {
    let observations = catalog.observations(camera, first, last).await?;
    let seen = observations.iter().filter_map(|row| {
        let seen = &row.observation;
        let is_withheld = seen
            .failure
            .as_ref()
            .is_some_and(|failure| failure.kind == Kind::NotFound);
        let listed = if seen.confirmed {
            seen.listed.unwrap_or(0)
        } else {
            0
        };
        let answer = Observed::of(
            (seen.day_start, seen.day_end),
            seen.observed_at,
            listed,
            keeps,
        );
        // A calendar that does not offer a day tells of its age at best, never of the camera.
        let says_something = seen.confirmed || is_withheld && !answer.is_kept;
        says_something.then_some(answer)
    });
    Ok(coverage::join(seen.collect()))
}

/// The age of the oldest day that the portal was seen to show frames of.
async fn keeps(catalog: &dyn Catalog, camera: &CameraId) -> Result<TimeDelta> {
    let days = catalog.days(camera, NaiveDate::default()).await?;
    let shown = days.iter().filter(|day| day.listed > 0);
    let ages = shown.filter_map(|day| Some(day.confirmed_at? - day.end));
    Ok(ages.max().unwrap_or_default())
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
        Answer::TooOld => "the portal was asked only when it kept that day no longer".to_owned(),
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
        "never_tried" => "listed, but not tried yet".to_owned(),
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
