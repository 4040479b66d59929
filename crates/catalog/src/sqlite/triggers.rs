//! The triggers: what they do for programs that know nothing of draywatch, and how slots and counters are kept right
//! whoever writes. Plain SQL that old `SQLite` versions take as well, since it runs inside those programs.

mod images;
mod marks;
pub(super) mod words;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

/// The statements that make them.
fn all() -> impl Iterator<Item = String> {
    images::all().into_iter().chain(marks::all())
}

/// The name in a statement that makes a trigger.
fn name(sql: &str) -> &str {
    sql.split_whitespace().nth(2).unwrap_or_default()
}

/// Whether the database has them all, word for word.
pub(super) async fn are_current(conn: &mut SqliteConnection) -> sqlx::Result<bool> {
    let rows =
        sqlx::query("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND sql IS NOT NULL")
            .fetch_all(conn)
            .await?;
    let found = rows.iter().map(|row| row.try_get(0));
    let found: Vec<String> = found.collect::<sqlx::Result<_>>()?;
    Ok(all().all(|sql| found.contains(&sql)))
}

/// Makes them anew.
pub(super) async fn renew(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    for sql in all() {
        let drop = format!("DROP TRIGGER IF EXISTS {}", name(&sql));
        sqlx::raw_sql(AssertSqlSafe(drop))
            .execute(&mut *conn)
            .await?;
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
