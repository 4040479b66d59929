//! Images page by page, and one image. Must not read files.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use draywatch_catalog::{ImageQuery, ImageRow, Order, VerdictIs};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Image;
use super::cameras::Nothing;
use crate::cursor::Cursor;
use crate::params::{InPath, Params, Whole, maybe_instant};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// Which way a list runs.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// Of which verdict.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhichVerdict {
    /// It shows what the camera sees.
    Ok,
    /// The same picture as the one before.
    Frozen,
    /// A card.
    Placeholder,
    /// Too little light.
    Dark,
    /// Nothing to be seen.
    Blank,
    /// Nobody has examined it yet.
    Unexamined,
}

/// Which images.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only of this camera.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: Option<CameraId>,
    /// Only frames taken at this instant or later.
    #[serde(default, deserialize_with = "maybe_instant")]
    from: Option<DateTime<Utc>>,
    /// Only frames taken before this instant.
    #[serde(default, deserialize_with = "maybe_instant")]
    to: Option<DateTime<Utc>>,
    /// Only of this verdict.
    #[param(inline)]
    verdict: Option<WhichVerdict>,
    /// Only those that a detector has read (`true`), or has not (`false`).
    processed: Option<bool>,
    /// Which way.
    #[serde(default)]
    #[param(inline, value_type = Option<Direction>)]
    order: Direction,
    /// Go on behind a page: its `next`.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,18}-([0-9a-f]{2}){0,64}$")]
    cursor: Option<Cursor>,
    /// At most so many.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    limit: Limit<200>,
}

/// How many, from 1 to `MOST`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Whole")]
pub struct Limit<const MOST: u32>(pub u32);

impl<const MOST: u32> TryFrom<Whole> for Limit<MOST> {
    type Error = String;

    fn try_from(Whole(number): Whole) -> Result<Self, String> {
        let fits = u32::try_from(number)
            .ok()
            .filter(|number| (1..=MOST).contains(number));
        fits.map(Self)
            .ok_or_else(|| format!("{number} is not from 1 to {MOST}"))
    }
}

/// How many where nobody says.
pub fn usual_limit<const MOST: u32>() -> Limit<MOST> {
    Limit(100)
}

/// Some images.
#[derive(Debug, Serialize, ToSchema)]
pub struct Images {
    /// In the order asked for. Where few of many are asked for, a page may have fewer than it could, even none, and still a next one.
    items: Vec<Image>,
    /// What the next page's `cursor` is; null at the end.
    next: Option<String>,
}

/// Images by camera, time, verdict and processed state.
///
/// In the order of time. A page goes on where the last one ended, whatever came or went meanwhile.
#[utoipa::path(get, operation_id = "list_images", path = "/images", tag = "images", params(Which), responses((status = 200, description = "A page of images.", body = Images), Problems))]
pub async fn list(
    State(app): State<App>,
    Params(which): Params<Which>,
) -> Result<Json<Images>, Problem> {
    let query = ImageQuery {
        camera: which.camera,
        from: which.from,
        to: which.to,
        verdict: which.verdict.map(verdict),
        processed: which.processed,
        order: match which.order {
            Direction::Newest => Order::Newest,
            Direction::Oldest => Order::Oldest,
        },
        after: which.cursor.map(|cursor| cursor.0),
        limit: which.limit.0,
    };
    let page = app
        .ask(|catalog| async move { catalog.image_page(&query).await })
        .await?;
    let base = &app.settings().base_path;
    Ok(Json(Images {
        items: page
            .rows
            .into_iter()
            .map(|row| Image::new(row, base))
            .collect(),
        next: page.next.map(|place| Cursor(place).to_string()),
    }))
}

fn verdict(which: WhichVerdict) -> VerdictIs {
    VerdictIs::Known(match which {
        WhichVerdict::Unexamined => return VerdictIs::Open,
        WhichVerdict::Ok => Verdict::Ok,
        WhichVerdict::Frozen => Verdict::Frozen,
        WhichVerdict::Placeholder => Verdict::Placeholder,
        WhichVerdict::Dark => Verdict::Dark,
        WhichVerdict::Blank => Verdict::Blank,
    })
}

/// One image.
#[utoipa::path(get, operation_id = "get_image", path = "/images/{id}", tag = "images", params(("id" = i64, Path, description = "The image's id.")), responses((status = 200, description = "The image.", body = Image), Problems))]
pub async fn one(
    State(app): State<App>,
    InPath(id): InPath<i64>,
    _: Params<Nothing>,
) -> Result<Json<Image>, Problem> {
    let row = find(&app, id).await?;
    Ok(Json(Image::new(row, &app.settings().base_path)))
}

/// The row of an image.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, id: i64) -> Result<ImageRow, Problem> {
    let row = app
        .ask(|catalog| async move { catalog.image(id).await })
        .await?;
    row.ok_or_else(|| Problem::absent(format!("there is no image {id}")))
}
