//! Totals for the `status` command: from the counters, and an index of the ledger. Must not go through images.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::row;
use crate::{CameraTotals, Totals};

/// The key of ledger rows that were never tried.
const NEVER_TRIED: &str = "never_tried";
/// Ledger rows by what is told of them.
/// Camera by camera: to group what was given up, which stays in the ledger for ever, takes twice as long as to count it.
pub(super) const LEDGER: &str = "WITH RECURSIVE cameras(name) AS (SELECT MIN(camera_id) FROM frame_ledger UNION ALL \
    SELECT (SELECT MIN(camera_id) FROM frame_ledger WHERE camera_id > cameras.name) FROM cameras WHERE name IS NOT NULL) \
    SELECT name AS camera_id, 'open' AS state, failure_kind, COUNT(*) AS n FROM cameras \
    CROSS JOIN frame_ledger ON camera_id = cameras.name AND state = 'open' WHERE name IS NOT NULL GROUP BY name, failure_kind UNION ALL \
    SELECT name, 'given_up', NULL, (SELECT COUNT(*) FROM frame_ledger WHERE camera_id = cameras.name AND state = 'given_up') \
    FROM cameras WHERE name IS NOT NULL";

pub(super) async fn totals(conn: &mut SqliteConnection) -> sqlx::Result<Totals> {
    let (mut cameras, duplicates) = images(conn).await?;
    let failures = ledger(conn, &mut cameras).await?;
    Ok(Totals {
        cameras: cameras.into_values().collect(),
        ledger: failures,
        duplicates,
        schema: crate::SCHEMA,
    })
}

/// Image rows by camera, and how many of all are there more than once.
async fn images(
    conn: &mut SqliteConnection,
) -> sqlx::Result<(BTreeMap<String, CameraTotals>, u64)> {
    let mut cameras = BTreeMap::new();
    let mut duplicates = 0;
    for found in sqlx::query("SELECT * FROM camera_totals")
        .fetch_all(conn)
        .await?
    {
        let totals = CameraTotals {
            images: row::count(&found, "images")?,
            thumbnails: row::count(&found, "thumbnails")?,
            unverified: row::count(&found, "unverified")?,
            processed: row::count(&found, "processed")?,
            bytes: row::count(&found, "bytes")?,
            oldest: row::instant(&found, "oldest")?,
            newest: row::instant(&found, "newest")?,
            ..none(row::text(&found, "camera_id")?.unwrap_or_default())
        };
        duplicates += row::count(&found, "duplicates")?;
        cameras.insert(totals.camera_id.clone(), totals);
    }
    Ok((cameras, duplicates))
}

/// Ledger rows by camera; those that are open by kind of failure, too.
async fn ledger(
    conn: &mut SqliteConnection,
    cameras: &mut BTreeMap<String, CameraTotals>,
) -> sqlx::Result<BTreeMap<String, u64>> {
    let mut failures = BTreeMap::new();
    for found in sqlx::query(LEDGER).fetch_all(conn).await? {
        let name = row::own_text(&found, "camera_id")?;
        let totals = cameras.entry(name.clone()).or_insert_with(|| none(name));
        let number = row::count(&found, "n")?;
        match row::own_text(&found, "state")?.as_str() {
            "open" => {
                let kind = row::text(&found, "failure_kind")?;
                let kind = kind.unwrap_or_else(|| NEVER_TRIED.to_owned());
                *failures.entry(kind).or_default() += number;
                totals.open += number;
            }
            "given_up" => totals.given_up += number,
            _ => {}
        }
    }
    Ok(failures)
}

fn none(camera_id: String) -> CameraTotals {
    CameraTotals {
        camera_id,
        images: 0,
        thumbnails: 0,
        unverified: 0,
        processed: 0,
        bytes: 0,
        oldest: None,
        newest: None,
        open: 0,
        given_up: 0,
    }
}
