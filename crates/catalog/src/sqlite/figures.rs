//! What runs came to, added up when they end. Must not go through runs or images.

use std::time::Duration;

use async_trait::async_trait;
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use sqlx::SqliteConnection;

use super::{SqliteCatalog, row};
use crate::{Counts, DURATION_BUCKETS, Figures, LedgerState, Result, RunEnd, RunFigures};

/// The bucket of runs that took longer than the longest.
const BEYOND: i64 = -1;

#[async_trait]
impl Counts for SqliteCatalog {
    async fn figures(&self) -> Result<Figures> {
        read!(self, "reading figures", |conn| all(conn))
    }
}

/// Adds a run that is about to be closed, unless it was closed before.
pub(super) async fn add(
    conn: &mut SqliteConnection,
    run_id: i64,
    end: &RunEnd,
) -> sqlx::Result<()> {
    let sql = "SELECT camera_id FROM runs WHERE id = $1 AND outcome IS NULL";
    let open: Option<String> = sqlx::query_scalar(sql)
        .bind(run_id)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(camera) = open else {
        return Ok(());
    };
    let sql = "INSERT INTO run_totals (camera_id, outcome, runs, stored) VALUES ($1, $2, 1, $3) \
               ON CONFLICT (camera_id, outcome) DO UPDATE SET runs = runs + 1, stored = stored + excluded.stored";
    sqlx::query(sql)
        .bind(&camera)
        .bind(end.outcome.as_str())
        .bind(row::signed(end.counts.stored))
        .execute(&mut *conn)
        .await?;
    for (reason, refused) in &end.counts.refused {
        let sql = "INSERT INTO refusal_totals (camera_id, reason, refused) VALUES ($1, $2, $3) \
                   ON CONFLICT (camera_id, reason) DO UPDATE SET refused = refused + excluded.refused";
        sqlx::query(sql)
            .bind(&camera)
            .bind(reason)
            .bind(row::signed(*refused))
            .execute(&mut *conn)
            .await?;
    }
    let sql = "INSERT INTO run_durations (up_to_seconds, runs, took_us) VALUES ($1, 1, $2) \
               ON CONFLICT (up_to_seconds) DO UPDATE SET runs = runs + 1, took_us = took_us + excluded.took_us";
    sqlx::query(sql)
        .bind(bucket(end.took))
        .bind(i64::try_from(end.took.as_micros()).unwrap_or(i64::MAX))
        .execute(conn)
        .await
        .map(|_| ())
}

/// Adds the runs that are about to be closed as interrupted; nobody knows how long they took.
pub(super) async fn add_interrupted(
    conn: &mut SqliteConnection,
    camera: Option<&CameraId>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO run_totals (camera_id, outcome, runs, stored) \
               SELECT camera_id, $1, COUNT(*), 0 FROM runs WHERE outcome IS NULL AND ($2 IS NULL OR camera_id = $2) GROUP BY camera_id \
               ON CONFLICT (camera_id, outcome) DO UPDATE SET runs = runs + excluded.runs";
    sqlx::query(sql)
        .bind(Outcome::Interrupted.as_str())
        .bind(camera.map(CameraId::as_str))
        .execute(conn)
        .await
        .map(|_| ())
}

fn bucket(took: Duration) -> i64 {
    let within = |limit: &u32| took <= Duration::from_secs((*limit).into());
    let found = DURATION_BUCKETS.into_iter().find(within);
    found.map_or(BEYOND, i64::from)
}

async fn all(conn: &mut SqliteConnection) -> sqlx::Result<Figures> {
    let (durations, seconds) = durations(conn).await?;
    Ok(Figures {
        runs: runs(conn).await?,
        refused: refused(conn).await?,
        durations,
        seconds,
        ledger: ledger(conn).await?,
    })
}

async fn runs(conn: &mut SqliteConnection) -> sqlx::Result<Vec<RunFigures>> {
    let sql = "SELECT camera_id, outcome, runs, stored FROM run_totals ORDER BY camera_id, outcome";
    let found = sqlx::query(sql).fetch_all(conn).await?;
    let figures = found.iter().map(|found| {
        let outcome = row::own_text(found, "outcome")?;
        Ok(RunFigures {
            camera: row::own_text(found, "camera_id")?,
            outcome: Outcome::parse(&outcome).ok_or_else(|| row::odd("outcome", &outcome))?,
            runs: row::count(found, "runs")?,
            stored: row::count(found, "stored")?,
        })
    });
    figures.collect()
}

async fn refused(conn: &mut SqliteConnection) -> sqlx::Result<Vec<(String, String, u64)>> {
    let sql = "SELECT camera_id, reason, refused FROM refusal_totals ORDER BY camera_id, reason";
    let found = sqlx::query(sql).fetch_all(conn).await?;
    let figures = found.iter().map(|found| {
        Ok((
            row::own_text(found, "camera_id")?,
            row::own_text(found, "reason")?,
            row::count(found, "refused")?,
        ))
    });
    figures.collect()
}

async fn durations(
    conn: &mut SqliteConnection,
) -> sqlx::Result<([u64; DURATION_BUCKETS.len() + 1], f64)> {
    let (mut runs, mut took) = ([0; DURATION_BUCKETS.len() + 1], Duration::ZERO);
    let sql = "SELECT up_to_seconds, runs, took_us FROM run_durations";
    for found in sqlx::query(sql).fetch_all(conn).await? {
        let limit = row::int(&found, "up_to_seconds")?;
        let place = DURATION_BUCKETS
            .iter()
            .position(|bucket| Some(i64::from(*bucket)) == limit);
        runs[place.unwrap_or(DURATION_BUCKETS.len())] += row::count(&found, "runs")?;
        took += Duration::from_micros(row::count(&found, "took_us")?);
    }
    Ok((runs, took.as_secs_f64()))
}

async fn ledger(conn: &mut SqliteConnection) -> sqlx::Result<Vec<(String, LedgerState, u64)>> {
    // Served by the index of the totals.
    let sql = "SELECT camera_id, state, COUNT(*) AS n FROM frame_ledger GROUP BY camera_id, state";
    let found = sqlx::query(sql).fetch_all(conn).await?;
    let figures = found.iter().map(|found| {
        let state = row::own_text(found, "state")?;
        Ok((
            row::own_text(found, "camera_id")?,
            super::ledger::state(&state)?,
            row::count(found, "n")?,
        ))
    });
    figures.collect()
}
