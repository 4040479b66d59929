//! The shape of `images`: made in an empty database, adopted where users' programs made it, never losing a row.
//!
//! Their tables forbid the null in the path column that the other program leaves out. `SQLite` cannot lift that from a
//! table, so the table is made anew by its documented procedure, from its own words with only that changed: columns,
//! defaults, checks and foreign keys that somebody added stay as they are, and so do ids, indexes, triggers and views.

use std::path::Path;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::ddl::{TableSql, quoted};
use super::migrate::Stop;
use crate::CatalogError;

const CREATE: &str = include_str!("../../migrations/sqlite/images.sql");
const INDEXES: &str = include_str!("../../migrations/sqlite/image_indexes.sql");
/// The name of the new table while it is filled.
const ASIDE: &str = "draywatch_images_new";
/// The columns without which it is not the table that users' programs made.
const NEEDED: [&str; 3] = ["id", "timestamp", "camera_id"];
/// The columns that are added where they are missing.
const ADDED: [(&str, &str); 14] = [
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
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    not_null: bool,
    generated: bool,
}

impl Table {
    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    fn missing(&self) -> impl Iterator<Item = &'static str> + '_ {
        ADDED.into_iter().filter(|(name, _)| self.column(name).is_none()).map(|(_, definition)| definition)
    }

    /// The path column that it has and the one that it lacks.
    fn lacking_path(&self) -> Option<(&'static str, &'static str)> {
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
    let Some(found) = found else { return Ok(Need::Create) };
    if found.try_get::<String, _>("type")? != "table" {
        return Ok(Need::Refuse("its \"images\" is not a table".to_owned()));
    }
    let table = Table { sql: found.try_get("sql")?, columns: columns(conn).await? };
    if let Some(name) = NEEDED.into_iter().find(|name| table.column(name).is_none()) {
        return Ok(Need::Refuse(format!("its table images has no column {name}")));
    }
    let paths = ["filepath", "image_path"].map(|name| table.column(name));
    Ok(match paths {
        [None, None] => Need::Refuse("its table images has neither filepath nor image_path".to_owned()),
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
    let rows = sqlx::query("SELECT name, \"notnull\" AS not_null, hidden FROM pragma_table_xinfo('images')")
        .fetch_all(conn)
        .await?;
    let column = |row: &sqlx::sqlite::SqliteRow| {
        let (not_null, hidden): (i64, i64) = (row.try_get("not_null")?, row.try_get("hidden")?);
        Ok(Column { name: row.try_get("name")?, not_null: not_null != 0, generated: hidden != 0 })
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
            None => return Err(refused(path, "the definition of its table images cannot be read".to_owned())),
        },
        Need::Refuse(problem) => return Err(refused(path, problem.clone())),
    }
    Ok(execute(conn, INDEXES.to_owned()).await?)
}

fn refused(path: &Path, problem: String) -> Stop {
    CatalogError::NotOurs { path: path.to_owned(), problem }.into()
}

/// Makes the table anew with the path columns that both programs need, and moves every row over.
async fn rebuild(conn: &mut SqliteConnection, table: &Table, mut parsed: TableSql) -> sqlx::Result<()> {
    for name in ["filepath", "image_path"] {
        if table.column(name).is_some() {
            parsed.allow_null(name);
            if is_unique(conn, name).await? {
                parsed.constrain(name, "UNIQUE");
            }
        }
    }
    let lacking = table.lacking_path();
    if let Some((source, lacking)) = lacking {
        let unique = if is_unique(conn, source).await? { " UNIQUE" } else { "" };
        parsed.add_column(&format!("{lacking} VARCHAR(500){unique}"));
    }
    parsed.constrain("processed", "DEFAULT 0");
    parsed.constrain("detection_count", "DEFAULT 0");
    for definition in table.missing() {
        parsed.add_column(definition);
    }
    let dependents = dependents(conn).await?;
    let sequence = sequence(conn).await?;
    execute(conn, parsed.render(ASIDE)).await?;
    execute(conn, move_rows(table, lacking)).await?;
    execute(conn, "DROP TABLE images".to_owned()).await?;
    execute(conn, format!("ALTER TABLE {ASIDE} RENAME TO images")).await?;
    if let Some(sequence) = sequence {
        let sql = "UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = 'images'";
        sqlx::query(sql).bind(sequence).execute(&mut *conn).await?;
    }
    for sql in dependents {
        execute(conn, sql).await?;
    }
    Ok(())
}

/// The statement that moves all rows; only a path column that was not there before is filled.
fn move_rows(table: &Table, lacking: Option<(&str, &str)>) -> String {
    let kept: Vec<String> = table.columns.iter().filter(|c| !c.generated).map(|c| quoted(&c.name)).collect();
    let kept = kept.join(", ");
    let (source, target) = lacking.map_or((String::new(), String::new()), |(source, target)| {
        (format!(", {}", quoted(source)), format!(", {}", quoted(target)))
    });
    format!("INSERT INTO {ASIDE} ({kept}{target}) SELECT {kept}{source} FROM images ORDER BY rowid")
}

/// Whether no two rows have the same path in that column.
async fn is_unique(conn: &mut SqliteConnection, column: &str) -> sqlx::Result<bool> {
    let name = quoted(column);
    let sql = format!("SELECT {name} FROM images WHERE {name} IS NOT NULL GROUP BY {name} HAVING COUNT(*) > 1 LIMIT 1");
    Ok(sqlx::query(AssertSqlSafe(sql)).fetch_optional(conn).await?.is_none())
}

/// The statements that make the indexes and triggers of `images` again, in the order in which they were made.
async fn dependents(conn: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT sql FROM sqlite_master WHERE lower(tbl_name) = 'images' AND type IN ('index', 'trigger') \
         AND sql IS NOT NULL AND name NOT IN ('draywatch_image_added', 'draywatch_image_removed') ORDER BY rowid",
    )
    .fetch_all(conn)
    .await
}

/// The highest id ever given, where the table keeps count of it (`AUTOINCREMENT`).
async fn sequence(conn: &mut SqliteConnection) -> sqlx::Result<Option<i64>> {
    let kept = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'";
    if sqlx::query(kept).fetch_optional(&mut *conn).await?.is_none() {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'images'").fetch_optional(conn).await
}

async fn execute(conn: &mut SqliteConnection, sql: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.map(|_| ())
}
