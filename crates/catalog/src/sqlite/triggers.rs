//! The triggers on `images`: what they do for programs that know nothing of draywatch. Plain SQL that old `SQLite`
//! versions take as well, since it runs inside those programs.

use sqlx::{AssertSqlSafe, SqliteConnection};

/// Fills the path column that the other program's shape does not have, and takes back the tombstone of a path that
/// somebody inserts again.
const ADDED: (&str, &str) = (
    "draywatch_image_added",
    "CREATE TRIGGER draywatch_image_added AFTER INSERT ON images
BEGIN
    UPDATE images SET filepath = COALESCE(filepath, image_path), image_path = COALESCE(image_path, filepath)
     WHERE id = NEW.id AND (filepath IS NULL OR image_path IS NULL);
    DELETE FROM tombstones WHERE path IN (NEW.filepath, NEW.image_path);
END",
);

/// Leaves a tombstone for a row that is deleted, so that its file does not bring it back; what the ledger still wanted of
/// that frame is wanted no more. `deleted_at` is by the clock of the program that deletes, in the form of all our times.
const REMOVED: (&str, &str) = (
    "draywatch_image_removed",
    "CREATE TRIGGER draywatch_image_removed AFTER DELETE ON images
BEGIN
    INSERT INTO tombstones (camera_id, timestamp, ordinal, path, url, sha256, reason, deleted_at)
    SELECT OLD.camera_id, OLD.timestamp, OLD.ordinal, COALESCE(OLD.filepath, OLD.image_path), OLD.url, OLD.sha256,
           'deleted by another program', strftime('%Y-%m-%d %H:%M:%f000', 'now')
     WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE path = COALESCE(OLD.filepath, OLD.image_path));
    DELETE FROM frame_ledger
     WHERE camera_id = OLD.camera_id AND instant = OLD.timestamp AND ordinal = OLD.ordinal;
END",
);

const ALL: [(&str, &str); 2] = [ADDED, REMOVED];

/// Whether the database has them all, word for word.
pub(super) async fn are_current(conn: &mut SqliteConnection) -> sqlx::Result<bool> {
    for (name, sql) in ALL {
        let found: Option<String> =
            sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = $1 AND tbl_name = 'images'")
                .bind(name)
                .fetch_optional(&mut *conn)
                .await?;
        if found.as_deref() != Some(sql) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes them anew.
pub(super) async fn renew(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    for (name, sql) in ALL {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER IF EXISTS {name}")))
            .execute(&mut *conn)
            .await?;
        sqlx::raw_sql(sql).execute(&mut *conn).await?;
    }
    Ok(())
}
