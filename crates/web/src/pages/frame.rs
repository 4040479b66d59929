//! One frame, large: its own address, the ways to its neighbours, and what is known of it. Must not read files.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{NaiveDate, TimeDelta};
use draywatch_catalog::{ImageQuery, ImageRow, Order};
use draywatch_core::CameraId;

use super::day::{How, address};
use super::frames::{sight, verdict};
use super::shell::{Shell, Visit};
use super::show;
use super::times::{Time, bytes};
use crate::api::Image;
use crate::params::{InPath, Params};
use crate::problem::Problem;

/// A frame of another camera is of the same time if it is not further away than this.
const NEAR: TimeDelta = TimeDelta::minutes(10);
/// Frames of one instant that are looked through for a neighbour.
const TWINS: u32 = 8;

#[derive(Template)]
#[template(path = "frame.html")]
struct Page {
    shell: Shell,
    frame: View,
    beside: Option<View>,
    other: Option<String>,
    here: String,
    day: String,
    before: Option<String>,
    after: Option<String>,
    ahead: Vec<String>,
}

/// A frame with its facts.
struct View {
    image: Image,
    at: Option<Time>,
    utc: String,
    size: (u32, u32),
    pixels: Option<String>,
    bytes: Option<String>,
    verdict: &'static str,
    sight: Option<&'static str>,
    checked: Option<Time>,
    name: String,
}

/// The page of a frame.
pub async fn page(
    visit: Visit,
    InPath((camera, date, id)): InPath<(CameraId, NaiveDate, i64)>,
    Params(how): Params<How>,
) -> Result<Response, Problem> {
    let row = crate::api::find(&visit.app, id).await?;
    let shell = visit.shell("Day", "");
    let own = row.timestamp.map_or(date, |at| shell.clock().date(at));
    let with = how.with.filter(|with| CameraId::new(with).is_ok());
    if row.camera_id != camera.as_str() || own != date {
        // Whoever kept or wrote the address: the id is what counts.
        let Ok(camera) = CameraId::new(&row.camera_id) else {
            return Err(Problem::absent(format!(
                "image {id} is of {:?}, which is no camera's name; /api/v1/images/{id} tells of it",
                row.camera_id
            )));
        };
        let to = link(&shell, &camera, own, id, with.as_deref());
        return Ok(Redirect::to(&to).into_response());
    }
    let (before, after) = neighbours(&visit, &camera, &row).await?;
    let other = with.as_deref().filter(|with| *with != "all");
    let other = other.and_then(|with| CameraId::new(with).ok());
    let beside = match (&other, row.timestamp) {
        (Some(other), Some(at)) => {
            let other = other.clone();
            let near = visit.app.ask(|catalog| async move {
                catalog.images_between(&other, at - NEAR, at + NEAR).await
            });
            let distance = |row: &ImageRow| row.timestamp.map(|one| (one - at).abs());
            near.await?.into_iter().min_by_key(distance)
        }
        _ => None,
    };
    let to = |row: &ImageRow| {
        let date = row.timestamp.map_or(date, |at| shell.clock().date(at));
        link(&shell, &camera, date, row.id, with.as_deref())
    };
    let ahead = [&after, &before];
    let ahead = ahead.into_iter().flatten();
    let ahead = ahead.map(|row| Image::new(row.clone(), &shell.base).file);
    let frame = View::new(row, &shell);
    let title = format!("{camera}, {}", frame.at.as_ref().map_or("", |at| &at.text));
    show(&Page {
        ahead: ahead.collect(),
        here: link(&shell, &camera, date, id, with.as_deref()),
        day: format!(
            "{}#f{id}",
            address(&shell, camera.as_str(), date, with.as_deref())
        ),
        before: before.as_ref().map(to),
        after: after.as_ref().map(to),
        beside: beside.map(|row| View::new(row, &shell)),
        other: other.map(|other| other.to_string()),
        shell: visit.shell("Day", title).with("frame.js"),
        frame,
    })
}

fn link(shell: &Shell, camera: &CameraId, date: NaiveDate, id: i64, with: Option<&str>) -> String {
    let query = with.map(|with| format!("?with={with}"));
    let query = query.unwrap_or_default();
    shell.to(&format!("/day/{camera}/{date}/{id}{query}"))
}

/// The frames of the camera before and after this one, on whatever day.
async fn neighbours(
    visit: &Visit,
    camera: &CameraId,
    row: &ImageRow,
) -> Result<(Option<ImageRow>, Option<ImageRow>), Problem> {
    let Some(at) = row.timestamp else {
        return Ok((None, None));
    };
    let query = |order| ImageQuery {
        camera: Some(camera.clone()),
        from: (order == Order::Oldest).then_some(at),
        to: (order == Order::Newest).then_some(at + TimeDelta::microseconds(1)),
        order,
        limit: TWINS,
        ..ImageQuery::default()
    };
    let (back, on) = (query(Order::Newest), query(Order::Oldest));
    let pages = visit.app.ask(|catalog| async move {
        futures::try_join!(catalog.image_page(&back), catalog.image_page(&on))
    });
    let (back, on) = pages.await?;
    let behind = |rows: Vec<ImageRow>| {
        let mut rows = rows.into_iter().skip_while(|one| one.id != row.id);
        rows.next();
        rows.next()
    };
    Ok((behind(back.rows), behind(on.rows)))
}

impl View {
    fn new(row: ImageRow, shell: &Shell) -> Self {
        let image = Image::new(row, &shell.base);
        let clock = shell.clock();
        let size = image.width.zip(image.height);
        let stamp = image.time.map_or_else(
            || image.id.to_string(),
            |at| at.format("%Y%m%dT%H%M%SZ").to_string(),
        );
        Self {
            at: image.time.map(|at| clock.precise(at)),
            utc: image.time.map_or_else(String::new, |at| {
                at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
            }),
            size: size.unwrap_or((16, 9)),
            pixels: size.map(|(width, height)| format!("{width} × {height}")),
            bytes: image
                .bytes
                .and_then(|number| u64::try_from(number).ok())
                .map(bytes),
            verdict: verdict(&image),
            sight: sight(&image),
            checked: image.verified_at.map(|at| clock.time(at)),
            name: format!("{}_{stamp}.jpg", image.camera),
            image,
        }
    }
}
