//! The triggers: what they do for programs that know nothing of draywatch, and how slots and counters are kept right
//! whoever writes. Plain SQL that old `SQLite` versions take as well, since it runs inside those programs.

#[macro_use]
mod words;
mod images;
mod marks;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

const ALL: [&str; 12] = [
    images::REPLACING,
    images::REPLACED,
    images::ADDED,
    images::REMOVED,
    images::CHANGED,
    images::MOVED,
    marks::LISTED,
    marks::TRIED,
    marks::SETTLED,
    marks::BURIED,
    marks::RAISED,
    marks::OBSERVED,
];

/// The name in a statement that makes a trigger.
fn name(sql: &str) -> &str {
    sql.split(' ').nth(2).unwrap_or_default()
}

/// Whether the database has them all, word for word.
pub(super) async fn are_current(conn: &mut SqliteConnection) -> sqlx::Result<bool> {
    let rows =
        sqlx::query("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND sql IS NOT NULL")
            .fetch_all(conn)
            .await?;
    let found = rows.iter().map(|row| row.try_get(0));
    let found: Vec<String> = found.collect::<sqlx::Result<_>>()?;
    Ok(ALL.iter().all(|sql| found.iter().any(|there| there == sql)))
}

/// Makes them anew.
pub(super) async fn renew(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    for sql in ALL {
        let drop = format!("DROP TRIGGER IF EXISTS {}", name(sql));
        sqlx::raw_sql(AssertSqlSafe(drop))
            .execute(&mut *conn)
            .await?;
        sqlx::raw_sql(sql).execute(&mut *conn).await?;
    }
    Ok(())
}
