//! The table of cards that cameras send when they have no picture. Must not compare pictures.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{row, time};
use crate::Placeholder;

/// Adds a card; whether it was not there yet.
pub(super) async fn add(
    conn: &mut SqliteConnection,
    card: &Placeholder,
    picture: &[u8],
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO draywatch_placeholders (name, sha256, picture, added_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name, sha256) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(&card.name)
        .bind(&card.sha256)
        .bind(picture)
        .bind(time::text(card.added_at))
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn all(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Placeholder>> {
    let sql = "SELECT name, sha256, added_at FROM draywatch_placeholders ORDER BY name, id";
    let rows = sqlx::query(sql).fetch_all(conn).await?;
    rows.iter().map(card).collect()
}

pub(super) async fn pictures(
    conn: &mut SqliteConnection,
) -> sqlx::Result<Vec<(Placeholder, Vec<u8>)>> {
    let sql =
        "SELECT name, sha256, added_at, picture FROM draywatch_placeholders ORDER BY name, id";
    let rows = sqlx::query(sql).fetch_all(conn).await?;
    let one = |found| Ok((card(found)?, sqlx::Row::try_get(found, "picture")?));
    rows.iter().map(one).collect()
}

/// Takes away all cards of a name; them.
pub(super) async fn remove(
    conn: &mut SqliteConnection,
    name: &str,
) -> sqlx::Result<Vec<Placeholder>> {
    let sql = "DELETE FROM draywatch_placeholders WHERE name = $1 RETURNING name, sha256, added_at";
    let rows = sqlx::query(sql).bind(name).fetch_all(conn).await?;
    rows.iter().map(card).collect()
}

fn card(found: &SqliteRow) -> sqlx::Result<Placeholder> {
    Ok(Placeholder {
        name: row::own_text(found, "name")?,
        sha256: row::own_text(found, "sha256")?,
        added_at: row::own_instant(found, "added_at")?,
    })
}
