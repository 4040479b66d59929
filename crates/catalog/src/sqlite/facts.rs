//! Facts about the database itself, and the engine's own check.

use sqlx::SqliteConnection;

use super::connect::is_corrupt;

pub(super) async fn get(conn: &mut SqliteConnection, name: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT value FROM draywatch_facts WHERE name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await
}

pub(super) async fn set(
    conn: &mut SqliteConnection,
    name: &str,
    value: Option<&str>,
) -> sqlx::Result<()> {
    let query = match value {
        Some(value) => sqlx::query(
            "INSERT INTO draywatch_facts (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value),
        None => sqlx::query("DELETE FROM draywatch_facts WHERE name = $1").bind(name),
    };
    query.execute(conn).await.map(|_| ())
}

/// What `SQLite` finds wrong with the file; damage so great that the check itself fails is told the same way.
pub(super) async fn check(conn: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    match sqlx::query_scalar::<_, String>("PRAGMA quick_check")
        .fetch_all(conn)
        .await
    {
        Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
        Err(error) if is_corrupt(&error) => Ok(vec![error.to_string()]),
        Err(error) => Err(error),
    }
}
