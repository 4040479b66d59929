//! Making `images` anew by the procedure that `SQLite` documents, from the table's own words. Must keep every row, and
//! every index, trigger and view that somebody made on it.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::ddl::{TableSql, quoted};
use super::legacy::{Table, execute};

/// The name of the new table while it is filled.
const ASIDE: &str = "draywatch_images_new";

/// Makes the table anew with the path columns that both programs need, and moves every row over.
pub(super) async fn rebuild(
    conn: &mut SqliteConnection,
    table: &Table,
    mut parsed: TableSql,
) -> sqlx::Result<()> {
    reshape(conn, table, &mut parsed).await?;
    let dependents = dependents(conn).await?;
    let sequence = sequence(conn).await?;
    execute(conn, parsed.render(ASIDE)).await?;
    execute(conn, move_rows(table, table.lacking_path())).await?;
    execute(conn, "DROP TABLE images".to_owned()).await?;
    rename(conn).await?;
    if let Some(sequence) = sequence {
        set_sequence(conn, sequence).await?;
    }
    for sql in dependents {
        execute(conn, sql).await?;
    }
    Ok(())
}

/// Gives the new table its name, and leaves the views and foreign keys alone that speak of the old one.
async fn rename(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    let set = |state| format!("PRAGMA legacy_alter_table = {state}");
    execute(conn, set("ON")).await?;
    execute(conn, format!("ALTER TABLE {ASIDE} RENAME TO images")).await?;
    execute(conn, set("OFF")).await
}

/// Changes the words of the table to those of the new one.
async fn reshape(
    conn: &mut SqliteConnection,
    table: &Table,
    parsed: &mut TableSql,
) -> sqlx::Result<()> {
    for name in ["filepath", "image_path"] {
        if table.column(name).is_some() {
            parsed.allow_null(name);
            if is_unique(conn, name).await? {
                parsed.constrain(name, "UNIQUE");
            }
        }
    }
    if let Some((source, lacking)) = table.lacking_path() {
        let unique = if is_unique(conn, source).await? {
            " UNIQUE"
        } else {
            ""
        };
        parsed.add_column(&format!("{lacking} VARCHAR(500){unique}"));
    }
    parsed.constrain("processed", "DEFAULT 0");
    parsed.constrain("detection_count", "DEFAULT 0");
    for definition in table.missing() {
        parsed.add_column(definition);
    }
    Ok(())
}

/// The statement that moves all rows; only a path column that was not there before is filled.
fn move_rows(table: &Table, lacking: Option<(&str, &str)>) -> String {
    let kept: Vec<String> = table
        .columns
        .iter()
        .filter(|c| !c.generated)
        .map(|c| quoted(&c.name))
        .collect();
    let kept = kept.join(", ");
    let (source, target) = lacking.map_or((String::new(), String::new()), |(source, target)| {
        (
            format!(", {}", quoted(source)),
            format!(", {}", quoted(target)),
        )
    });
    format!("INSERT INTO {ASIDE} ({kept}{target}) SELECT {kept}{source} FROM images ORDER BY rowid")
}

/// Whether no two rows have the same path in that column.
async fn is_unique(conn: &mut SqliteConnection, column: &str) -> sqlx::Result<bool> {
    let name = quoted(column);
    let sql = format!(
        "SELECT {name} FROM images WHERE {name} IS NOT NULL GROUP BY {name} HAVING COUNT(*) > 1 LIMIT 1"
    );
    Ok(sqlx::query(AssertSqlSafe(sql))
        .fetch_optional(conn)
        .await?
        .is_none())
}

/// The statements that make the indexes and triggers of `images` again, in the order in which they were made.
async fn dependents(conn: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT sql FROM sqlite_master WHERE lower(tbl_name) = 'images' AND type IN ('index', 'trigger') \
         AND sql IS NOT NULL AND NOT (type = 'trigger' AND name LIKE 'draywatch\\_%' ESCAPE '\\') ORDER BY rowid",
    )
    .fetch_all(conn)
    .await
}

/// The highest id ever given, where the table keeps count of it (`AUTOINCREMENT`).
async fn sequence(conn: &mut SqliteConnection) -> sqlx::Result<Option<i64>> {
    let kept = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'";
    if sqlx::query(kept)
        .fetch_optional(&mut *conn)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'images'")
        .fetch_optional(conn)
        .await
}

async fn set_sequence(conn: &mut SqliteConnection, sequence: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sqlite_sequence WHERE name = 'images'")
        .execute(&mut *conn)
        .await?;
    let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES ('images', $1)";
    sqlx::query(sql)
        .bind(sequence)
        .execute(conn)
        .await
        .map(|_| ())
}
