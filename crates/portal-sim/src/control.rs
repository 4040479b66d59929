//! Owns `/__sim`: truth, statistics and switches over HTTP, on an origin of its own and on the page's. It must not
//! exist on the CDN's origin.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::behaviours::Behaviours;
use crate::calendar::day_window;
use crate::config::Clock;
use crate::faults::FaultRule;
use crate::schedule::Frame;
use crate::state::World;
use crate::truth;

type Answer = Result<Response, (StatusCode, String)>;

pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/__sim/truth", get(truth_of))
        .route("/__sim/prewarm", post(prewarm))
        .route("/__sim/stats", get(stats))
        .route("/__sim/stats/reset", post(reset))
        .route(
            "/__sim/behaviours",
            get(behaviours).put(set_behaviours).patch(change_behaviours),
        )
        .route(
            "/__sim/faults",
            get(faults).put(set_faults).delete(clear_faults),
        )
        .route("/__sim/clock", get(clock).put(set_clock))
        .with_state(world)
}

#[derive(Deserialize)]
struct Window {
    camera: Option<String>,
    date: Option<NaiveDate>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    #[serde(default = "one")]
    hashes: u8,
    /// Also frames that the history has dropped.
    #[serde(default)]
    expired: u8,
}

fn one() -> u8 {
    1
}

impl Window {
    /// The frames asked for; of all cameras if none is named.
    fn frames(&self, world: &World) -> Result<Vec<Frame>, (StatusCode, String)> {
        let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
        let cameras = match &self.camera {
            Some(name) => vec![world.camera(name).ok_or_else(|| bad("no such camera"))?],
            None => world.cameras().iter().collect(),
        };
        let (from, to) = match (self.date, self.from, self.to) {
            (Some(date), None, None) => day_window(world.config.timezone, date),
            (None, Some(from), Some(to)) => (from, to),
            _ => return Err(bad("give either date, or from and to")),
        };
        let frames = cameras.into_iter().map(|camera| match self.expired {
            0 => world.published(camera, from, to),
            _ => world.appeared(camera, from, to),
        });
        Ok(frames.collect::<Vec<_>>().concat())
    }
}

fn internal(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn truth_of(State(world): State<Arc<World>>, Query(window): Query<Window>) -> Answer {
    let frames = window.frames(&world)?;
    let truth = truth::describe(&world, frames, window.hashes != 0)
        .await
        .map_err(internal)?;
    Ok(Json(truth).into_response())
}

async fn prewarm(State(world): State<Arc<World>>, Query(window): Query<Window>) -> Answer {
    let frames = window.frames(&world)?;
    let truth = truth::describe(&world, frames, true)
        .await
        .map_err(internal)?;
    Ok(Json(json!({ "pictures": truth.len() })).into_response())
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default = "one")]
    log: u8,
}

async fn stats(State(world): State<Arc<World>>, Query(detail): Query<Detail>) -> Response {
    let recorder = &world.recorder;
    let stats = if detail.log == 0 {
        recorder.summary()
    } else {
        recorder.snapshot()
    };
    Json(stats).into_response()
}

async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.recorder.reset();
    StatusCode::NO_CONTENT
}

async fn behaviours(State(world): State<Arc<World>>) -> Response {
    Json(&*world.behaviours()).into_response()
}

async fn set_behaviours(State(world): State<Arc<World>>, Json(new): Json<Behaviours>) -> Response {
    world.set_behaviours(new);
    Json(&*world.behaviours()).into_response()
}

/// Takes the switches that are named over those that are.
async fn change_behaviours(
    State(world): State<Arc<World>>,
    Json(changes): Json<Map<String, Value>>,
) -> Answer {
    let mut all = serde_json::to_value(&*world.behaviours()).map_err(internal)?;
    if let Value::Object(all) = &mut all {
        all.extend(changes.clone());
    }
    let new = serde_json::from_value(all)
        .map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    world.change_behaviours(new, |name| changes.contains_key(name));
    Ok(Json(&*world.behaviours()).into_response())
}

async fn faults(State(world): State<Arc<World>>) -> Response {
    Json(world.faults.rules()).into_response()
}

async fn set_faults(
    State(world): State<Arc<World>>,
    Json(rules): Json<Vec<FaultRule>>,
) -> Response {
    world.faults.set(rules);
    Json(world.faults.rules()).into_response()
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.faults.set(Vec::new());
    StatusCode::NO_CONTENT
}

async fn clock(State(world): State<Arc<World>>) -> Response {
    Json(json!({ "clock": world.clock(), "now": world.now(), "today": world.today() }))
        .into_response()
}

async fn set_clock(State(world): State<Arc<World>>, Json(new): Json<Clock>) -> StatusCode {
    world.set_clock(new);
    StatusCode::NO_CONTENT
}
