//! What there is of a camera's days, slot by slot, and what is missing and why. Must not judge.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Days, NaiveDate, Utc};
use draywatch_catalog::DaySlots;
use draywatch_core::CameraId;
use draywatch_core::coverage::{self, Answer, SLOT};
use draywatch_core::zone::{day_bounds, local_date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::images::Limit;
use crate::params::{Params, maybe_day};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// Which days of a camera.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The camera.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: CameraId,
    /// The last day, in the terminal's zone; today where it is not given.
    #[serde(default, deserialize_with = "maybe_day")]
    to: Option<NaiveDate>,
    /// How many days up to that one.
    #[serde(default = "week")]
    #[param(minimum = 1, maximum = 400, value_type = Option<u32>)]
    days: Limit<400>,
}

fn week() -> Limit<400> {
    Limit(7)
}

/// What is known of a slot of ten minutes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerName {
    /// A frame is stored, or its neighbours are so near that none is missing.
    Stored,
    /// Only a thumbnail is stored.
    Thumbnail,
    /// A frame was listed but not downloaded.
    NotDownloaded,
    /// The portal answered, and offered none: the camera was offline.
    NotOffered,
    /// Nobody asked the portal, or it could not be read.
    NotObserved,
    /// The portal was asked when it did not keep that day any more.
    TooOld,
    /// A frame was stored, and removed on purpose since.
    Removed,
}

/// A stretch of time without a full picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gap {
    /// Start of its first slot.
    from: DateTime<Utc>,
    /// End of its last slot.
    to: DateTime<Utc>,
    /// How many slots of ten minutes.
    slots: usize,
    /// What is known of them.
    answer: AnswerName,
    /// Why a frame was not downloaded.
    reason: Option<String>,
}

/// What is missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gaps {
    /// The camera.
    camera: String,
    /// The oldest first.
    items: Vec<Gap>,
}

/// A day of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day in the terminal's zone.
    date: NaiveDate,
    /// Start of its first slot.
    start: DateTime<Utc>,
    /// What is known of each slot of ten minutes: 144 on most days, 138 or 150 when clocks change.
    slots: Vec<AnswerName>,
}

/// Days of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub struct Coverage {
    /// The camera.
    camera: String,
    /// The terminal's zone.
    zone: String,
    /// The oldest first; what is still to come is left out.
    days: Vec<Day>,
}

impl From<&Answer> for AnswerName {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Stored => Self::Stored,
            Answer::Thumbnail => Self::Thumbnail,
            Answer::NotDownloaded(_) => Self::NotDownloaded,
            Answer::NotOffered => Self::NotOffered,
            Answer::NotObserved => Self::NotObserved,
            Answer::TooOld => Self::TooOld,
            Answer::Removed => Self::Removed,
        }
    }
}

type Slots = Vec<(DateTime<Utc>, Answer)>;

/// The whole slots of each day.
async fn slots(app: &App, which: Which) -> Result<Vec<(NaiveDate, Slots)>, Problem> {
    app.camera(&which.camera).await?;
    let (zone, now) = (app.settings().zone, app.now());
    let last = which.to.unwrap_or_else(|| local_date(now, zone));
    let back = Days::new(u64::from(which.days.0) - 1);
    let first = last.checked_sub_days(back).unwrap_or(NaiveDate::MIN);
    let until = coverage::slot_of(now);
    let all = day_bounds(first, zone).0..day_bounds(last, zone).1.min(until);
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let cameras = [which.camera];
    let found = app.ask(|catalog| async move {
        catalog
            .slots(&cameras, all.start.date_naive(), all.end.date_naive())
            .await
    });
    let found = found.await?.pop().unwrap_or_default();
    let found: Slots = found
        .iter()
        .flat_map(DaySlots::slots)
        .map(|(slot, answer)| (slot, answer.clone()))
        .collect();
    let of_day = |date| {
        let (from, to) = day_bounds(date, zone);
        let to = to.min(until);
        let begin = found.partition_point(|(slot, _)| *slot < from);
        let end = found.partition_point(|(slot, _)| *slot < to);
        (date, found[begin..end.max(begin)].to_vec())
    };
    let days = first.iter_days().take_while(|date| *date <= last);
    let days = days.take_while(|date| day_bounds(*date, zone).0 < until);
    Ok(days.map(of_day).collect())
}

/// The stretches of time without a full picture, and why.
#[utoipa::path(get, operation_id = "list_gaps", path = "/gaps", tag = "coverage", params(Which), responses((status = 200, description = "What is missing.", body = Gaps), Problems))]
pub async fn gaps(
    State(app): State<App>,
    Params(which): Params<Which>,
) -> Result<Json<Gaps>, Problem> {
    let camera = which.camera.to_string();
    let days = slots(&app, which).await?;
    let all: Slots = days.into_iter().flat_map(|(_, slots)| slots).collect();
    let items = coverage::gaps(&all).into_iter().map(|gap| Gap {
        from: gap.from,
        to: gap.to,
        slots: gap.slots,
        answer: AnswerName::from(&gap.answer),
        reason: match gap.answer {
            Answer::NotDownloaded(reason) => Some(reason),
            _ => None,
        },
    });
    let items = items.collect();
    Ok(Json(Gaps { camera, items }))
}

/// What there is of each day, slot by slot.
#[utoipa::path(get, operation_id = "get_coverage", path = "/coverage", tag = "coverage", params(Which), responses((status = 200, description = "Days.", body = Coverage), Problems))]
pub async fn days(
    State(app): State<App>,
    Params(which): Params<Which>,
) -> Result<Json<Coverage>, Problem> {
    let camera = which.camera.to_string();
    let zone = app.settings().zone;
    let days = slots(&app, which).await?;
    let day = |(date, slots): (NaiveDate, Slots)| Day {
        date,
        start: slots
            .first()
            .map_or(day_bounds(date, zone).0, |(slot, _)| *slot),
        slots: slots
            .iter()
            .map(|(_, answer)| AnswerName::from(answer))
            .collect(),
    };
    Ok(Json(Coverage {
        camera,
        zone: zone.name().to_owned(),
        days: days.into_iter().map(day).collect(),
    }))
}

/// A slot is ten minutes: the description says so.
const _: () = assert!(SLOT.num_seconds() == 600);
