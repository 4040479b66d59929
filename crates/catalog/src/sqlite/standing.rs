//! What a database looks like before anything is done to it, and whether anything may be. Changes nothing.

use std::path::Path;

use sqlx::SqliteConnection;

use super::legacy::{self, Need};
use super::triggers;
use crate::SCHEMA;
use crate::{CatalogError, Result};

/// Our tables, for the case that another program has one of that name.
const OWN_TABLES: [&str; 18] = [
    "draywatch_facts",
    "draywatch_placeholders",
    "frame_ledger",
    "tombstones",
    "runs",
    "observations",
    "browser_sessions",
    "retention_holds",
    "jobs",
    "ticks",
    "portal_days",
    "camera_totals",
    "day_totals",
    "replaced_images",
    "day_slots",
    "stale_days",
    "portal_reach",
    "image_leases",
];

/// What a database looks like before anything is done to it.
#[derive(Debug)]
pub(super) struct Standing {
    /// Newest migration applied; 0 for a database that is not ours yet.
    pub(super) schema: i64,
    /// Whether there is nothing in it at all.
    pub(super) is_empty: bool,
    /// A table of another program that has a name of ours.
    taken: Option<String>,
    /// What `images` needs.
    pub(super) images: legacy::Need,
    /// Whether our triggers are as they should be.
    pub(super) has_triggers: bool,
}

impl Standing {
    /// Whether nothing has to be done.
    pub(super) fn is_current(&self) -> bool {
        self.schema == SCHEMA && self.images == Need::Nothing && self.has_triggers
    }

    /// Says why this program must leave the database alone, if so.
    pub(super) fn refuse(&self, path: &Path) -> Result<()> {
        let path = path.to_owned();
        if self.schema > SCHEMA {
            return Err(CatalogError::NewerSchema {
                path,
                found: self.schema,
                known: SCHEMA,
            });
        }
        let taken =
            |name| format!("it has a \"{name}\" of another program, and draywatch needs that name");
        let problem = match &self.images {
            Need::Refuse(problem) => Some(problem.clone()),
            _ => self.taken.as_ref().map(taken),
        };
        problem.map_or(Ok(()), |problem| {
            Err(CatalogError::NotOurs { path, problem })
        })
    }
}

/// Looks at a database without changing it.
pub(super) async fn inspect(conn: &mut SqliteConnection) -> sqlx::Result<Standing> {
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master")
        .fetch_all(&mut *conn)
        .await?;
    let schema = if names.iter().any(|name| name == "draywatch_schema") {
        sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM draywatch_schema")
            .fetch_one(&mut *conn)
            .await?
    } else {
        0
    };
    let is_ours = |name: &&String| OWN_TABLES.iter().any(|own| own.eq_ignore_ascii_case(name));
    Ok(Standing {
        schema,
        is_empty: names.is_empty(),
        taken: names.iter().find(is_ours).filter(|_| schema == 0).cloned(),
        images: legacy::need(conn).await?,
        has_triggers: triggers::are_current(conn).await?,
    })
}

/// What `SQLite` finds wrong with the whole file. Damage that a query would not meet (a last page cut short reads as zeros)
/// must not be copied into a new table.
pub(super) async fn damage(conn: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_all(conn)
        .await?;
    Ok(lines.into_iter().find(|line| line != "ok"))
}
