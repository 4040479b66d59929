//! Cameras with what there is of them. Must not know a picture.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use draywatch_catalog::CameraTotals;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::params::Params;
use crate::problem::{Problem, Problems};
use crate::state::App;

/// No parameters at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// All cameras.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cameras {
    /// By name.
    items: Vec<Camera>,
}

/// A camera.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Camera {
    /// Its name, as it stands in the rows.
    id: String,
    /// Whether it is collected by the present settings.
    is_collected: bool,
    /// Stored frames.
    images: u64,
    /// Of them thumbnails only.
    thumbnails: u64,
    /// Of them never verified.
    unverified: u64,
    /// Of them read by a detector.
    processed: u64,
    /// Bytes of all of them.
    bytes: u64,
    /// The oldest frame.
    oldest: Option<DateTime<Utc>>,
    /// The newest frame.
    newest: Option<DateTime<Utc>>,
    /// Listed frames that are still to be had.
    open: u64,
    /// Listed frames that were given up.
    given_up: u64,
}

impl From<CameraTotals> for Camera {
    fn from(totals: CameraTotals) -> Self {
        Self {
            id: totals.camera_id,
            is_collected: false,
            images: totals.images,
            thumbnails: totals.thumbnails,
            unverified: totals.unverified,
            processed: totals.processed,
            bytes: totals.bytes,
            oldest: totals.oldest,
            newest: totals.newest,
            open: totals.open,
            given_up: totals.given_up,
        }
    }
}

/// All cameras: those that are collected, and those that have pictures from before.
#[utoipa::path(get, operation_id = "list_cameras", path = "/cameras", tag = "cameras", responses((status = 200, description = "All cameras.", body = Cameras), Problems))]
pub async fn list(State(app): State<App>, _: Params<Nothing>) -> Result<Json<Cameras>, Problem> {
    let totals = app
        .ask(|catalog| async move { catalog.totals().await })
        .await?;
    let found = totals.cameras.into_iter().map(Camera::from);
    let mut cameras: BTreeMap<String, Camera> = found.map(|one| (one.id.clone(), one)).collect();
    for camera in &app.live().cameras {
        let name = camera.as_str().to_owned();
        let one = cameras.entry(name.clone()).or_insert_with(|| Camera {
            id: name,
            ..Camera::default()
        });
        one.is_collected = true;
    }
    let items = cameras.into_values().collect();
    Ok(Json(Cameras { items }))
}
