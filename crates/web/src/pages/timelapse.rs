//! A stretch of a camera, played in the page: what is played and where the player finds it. The player is `timelapse.js`. Must not judge.

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use super::cameras::{self, Camera};
use super::shell::{Shell, Visit};
use super::show;
use crate::params::{Params, filled};
use crate::problem::Problem;
use crate::settings::Right;

/// As forms write local times.
const FORM: &str = "%Y-%m-%dT%H:%M";
/// The longest stretch.
const LONGEST: TimeDelta = TimeDelta::days(32);
/// Frames a second where nobody says.
const FPS: u8 = 12;
/// Stretches that one click leads to, in hours.
const STRETCHES: [(&str, i64); 4] = [
    ("last hour", 1),
    ("last day", 24),
    ("last week", 24 * 7),
    ("last month", 24 * 31),
];

/// What to play; what a form leaves empty is the first camera, and its last day.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    camera: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default, deserialize_with = "filled")]
    fps: Option<u8>,
}

#[derive(Template)]
#[template(path = "timelapse.html")]
struct Page {
    shell: Shell,
    cameras: Vec<(String, bool)>,
    camera: String,
    from: String,
    to: String,
    fps: u8,
    list: String,
    day: String,
    command: String,
    may_operate: bool,
    videos: String,
    session: String,
    utc_from: String,
    utc_to: String,
    stretches: Vec<(&'static str, String)>,
}

/// The page.
pub async fn page(visit: Visit, Params(which): Params<Which>) -> Result<Response, Problem> {
    let shell = visit
        .shell("Timelapse", "Timelapse")
        .with("timelapse.js")
        .with("video.js");
    let all = cameras::all(&visit.app).await?;
    let camera = chosen(&all, &which.camera)?;
    let newest = camera.and_then(|one| one.newest).unwrap_or(visit.now);
    let (from, to) = stretch(&which, newest, shell.zone)?;
    let fps = which.fps.unwrap_or(FPS);
    if !(1..=60).contains(&fps) {
        return Err(Problem::bad("fps must be from 1 to 60"));
    }
    let camera = camera.map(|one| one.id.to_string()).unwrap_or_default();
    let local = |at: DateTime<Utc>| at.with_timezone(&shell.zone).format(FORM).to_string();
    let end = ceiling(newest);
    let stretches = STRETCHES.map(|(words, hours)| {
        let from = local(end - TimeDelta::hours(hours));
        let query = format!("camera={camera}&from={from}&to={}&fps={fps}", local(end));
        (words, shell.to(&format!("/timelapse?{query}")))
    });
    show(&Page {
        cameras: all
            .iter()
            .map(|one| (one.id.to_string(), one.id.as_str() == camera))
            .collect(),
        list: shell.to(&format!(
            "/api/v1/images?camera={camera}&from={}&to={}&order=oldest&limit=200",
            utc(from),
            utc(to)
        )),
        day: shell.to(&format!("/day/{camera}")),
        command: command(&camera, (from, to), fps),
        may_operate: visit.caller.right == Right::Operate,
        videos: shell.to("/api/v1/timelapses"),
        session: shell.to("/api/v1/session"),
        utc_from: utc(from),
        utc_to: utc(to),
        from: local(from),
        to: local(to),
        stretches: stretches.into(),
        fps,
        camera,
        shell,
    })
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What makes the same film on the command line, where the last instant belongs to it, as the controls stand at first; `video.js` keeps
/// it right when they change.
fn command(camera: &str, (from, to): (DateTime<Utc>, DateTime<Utc>), fps: u8) -> String {
    let (from, to) = (utc(from), utc(to - TimeDelta::seconds(1)));
    format!(
        "draywatch timelapse --camera {camera} --from {from} --to {to} --thumbnails --fps {fps} --skip frozen --skip placeholder \
         --skip blank --skip dark --output {camera}.mp4"
    )
}

/// The camera of the form, or the first.
fn chosen<'a>(all: &'a [Camera], name: &str) -> Result<Option<&'a Camera>, Problem> {
    if name.is_empty() {
        return Ok(all.first());
    }
    let found = all.iter().find(|one| one.id.as_str() == name);
    found
        .map(Some)
        .ok_or_else(|| Problem::absent("there is no camera of that name"))
}

/// From when to when; without an end up to the newest frame, without a beginning a day.
fn stretch(
    which: &Which,
    newest: DateTime<Utc>,
    zone: Tz,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
    let to = read("to", &which.to, zone)?.unwrap_or_else(|| ceiling(newest));
    let from = read("from", &which.from, zone)?.unwrap_or_else(|| to - TimeDelta::days(1));
    if from >= to {
        return Err(Problem::bad("from is not before to"));
    }
    if to - from > LONGEST {
        return Err(Problem::bad("at most a month can be played at a time"));
    }
    Ok((from, to))
}

/// A local time; of two that are called alike the first, and what clocks leap over is the moment after.
fn read(name: &str, text: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let naive = NaiveDateTime::parse_from_str(text, FORM);
    let naive = naive.map_err(|_| {
        let detail = format!("{name} is no local time such as 2025-09-07T08:00");
        Problem::bad(detail)
    })?;
    let hour = TimeDelta::hours(1);
    let found = zone.from_local_datetime(&naive).earliest().or_else(|| {
        let later = naive.checked_add_signed(hour)?;
        zone.from_local_datetime(&later).earliest()
    });
    let found = found.ok_or_else(|| Problem::bad(format!("{name} is no time of this zone")))?;
    Ok(Some(found.to_utc()))
}

/// The first full minute behind an instant.
fn ceiling(at: DateTime<Utc>) -> DateTime<Utc> {
    let minutes = at.timestamp().div_euclid(60) + 1;
    DateTime::from_timestamp(minutes * 60, 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONE: Tz = chrono_tz::America::Los_Angeles;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn which(from: &str, to: &str) -> Which {
        Which {
            from: from.to_owned(),
            to: to.to_owned(),
            ..Which::default()
        }
    }

    #[test]
    fn a_stretch_is_local_and_at_most_a_month() {
        let newest = at("2025-09-07T10:17:34Z");
        let of = |from, to| stretch(&which(from, to), newest, ZONE).ok();
        let last = (at("2025-09-06T10:18:00Z"), at("2025-09-07T10:18:00Z"));
        assert_eq!(of("", ""), Some(last));
        let morning = (at("2025-09-07T15:00:00Z"), at("2025-09-07T16:30:00Z"));
        assert_eq!(of("2025-09-07T08:00", "2025-09-07T09:30"), Some(morning));
        let leap = (at("2025-03-09T10:30:00Z"), at("2025-03-09T11:00:00Z"));
        assert_eq!(of("2025-03-09T02:30", "2025-03-09T04:00"), Some(leap));
        let twice = of("2025-11-02T01:30", "2025-11-02T02:30").unwrap();
        assert_eq!(twice.0, at("2025-11-02T08:30:00Z"));
        for (from, to) in [
            ("2025-09-07T08:00", "2025-09-07T08:00"),
            ("2025-09-07T08:00", "2025-09-07T07:00"),
            ("2025-08-01T00:00", "2025-09-07T00:00"),
            ("yesterday", ""),
            ("2025-09-07", ""),
        ] {
            assert_eq!(of(from, to), None, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(from in "\\PC{0,20}|[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", to in "\\PC{0,20}") {
            let _ = stretch(&which(&from, &to), DateTime::UNIX_EPOCH, ZONE);
        }
    }
}
