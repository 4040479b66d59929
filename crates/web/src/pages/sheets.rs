//! Thumbnails of an hour of a camera as one picture. Chromium takes longer to ask for a thumbnail than to show it, so pages with a day of
//! them ask for sheets. Owns which frames share one and serves it; must not lay out pages.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use draywatch_catalog::ImageRow;
use draywatch_core::frame::place_of;
use draywatch_picture::{Sha256, TILES};
use serde::Deserialize;

use super::frames::is_at_hand;
use super::grid::{Cell, Frame};
use crate::api::{Version, resized};
use crate::files::{self, Kept};
use crate::params::{InPath, Params};
use crate::problem::Problem;
use crate::state::{App, blocking};

/// The widths that there are: thumbnails, and the same for screens with twice the pixels.
const WIDTHS: [u32; 2] = [160, 320];
/// How high a thumbnail of 160 pixels is that fits a tile.
const HIGH: u32 = 90;
/// Part of every version: sheets that are laid out in another way have other addresses.
const LAYOUT: &str = "draywatch sheet 1\n";

/// Where the thumbnail of a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The sheet.
    pub small: String,
    /// The same with twice the pixels.
    pub medium: String,
    /// Which of its tiles.
    pub nth: usize,
}

/// The images of a sheet.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Ids(Vec<i64>);

impl TryFrom<String> for Ids {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let ids: Result<Vec<i64>, _> = text.split('-').map(str::parse).collect();
        match ids {
            Ok(ids) if ids.len() <= TILES => Ok(Self(ids)),
            _ => Err("not the ids of a sheet"),
        }
    }
}

/// Gives the frames of each hour and camera a sheet that they share, as far as they fit one. A frame by itself keeps its thumbnail.
pub fn share(cells: &mut [Cell], base: &str) {
    let mut hours: BTreeMap<(String, i64), Vec<&mut Frame>> = BTreeMap::new();
    for frame in cells.iter_mut().flat_map(frames) {
        if let Some(hour) = hour(frame) {
            let key = (frame.image.camera.clone(), hour);
            hours.entry(key).or_default().push(frame);
        }
    }
    for part in hours.values_mut().flat_map(|hour| hour.chunks_mut(TILES)) {
        if part.len() > 1 {
            place(part, base);
        }
    }
}

fn frames(cell: &mut Cell) -> Vec<&mut Frame> {
    match cell {
        Cell::Frame(frame) => vec![frame],
        Cell::Gap(_) => Vec::new(),
        Cell::Slot(slot) => {
            let tiles = slot.tiles.iter_mut();
            tiles.filter_map(|tile| tile.frame.as_mut()).collect()
        }
    }
}

/// The hour of a frame that fits a tile.
fn hour(frame: &Frame) -> Option<i64> {
    let fits = frame.height == HIGH && frame.image.sha256.is_some() && is_at_hand(&frame.image);
    let at = frame.image.time.filter(|_| fits)?;
    Some(at.timestamp().div_euclid(3600))
}

fn place(frames: &mut [&mut Frame], base: &str) {
    let ids: Vec<_> = frames
        .iter()
        .map(|frame| frame.image.id.to_string())
        .collect();
    let hashes = frames.iter().map(|frame| {
        let hash = frame.image.sha256.as_deref();
        (frame.image.id, hash.unwrap_or_default())
    });
    let (ids, version) = (ids.join("-"), version(hashes));
    let address = |width: u32| format!("{base}/sheets/{width}/{ids}?v={version}");
    for (nth, frame) in frames.iter_mut().enumerate() {
        frame.place = Some(Box::new(Place {
            small: address(WIDTHS[0]),
            medium: address(WIDTHS[1]),
            nth,
        }));
    }
}

/// A hash of all that a sheet shows.
fn version<'a>(images: impl Iterator<Item = (i64, &'a str)>) -> String {
    let lines = images.map(|(id, sha256)| format!("{id} {sha256}\n"));
    let text = lines.fold(LAYOUT.to_owned(), |text, line| text + &line);
    Sha256::of(text.as_bytes()).to_string()
}

/// A sheet.
pub async fn serve(
    State(app): State<App>,
    InPath((width, Ids(ids))): InPath<(u32, Ids)>,
    Params(asked): Params<Version>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !WIDTHS.contains(&width) {
        return Err(Problem::absent("sheets are 160 or 320 wide"));
    }
    let asked = asked.text();
    let known = asked
        .as_ref()
        .and_then(|asked| app.warm().sheet(&ids, width, asked));
    let (version, sheet) = match known {
        Some(sheet) => (asked.clone(), sheet),
        None => made(&app, &ids, width).await?,
    };
    let kept = Kept::new(version, asked.as_deref()).resized(width);
    files::answer_with(&sheet, &kept, &headers)
}

/// A sheet as it is kept or made, and its version; none where something is missing, which may come back.
async fn made(app: &App, ids: &[i64], width: u32) -> Result<(Option<String>, Bytes), Problem> {
    let rows = rows(app, ids.to_vec()).await?;
    let hashes = rows
        .iter()
        .map(|row| (row.id, row.sha256.as_deref().unwrap_or_default()));
    let version = version(hashes);
    if let Some(sheet) = app.thumbnails().kept(&version, width).await? {
        app.warm().keep_sheet(ids, width, &version, &sheet);
        return Ok((Some(version), sheet));
    }
    let tiles = rows.iter().map(|row| tile(app, row, width));
    let tiles = futures::future::join_all(tiles).await;
    if tiles.iter().all(Option::is_none) {
        return Err(Problem::absent("none of these pictures can be read"));
    }
    let is_whole = tiles.iter().all(Option::is_some);
    let sheet = blocking(move || draywatch_picture::sheet(&tiles, width)).await?;
    let sheet = sheet.map_err(|error| Problem::absent(format!("there is no sheet: {error}")))?;
    let sheet = Bytes::from(sheet);
    if !is_whole {
        return Ok((None, sheet));
    }
    app.thumbnails().keep(&version, width, &sheet).await?;
    app.warm().keep_sheet(ids, width, &version, &sheet);
    Ok((Some(version), sheet))
}

async fn rows(app: &App, ids: Vec<i64>) -> Result<Vec<ImageRow>, Problem> {
    let question = |catalog: std::sync::Arc<dyn draywatch_catalog::Catalog>| async move {
        let mut rows = Vec::new();
        for id in ids {
            rows.push(catalog.image(id).await?);
        }
        Ok(rows)
    };
    let rows: Option<Vec<_>> = app.ask(question).await?.into_iter().collect();
    rows.ok_or_else(|| Problem::absent("one of these images is gone"))
}

/// The thumbnail of an image; none where it cannot be had.
async fn tile(app: &App, row: &ImageRow, width: u32) -> Option<Bytes> {
    let place = place_of(&row.path)?;
    let made = resized(app, row.sha256.clone(), width, &place).await;
    made.ok().map(|(_, bytes)| bytes)
}
