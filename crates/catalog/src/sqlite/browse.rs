//! Pages of images and runs by keys that an index holds. Must not write.

use async_trait::async_trait;
use draywatch_core::verdict::Verdict;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{SqliteCatalog, images, row, runs, time};
use crate::{
    Browse, ImagePage, ImageQuery, ImageRow, NewObservation, Order, Place, Result, RunPage,
    RunQuery, RunRow, SeenCamera, VerdictIs,
};

/// Rows that are looked at for one page, when only some of them are asked for: each may have to come from the disk.
const LOOKED_AT: usize = 300;
/// Rows that are read at once then.
const AT_ONCE: usize = 150;

#[async_trait]
impl Browse for SqliteCatalog {
    async fn image_page(&self, query: &ImageQuery) -> Result<ImagePage> {
        read!(self, "reading a page of images", |conn| image_page(
            conn, query
        ))
    }

    async fn image(&self, id: i64) -> Result<Option<ImageRow>> {
        read_one!(self, "reading an image", |conn| images::by_id(conn, id))
    }

    async fn newest_image(&self) -> Result<i64> {
        read_one!(self, "reading the newest image", |conn| async {
            let sql = "SELECT COALESCE(MAX(id), 0) FROM images";
            sqlx::query_scalar(sql).fetch_one(conn).await
        })
    }

    async fn seen_cameras(&self) -> Result<Vec<SeenCamera>> {
        read_one!(self, "reading cameras", |conn| seen_cameras(conn))
    }

    async fn run_page(&self, query: &RunQuery) -> Result<RunPage> {
        read_one!(self, "reading a page of runs", |conn| run_page(conn, query))
    }

    async fn open_runs(&self) -> Result<Vec<RunRow>> {
        read_one!(self, "reading open runs", |conn| runs::open(conn))
    }

    async fn run(&self, id: i64) -> Result<Option<(RunRow, Option<NewObservation>)>> {
        read!(self, "reading a run", |conn| runs::by_id(conn, id))
    }
}

async fn seen_cameras(conn: &mut SqliteConnection) -> sqlx::Result<Vec<SeenCamera>> {
    let sql = "SELECT camera_id, images, oldest, newest FROM camera_totals ORDER BY camera_id";
    let found = sqlx::query(sql).fetch_all(conn).await?;
    let camera = |found: &SqliteRow| {
        Ok(SeenCamera {
            name: row::text(found, "camera_id")?.unwrap_or_default(),
            images: row::count(found, "images")?,
            oldest: row::instant(found, "oldest")?,
            newest: row::instant(found, "newest")?,
        })
    };
    found.iter().map(camera).collect()
}

async fn image_page(conn: &mut SqliteConnection, query: &ImageQuery) -> sqlx::Result<ImagePage> {
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let picks = query.processed.is_some() || (query.verdict.is_some() && bad(query).is_none());
    let at_once = if picks { AT_ONCE } else { limit + 1 };
    let mut page = ImagePage::default();
    let mut place = query.after.clone();
    let mut looked_at = 0;
    loop {
        let rows = image_query(query, place.as_ref(), at_once)
            .build()
            .fetch_all(&mut *conn)
            .await?;
        for found in &rows {
            let image = images::image(found)?;
            if !takes(query, &image) {
                place = Some(place_of(found, "timestamp")?);
                continue;
            }
            if page.rows.len() == limit {
                page.next = place;
                return Ok(page);
            }
            place = Some(place_of(found, "timestamp")?);
            page.rows.push(image);
        }
        looked_at += rows.len();
        if rows.len() < at_once {
            return Ok(page);
        }
        if looked_at >= LOOKED_AT.max(at_once) {
            page.next = place;
            return Ok(page);
        }
    }
}

/// The query for images, in the order of an index: of the camera's, or of all.
pub(super) fn image_query(
    query: &ImageQuery,
    after: Option<&Place>,
    limit: usize,
) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(images::SELECT);
    sql.push("WHERE 1 = 1");
    if let Some(camera) = &query.camera {
        sql.push(" AND camera_id = ")
            .push_bind(camera.as_str().to_owned());
    }
    if let Some(verdict) = bad(query) {
        // With the condition of the two indexes of bad pictures, word for word: they are few among many.
        sql.push(" AND verdict <> 'ok' AND verdict = ")
            .push_bind(verdict.as_str());
    }
    within(&mut sql, query);
    behind(&mut sql, "timestamp", query.order, after);
    sql.push(match query.order {
        Order::Oldest => " ORDER BY timestamp, id LIMIT ",
        Order::Newest => " ORDER BY timestamp DESC, id DESC LIMIT ",
    });
    sql.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    sql
}

/// The verdict that is asked for, if it is a bad one.
fn bad(query: &ImageQuery) -> Option<Verdict> {
    match query.verdict {
        Some(VerdictIs::Known(verdict)) if verdict != Verdict::Ok => Some(verdict),
        _ => None,
    }
}

/// Times in our own form are compared as they are; others, which sort behind them on their day, are sorted out after reading.
fn within(sql: &mut QueryBuilder<Sqlite>, query: &ImageQuery) {
    if let Some(from) = query.from {
        let second = from.format("%Y-%m-%d %H:%M:%S").to_string();
        sql.push(" AND timestamp >= ").push_bind(second);
    }
    if let Some(to) = query.to {
        let (_, after) = time::day_range(to, to);
        sql.push(" AND timestamp < ").push_bind(after);
        sql.push(" AND (timestamp < ").push_bind(time::text(to));
        sql.push(" OR substr(timestamp, 11, 1) <> ' ')");
    }
}

fn behind(sql: &mut QueryBuilder<Sqlite>, column: &str, order: Order, after: Option<&Place>) {
    let Some(Place { time, id }) = after else {
        return;
    };
    let (near, sign) = match order {
        Order::Oldest => (">=", ">"),
        Order::Newest => ("<=", "<"),
    };
    sql.push(format!(" AND {column} {near} "))
        .push_bind(time.clone());
    sql.push(format!(" AND ({column}, id) {sign} ("));
    sql.push_bind(time.clone())
        .push(", ")
        .push_bind(*id)
        .push(")");
}

fn takes(query: &ImageQuery, image: &ImageRow) -> bool {
    let in_time = (query.from.is_none() && query.to.is_none())
        || image.timestamp.is_some_and(|at| {
            query.from.is_none_or(|from| from <= at) && query.to.is_none_or(|to| at < to)
        });
    let in_verdict = match query.verdict {
        None => true,
        Some(VerdictIs::Open) => image.verdict.is_none(),
        Some(VerdictIs::Known(verdict)) => image.verdict == Some(verdict),
    };
    in_time
        && in_verdict
        && query
            .processed
            .is_none_or(|wanted| wanted == image.processed)
}

fn place_of(found: &SqliteRow, column: &str) -> sqlx::Result<Place> {
    Ok(Place {
        time: row::text(found, column)?.unwrap_or_default(),
        id: row::int(found, "id")?.unwrap_or(0),
    })
}

async fn run_page(conn: &mut SqliteConnection, query: &RunQuery) -> sqlx::Result<RunPage> {
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let rows = run_query(query).build().fetch_all(conn).await?;
    let mut page = RunPage::default();
    for found in rows.iter().take(limit) {
        page.rows.push(runs::run(found)?);
    }
    if rows.len() > limit
        && let Some(last) = rows.get(limit - 1)
    {
        page.next = Some(place_of(last, "started_at")?);
    }
    Ok(page)
}

/// The query for runs, and one more than asked for.
pub(super) fn run_query(query: &RunQuery) -> QueryBuilder<Sqlite> {
    let condition = |sql: &mut QueryBuilder<Sqlite>| {
        runs::of_camera(sql, query.camera.as_ref());
        behind(sql, "started_at", Order::Newest, query.after.as_ref());
    };
    let mut sql = runs::select(query.outcome, &query.open, condition);
    sql.push_bind(i64::from(query.limit) + 1);
    sql
}
