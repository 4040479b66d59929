//! The shape of `images`: made in an empty database, adopted where users' programs made it, never losing a row.
//!
//! Their tables forbid the null in the path column that the other program leaves out. `SQLite` cannot lift that from a
//! table, so the table is made anew by its documented procedure, from its own words with only that changed: columns,
//! defaults, checks and foreign keys that somebody added stay as they are, and so do ids, indexes, triggers and views.

use std::path::Path;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::ddl::TableSql;
use super::migrate::Stop;
use super::rebuild::rebuild;
use crate::CatalogError;

const CREATE: &str = include_str!("../../migrations/sqlite/images.sql");
const INDEXES: &str = include_str!("../../migrations/sqlite/image_indexes.sql");
/// The columns without which it is not the table that users' programs made.
const NEEDED: [&str; 3] = ["id", "timestamp", "camera_id"];
/// The columns that are added where they are missing.
const ADDED: [(&str, &str); 18] = [
    ("processed", "processed BOOLEAN NOT NULL DEFAULT 0"),
    ("file_size", "file_size INTEGER"),
    ("detection_count", "detection_count INTEGER DEFAULT 0"),
    ("created_at", "created_at DATETIME"),
    ("ordinal", "ordinal INTEGER NOT NULL DEFAULT 1"),
    ("url", "url TEXT"),
    ("sha256", "sha256 TEXT"),
    ("media_type", "media_type TEXT"),
    ("width", "width INTEGER"),
    ("height", "height INTEGER"),
    ("is_thumbnail", "is_thumbnail BOOLEAN NOT NULL DEFAULT 0"),
    ("file_state", "file_state TEXT"),
    ("file_problem", "file_problem TEXT"),
    ("verified_at", "verified_at DATETIME"),
    ("origin", "origin TEXT"),
    ("verdict", "verdict TEXT"),
    ("fingerprint", "fingerprint TEXT"),
    ("verdict_problem", "verdict_problem TEXT"),
];

/// What has to be done to `images`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// It is as it should be.
    Nothing,
    /// There is none.
    Create,
    /// Some columns are missing.
    Extend(Table),
    /// A path column is missing or may not be null.
    Rebuild(Table),
    /// It is not a table that we can use.
    Refuse(String),
}

/// `images` as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    sql: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    not_null: bool,
    pub(super) generated: bool,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> + '_ {
        ADDED
            .into_iter()
            .filter(|(name, _)| self.column(name).is_none())
            .map(|(_, definition)| definition)
    }

    /// The path column that it has and the one that it lacks.
    pub(super) fn lacking_path(&self) -> Option<(&'static str, &'static str)> {
        [("filepath", "image_path"), ("image_path", "filepath")]
            .into_iter()
            .find(|(_, lacking)| self.column(lacking).is_none())
    }
}

/// Finds out what has to be done to `images`, without doing it.
pub(super) async fn need(conn: &mut SqliteConnection) -> sqlx::Result<Need> {
    let found = sqlx::query("SELECT type, sql FROM sqlite_master WHERE lower(name) = 'images'")
        .fetch_optional(&mut *conn)
        .await?;
    let Some(found) = found else {
        return Ok(Need::Create);
    };
    if found.try_get::<String, _>("type")? != "table" {
        return Ok(Need::Refuse("its \"images\" is not a table".to_owned()));
    }
    let table = Table {
        sql: found.try_get("sql")?,
        columns: columns(conn).await?,
    };
    if let Some(name) = NEEDED.into_iter().find(|name| table.column(name).is_none()) {
        return Ok(Need::Refuse(format!(
            "its table images has no column {name}"
        )));
    }
    let paths = ["filepath", "image_path"].map(|name| table.column(name));
    Ok(match paths {
        [None, None] => {
            Need::Refuse("its table images has neither filepath nor image_path".to_owned())
        }
        [Some(a), Some(b)] if !a.not_null && !b.not_null => {
            if table.missing().next().is_none() {
                Need::Nothing
            } else {
                Need::Extend(table)
            }
        }
        _ => Need::Rebuild(table),
    })
}

async fn columns(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Column>> {
    let rows = sqlx::query(
        "SELECT name, \"notnull\" AS not_null, hidden FROM pragma_table_xinfo('images')",
    )
    .fetch_all(conn)
    .await?;
    let column = |row: &sqlx::sqlite::SqliteRow| {
        let (not_null, hidden): (i64, i64) = (row.try_get("not_null")?, row.try_get("hidden")?);
        Ok(Column {
            name: row.try_get("name")?,
            not_null: not_null != 0,
            generated: hidden != 0,
        })
    };
    rows.iter().map(column).collect()
}

/// Gives `images` the shape that this program and both users' programs can work with.
pub(super) async fn shape_images(
    conn: &mut SqliteConnection,
    need: &Need,
    path: &Path,
) -> std::result::Result<(), Stop> {
    match need {
        Need::Nothing => return Ok(()),
        Need::Create => execute(conn, CREATE.to_owned()).await?,
        Need::Extend(table) => {
            for definition in table.missing() {
                execute(conn, format!("ALTER TABLE images ADD COLUMN {definition}")).await?;
            }
        }
        Need::Rebuild(table) => match TableSql::parse(&table.sql) {
            Some(parsed) => rebuild(conn, table, parsed).await?,
            None => {
                return Err(refused(
                    path,
                    "the definition of its table images cannot be read".to_owned(),
                ));
            }
        },
        Need::Refuse(problem) => return Err(refused(path, problem.clone())),
    }
    execute(conn, INDEXES.to_owned()).await?;
    Ok(index_paths(conn).await?)
}

/// Gives a path column an index where it has none (it is unique wherever that is possible, and has one by that).
async fn index_paths(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    for name in ["filepath", "image_path"] {
        let sql = "SELECT COUNT(*) FROM pragma_index_list('images') AS i, pragma_index_info(i.name) AS c \
                   WHERE i.partial = 0 AND c.seqno = 0 AND lower(c.name) = $1";
        let indexes: i64 = sqlx::query_scalar(sql)
            .bind(name)
            .fetch_one(&mut *conn)
            .await?;
        if indexes == 0 {
            let sql =
                format!("CREATE INDEX IF NOT EXISTS draywatch_image_{name} ON images ({name})");
            execute(conn, sql).await?;
        }
    }
    Ok(())
}

fn refused(path: &Path, problem: String) -> Stop {
    CatalogError::NotOurs {
        path: path.to_owned(),
        problem,
    }
    .into()
}

/// Carries out one or more statements that are made here, without values.
pub(super) async fn execute(conn: &mut SqliteConnection, sql: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(conn)
        .await
        .map(|_| ())
}
