//! The history of health. Must not judge.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::health::{Health, Reason, Status};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{SqliteCatalog, row, time};
use crate::{HealthChange, HealthLog, Result};

/// Every status, to be found by its name.
const ALL: [Status; 4] = [
    Status::Healthy,
    Status::Warning,
    Status::Degraded,
    Status::Critical,
];

#[async_trait]
impl HealthLog for SqliteCatalog {
    async fn note_health(&self, changes: &[HealthChange]) -> Result<()> {
        write_only!(self, "writing the history of health", |conn| note(
            conn, changes
        ))
    }

    async fn health_changes(&self, since: DateTime<Utc>, limit: u32) -> Result<Vec<HealthChange>> {
        read_one!(self, "reading the history of health", |conn| list(
            conn, since, limit
        ))
    }
}

async fn note(conn: &mut SqliteConnection, changes: &[HealthChange]) -> sqlx::Result<()> {
    for change in changes {
        let reasons = serde_json::to_string(&change.health.reasons);
        sqlx::query("INSERT INTO health_changes (at, status, reasons) VALUES ($1, $2, $3)")
            .bind(time::text(change.at))
            .bind(change.health.status.as_str())
            .bind(reasons.map_err(|error| sqlx::Error::Encode(error.into()))?)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

async fn list(
    conn: &mut SqliteConnection,
    since: DateTime<Utc>,
    limit: u32,
) -> sqlx::Result<Vec<HealthChange>> {
    let sql = "SELECT at, status, reasons FROM health_changes WHERE at >= $1 ORDER BY at DESC, id DESC LIMIT $2";
    let query = sqlx::query(sql).bind(time::text(since)).bind(limit);
    query.fetch_all(conn).await?.iter().map(change).collect()
}

fn change(found: &SqliteRow) -> sqlx::Result<HealthChange> {
    let name = row::own_text(found, "status")?;
    let status = ALL.into_iter().find(|status| status.as_str() == name);
    let text = row::own_text(found, "reasons")?;
    let reasons: Vec<Reason> =
        serde_json::from_str(&text).map_err(|_| row::odd("reasons", &text))?;
    Ok(HealthChange {
        at: row::own_instant(found, "at")?,
        health: Health {
            status: status.ok_or_else(|| row::odd("status", &name))?,
            reasons,
        },
    })
}
