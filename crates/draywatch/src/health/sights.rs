//! What a camera's newest pictures are worth, read where it is cheap. Must not judge.

use chrono::{DateTime, Utc};
use draywatch_catalog::Catalog;
use draywatch_core::CameraId;
use draywatch_core::health::Sights;
use draywatch_core::verdict::Verdict;

/// Frames whose verdicts are looked at first: the newest may have none yet.
const NEWEST: u32 = 8;
/// And at most, to find out since when there is trouble: a week.
const LONGEST: u32 = 1008;

/// What a camera's newest pictures are worth: a few rows, and only where these are trouble, as many as it takes to say since when.
pub(super) async fn sights(
    catalog: &dyn Catalog,
    camera: &CameraId,
    until: DateTime<Utc>,
) -> draywatch_catalog::Result<Sights> {
    let known = |rows: Vec<(DateTime<Utc>, Option<Verdict>)>| {
        let known = rows
            .into_iter()
            .filter_map(|(at, verdict)| Some((at, verdict?)));
        known.collect::<Vec<_>>()
    };
    let newest = catalog.newest_verdicts(camera, until, NEWEST).await?;
    let mut sights = Sights {
        newest: known(newest),
        day_before: Vec::new(),
    };
    // How many frames there are in a slot is not known: it takes more of them to tell whether two slots are trouble.
    if !sights
        .newest
        .first()
        .is_some_and(|(_, verdict)| verdict.is_trouble())
    {
        return Ok(sights);
    }
    let newest = catalog.newest_verdicts(camera, until, LONGEST).await?;
    sights.newest = known(newest);
    if let Some((from, to)) = sights.day_before_newest() {
        let then = catalog.newest_verdicts(camera, to, NEWEST).await?;
        let is_then = |(at, _): &(DateTime<Utc>, Verdict)| *at >= from;
        sights.day_before = known(then).into_iter().filter(is_then).collect();
    }
    Ok(sights)
}
