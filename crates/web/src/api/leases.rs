//! Work for detectors: unprocessed images on loan, the oldest first. Must not say what is in a picture.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Acknowledged, NewImageLease};
use draywatch_core::CameraId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Image;
use super::images::Limit;
use crate::params::{Body, InPath, Whole};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// What a detector wants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What it calls itself, for people.
    #[serde(default)]
    #[schema(max_length = 100)]
    holder: String,
    /// Only of this camera.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: Option<CameraId>,
    /// At most so many images.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 100, value_type = u32, default = 10)]
    limit: Limit<100>,
    /// Seconds after which they come back.
    #[serde(default = "five_minutes")]
    #[schema(minimum = 1, maximum = 86400, value_type = u32, default = 300)]
    seconds: Limit<86400>,
}

fn ten() -> Limit<100> {
    Limit(10)
}

fn five_minutes() -> Limit<86400> {
    Limit(300)
}

/// Images on loan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lease {
    /// The lease's name; null when there was nothing to be had.
    lease: Option<String>,
    /// When they come back.
    expires_at: DateTime<Utc>,
    /// The images, the oldest first.
    images: Vec<Lent>,
}

/// An image on loan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lent {
    /// How often it was given out, this time included: one that is given out again and again may be what detectors die of.
    attempts: u32,
    /// The image.
    image: Image,
}

/// Images that were read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Their ids.
    #[schema(min_items = 1, max_items = 100, value_type = Vec<i64>)]
    images: Vec<Whole>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// Images that are processed now, or were by the same word before.
    acknowledged: Vec<i64>,
    /// Images that are not there any more.
    gone: Vec<i64>,
}

/// Take unprocessed images, the oldest first; nobody else gets them until the time is over.
#[utoipa::path(post, operation_id = "lease_images", path = "/leases", tag = "detectors", request_body = Wanted, responses((status = 200, description = "Images on loan, or none.", body = Lease), Problems))]
pub async fn lease(
    State(app): State<App>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Lease>, Problem> {
    if wanted.holder.chars().count() > 100 {
        return Err(Problem::bad("holder is longer than 100 characters"));
    }
    let now = app.now();
    let name = crate::access::random_name();
    let new = NewImageLease {
        lease: name.clone(),
        holder: wanted.holder,
        camera: wanted.camera,
        limit: wanted.limit.0,
        expires_at: now + TimeDelta::seconds(wanted.seconds.0.into()),
    };
    let expires_at = new.expires_at;
    let lent = app
        .ask(|catalog| async move { catalog.lease_images(&new, now).await })
        .await?;
    let base = &app.settings().base_path;
    let images: Vec<Lent> = lent
        .into_iter()
        .map(|one| Lent {
            attempts: one.attempts,
            image: Image::new(one.image, base),
        })
        .collect();
    Ok(Json(Lease {
        lease: (!images.is_empty()).then_some(name),
        expires_at,
        images,
    }))
}

/// Say that images of a lease were read: they are processed from then on.
///
/// May be said again, and late as long as nobody else took them. When some are with another detector by now, the answer is 409 and
/// names them; the others are processed all the same.
#[utoipa::path(post, operation_id = "acknowledge_images", path = "/leases/{lease}/acknowledge", tag = "detectors", params(("lease" = String, Path, description = "The lease's name.")), request_body = Read, responses((status = 200, description = "They are processed.", body = Done), Problems))]
pub async fn acknowledge(
    State(app): State<App>,
    InPath(lease): InPath<String>,
    Body(read): Body<Read>,
) -> Result<Json<Done>, Problem> {
    if read.images.is_empty() || read.images.len() > 100 {
        return Err(Problem::bad("images must have from 1 to 100 ids"));
    }
    let ids: Vec<i64> = read.images.iter().map(|id| id.0).collect();
    let (now, images) = (app.now(), ids.clone());
    let results =
        app.ask(|catalog| async move { catalog.acknowledge_images(&lease, &images, now).await });
    let results = results.await?;
    let those = |wanted| {
        let pairs = ids.iter().zip(&results);
        pairs
            .filter(|(_, result)| **result == wanted)
            .map(|(id, _)| *id)
            .collect::<Vec<i64>>()
    };
    let refused = those(Acknowledged::NotYours);
    if refused.is_empty() {
        return Ok(Json(Done {
            acknowledged: those(Acknowledged::Done),
            gone: those(Acknowledged::Gone),
        }));
    }
    let detail =
        "some images are not in this lease, or their time was over and another detector has them";
    let mut problem = Problem::new(StatusCode::CONFLICT, detail);
    problem.acknowledged = Some(those(Acknowledged::Done));
    problem.refused = Some(refused);
    Err(problem)
}

/// Give back what was not read.
#[utoipa::path(delete, operation_id = "return_images", path = "/leases/{lease}", tag = "detectors", params(("lease" = String, Path, description = "The lease's name.")), responses((status = 204, description = "Nothing is held by it any more."), Problems))]
pub async fn give_back(
    State(app): State<App>,
    InPath(lease): InPath<String>,
) -> Result<StatusCode, Problem> {
    let now = app.now();
    app.ask(|catalog| async move { catalog.return_images(&lease, now).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
