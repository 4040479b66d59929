//! Browser sessions that were opened on a remote `WebDriver` server.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::time;

pub(super) async fn remember(
    conn: &mut SqliteConnection,
    server: &str,
    session: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO browser_sessions (server, session, remembered_at) VALUES ($1, $2, $3) \
               ON CONFLICT (server, session) DO UPDATE SET remembered_at = excluded.remembered_at";
    sqlx::query(sql)
        .bind(server)
        .bind(session)
        .bind(time::text(now))
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn forget(
    conn: &mut SqliteConnection,
    server: &str,
    session: &str,
) -> sqlx::Result<()> {
    let sql = "DELETE FROM browser_sessions WHERE server = $1 AND session = $2";
    sqlx::query(sql)
        .bind(server)
        .bind(session)
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn all(conn: &mut SqliteConnection) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as(
        "SELECT server, session FROM browser_sessions ORDER BY remembered_at, server, session",
    )
    .fetch_all(conn)
    .await
}
