//! The part `Slots` of the `SQLite` backend: slots as they are kept, and computed where what is kept is stale.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use draywatch_core::CameraId;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::legacy::execute;
use super::{SqliteCatalog, counters, days, letters, reach, row, runs, time};
use crate::{DaySlots, DayTotals, Result, RunRow, Slots};

/// Days that a migration computes at once; those of a larger database are computed in passing, or by `refresh_slots`.
const AT_ONCE: u32 = 1000;
/// Cameras in one statement, well below the engine's limit of parameters.
const MOST: usize = 500;
/// Days in one transaction of `refresh_slots`, so that other writers get their turn.
const IN_ONE_GO: u32 = 100;

#[async_trait]
impl Slots for SqliteCatalog {
    async fn slots(
        &self,
        cameras: &[CameraId],
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Vec<DaySlots>>> {
        read!(self, "reading slots", |conn| all(
            conn,
            cameras,
            (first, last)
        ))
    }

    async fn first_known(&self, camera: &CameraId) -> Result<Option<NaiveDate>> {
        read_one!(self, "reading the first day", |conn| first_known(
            conn, camera
        ))
    }

    async fn day_totals(
        &self,
        camera: &CameraId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<DayTotals>> {
        read!(self, "reading counters", |conn| counters::days(
            conn,
            camera,
            (first, last)
        ))
    }

    async fn refresh_slots(&self, limit: u32) -> Result<u64> {
        let mut left = limit;
        while left > 0 {
            let now = left.min(IN_ONE_GO);
            let done =
                write_and_refresh!(self, "computing slots", |conn| days::refresh(conn, now))?;
            if done < u64::from(now) {
                break;
            }
            left -= now;
        }
        read_one!(self, "counting stale slots", |conn| waiting(conn))
    }

    async fn recount(&self) -> Result<Vec<String>> {
        write_and_refresh!(self, "counting anew", |conn| async {
            let wrong = counters::repair(conn).await?;
            reach::renew(conn).await?;
            forget(conn).await?;
            Ok::<_, sqlx::Error>(wrong)
        })
    }

    async fn newest_runs(&self, cameras: &[CameraId], each: u32) -> Result<Vec<RunRow>> {
        read_one!(self, "reading runs", |conn| runs::newest(
            conn, cameras, each
        ))
    }

    async fn portal_reach(&self, camera: &CameraId) -> Result<Option<TimeDelta>> {
        read_one!(self, "reading the portal's reach", |conn| reach::of(
            conn, camera
        ))
    }
}

/// The days of every camera: as they are kept, or computed where they are stale.
async fn all(
    conn: &mut SqliteConnection,
    cameras: &[CameraId],
    (first, last): (NaiveDate, NaiveDate),
) -> sqlx::Result<Vec<Vec<DaySlots>>> {
    let mut known = kept(conn, cameras, (first, last)).await?;
    let mut all = Vec::with_capacity(cameras.len());
    for camera in cameras {
        let mut found = Vec::new();
        for date in first.iter_days().take_while(|day| *day <= last) {
            let key = (camera.as_str().to_owned(), date);
            found.push(match known.remove(&key) {
                None => DaySlots::unknown(date),
                Some(Some((letters, reasons))) => DaySlots {
                    date,
                    answers: letters::read(&letters, &reasons)?,
                },
                Some(None) => DaySlots {
                    date,
                    answers: days::compute(conn, camera, date).await?,
                },
            });
        }
        all.push(found);
    }
    Ok(all)
}

/// A day of which nothing is known has no row.
async fn first_known(
    conn: &mut SqliteConnection,
    camera: &CameraId,
) -> sqlx::Result<Option<NaiveDate>> {
    let sql = "SELECT MIN(day) FROM (SELECT MIN(day) AS day FROM day_slots WHERE camera_id = $1 \
               UNION ALL SELECT MIN(day) FROM stale_days WHERE camera_id = $1)";
    let query = sqlx::query_scalar::<_, Option<String>>(sql).bind(camera.as_str());
    let first = query.fetch_one(conn).await?;
    Ok(first.as_deref().and_then(time::parse_date))
}

/// Letters and reasons by camera and day, nothing for a day that is stale.
type Kept = BTreeMap<(String, NaiveDate), Option<(String, String)>>;

async fn kept(
    conn: &mut SqliteConnection,
    cameras: &[CameraId],
    range: (NaiveDate, NaiveDate),
) -> sqlx::Result<Kept> {
    let mut kept = Kept::new();
    for part in cameras.chunks(MOST) {
        for found in query(part, range).build().fetch_all(&mut *conn).await? {
            let day = row::text(&found, "day")?;
            let Some(day) = day.as_deref().and_then(time::parse_date) else {
                continue;
            };
            // The stale ones come second.
            let letters = row::text(&found, "answers")?.zip(row::text(&found, "reasons")?);
            kept.insert((row::own_text(&found, "camera_id")?, day), letters);
        }
    }
    Ok(kept)
}

/// The query for what is kept of days, and which of them are stale.
pub(super) fn query(
    cameras: &[CameraId],
    (first, last): (NaiveDate, NaiveDate),
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("");
    let tables = [
        "SELECT camera_id, day, answers, reasons FROM day_slots WHERE day >= ",
        " UNION ALL SELECT camera_id, day, NULL, NULL FROM stale_days WHERE day >= ",
    ];
    for select in tables {
        query.push(select).push_bind(time::date_text(first));
        query.push(" AND day <= ").push_bind(time::date_text(last));
        let mut names = query.push(" AND camera_id IN (").separated(", ");
        for camera in cameras {
            names.push_bind(camera.as_str().to_owned());
        }
        query.push(")");
    }
    query
}

async fn waiting(conn: &mut SqliteConnection) -> sqlx::Result<u64> {
    let sql = "SELECT COUNT(*) AS n FROM stale_days";
    row::count(&sqlx::query(sql).fetch_one(conn).await?, "n")
}

/// Has every day computed anew of which anything may be known.
async fn forget(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    let sql = "DELETE FROM day_slots; DELETE FROM stale_days; \
        INSERT INTO stale_days (day, camera_id) \
        SELECT day, camera_id FROM (SELECT camera_id, day FROM day_totals WHERE typeof(camera_id) = 'text' AND day <> '' \
        UNION SELECT camera_id, date(instant) FROM frame_ledger \
        UNION SELECT camera_id, date(timestamp) FROM tombstones \
        UNION SELECT camera_id, date(day_start, n || ' day') FROM observations, \
        (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) AS days \
        WHERE (confirmed OR failure_kind = 'not_found') AND date(day_start, n || ' day') <= date(day_end, '-1 second')) AS known \
        WHERE day IS NOT NULL AND camera_id IS NOT NULL";
    execute(conn, sql.to_owned()).await
}

/// Counters and slots of a database that has none, or whose triggers were away for a while.
pub(super) async fn found(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    counters::recount(conn).await?;
    reach::renew(conn).await?;
    forget(conn).await?;
    days::refresh(conn, AT_ONCE).await.map(|_| ())
}
