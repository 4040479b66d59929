//! The file of an image and its thumbnails. Must not answer with anything that the archive does not hold.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use draywatch_core::frame::place_of;
use draywatch_picture::Sha256;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::images::find;
use crate::files::{self, Kept};
use crate::params::{InPath, Params};
use crate::problem::{Problem, Problems};
use crate::state::App;
use crate::thumbnails::WIDTHS;
use crate::warm::{Held, Whole};

/// Which version of a picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Version {
    /// The picture's SHA-256, as the image's own addresses have it: the answer may be kept for ever then.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{64}$")]
    v: Option<Hash>,
}

/// A SHA-256 as text.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Hash(String);

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let is_hex = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex && text.len() == 64 {
            Ok(Self(text))
        } else {
            Err("not a SHA-256 in 64 small letters and digits")
        }
    }
}

impl Version {
    /// As it was asked for.
    #[must_use]
    pub fn text(self) -> Option<String> {
        self.v.map(|hash| hash.0)
    }
}

/// The file of an image, as it was downloaded.
///
/// With `ETag` (its SHA-256), ranges and conditional requests.
#[utoipa::path(get, operation_id = "get_image_file", path = "/images/{id}/file", tag = "images",
    params(("id" = i64, Path, description = "The image's id."), Version),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "It is the one that you have."),
        (status = 412, description = "It is not the one that you named.", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "It has no such part.", body = Problem, content_type = "application/problem+json"),
        Problems,
    ))]
pub async fn file(
    State(app): State<App>,
    InPath(id): InPath<i64>,
    Params(version): Params<Version>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = version.text();
    if let Some(sha256) = &version {
        if let Some(picture) = app.warm().picture(id, sha256)
            && picture.was_just_seen()
        {
            return handed_out(&picture.held, sha256, &headers);
        }
        if let Some(known) = app.warm().file(id, sha256)
            && let Some(answer) = unchanged(&app, id, known, headers.clone()).await?
        {
            return Ok(answer);
        }
    }
    let row = find(&app, id).await?;
    let place = place_of(&row.path).ok_or_else(|| elsewhere(id))?;
    let warm = Arc::clone(app.warm());
    app.in_archive(move |archive| {
        let mut file = archive.open_file(&place)?;
        let is_whole = match &row.sha256 {
            Some(sha256) => {
                let whole = warm.is_whole(id, &mut file, &place, sha256);
                whole.map_err(|error| files::unreadable(&error))?
            }
            None => false,
        };
        // What is not what its row says is handed out all the same, but not under the name of the whole picture.
        let sha256 = row.sha256.filter(|_| is_whole);
        files::answer(file, &Kept::new(sha256, version.as_deref()), &headers)
    })
    .await
}

/// Answers with a file that was found whole a moment ago, without asking the database, unless it changed meanwhile or has gone. What is
/// asked for twice within a minute will be asked for again, as the newest picture is by everybody who looks: it stays in memory, and its
/// file is looked at once a second.
async fn unchanged(
    app: &App,
    id: i64,
    known: Arc<Whole>,
    headers: HeaderMap,
) -> Result<Option<Response>, Problem> {
    let warm = Arc::clone(app.warm());
    app.in_archive(move |archive| {
        let Ok(mut file) = archive.open_file(&known.place) else {
            return Ok(None);
        };
        let failed = |error| files::unreadable(&error);
        let about = file.metadata().map_err(failed)?;
        if !known.is(&about) {
            return Ok(None);
        }
        if about.len() > files::AT_ONCE {
            return files::answer(file, &named(&known.sha256), &headers).map(Some);
        }
        let held = match warm.picture(id, &known.sha256) {
            Some(picture) => Held {
                written: about.modified().ok(),
                ..picture.held.clone()
            },
            None => read(&mut file, &about).map_err(failed)?,
        };
        if !known.is(&file.metadata().map_err(failed)?) {
            return Ok(None);
        }
        warm.keep_picture(id, &known.sha256, held.clone());
        handed_out(&held, &known.sha256, &headers).map(Some)
    })
    .await
}

fn read(file: &mut File, about: &Metadata) -> io::Result<Held> {
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(Held {
        bytes: Bytes::from(bytes),
        written: about.modified().ok(),
    })
}

/// Answers with a picture that was found whole, to who names its hash.
fn handed_out(picture: &Held, sha256: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let kept = named(sha256).written(picture.written);
    files::answer_with(&picture.bytes, &kept, headers)
}

/// What was asked for by its hash, and has it.
fn named(sha256: &str) -> Kept {
    Kept::new(Some(sha256.to_owned()), Some(sha256))
}

/// A small copy of an image as JPEG, 160, 320 or 640 pixels wide.
///
/// With `ETag` (of the image's SHA-256 and the width), the image's date, ranges and conditional requests.
#[utoipa::path(get, operation_id = "get_image_thumbnail", path = "/images/{id}/thumbnails/{width}", tag = "images",
    params(("id" = i64, Path, description = "The image's id."), ("width" = inline(WidthSchema), Path, description = "160, 320 or 640."), Version),
    responses(
        (status = 200, description = "The thumbnail.", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "It is the one that you have."),
        (status = 412, description = "It is not the one that you named.", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "It has no such part.", body = Problem, content_type = "application/problem+json"),
        Problems,
    ))]
pub async fn thumbnail(
    State(app): State<App>,
    InPath((id, width)): InPath<(i64, u32)>,
    Params(version): Params<Version>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !WIDTHS.contains(&width) {
        return Err(Problem::absent(format!(
            "there are no thumbnails {width} wide, but 160, 320 and 640"
        )));
    }
    let version = version.text();
    if let Some(sha256) = &version
        && let Some(small) = app.warm().thumbnail(id, width, sha256)
    {
        let kept = Kept::new(version.clone(), Some(sha256)).resized(width);
        return files::answer_with(&small.bytes, &kept.written(small.written), &headers);
    }
    let row = find(&app, id).await?;
    let place = place_of(&row.path).ok_or_else(|| elsewhere(id))?;
    let (small, written) = tokio::join!(
        resized(&app, row.sha256, width, &place),
        written(&app, &place)
    );
    let (sha256, bytes) = small?;
    let small = Held { bytes, written };
    app.warm().keep_thumbnail(id, width, &sha256, &small);
    let kept = Kept::new(Some(sha256), version.as_deref()).resized(width);
    files::answer_with(&small.bytes, &kept.written(written), &headers)
}

/// The picture at that place in that width, and its hash.
///
/// # Errors
/// When it cannot be read, or is none.
pub async fn resized(
    app: &App,
    sha256: Option<String>,
    width: u32,
    place: &str,
) -> Result<(String, Bytes), Problem> {
    let read = async || {
        let place = place.to_owned();
        app.in_archive(move |archive| Ok(archive.read(&place)?))
            .await
    };
    if let Some(sha256) = sha256 {
        let small = app.thumbnails().get(&sha256, width, read).await?;
        return Ok((sha256, small));
    }
    // Nobody has looked at this file yet.
    let bytes = read().await?;
    let sha256 = Sha256::of(&bytes).to_string();
    let thumbnails = app.thumbnails();
    let small = thumbnails.get(&sha256, width, async || Ok(bytes)).await?;
    Ok((sha256, small))
}

/// When the file at that place was written: the date of all that is made of it. None is no failure, since a thumbnail may be at hand
/// while its picture's disk is away.
async fn written(app: &App, place: &str) -> Option<SystemTime> {
    let place = place.to_owned();
    let about = app.in_archive(move |archive| Ok(archive.open_file(&place)?.metadata()));
    about.await.ok()?.ok()?.modified().ok()
}

/// The widths, for the description.
#[derive(Debug)]
pub struct WidthSchema;

impl utoipa::PartialSchema for WidthSchema {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let object = utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .enum_values(Some(WIDTHS));
        utoipa::openapi::RefOr::T(object.build().into())
    }
}

impl ToSchema for WidthSchema {}

fn elsewhere(id: i64) -> Problem {
    Problem::absent(format!(
        "the file of image {id} lies outside of the archive"
    ))
}
