//! The address of a database, by `SQLAlchemy`'s rules, so that one line of configuration serves both programs.
//!
//! It must not open anything.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A database that draywatch can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A `SQLite` file; a relative path counts from the working directory.
    Sqlite(PathBuf),
}

/// Why an address names no database that draywatch can open. Passwords are never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabaseUrl {
    /// `PostgreSQL` and `MySQL` addresses.
    #[error(
        "this version of draywatch has no {engine} backend yet; use SQLite: database_url = \"sqlite:///data/database.db\""
    )]
    NoBackendYet {
        /// The engine's name.
        engine: &'static str,
    },
    /// A `SQLite` database in memory.
    #[error(
        "this address means a database in memory, which would forget everything at exit; name a file: \
         \"sqlite:///data/database.db\" (relative) or \"sqlite:////var/lib/draywatch/database.db\" (absolute)"
    )]
    InMemory,
    /// Two slashes and a name.
    #[error(
        "\"{0}\" has two slashes before the path; SQLite takes three for a relative path (\"sqlite:///data/database.db\") \
         and four for an absolute one (\"sqlite:////var/lib/draywatch/database.db\")"
    )]
    TwoSlashes(String),
    /// Something after a question mark, or a path that `SQLite` would take for a URI.
    #[error(
        "draywatch knows no parameters in the address of a SQLite database, found \"{0}\"; remove them \
         (the waiting time for locks is a setting of its own)"
    )]
    Parameters(String),
    /// Anything else.
    #[error(
        "\"{0}\" begins no database address that draywatch knows; it takes \"sqlite:///data/database.db\" (relative path) \
         or \"sqlite:////var/lib/draywatch/database.db\" (absolute path)"
    )]
    Unknown(String),
}

impl DatabaseUrl {
    /// Reads an address such as `sqlite:///data/database.db`. As in `SQLAlchemy`, the path is taken literally: `%20` stays.
    ///
    /// # Errors
    /// When it names no file, or an engine that there is no backend for.
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        match scheme.split_once('+').unwrap_or((scheme, "")) {
            ("sqlite", "" | "pysqlite" | "aiosqlite") if !scheme.ends_with('+') => {
                sqlite(text, rest)
            }
            ("postgresql" | "postgres", _) => Err(BadDatabaseUrl::NoBackendYet {
                engine: "PostgreSQL",
            }),
            ("mysql" | "mariadb", _) => Err(BadDatabaseUrl::NoBackendYet { engine: "MySQL" }),
            _ => Err(BadDatabaseUrl::Unknown(scheme.to_owned())),
        }
    }

    /// The file it names.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Sqlite(path) => path,
        }
    }
}

/// The part after `sqlite:`.
fn sqlite(whole: &str, rest: &str) -> Result<DatabaseUrl, BadDatabaseUrl> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(BadDatabaseUrl::Unknown(whole.to_owned()));
    };
    if rest.is_empty() {
        return Err(BadDatabaseUrl::InMemory);
    }
    let Some(path) = rest.strip_prefix('/') else {
        return Err(BadDatabaseUrl::TwoSlashes(whole.to_owned()));
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path.is_empty() || path == ":memory:" {
        return Err(BadDatabaseUrl::InMemory);
    }
    if !query.is_empty() {
        return Err(BadDatabaseUrl::Parameters(format!("?{query}")));
    }
    if path.starts_with("file:") {
        return Err(BadDatabaseUrl::Parameters("file:".to_owned()));
    }
    if path.contains('\0') {
        return Err(BadDatabaseUrl::Unknown(
            "a path with a zero byte".to_owned(),
        ));
    }
    Ok(DatabaseUrl::Sqlite(path.into()))
}

impl FromStr for DatabaseUrl {
    type Err = BadDatabaseUrl;
    fn from_str(text: &str) -> Result<Self, BadDatabaseUrl> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:///{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> String {
        DatabaseUrl::parse(text)
            .unwrap()
            .path()
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn three_slashes_are_relative_and_four_absolute() {
        assert_eq!(path("sqlite:///data/database.db"), "data/database.db");
        assert_eq!(path("sqlite:////var/lib/x.db"), "/var/lib/x.db");
        assert_eq!(path("sqlite:///./x.db"), "./x.db");
        assert_eq!(
            path("sqlite+pysqlite:///data/database.db"),
            "data/database.db"
        );
        assert_eq!(path("sqlite+aiosqlite:////x"), "/x");
    }

    #[test]
    fn the_path_is_taken_literally() {
        assert_eq!(path("sqlite:///my%20data/a b#c.db"), "my%20data/a b#c.db");
    }

    #[test]
    fn memory_is_refused() {
        for text in [
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:///?timeout=5",
        ] {
            assert_eq!(
                DatabaseUrl::parse(text),
                Err(BadDatabaseUrl::InMemory),
                "{text}"
            );
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        let told = |text: &str| DatabaseUrl::parse(text).unwrap_err().to_string();
        assert!(told("sqlite://data/x.db").contains("three for a relative path"));
        assert!(told("sqlite:///x.db?timeout=5").contains("?timeout=5"));
        assert!(told("sqlite:///file:x.db?uri=true").contains("?uri=true"));
        assert!(told("sqlite:///file:x.db").contains("file:"));
        assert!(told("sqlite:data.db").contains("sqlite:///data/database.db"));
        assert!(told("data/database.db").contains("sqlite:///data/database.db"));
        assert!(told("").contains("sqlite:///data/database.db"));
        assert!(told("sqlite+pysqlcipher:///x").contains("sqlite+pysqlcipher"));
        assert!(told("mysql://u@h/d").contains("MySQL"));
    }

    #[test]
    fn postgresql_is_told_to_wait_and_its_password_is_not_repeated() {
        for text in [
            "postgresql://u:secret@h/db",
            "postgresql+psycopg2://u:secret@h/db",
            "postgres://u:secret@h/db",
        ] {
            let told = DatabaseUrl::parse(text).unwrap_err().to_string();
            assert!(
                told.contains("PostgreSQL") && !told.contains("secret"),
                "{told}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}") {
            let _ = DatabaseUrl::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(path in "[a-z/][a-z/.% ]{0,30}") {
            prop_assume!(!path.starts_with("file:"));
            let url = DatabaseUrl::Sqlite(path.into());
            prop_assert_eq!(DatabaseUrl::parse(&url.to_string()), Ok(url));
        }
    }
}
