//! The part `Verdicts` of the `SQLite` backend: what is open, by a partial index, and what was found. Must not judge.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{SqliteCatalog, placeholders, references, row, time};
use crate::{
    CameraDay, DayOfFrames, Finding, FoundOfFrame, FrameToExamine, Placeholder, Result, Verdicts,
};

/// A stretch of time, or all times.
type Span = Option<(DateTime<Utc>, DateTime<Utc>)>;

/// What the index of open frames is limited to.
const OPEN: &str = "verdict IS NULL AND verdict_problem IS NULL";
/// Before and after everything that is written as a time.
const TIMES: (&str, &str) = ("0000-", ":");
/// After every time of a day, behind the day.
const END_OF_DAY: char = '~';

#[async_trait]
impl Verdicts for SqliteCatalog {
    async fn next_day_to_examine(
        &self,
        camera_id: &str,
        span: Span,
        after: Option<&CameraDay>,
        all: bool,
    ) -> Result<Option<CameraDay>> {
        read_one!(self, "reading what to examine", |conn| next(
            conn, camera_id, span, after, all
        ))
    }

    async fn to_examine(&self, camera_id: &str, span: Span, all: bool) -> Result<u64> {
        read_one!(self, "counting what to examine", |conn| count(
            conn, camera_id, span, all
        ))
    }

    async fn frames_to_examine(&self, day: &CameraDay) -> Result<DayOfFrames> {
        read!(self, "reading what to examine", |conn| frames(conn, day))
    }

    async fn note_found(&self, day: &CameraDay, found: &[FoundOfFrame]) -> Result<u64> {
        write_only!(self, "writing what pictures are worth", |conn| note(
            conn, day, found
        ))
    }

    async fn newest_verdicts(
        &self,
        camera: &CameraId,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(DateTime<Utc>, Option<Verdict>)>> {
        read_one!(self, "reading what the newest pictures are worth", |conn| {
            newest(conn, camera, until, limit)
        })
    }

    async fn add_placeholder(&self, card: &Placeholder, picture: &[u8]) -> Result<bool> {
        write_only!(self, "adding a placeholder", |conn| placeholders::add(
            conn, card, picture
        ))
    }

    async fn placeholders(&self) -> Result<Vec<Placeholder>> {
        read_one!(self, "reading placeholders", |conn| placeholders::all(conn))
    }

    async fn placeholder_pictures(&self) -> Result<Vec<(Placeholder, Vec<u8>)>> {
        read_one!(self, "reading placeholders", |conn| placeholders::pictures(
            conn
        ))
    }

    async fn remove_placeholders(&self, name: &str) -> Result<Vec<Placeholder>> {
        write_only!(self, "removing a placeholder", |conn| placeholders::remove(
            conn, name
        ))
    }
}

/// The texts between which the times of a span lie.
fn range(span: Span) -> (String, String) {
    span.map_or((TIMES.0.into(), TIMES.1.into()), |(from, to)| {
        time::day_range(from, to)
    })
}

/// A query for frames of a camera between two times.
pub(super) fn query(what: &str, all: bool, rest: &str) -> String {
    let open = if all { "1" } else { OPEN };
    format!(
        "SELECT {what} FROM images WHERE {open} AND camera_id = $1 AND timestamp >= $2 AND timestamp < $3 {rest}"
    )
}

async fn next(
    conn: &mut SqliteConnection,
    camera_id: &str,
    span: Span,
    after: Option<&CameraDay>,
    all: bool,
) -> sqlx::Result<Option<CameraDay>> {
    let (mut first, end) = range(span);
    if let Some(after) = after {
        first = first.max(format!("{}{END_OF_DAY}", after.day));
    }
    let sql = query("timestamp", all, "ORDER BY timestamp LIMIT 1");
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(camera_id)
        .bind(first)
        .bind(end)
        .fetch_optional(conn)
        .await?;
    let Some(text) = found
        .map(|found| row::text(&found, "timestamp"))
        .transpose()?
    else {
        return Ok(None);
    };
    Ok(text.map(|text| CameraDay {
        camera_id: camera_id.to_owned(),
        day: text.chars().take(10).collect(),
    }))
}

async fn count(
    conn: &mut SqliteConnection,
    camera_id: &str,
    span: Span,
    all: bool,
) -> sqlx::Result<u64> {
    let (first, end) = range(span);
    let sql = query("COUNT(*) AS count", all, "");
    let found = sqlx::query(AssertSqlSafe(sql))
        .bind(camera_id)
        .bind(first)
        .bind(end)
        .fetch_one(conn)
        .await?;
    row::count(&found, "count")
}

/// The frames of a day, led in by those of the last day before it.
async fn frames(conn: &mut SqliteConnection, day: &CameraDay) -> sqlx::Result<DayOfFrames> {
    let sql = query("timestamp", true, "ORDER BY timestamp DESC LIMIT 1");
    let before = sqlx::query(AssertSqlSafe(sql))
        .bind(&day.camera_id)
        .bind(TIMES.0)
        .bind(&day.day)
        .fetch_optional(&mut *conn)
        .await?;
    let mut frames = Vec::new();
    if let Some(text) = before
        .map(|found| row::text(&found, "timestamp"))
        .transpose()?
        .flatten()
    {
        let before = CameraDay {
            camera_id: day.camera_id.clone(),
            day: text.chars().take(10).collect(),
        };
        frames = of_day(conn, &before, false).await?;
    }
    frames.extend(of_day(conn, day, true).await?);
    Ok(DayOfFrames::new(frames))
}

async fn of_day(
    conn: &mut SqliteConnection,
    day: &CameraDay,
    is_of_day: bool,
) -> sqlx::Result<Vec<FrameToExamine>> {
    let what = "id, timestamp, COALESCE(filepath, image_path) AS path, sha256, fingerprint, verdict, verdict_problem";
    let rows = sqlx::query(AssertSqlSafe(query(what, true, "")))
        .bind(&day.camera_id)
        .bind(&day.day)
        .bind(format!("{}{END_OF_DAY}", day.day))
        .fetch_all(conn)
        .await?;
    let seen = |found: &SqliteRow| {
        Ok(FrameToExamine {
            id: row::int(found, "id")?.unwrap_or(0),
            is_of_day,
            instant: row::instant(found, "timestamp")?,
            path: row::text(found, "path")?.unwrap_or_default(),
            sha256: row::text(found, "sha256")?,
            fingerprint: row::text(found, "fingerprint")?,
            verdict: row::verdict(found)?,
            problem: row::text(found, "verdict_problem")?,
        })
    };
    rows.iter().map(seen).collect()
}

/// First what looks gave, then, since these may have opened questions, the comparisons that still hold.
async fn note(
    conn: &mut SqliteConnection,
    day: &CameraDay,
    found: &[FoundOfFrame],
) -> sqlx::Result<u64> {
    let mut left_out = 0;
    for one in found {
        left_out += u64::from(!look(conn, one).await?);
    }
    let now = frames(conn, day).await?;
    for verdict in Verdict::ALL {
        let mut holding = Vec::new();
        for one in found {
            match &one.finding {
                Finding::Compared(its, with) if *its == verdict => {
                    if holds(&now, one, with) {
                        holding.push(one.frame.id);
                    } else {
                        left_out += 1;
                    }
                }
                _ => {}
            }
        }
        if !holding.is_empty() {
            settle(conn, verdict, &holding).await?;
        }
    }
    Ok(left_out)
}

/// Writes down what a look gave, or that none was possible; whether the row is still of that file.
async fn look(conn: &mut SqliteConnection, found: &FoundOfFrame) -> sqlx::Result<bool> {
    let (fingerprint, verdict, problem) = match &found.finding {
        Finding::Compared(..) => return Ok(true),
        Finding::Looked(look) => (Some(&look.fingerprint), look.verdict, None),
        Finding::Problem(problem) => (None, None, Some(problem)),
    };
    let sql = "UPDATE images SET fingerprint = $1, verdict = $2, verdict_problem = $3 \
               WHERE id = $4 AND fingerprint IS $5 AND sha256 IS $6";
    let done = sqlx::query(sql)
        .bind(fingerprint)
        .bind(verdict.map(Verdict::as_str))
        .bind(problem)
        .bind(found.frame.id)
        .bind(&found.frame.fingerprint)
        .bind(&found.frame.sha256)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether a frame and those before it are what was compared.
fn holds(now: &DayOfFrames, found: &FoundOfFrame, with: &[(i64, Option<String>)]) -> bool {
    let is_it = |frame: &FrameToExamine| frame.id == found.frame.id;
    let Some(nth) = now.frames().iter().position(is_it) else {
        return false;
    };
    let before = now.before(nth).iter();
    now.frames()[nth].fingerprint == found.frame.fingerprint
        && before
            .map(|frame| (frame.id, &frame.fingerprint))
            .eq(with.iter().map(|(id, fingerprint)| (*id, fingerprint)))
}

async fn settle(conn: &mut SqliteConnection, verdict: Verdict, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE images SET verdict = $1 WHERE id IN (SELECT value FROM json_each($2))")
        .bind(verdict.as_str())
        .bind(references::list(ids))
        .execute(conn)
        .await
        .map(|_| ())
}

async fn newest(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    until: DateTime<Utc>,
    limit: u32,
) -> sqlx::Result<Vec<(DateTime<Utc>, Option<Verdict>)>> {
    let end = format!("{}{END_OF_DAY}", time::text(until));
    let sql = query(
        "timestamp, verdict",
        true,
        "ORDER BY timestamp DESC LIMIT $4",
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(camera.as_str())
        .bind(TIMES.0)
        .bind(end)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    let mut newest = Vec::with_capacity(rows.len());
    for found in &rows {
        if let Some(at) = row::instant(found, "timestamp")? {
            newest.push((at, row::verdict(found)?));
        }
    }
    Ok(newest)
}
