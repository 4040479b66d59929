//! Videos of a stretch, made on the server: asked for, watched, fetched, removed. Must not know how a video comes about.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::error::chain;
use draywatch_core::verdict::Verdict;
use draywatch_export::{Container, Film, Timelapse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::BASE;
use crate::files::{self, Kept};
use crate::params::{Body, InPath, Whole, instant};
use crate::problem::{Problem, Problems};
use crate::state::{App, blocking};
use crate::videos::{State as Progress, Video};

/// The longest stretch.
const LONGEST: TimeDelta = TimeDelta::days(32);
/// Pictures that show nothing of the gate.
const BAD: [Verdict; 4] = [
    Verdict::Frozen,
    Verdict::Placeholder,
    Verdict::Blank,
    Verdict::Dark,
];

/// The form of a video.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoForm {
    /// H.264.
    #[default]
    Mp4,
    /// VP9.
    Webm,
}

/// What is to be played, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTimelapse {
    /// Of this camera.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: CameraId,
    /// From this instant on.
    #[serde(deserialize_with = "instant")]
    from: DateTime<Utc>,
    /// Before this instant, a month later at most.
    #[serde(deserialize_with = "instant")]
    to: DateTime<Utc>,
    /// Frames a second.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60, value_type = u8, default = 12)]
    fps: Fps,
    /// Its form.
    #[serde(default)]
    form: VideoForm,
    /// Pass over frames with the verdict frozen, placeholder, blank or dark.
    #[serde(default)]
    skip_bad: bool,
    /// Pass over nights, which are from 20 to 6 h of the terminal's zone.
    #[serde(default)]
    skip_nights: bool,
}

/// Frames a second, from 1 to 60.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Whole")]
struct Fps(u8);

impl Default for Fps {
    fn default() -> Self {
        Self(12)
    }
}

impl TryFrom<Whole> for Fps {
    type Error = String;

    fn try_from(Whole(number): Whole) -> Result<Self, String> {
        let found = u8::try_from(number).ok();
        let found = found.filter(|number| (1..=60).contains(number));
        found
            .map(Self)
            .ok_or_else(|| format!("{number} is not from 1 to 60"))
    }
}

/// How far a video is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoStage {
    /// Others are before it.
    Waiting,
    /// Its frames are being read.
    Making,
    /// It can be fetched.
    Done,
    /// It will not be.
    Failed,
}

/// A video.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelapseVideo {
    /// Its name.
    id: String,
    /// How far it is.
    state: VideoStage,
    /// Frames that were read so far.
    done: u64,
    /// Frames that there are; null before they were counted.
    total: Option<u64>,
    /// Frames that were passed over.
    skipped: u64,
    /// Frames whose picture could not be had.
    left_out: u64,
    /// Bytes of its file, when it is done.
    bytes: Option<u64>,
    /// Why it failed.
    problem: Option<String>,
    /// Where its file is, when it is done.
    file: Option<String>,
    /// When it goes, once it has ended.
    expires_at: Option<DateTime<Utc>>,
}

impl TimelapseVideo {
    fn of(video: &Video, base_path: &str) -> Self {
        let none = Self {
            id: video.id.clone(),
            state: VideoStage::Waiting,
            done: 0,
            total: None,
            skipped: 0,
            left_out: 0,
            bytes: None,
            problem: None,
            file: None,
            expires_at: video.expires_at(),
        };
        match video.state() {
            Progress::Waiting => none,
            Progress::Making(done, total) => Self {
                state: VideoStage::Making,
                total: Some(total),
                done,
                ..none
            },
            Progress::Done(film, _) => Self {
                state: VideoStage::Done,
                done: film.frames,
                total: Some(film.frames),
                skipped: film.skipped,
                left_out: film.left_out,
                bytes: Some(film.bytes),
                file: Some(format!("{base_path}{BASE}/timelapses/{}/file", video.id)),
                ..none
            },
            Progress::Failed(problem, _) => Self {
                state: VideoStage::Failed,
                problem: Some(problem),
                ..none
            },
        }
    }
}

/// Have a video made of a stretch of a camera's frames.
///
/// It is made while you ask how far it is, and kept for an hour. Takes the right to operate, and an installed ffmpeg.
#[utoipa::path(post, operation_id = "make_timelapse", path = "/timelapses", tag = "timelapses", request_body = NewTimelapse, responses((status = 202, description = "It is on its way.", body = TimelapseVideo), Problems))]
pub async fn make(
    State(app): State<App>,
    Body(wanted): Body<NewTimelapse>,
) -> Result<(StatusCode, HeaderMap, Json<TimelapseVideo>), Problem> {
    app.camera(&wanted.camera).await?;
    if wanted.from >= wanted.to {
        // A right question, with nothing to answer it.
        return Err(Problem::absent(
            "from is not before to: nothing lies between",
        ));
    }
    if wanted.to - wanted.from > LONGEST {
        let detail = "a video is of a month at most: ask for several";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let container = match wanted.form {
        VideoForm::Mp4 => Container::Mp4,
        VideoForm::Webm => Container::Webm,
    };
    let first = wanted.from.with_timezone(&app.settings().zone);
    let name = format!(
        "{}_{}.{}",
        wanted.camera,
        first.format("%Y%m%dT%H%M%S"),
        container.extension()
    );
    let plan = plan(&app, wanted);
    let start = |video| tokio::spawn(carry_out(app.clone(), video, plan)).abort_handle();
    let video = app.videos().begin(container, name, app.now(), start)?;
    let told = TimelapseVideo::of(&video, &app.settings().base_path);
    let mut headers = HeaderMap::new();
    let place = format!("{}{BASE}/timelapses/{}", app.settings().base_path, video.id);
    if let Ok(place) = HeaderValue::from_str(&place) {
        headers.insert(header::LOCATION, place);
    }
    Ok((StatusCode::ACCEPTED, headers, Json(told)))
}

fn plan(app: &App, wanted: NewTimelapse) -> Timelapse {
    Timelapse {
        camera: wanted.camera,
        from: wanted.from,
        to: wanted.to,
        fps: wanted.fps.0,
        width: None,
        skip: if wanted.skip_bad {
            BAD.into()
        } else {
            Vec::new()
        },
        by_day_in: wanted.skip_nights.then_some(app.settings().zone),
        thumbnails: true,
        keep_pace: false,
    }
}

async fn carry_out(app: App, video: Arc<Video>, plan: Timelapse) {
    let ended = match film(&app, &video, &plan).await {
        Ok(film) => Progress::Done(film, app.now()),
        Err(problem) => {
            tracing::warn!(camera = %plan.camera, problem, "a video could not be made");
            Progress::Failed(problem, app.now())
        }
    };
    video.note(ended);
}

async fn film(app: &App, video: &Video, plan: &Timelapse) -> Result<Film, String> {
    let _turn = app.videos().turn().await;
    let told = |problem: Problem| problem.detail().to_owned();
    let archive = app.in_archive(|archive| Ok(archive.clone())).await;
    let (archive, store) = (archive.map_err(told)?, app.store().map_err(told)?);
    let progress = |done, total| video.note(Progress::Making(done, total));
    let saved = plan.save(store.catalog, archive, video.path(), false, progress);
    saved.await.map_err(|error| chain(&error))
}

fn find(app: &App, id: &str) -> Result<Arc<Video>, Problem> {
    let found = app.videos().find(id, app.now());
    found.ok_or_else(|| {
        Problem::absent("there is no such video: it is kept for an hour, and goes with the server")
    })
}

/// How far a video is.
#[utoipa::path(get, operation_id = "get_timelapse", path = "/timelapses/{id}", tag = "timelapses", params(("id" = String, Path, description = "The video's name.")), responses((status = 200, description = "The video.", body = TimelapseVideo), Problems))]
pub async fn one(
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<Json<TimelapseVideo>, Problem> {
    let video = find(&app, &id)?;
    Ok(Json(TimelapseVideo::of(&video, &app.settings().base_path)))
}

/// Stop making a video, or remove it.
#[utoipa::path(delete, operation_id = "remove_timelapse", path = "/timelapses/{id}", tag = "timelapses", params(("id" = String, Path, description = "The video's name.")), responses((status = 204, description = "It is gone."), Problems))]
pub async fn remove(
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    find(&app, &id)?;
    app.videos().remove(&id);
    Ok(StatusCode::NO_CONTENT)
}

/// The file of a video that is done.
#[utoipa::path(get, operation_id = "get_timelapse_file", path = "/timelapses/{id}/file", tag = "timelapses", params(("id" = String, Path, description = "The video's name.")),
    responses(
        (status = 200, description = "The video.", content((Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"))),
        (status = 206, description = "The part that was asked for.", content((Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"))),
        (status = 304, description = "It is the one that you have."),
        (status = 412, description = "It is not the one that you named.", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "It has no such part.", body = Problem, content_type = "application/problem+json"),
        Problems,
    ))]
pub async fn file(
    State(app): State<App>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let video = find(&app, &id)?;
    if !matches!(video.state(), Progress::Done(..)) {
        return Err(Problem::absent("this video is not done"));
    }
    let name = format!("attachment; filename=\"{}\"", video.file_name);
    let answer = move || {
        let file = std::fs::File::open(video.path()).map_err(|error| files::unreadable(&error))?;
        let kept = Kept::new(Some(video.id.clone()), None).typed(video.container.media_type());
        files::answer(file, &kept, &headers)
    };
    let mut response = blocking(answer).await??;
    if let Ok(name) = HeaderValue::from_str(&name) {
        let told = response.headers_mut();
        told.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
