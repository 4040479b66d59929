//! A day of a camera: every frame, every gap, and the month around it. Must not judge.

use std::fmt::Write;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, NaiveDate};
use draywatch_catalog::ImageRow;
use draywatch_core::CameraId;
use draywatch_core::zone::day_bounds;
use serde::Deserialize;

use super::answers::{self, Day};
use super::calendar::{Calendar, Shown, month_of, neighbours};
use super::cameras::{self, Camera};
use super::grid::{Cell, Maker};
use super::sheets;
use super::shell::{Shell, Visit};
use super::show;
use super::strip::Strip;
use crate::params::{InPath, Params, filled};
use crate::problem::Problem;

/// As many cameras are shown side by side.
const MOST: usize = 6;
/// The word for as many as there is room for.
const ALL: &str = "all";

/// What the chooser sends; nothing of it has to be there.
#[derive(Debug, Default, Deserialize)]
pub struct Chosen {
    #[serde(default, deserialize_with = "filled")]
    camera: Option<CameraId>,
    #[serde(default, deserialize_with = "filled")]
    date: Option<NaiveDate>,
    with: Option<String>,
}

/// How a day is shown.
#[derive(Debug, Default, Deserialize)]
pub struct How {
    /// The camera beside it, or `all`.
    pub with: Option<String>,
    /// Any day of the month that the calendar shows.
    #[serde(default, deserialize_with = "filled")]
    month: Option<NaiveDate>,
}

#[derive(Template)]
#[template(path = "day.html")]
struct Page {
    shell: Shell,
    camera: String,
    with: Option<String>,
    date: NaiveDate,
    cameras: Vec<Camera>,
    before: Option<String>,
    after: Option<String>,
    calendar: Calendar,
    strips: Vec<Row>,
    hours: Vec<String>,
    cells: Vec<Cell>,
    frames: usize,
    left_out: usize,
}

/// A camera's strip.
struct Row {
    camera: String,
    strip: Strip,
    share: String,
}

/// Leads to a day: the one that was chosen, or the newest.
pub async fn choose(visit: Visit, Params(chosen): Params<Chosen>) -> Result<Response, Problem> {
    let shell = visit.shell("Day", "");
    let cameras = cameras::all(&visit.app).await?;
    let newest = || {
        let newest = cameras.iter().filter(|one| one.newest.is_some());
        newest.max_by_key(|one| (one.is_collected, one.newest))
    };
    let camera = match &chosen.camera {
        Some(id) => cameras.iter().find(|one| one.id == *id),
        None => newest().or(cameras.first()),
    };
    let Some(camera) = camera else {
        return Err(match chosen.camera {
            Some(id) => Problem::absent(format!("there is no camera {id}")),
            None => Problem::absent("there is no camera yet, so there is no day to show"),
        });
    };
    let clock = shell.clock();
    let date = chosen.date.unwrap_or_else(|| {
        camera
            .newest
            .map_or_else(|| clock.today(), |at| clock.date(at))
    });
    let with = chosen.with.filter(|with| !with.is_empty());
    let address = address(&shell, camera.id.as_str(), date, with.as_deref());
    Ok(Redirect::to(&address).into_response())
}

/// The page of a day.
pub async fn page(
    visit: Visit,
    InPath((camera, date)): InPath<(CameraId, NaiveDate)>,
    Params(how): Params<How>,
) -> Result<Response, Problem> {
    check(date)?;
    check(how.month.unwrap_or(date))?;
    let cameras = cameras::all(&visit.app).await?;
    let with = how.with.filter(|with| !with.is_empty());
    let (shown, left_out) = beside(&camera, with.as_deref(), &cameras)?;
    let title = format!("{camera}, {}", date.format("%a %-d %b %Y"));
    let shell = visit.shell("Day", title).with("day.js");
    let clock = shell.clock();
    let month = month_of(how.month.unwrap_or(date));
    let mut month_days = answers::days(&visit.app, vec![camera.clone()], month, visit.now).await?;
    let month_days = month_days.pop().unwrap_or_default();
    let days = answers::days(&visit.app, shown.clone(), (date, date), visit.now).await?;
    let days: Vec<Day> = days.into_iter().flatten().collect();
    let rows = frames(&visit, shown.clone(), date).await?;
    let strips = shown.iter().zip(&days).map(|(camera, day)| Row {
        camera: camera.to_string(),
        strip: Strip::new(day, &clock),
        share: day.share(),
    });
    let strips = strips.collect();
    let hours = days.first().map(|day| {
        let every = day.slots.iter().step_by(6);
        every
            .map(|slot| clock.text(slot.start)[..2].to_owned())
            .collect()
    });
    let frames = rows.iter().map(Vec::len).sum();
    let query = with.as_ref().map(|with| format!("?with={with}"));
    let maker = Maker {
        clock: &clock,
        base: &shell.base,
        query: query.as_deref().unwrap_or_default(),
    };
    let mut all = shown.iter().map(ToString::to_string).zip(days).zip(rows);
    let mut cells = if shown.len() > 1 {
        let all: Vec<_> = all.map(|((name, day), rows)| (name, day, rows)).collect();
        maker.together(&all)
    } else {
        let one = all.next();
        one.map_or_else(Vec::new, |((_, day), rows)| maker.alone(&day, rows))
    };
    sheets::share(&mut cells, &shell.base);
    let now_shown = Shown {
        here: date,
        today: clock.today(),
    };
    let to = |date| address(&shell, camera.as_str(), date, with.as_deref());
    let calendar = Calendar::new(&month_days, now_shown, to, |month| {
        let mut address = to(date);
        let sign = if with.is_some() { '&' } else { '?' };
        let _ = write!(address, "{sign}month={month}");
        address
    });
    let (before, after) = neighbours(now_shown);
    show(&Page {
        camera: camera.to_string(),
        date,
        before: before.map(to),
        after: after.map(to),
        calendar,
        strips,
        hours: hours.unwrap_or_default(),
        cells,
        frames,
        left_out,
        cameras,
        with: with.clone(),
        shell: shell.clone(),
    })
}

/// Days that no frame can be of are refused before anything is reckoned with them.
fn check(date: NaiveDate) -> Result<(), Problem> {
    if (1970..2200).contains(&date.year()) {
        return Ok(());
    }
    Err(Problem::absent(format!("there is no frame of {date}")))
}

/// Which cameras are shown, and how many there is no room for.
fn beside(
    camera: &CameraId,
    with: Option<&str>,
    cameras: &[Camera],
) -> Result<(Vec<CameraId>, usize), Problem> {
    let known = |id: &CameraId| cameras.iter().any(|one| one.id == *id);
    let absent = |name: &str| Problem::absent(format!("there is no camera {name}"));
    if !known(camera) {
        return Err(absent(camera.as_str()));
    }
    let mut shown = vec![camera.clone()];
    match with {
        None => {}
        Some(ALL) => shown.extend(
            cameras
                .iter()
                .map(|one| one.id.clone())
                .filter(|one| one != camera),
        ),
        Some(other) => {
            let other = CameraId::new(other).ok().filter(known);
            let other = other.ok_or_else(|| absent(with.unwrap_or_default()))?;
            if other != *camera {
                shown.push(other);
            }
        }
    }
    let left_out = shown.len().saturating_sub(MOST);
    shown.truncate(MOST);
    Ok((shown, left_out))
}

/// The frames of a day, of each camera.
async fn frames(
    visit: &Visit,
    cameras: Vec<CameraId>,
    date: NaiveDate,
) -> Result<Vec<Vec<ImageRow>>, Problem> {
    let (from, to) = day_bounds(date, visit.app.settings().zone);
    let question = |catalog: std::sync::Arc<dyn draywatch_catalog::Catalog>| async move {
        let all = cameras.into_iter().map(|camera| {
            let catalog = std::sync::Arc::clone(&catalog);
            async move { catalog.images_between(&camera, from, to).await }
        });
        futures::future::try_join_all(all).await
    };
    visit.app.ask(question).await
}

/// The address of a day.
pub fn address(shell: &Shell, camera: &str, date: NaiveDate, with: Option<&str>) -> String {
    let address = shell.to(&format!("/day/{camera}/{date}"));
    match with.map(askama::filters::urlencode_strict) {
        Some(Ok(with)) => format!("{address}?with={with}"),
        _ => address,
    }
}
