//! The counters: counted anew from the rows, and read. Triggers keep them right in between (`triggers/words.rs`).

use chrono::NaiveDate;
use draywatch_core::CameraId;
use sqlx::SqliteConnection;

use super::legacy::execute;
use super::triggers::words;
use super::{row, time};
use crate::DayTotals;

/// Counts everything anew, a camera after the other.
pub(super) async fn recount(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    let none = "DELETE FROM camera_totals; DELETE FROM day_totals; DELETE FROM replaced_images";
    execute(conn, none.to_owned()).await?;
    // Other programs may have written what is no text: SQLite's own literals name it all the same.
    let sql = "SELECT quote(camera_id) FROM (SELECT DISTINCT COALESCE(camera_id, '') AS camera_id FROM images)";
    let cameras: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await?;
    for camera in cameras {
        execute(conn, of_camera(&camera)).await?;
    }
    Ok(())
}

/// The statements that count a camera's days, and from these the camera; `camera` is a literal.
fn of_camera(camera: &str) -> String {
    let rows = match camera {
        "''" => "(i.camera_id = '' OR i.camera_id IS NULL)".to_owned(),
        camera => format!("i.camera_id = {camera}"),
    };
    let counts = words::counts("i");
    let columns = counts.each_ref().map(|(name, _)| *name).join(", ");
    let sums = counts.map(|(_, value)| format!("SUM({value})")).join(", ");
    let totals = columns.split(", ").map(|name| format!("SUM({name})"));
    let totals = totals.collect::<Vec<_>>().join(", ");
    let day = words::day("i");
    let [oldest, newest] = ["ASC", "DESC"].map(|order| words::edge(camera, order));
    format!(
        "INSERT INTO day_totals (camera_id, day, {columns}) SELECT {camera}, {day}, {sums} FROM images AS i WHERE {rows} GROUP BY 2;
         INSERT INTO camera_totals (camera_id, {columns}, duplicates, oldest, newest) SELECT {camera}, {totals},
         (SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM images AS i WHERE {rows}
          GROUP BY i.camera_id, i.timestamp, i.ordinal HAVING COUNT(*) > 1) AS twins), {oldest}, {newest}
         FROM day_totals WHERE camera_id = {camera}"
    )
}

/// The counters against a new count: the cameras whose counters were wrong. They are right afterwards.
pub(super) async fn repair(conn: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    execute(
        conn,
        "CREATE TEMP TABLE were_cameras AS SELECT * FROM camera_totals; CREATE TEMP TABLE were_days AS SELECT * FROM day_totals"
            .to_owned(),
    )
    .await?;
    recount(conn).await?;
    let sql = "SELECT camera_id FROM (SELECT * FROM temp.were_cameras EXCEPT SELECT * FROM camera_totals) \
               UNION SELECT camera_id FROM (SELECT * FROM camera_totals EXCEPT SELECT * FROM temp.were_cameras) \
               UNION SELECT camera_id FROM (SELECT * FROM temp.were_days EXCEPT SELECT * FROM day_totals) \
               UNION SELECT camera_id FROM (SELECT * FROM day_totals EXCEPT SELECT * FROM temp.were_days)";
    let rows = sqlx::query(sql).fetch_all(&mut *conn).await?;
    let names = rows.iter().map(|found| row::text(found, "camera_id"));
    let names = names.map(|name| Ok(name?.unwrap_or_default()));
    let names = names.collect::<sqlx::Result<_>>()?;
    execute(
        conn,
        "DROP TABLE temp.were_cameras; DROP TABLE temp.were_days".to_owned(),
    )
    .await?;
    Ok(names)
}

/// The counters of a camera's days, in time order; days without a row are left out.
pub(super) async fn days(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    (first, last): (NaiveDate, NaiveDate),
) -> sqlx::Result<Vec<DayTotals>> {
    let sql =
        "SELECT * FROM day_totals WHERE camera_id = $1 AND day >= $2 AND day <= $3 ORDER BY day";
    let rows = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(time::date_text(first))
        .bind(time::date_text(last))
        .fetch_all(conn)
        .await?;
    let mut days = Vec::with_capacity(rows.len());
    for found in &rows {
        // A date that is none (the 31st of February) was written by another program.
        let Some(date) = row::text(found, "day")?
            .as_deref()
            .and_then(time::parse_date)
        else {
            continue;
        };
        days.push(DayTotals {
            date,
            images: row::count(found, "images")?,
            thumbnails: row::count(found, "thumbnails")?,
            unverified: row::count(found, "unverified")?,
            processed: row::count(found, "processed")?,
            bytes: row::count(found, "bytes")?,
        });
    }
    Ok(days)
}
