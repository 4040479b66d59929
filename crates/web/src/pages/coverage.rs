//! A year of a camera: a heat map, day by slot, and the list of gaps. Must not judge.

use std::fmt::Write as _;

use askama::Template;
use axum::response::Response;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::answers::{self, Day, Kind, Stretch, how_long};
use super::cameras::{self, Camera};
use super::shell::{Shell, Visit};
use super::show;
use super::times::{Clock, percent};
use crate::params::Params;
use crate::problem::Problem;

/// Gaps that are listed; the rest is a matter of the API.
const GAPS: usize = 200;
/// How wide a day is on the map, and how high a slot.
const WIDTH: usize = 3;
const HEIGHT: usize = 2;
/// Slots of the longest day.
const MOST: usize = 150;
/// Room for words at the left and at the top.
const LEFT: usize = 34;
const TOP: usize = 16;

/// Which year of which camera; what a form leaves empty is the first one, and this one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    camera: String,
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

/// The heat map; in a template: `{{ map|safe }}`.
#[derive(Template, Default)]
#[template(path = "parts/map.html")]
struct Map {
    width: usize,
    height: usize,
    words: String,
    layers: Vec<Layer>,
    months: Vec<(usize, &'static str)>,
    hours: Vec<(usize, String)>,
    days: Vec<Link>,
}

/// All slots of one answer, as one path.
struct Layer {
    class: &'static str,
    path: String,
}

/// A day, to be pointed at.
struct Link {
    at: usize,
    address: String,
    title: String,
}

struct Gap {
    day: String,
    date: NaiveDate,
    from: String,
    to: String,
    lasts: String,
    kind: Kind,
    words: String,
}

/// The page.
pub async fn page(visit: Visit, Params(which): Params<Which>) -> Result<Response, Problem> {
    let shell = visit.shell("Coverage", "Coverage");
    let clock = shell.clock();
    let all = cameras::all(&visit.app).await?;
    let camera = chosen(&all, &which.camera)?;
    let this_year = clock.today().year();
    let year = which.year.unwrap_or(this_year);
    let (first, last) = bounds(year, clock.today())?;
    let days = match camera {
        Some(camera) => {
            // Before its first frame nobody could have missed one.
            let begun = camera.oldest.map_or(clock.today(), |at| clock.date(at));
            let (app, ids) = (&visit.app, vec![camera.id.clone()]);
            let found = answers::days(app, ids, (first.max(begun), last), visit.now);
            found.await?.pop().unwrap_or_default()
        }
        None => Vec::new(),
    };
    let camera = camera.map(|one| one.id.to_string()).unwrap_or_default();
    let gaps = gaps(&days, &camera, &shell, &clock);
    show(&Page {
        cameras: all
            .iter()
            .map(|one| (one.id.to_string(), one.id.as_str() == camera))
            .collect(),
        years: years(&all, year, this_year, &clock),
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

/// Years to choose from: from the first frame of any camera that is known of to this one.
fn years(all: &[Camera], year: i32, this_year: i32, clock: &Clock) -> Vec<(i32, bool)> {
    let oldest = all.iter().filter_map(|one| one.oldest);
    let oldest = oldest.map(|at| clock.date(at).year()).min();
    let from = oldest.unwrap_or(this_year).min(year).max(1990);
    (from..=this_year)
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

fn gaps(days: &[Day], camera: &str, shell: &Shell, clock: &Clock) -> Vec<Gap> {
    let of_day = |day: &Day| {
        let (date, all) = (day.date, answers::stretches(&day.slots));
        let missing =
            |one: &Stretch| !one.first.kind.has_frame() && one.first.kind != Kind::Upcoming;
        let gap = |one: Stretch| Gap {
            day: shell.to(&format!("/day/{camera}/{date}")),
            date,
            from: clock.text(one.first.start),
            to: clock.text(one.end),
            lasts: how_long(&one),
            kind: one.first.kind,
            words: one.first.words(),
        };
        all.into_iter().filter(missing).map(gap).collect::<Vec<_>>()
    };
    days.iter().flat_map(of_day).collect()
}

impl Map {
    fn new(days: &[Day], year: i32, camera: &str, shell: &Shell) -> Self {
        let place = |day: &Day| usize::try_from(day.date.ordinal0()).unwrap_or(0);
        let mut layers: Vec<Layer> = Kind::ALL
            .into_iter()
            .map(|kind| Layer {
                class: kind.class(),
                path: String::new(),
            })
            .collect();
        for day in days {
            let mut at = 0;
            for one in answers::stretches(&day.slots) {
                let layer = Kind::ALL.iter().position(|kind| *kind == one.first.kind);
                if let Some(layer) = layer.and_then(|nth| layers.get_mut(nth)) {
                    let (x, y) = (LEFT + place(day) * WIDTH, TOP + at * HEIGHT);
                    let height = one.slots * HEIGHT;
                    let _ = write!(layer.path, "M{x} {y}h{WIDTH}v{height}h-{WIDTH}z");
                }
                at += one.slots;
            }
        }
        layers.retain(|layer| !layer.path.is_empty());
        Self {
            width: LEFT + 366 * WIDTH,
            height: TOP + MOST * HEIGHT,
            words: format!(
                "{year} of {camera}, day by day: {} of all slots have a frame",
                share(days)
            ),
            layers,
            months: months(year),
            hours: (0..24)
                .step_by(6)
                .map(|hour| (TOP + hour * 6 * HEIGHT, format!("{hour} h")))
                .collect(),
            days: days
                .iter()
                .map(|day| Link {
                    at: LEFT + place(day) * WIDTH,
                    address: shell.to(&format!("/day/{camera}/{}", day.date)),
                    title: format!("{}: {}", day.date, day.share()),
                })
                .collect(),
        }
    }
}

/// Where the months of a year begin.
fn months(year: i32) -> Vec<(usize, &'static str)> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let begin = |month| NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |day| day.ordinal0());
    let place = |month| LEFT + usize::try_from(begin(month)).unwrap_or(0) * WIDTH;
    (1..=12).map(place).zip(NAMES).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use draywatch_core::coverage::SLOT;

    use super::*;

    fn day(date: &str, kinds: &[(Kind, i32)]) -> Day {
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
        let places = months(2024);
        assert_eq!(places[0], (LEFT, "Jan"));
        assert_eq!(places[2], (LEFT + 60 * WIDTH, "Mar"), "a leap year");
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
            years(&[], 2023, 2024, &clock),
            [(2024, false), (2023, true)]
        );
    }
}
