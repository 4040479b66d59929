//! Pages of image rows, day by day: times are text in several forms, which sort rightly only among days. Must not write.

use chrono::{Days, NaiveDate, TimeDelta};
use draywatch_core::CameraId;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{images, row, time};
use crate::{ImageFilter, ImageKey, ImageRow};

/// Cameras in one statement, well below the engine's limit of parameters.
const MOST: usize = 500;

/// The first `limit` rows after `after`. What it holds in memory is bounded by them and by the rows of one day.
pub(super) async fn page(
    conn: &mut SqliteConnection,
    filter: &ImageFilter,
    after: Option<&ImageKey>,
    limit: u32,
) -> sqlx::Result<Vec<ImageRow>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    if filter.from >= filter.to {
        return Ok(page);
    }
    let begin = after.map_or(filter.from, |key| key.timestamp.max(filter.from));
    let last = (filter.to - TimeDelta::microseconds(1)).date_naive();
    let mut next = Some(begin.date_naive());
    while let Some(day) = next.filter(|day| *day <= last && page.len() < limit) {
        let found = of_day(conn, filter, day).await?;
        let is_empty = found.is_empty();
        page.extend(in_order(found, filter, after));
        next = day.checked_add_days(Days::new(1));
        if let (true, Some(from)) = (is_empty, next) {
            next = next_day(conn, &filter.cameras, from).await?;
        }
    }
    page.truncate(limit);
    Ok(page)
}

/// The rows that are asked for, in order.
fn in_order(
    mut found: Vec<ImageRow>,
    filter: &ImageFilter,
    after: Option<&ImageKey>,
) -> Vec<ImageRow> {
    found.retain(|image| filter.takes(image));
    found.sort_by_cached_key(ImageKey::of);
    if let Some(after) = after {
        found.retain(|image| ImageKey::of(image).is_some_and(|key| key > *after));
    }
    found
}

/// All rows of a UTC day.
async fn of_day(
    conn: &mut SqliteConnection,
    filter: &ImageFilter,
    day: NaiveDate,
) -> sqlx::Result<Vec<ImageRow>> {
    let mut found = Vec::new();
    for cameras in filter.cameras.chunks(MOST) {
        let rows = query(cameras, day).build().fetch_all(&mut *conn).await?;
        for row in &rows {
            let image = images::image(row)?;
            if image.timestamp.is_some_and(|at| at.date_naive() == day) {
                found.push(image);
            }
        }
    }
    Ok(found)
}

/// The query for the rows of a day: those written as of that day, and those of its neighbours that are written with an offset.
pub(super) fn query(cameras: &[CameraId], day: NaiveDate) -> QueryBuilder<Sqlite> {
    let near = |days: i64| {
        let near = day.checked_add_signed(TimeDelta::days(days));
        time::date_text(near.unwrap_or(day))
    };
    let mut query = QueryBuilder::new(images::SELECT);
    query.push("WHERE timestamp >= ").push_bind(near(-1));
    query.push(" AND timestamp < ").push_bind(near(2));
    query.push(" AND (timestamp >= ").push_bind(near(0));
    query.push(" AND timestamp < ").push_bind(near(1));
    query.push(" OR substr(timestamp, 11) GLOB '*[+-]*')");
    let mut names = query.push(" AND camera_id IN (").separated(", ");
    for camera in cameras {
        names.push_bind(camera.as_str().to_owned());
    }
    query.push(")");
    query
}

/// The first day from `from` on that has rows of one of the cameras.
async fn next_day(
    conn: &mut SqliteConnection,
    cameras: &[CameraId],
    from: NaiveDate,
) -> sqlx::Result<Option<NaiveDate>> {
    let mut first = None;
    for camera in cameras {
        let sql =
            "SELECT MIN(timestamp) AS next FROM images WHERE camera_id = $1 AND timestamp >= $2";
        let query = sqlx::query(sql)
            .bind(camera.as_str())
            .bind(time::date_text(from));
        let Some(text) = row::text(&query.fetch_one(&mut *conn).await?, "next")? else {
            continue;
        };
        // What is no time may stand in the way of times that are, and an offset makes a time one of the day before.
        let day = text.get(..10).and_then(time::parse_date);
        let day = day
            .and_then(|day| day.pred_opt())
            .map_or(from, |day| day.max(from));
        first = Some(first.map_or(day, |known: NaiveDate| known.min(day)));
    }
    Ok(first)
}
