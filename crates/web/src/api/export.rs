//! Metadata and pictures of many images as one stream. Must not know a format: the export crate makes the bytes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::error::chain;
use draywatch_core::verdict::Verdict;
use draywatch_export::{Export, ExportError, Format, ImageFilter, Request, Table, stream};
use futures::TryStreamExt;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::params::{Params, instant};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// The verdict of exported images.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportVerdict {
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
}

/// Before a camera's first frame by so much, nobody can mean it.
const NEVER: TimeDelta = TimeDelta::days(366);

/// In which form.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// A JSON object on each line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// The pictures with metadata and gap mask, as one tar.
    Webdataset,
}

/// Which images, in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// In which form.
    #[param(inline)]
    format: ExportFormat,
    /// Only of this camera; of all that are collected otherwise.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: Option<CameraId>,
    /// Only frames taken at this instant or later.
    #[serde(deserialize_with = "instant")]
    from: DateTime<Utc>,
    /// Only frames taken before this instant.
    #[serde(deserialize_with = "instant")]
    to: DateTime<Utc>,
    /// Only of this verdict.
    #[param(inline)]
    verdict: Option<ExportVerdict>,
    /// Only those that a detector has read (`true`), or has not (`false`).
    processed: Option<bool>,
}

/// Metadata of images, or their pictures, as one stream.
///
/// The same bytes as `draywatch export` writes to standard output for the same question; gap masks begin a year before the
/// first frame at the earliest, and end tomorrow at the latest. Few exports run at once; a stream that breaks
/// off before its end met a failure, which the log tells.
#[utoipa::path(get, operation_id = "export_images", path = "/export", tag = "images", params(Which), responses((status = 200, description = "The export.", content((String = "text/csv"), (String = "application/x-ndjson"), (String = "application/vnd.apache.parquet"), (String = "application/x-tar"))), Problems))]
pub async fn export(
    State(app): State<App>,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    // A stretch that ends before it begins is a right question with nothing to answer it.
    if which.from >= which.to {
        return Err(Problem::absent(
            "from is not before to: nothing lies between",
        ));
    }
    if let Some(camera) = &which.camera {
        app.camera(camera).await?;
    }
    let mut request = request(&app, &which);
    if request.format == Format::WebDataset {
        bound(&app, &mut request.query).await?;
    }
    request
        .check()
        .map_err(|error| Problem::bad(chain(&error)))?;
    let slot = Arc::clone(app.exports()).try_acquire_owned();
    let slot =
        slot.map_err(|_| Problem::later("as many exports as may be are running; try again later"))?;
    let format = request.format;
    let archive = match format {
        Format::WebDataset => Some(app.in_archive(|archive| Ok(archive.clone())).await?),
        _ => None,
    };
    let export = Export::start(app.store()?.catalog, archive, request)
        .map_err(|error| Problem::bad(chain(&error)))?;
    let told = |summary: &draywatch_export::Summary| {
        if summary.left_out > 0 {
            tracing::warn!(left_out = summary.left_out, "an export lacks pictures");
        }
    };
    let bytes = stream(export, told).inspect_err(move |error: &ExportError| {
        // It lives as long as the stream does.
        let _slot = &slot;
        tracing::warn!(error = %chain(error), "an export was broken off");
    });
    let name = format!("attachment; filename=\"draywatch.{}\"", format.extension());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (headers, Body::from_stream(bytes)).into_response();
    if let Ok(name) = HeaderValue::from_str(&name) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A gap mask tells of every slot that was asked for. Of those long before the first frame and those still to come there are millions, and
/// nothing is to be told of them.
async fn bound(app: &App, query: &mut ImageFilter) -> Result<(), Problem> {
    let seen = app
        .ask(|catalog| async move { catalog.seen_cameras().await })
        .await?;
    let is_asked = |name: &str| query.cameras.iter().any(|one| one.as_str() == name);
    let oldest = seen.iter().filter(|one| is_asked(&one.name));
    let oldest = oldest.filter_map(|one| one.oldest).min();
    let now = app.now();
    query.to = query.to.min(now + NEVER / 366);
    query.from = query.from.max(oldest.unwrap_or(now) - NEVER);
    if query.from < query.to {
        return Ok(());
    }
    Err(Problem::absent("no camera was there in that time"))
}

fn request(app: &App, which: &Which) -> Request {
    let cameras = match &which.camera {
        Some(camera) => vec![camera.clone()],
        None => app.live().cameras.clone(),
    };
    let query = ImageFilter {
        cameras,
        from: which.from,
        to: which.to,
        processed: which.processed,
        verdicts: which.verdict.map(verdict).into_iter().collect(),
        thumbnails: true,
    };
    let format = match which.format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Jsonl => Format::Jsonl,
        ExportFormat::Parquet => Format::Parquet,
        ExportFormat::Webdataset => Format::WebDataset,
    };
    let (table, shard_bytes) = (Table::Images, None);
    Request {
        query,
        table,
        format,
        shard_bytes,
    }
}

fn verdict(which: ExportVerdict) -> Verdict {
    match which {
        ExportVerdict::Ok => Verdict::Ok,
        ExportVerdict::Frozen => Verdict::Frozen,
        ExportVerdict::Placeholder => Verdict::Placeholder,
        ExportVerdict::Dark => Verdict::Dark,
        ExportVerdict::Blank => Verdict::Blank,
    }
}
