//! Collections: the log of them, and one of them. Must not judge.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::{NewObservation, RunQuery, RunRow};
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cameras::Nothing;
use super::images::{Limit, usual_limit};
use crate::cursor::Cursor;
use crate::params::{InPath, Params};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// Which collections.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only of this camera.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: Option<CameraId>,
    /// Only those that ended so.
    #[param(inline)]
    outcome: Option<OutcomeName>,
    /// Go on behind a page: its `next`.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,18}-([0-9a-f]{2}){0,64}$")]
    cursor: Option<Cursor>,
    /// At most so many.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 500, value_type = Option<u32>)]
    limit: Limit<500>,
}

/// How a collection ended.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeName {
    /// Every frame is stored in full size, or was given up.
    Complete,
    /// Something is missing.
    Incomplete,
    /// Nothing could be said about the day.
    Failed,
    /// The process that ran it is gone.
    Interrupted,
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Complete => Self::Complete,
            OutcomeName::Incomplete => Self::Incomplete,
            OutcomeName::Failed => Self::Failed,
            OutcomeName::Interrupted => Self::Interrupted,
        }
    }
}

/// A collection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    /// Its id.
    id: i64,
    /// Which command or job: `fetch`, `backfill`, `collect`, `frames_from`.
    command: String,
    /// The camera.
    camera: String,
    /// The portal's day.
    date: Option<NaiveDate>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended; null while it is under way. One whose process is known to be gone has ended when it is asked for, until the next
    /// collection of its camera writes it down.
    finished_at: Option<DateTime<Utc>>,
    /// How it ended.
    outcome: Option<String>,
    /// Frames that the portal listed.
    listed: Option<u64>,
    /// Frames that it stored.
    stored: Option<u64>,
    /// Listed frames that were there already.
    already: Option<u64>,
    /// Of both those that are thumbnails only.
    thumbnails: Option<u64>,
    /// Listed frames that are not stored.
    missing: Option<u64>,
    /// Bytes written.
    bytes: Option<u64>,
    /// Pictures refused, by reason.
    refused: BTreeMap<String, u64>,
    /// What went wrong, most important first.
    errors: Vec<RunError>,
    /// Seconds that it took.
    seconds: Option<f64>,
}

/// What went wrong in a collection.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunError {
    /// The kind, such as `transient` or `portal_changed`.
    kind: String,
    /// In words.
    message: String,
}

/// Some collections.
#[derive(Debug, Serialize, ToSchema)]
pub struct Runs {
    /// The newest first.
    items: Vec<Run>,
    /// What the next page's `cursor` is; null at the end.
    next: Option<String>,
}

/// What a collection saw at the portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Observation {
    /// When the page was read.
    observed_at: DateTime<Utc>,
    /// Whether the listing is known to be whole.
    confirmed: bool,
    /// How many frames were listed; null when nothing could be read.
    listed: Option<u64>,
    /// The newest frame listed.
    newest: Option<DateTime<Utc>>,
    /// What went wrong.
    error: Option<RunError>,
}

/// A collection with what it saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunWithObservation {
    /// The collection.
    #[serde(flatten)]
    run: Run,
    /// What it saw at the portal, if it got so far.
    observation: Option<Observation>,
}

/// Collections, the newest first.
#[utoipa::path(get, operation_id = "list_runs", path = "/runs", tag = "runs", params(Which), responses((status = 200, description = "A page of collections.", body = Runs), Problems))]
pub async fn list(
    State(app): State<App>,
    Params(which): Params<Which>,
) -> Result<Json<Runs>, Problem> {
    let query = RunQuery {
        camera: which.camera,
        outcome: which.outcome.map(Outcome::from),
        after: which.cursor.map(|cursor| cursor.0),
        limit: which.limit.0,
        ..RunQuery::default()
    };
    let source = app.source();
    let page = app
        .ask(|catalog| async move { source.runs(&*catalog).page(query).await })
        .await?;
    Ok(Json(Runs {
        items: page.rows.into_iter().map(Run::from).collect(),
        next: page.next.map(|place| Cursor(place).to_string()),
    }))
}

/// One collection, with what it saw.
#[utoipa::path(get, operation_id = "get_run", path = "/runs/{id}", tag = "runs", params(("id" = i64, Path, description = "The collection's id.")), responses((status = 200, description = "The collection.", body = RunWithObservation), Problems))]
pub async fn one(
    State(app): State<App>,
    InPath(id): InPath<i64>,
    _: Params<Nothing>,
) -> Result<Json<RunWithObservation>, Problem> {
    let source = app.source();
    let found = app
        .ask(|catalog| async move { source.runs(&*catalog).run(id).await })
        .await?;
    let (run, seen) = found.ok_or_else(|| Problem::absent(format!("there is no run {id}")))?;
    Ok(Json(RunWithObservation {
        run: run.into(),
        observation: seen.map(Observation::from),
    }))
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        let RunRow { id, run, end } = row;
        let counts = end.as_ref().map(|end| &end.counts);
        Self {
            id,
            command: run.command,
            camera: run.camera.to_string(),
            date: run.date,
            started_at: run.started_at,
            finished_at: end.as_ref().map(|end| end.finished_at),
            outcome: end.as_ref().map(|end| end.outcome.as_str().to_owned()),
            listed: counts.map(|counts| counts.listed),
            stored: counts.map(|counts| counts.stored),
            already: counts.map(|counts| counts.already),
            thumbnails: counts.map(|counts| counts.thumbnails),
            missing: counts.map(|counts| counts.missing),
            bytes: counts.map(|counts| counts.bytes),
            refused: counts
                .map(|counts| counts.refused.clone())
                .unwrap_or_default(),
            seconds: end.as_ref().map(|end| end.took.as_secs_f64()),
            errors: end
                .map(|end| end.errors.iter().map(RunError::from).collect())
                .unwrap_or_default(),
        }
    }
}

impl From<&draywatch_core::Failure> for RunError {
    fn from(failure: &draywatch_core::Failure) -> Self {
        Self {
            kind: failure.kind.as_str().to_owned(),
            message: failure.message.clone(),
        }
    }
}

impl From<NewObservation> for Observation {
    fn from(seen: NewObservation) -> Self {
        Self {
            observed_at: seen.observed_at,
            confirmed: seen.confirmed,
            listed: seen.listed,
            newest: seen.newest,
            error: seen.failure.as_ref().map(RunError::from),
        }
    }
}
