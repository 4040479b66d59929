//! Which tables of other programs refer to images, and to which. Must not change them.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::ddl::quoted;
use super::row;

/// A column of another table that refers to a column of `images`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// The table.
    pub(super) table: String,
    column: String,
    target: String,
}

/// Declared foreign keys, and columns named `image_id` that nobody declared one. Of a key of several columns the first
/// counts: that keeps too much rather than too little.
const FIND: &str = "SELECT t.name AS name, k.\"from\" AS source, COALESCE(k.\"to\", 'id') AS target \
    FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS k \
    WHERE t.type = 'table' AND lower(k.\"table\") = 'images' AND k.seq = 0 \
    UNION \
    SELECT t.name, c.name, 'id' FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c \
    WHERE t.type = 'table' AND lower(c.name) = 'image_id' AND lower(t.name) <> 'images' \
    AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) AS k WHERE lower(k.\"from\") = 'image_id') \
    ORDER BY 1, 2";

/// Everything that refers to images.
pub(super) async fn find(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Reference>> {
    let rows = sqlx::query(FIND).fetch_all(conn).await?;
    let reference = |found| {
        Ok(Reference {
            table: row::own_text(found, "name")?,
            column: row::own_text(found, "source")?,
            target: row::own_text(found, "target")?,
        })
    };
    rows.iter().map(reference).collect()
}

/// Those of the images that a row of another table refers to.
pub(super) async fn referred_to(
    conn: &mut SqliteConnection,
    references: &[Reference],
    ids: &[i64],
) -> sqlx::Result<BTreeSet<i64>> {
    let list = list(ids);
    let mut found = BTreeSet::new();
    for reference in references {
        let (table, column) = (quoted(&reference.table), quoted(&reference.column));
        let target = quoted(&reference.target);
        // One look at the other table for all of them: its column may have no index.
        let sql = format!(
            "SELECT i.id FROM images AS i WHERE i.id IN (SELECT value FROM json_each($1)) AND i.{target} IN \
             (SELECT r.{column} FROM {table} AS r WHERE r.{column} IN \
             (SELECT o.{target} FROM images AS o WHERE o.id IN (SELECT value FROM json_each($1))))"
        );
        let ids: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(&list)
            .fetch_all(&mut *conn)
            .await?;
        found.extend(ids);
    }
    Ok(found)
}

/// Numbers as a list that a statement can read, however many they are.
pub(super) fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("[{}]", ids.join(","))
}
