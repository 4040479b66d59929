//! Owns the portal's own JSON: live and history. It must not be used by tests as a source of truth.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::behaviours::ApiFailure;
use crate::schedule::Frame;
use crate::state::World;

#[derive(Deserialize)]
pub(crate) struct HistoryQuery {
    day: NaiveDate,
    cursor: Option<String>,
    offset: Option<usize>,
}

/// `GET /api/cameras/{stream}/live`
pub(crate) async fn live(State(world): State<Arc<World>>, Path(stream): Path<String>) -> Response {
    let behaviours = world.behaviours();
    if behaviours.fail_live_api
        && let Some(failure) = world.api_failure()
    {
        return fail(failure);
    }
    let Some(camera) = world.camera(&stream) else {
        return unknown(&stream);
    };
    let frames = world.newest(camera, behaviours.live_pictures.clamp(1, 4));
    Json(json!({ "stream": stream, "images": images(&world, &frames) })).into_response()
}

/// `GET /api/cameras/{stream}/history?day=…&cursor=…`
pub(crate) async fn history(
    State(world): State<Arc<World>>,
    Path(stream): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Response {
    let behaviours = world.behaviours();
    tokio::time::sleep(Duration::from_millis(behaviours.slow_api_ms)).await;
    if let Some(failure) = world.api_failure() {
        return fail(failure);
    }
    let Some(camera) = world.camera(&stream) else {
        return unknown(&stream);
    };
    let mut frames = world.history(camera, query.day);
    frames.reverse();
    let total = frames.len();
    if let Some(position) = query
        .cursor
        .as_deref()
        .and_then(|text| place(&frames, text))
    {
        frames.drain(..=position);
    }
    frames.drain(..query.offset.unwrap_or(0).min(frames.len()));
    let size = usize::try_from(behaviours.page_size.max(1)).unwrap_or(usize::MAX);
    let more = behaviours.endless && frames.len() > size;
    if more {
        frames.truncate(size);
    }
    let next = if more {
        frames.last().map(cursor)
    } else {
        None
    };
    let images = images(&world, &frames);
    let mut body = json!({ "stream": stream, "day": query.day, "images": images });
    if !behaviours.bare_api {
        body["total"] = json!(total);
        body["next"] = json!(next);
    }
    Json(body).into_response()
}

fn images(world: &World, frames: &[Frame]) -> Vec<Value> {
    let one = |frame| json!({ "image": world.address(frame, false), "thumbnail": world.address(frame, true) });
    frames.iter().map(one).collect()
}

fn cursor(frame: &Frame) -> String {
    format!(
        "{}.{}",
        frame.instant.timestamp_millis(),
        u8::from(frame.twin)
    )
}

fn place(frames: &[Frame], text: &str) -> Option<usize> {
    frames.iter().position(|frame| cursor(frame) == text)
}

fn unknown(stream: &str) -> Response {
    let body = json!({ "error": format!("no such camera: {stream}") });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

fn fail(failure: ApiFailure) -> Response {
    let body = Json(json!({ "error": "history is not available" }));
    match failure {
        ApiFailure::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, body).into_response(),
        ApiFailure::ErrorBody => body.into_response(),
        ApiFailure::TooMany { retry_after } => {
            let wait = [(header::RETRY_AFTER, retry_after.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait, body).into_response()
        }
    }
}
