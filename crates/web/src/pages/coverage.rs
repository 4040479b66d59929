//! A year of a camera: a heat map, day by slot, and the list of gaps. Must not judge.

mod gaps;
mod map;

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use chrono::{Datelike, NaiveDate, NaiveTime};
use draywatch_catalog::Catalog;
use draywatch_core::CameraId;
use serde::Deserialize;

use super::answers::{self, Day, Kind, Slot};
use super::cameras::{self, Camera};
use super::shell::{Shell, Visit};
use super::show;
use super::times::{Clock, percent};
use crate::params::{Params, filled};
use crate::problem::Problem;
use gaps::Gap;
use map::Map;

/// Gaps that are listed; the rest is a matter of the API.
const GAPS: usize = 200;

/// Which year of which camera; what a form leaves empty is the first one, and this one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    camera: String,
    #[serde(default, deserialize_with = "filled")]
    year: Option<i32>,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct Page {
    shell: Shell,
    cameras: Vec<(String, bool)>,
    camera: String,
    year: i32,
    years: Vec<(i32, bool)>,
    share: String,
    kinds: Vec<Share>,
    map: Map,
    gaps: Vec<Gap>,
    all_gaps: usize,
    api: String,
}

/// How much of the year one answer is.
struct Share {
    kind: Kind,
    slots: usize,
    percent: String,
}

/// The page.
pub async fn page(visit: Visit, Params(which): Params<Which>) -> Result<Response, Problem> {
    let shell = visit.shell("Coverage", "Coverage").with("coverage.js");
    let clock = shell.clock();
    let all = cameras::all(&visit.app).await?;
    let camera = chosen(&all, &which.camera)?.map(|one| one.id.clone());
    let begun = begun(&visit, camera.as_ref(), &clock).await?;
    let this_year = clock.today().year();
    let year = which.year.unwrap_or(this_year);
    let (first, last) = bounds(year, clock.today())?;
    let days = match camera.clone() {
        Some(camera) => {
            let from = first.max(begun.unwrap_or(clock.today()));
            let found = answers::days(&visit.app, vec![camera], (from, last), visit.now).await?;
            let found = found.into_iter().next().unwrap_or_default();
            let is_first = begun.is_some_and(|begun| begun >= first);
            if is_first { from_known(found) } else { found }
        }
        None => Vec::new(),
    };
    let camera = camera.map(|one| one.to_string()).unwrap_or_default();
    let gaps = gaps::of(&days, &camera, &shell);
    show(&Page {
        cameras: all
            .iter()
            .map(|one| (one.id.to_string(), one.id.as_str() == camera))
            .collect(),
        years: years(&all, begun, year, &clock),
        share: share(&days),
        kinds: kinds(&days),
        map: Map::new(&days, year, &camera, &shell),
        all_gaps: gaps.len(),
        gaps: gaps.into_iter().rev().take(GAPS).collect(),
        api: shell.to(&format!("/api/v1/gaps?camera={camera}&to={last}&days=366")),
        camera,
        year,
        shell,
    })
}

/// The first day on which something is known of the camera, or the one before: before that, nobody could have missed a frame.
async fn begun(
    visit: &Visit,
    camera: Option<&CameraId>,
    clock: &Clock,
) -> Result<Option<NaiveDate>, Problem> {
    let Some(camera) = camera.cloned() else {
        return Ok(None);
    };
    let first = |catalog: Arc<dyn Catalog>| async move { catalog.first_known(&camera).await };
    let first = visit.app.ask(first).await?;
    Ok(first.map(|day| clock.date(day.and_time(NaiveTime::MIN).and_utc())))
}

/// Days from the first one on of which something is known.
fn from_known(days: Vec<Day>) -> Vec<Day> {
    let is_known = |slot: &Slot| !matches!(slot.kind, Kind::NotObserved | Kind::Upcoming);
    days.into_iter()
        .skip_while(|day| !day.slots.iter().any(is_known))
        .collect()
}

/// The camera of the form, or the first.
fn chosen<'a>(all: &'a [Camera], name: &str) -> Result<Option<&'a Camera>, Problem> {
    if name.is_empty() {
        return Ok(all.first());
    }
    let found = all.iter().find(|one| one.id.as_str() == name);
    let found = found.ok_or_else(|| Problem::absent("there is no camera of that name"))?;
    Ok(Some(found))
}

/// The first and the last day of a year, up to today.
fn bounds(year: i32, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let odd = || Problem::bad(format!("{year} is no year that could be shown"));
    if !(1990..=today.year()).contains(&year) {
        return Err(odd());
    }
    let first = NaiveDate::from_ymd_opt(year, 1, 1).ok_or_else(odd)?;
    let last = NaiveDate::from_ymd_opt(year, 12, 31).ok_or_else(odd)?;
    Ok((first, last.min(today)))
}

/// Years to choose from: from the first frame of any camera that is there to this one, or from the first that is known of this camera.
fn years(all: &[Camera], begun: Option<NaiveDate>, year: i32, clock: &Clock) -> Vec<(i32, bool)> {
    let this_year = clock.today().year();
    let oldest = all.iter().filter_map(|one| one.oldest);
    let oldest = oldest.map(|at| clock.date(at)).chain(begun).min();
    let oldest = oldest.map_or(this_year, |day| day.year());
    (oldest.min(year).max(1990)..=this_year)
        .rev()
        .map(|one| (one, one == year))
        .collect()
}

/// The share of all slots that are over, from the first one of which anything is known.
fn share(days: &[Day]) -> String {
    let (have, over) = days
        .iter()
        .map(Day::counts)
        .fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    percent(have, over)
}

fn kinds(days: &[Day]) -> Vec<Share> {
    let slots = || days.iter().flat_map(|day| &day.slots);
    let all = slots().filter(|slot| slot.kind != Kind::Upcoming).count();
    let share = |kind: Kind| {
        let slots = slots().filter(|slot| slot.kind == kind).count();
        Share {
            kind,
            slots,
            percent: percent(slots, all),
        }
    };
    let shown = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Upcoming);
    shown
        .map(share)
        .filter(|share| share.slots > 0 || share.kind == Kind::Stored)
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use draywatch_core::coverage::SLOT;

    use super::*;

    pub(super) fn day(date: &str, kinds: &[(Kind, i32)]) -> Day {
        let date: NaiveDate = date.parse().unwrap();
        let mut start: DateTime<Utc> = date.and_time(chrono::NaiveTime::MIN).and_utc();
        let mut slots = Vec::new();
        for (kind, count) in kinds {
            for _ in 0..*count {
                slots.push(answers::Slot {
                    start,
                    kind: *kind,
                    reason: None,
                });
                start += SLOT;
            }
        }
        Day { date, slots }
    }

    #[test]
    fn a_year_is_drawn_by_answer_and_its_gaps_are_told() {
        let days = [
            day("2025-01-01", &[(Kind::Stored, 144)]),
            day(
                "2025-03-09",
                &[(Kind::Stored, 10), (Kind::Offline, 6), (Kind::Stored, 122)],
            ),
            day("2025-12-31", &[(Kind::Stored, 1), (Kind::Upcoming, 143)]),
        ];
        assert_eq!(share(&days), "97 %");
        let all = kinds(&days);
        assert_eq!((all[0].slots, &*all[0].percent), (277, "97 %"));
        assert_eq!((all[1].slots, &*all[1].percent), (6, "2 %"));
    }

    /// Days whose frames were removed or refused are years to be seen, though no frame is left of them.
    #[test]
    fn a_year_begins_with_the_first_day_of_which_anything_is_known() {
        let removed = day(
            "2025-01-03",
            &[(Kind::NotObserved, 143), (Kind::Removed, 1)],
        );
        let days = vec![
            day("2025-01-01", &[(Kind::NotObserved, 144)]),
            day(
                "2025-01-02",
                &[(Kind::NotObserved, 100), (Kind::Upcoming, 44)],
            ),
            removed.clone(),
            day("2025-01-04", &[(Kind::NotObserved, 144)]),
        ];
        let left = from_known(days);
        assert_eq!((left.len(), &left[0]), (2, &removed));
    }

    #[test]
    fn only_years_that_were_can_be_asked_for() {
        let today: NaiveDate = "2026-11-23".parse().unwrap();
        assert_eq!(bounds(2026, today).unwrap().1, today);
        assert_eq!(bounds(2024, today).unwrap().1.to_string(), "2024-12-31");
        for year in [2027, 1989, i32::MAX, i32::MIN] {
            assert!(bounds(year, today).is_err(), "{year}");
        }
        let clock = Clock::new(
            chrono_tz::UTC,
            DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        );
        assert_eq!(
            years(&[], None, 2023, &clock),
            [(2024, false), (2023, true)]
        );
        let begun = "2022-05-01".parse().ok();
        assert_eq!(years(&[], begun, 2024, &clock).len(), 3);
    }
}
