//! Database and archive opened together, as the pair that belongs together (invariant 6). Must not collect, verify or show anything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use draywatch_archive::{Access, Archive, ArchiveError};
use draywatch_catalog::{BadDatabaseUrl, Catalog, CatalogError, DatabaseUrl, OpenOptions};
use draywatch_core::{Clock, FrameId, Kind, frame};

use crate::blocking::blocking;
use crate::config::Config;

/// Name of the fact that holds the archive's id.
pub const ARCHIVE_ID: &str = "archive_id";
/// Name of the fact that is set while the archive's id is on its way into the archive.
const ARCHIVE_ID_PENDING: &str = "archive_id_pending";

/// How long a statement waits for another program's lock before it is tried again.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait before asking again whether another process has given the archive its id.
const ID_LOCK_POLL: Duration = Duration::from_millis(20);

/// Database and archive.
#[derive(Clone)]
pub struct Store {
    /// The database.
    pub catalog: Arc<dyn Catalog>,
    /// The archive.
    pub archive: Archive,
    prefix: String,
    /// The database's address, for messages.
    database: String,
}

/// Why database and archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the database is no address.
    #[error(transparent)]
    Url(#[from] BadDatabaseUrl),
    /// The database.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive has no id, but the database knows one.
    #[error(
        "{archive} is not the archive of this database ({database}): the database knows the archive {known}, and there is none there. \
         Is its disk mounted, and is download_dir right? Nothing was changed"
    )]
    NotMounted {
        /// The archive's folder.
        archive: String,
        /// The database.
        database: String,
        /// The id that the database knows.
        known: String,
    },
    /// The archive belongs to another database.
    #[error(
        "{archive} belongs to another database than {database}: the archive is {there}, the database {known}. \
         Point download_dir and database_url at the same installation; if the database was lost, `draywatch adopt {archive}` takes the \
         archive over into a new one. Nothing was changed"
    )]
    WrongArchive {
        /// The archive's folder.
        archive: String,
        /// The database.
        database: String,
        /// The id in the archive.
        there: String,
        /// What the database knows, in words.
        known: String,
    },
}

impl StoreError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Url(_) => Kind::Configuration,
            Self::Catalog(error) => error.kind(),
            Self::Archive(error) => error.kind(),
            Self::NotMounted { .. } | Self::WrongArchive { .. } => Kind::Archive,
        }
    }
}

impl Store {
    /// Opens both for writing; makes both where neither has been used yet.
    ///
    /// # Errors
    /// When either cannot be used, or they do not belong together; then nothing was changed.
    pub async fn open(config: &Config, clock: &Clock) -> Result<Self, StoreError> {
        refuse_to_make(config).await?;
        let catalog = open_catalog(config, clock, true).await?;
        let archive = pair(&*catalog, config).await?;
        Ok(Self::of(config, catalog, archive))
    }

    /// Opens both for reading. A database or an archive that is not there is an error, and neither is made.
    ///
    /// # Errors
    /// When either is not there or cannot be read, or they do not belong together.
    pub async fn open_for_reading(config: &Config, clock: &Clock) -> Result<Self, StoreError> {
        let catalog = open_catalog(config, clock, false).await?;
        let archive = Archive::open(&config.download_dir, Access::ReadOnly)?;
        check_pair(config, catalog.fact(ARCHIVE_ID).await?, archive.id()?)?;
        Ok(Self::of(config, catalog, archive))
    }

    /// As [`Store::open_for_reading`], but where the database knows no archive yet, one that is not there counts as an empty one: so
    /// can be told that the files of an older program's rows are missing.
    ///
    /// # Errors
    /// When either cannot be read, they do not belong together, or the archive that the database knows is not there.
    pub async fn open_for_verifying(config: &Config, clock: &Clock) -> Result<Self, StoreError> {
        match Self::open_for_reading(config, clock).await {
            Err(StoreError::Archive(error @ ArchiveError::NotThere { .. })) => {
                let catalog = open_catalog(config, clock, false).await?;
                if catalog.fact(ARCHIVE_ID).await?.is_some() {
                    catalog.close().await;
                    return Err(error.into());
                }
                let path = config.download_dir.clone();
                let archive = blocking(move || Archive::absent(&path)).await?;
                Ok(Self::of(config, catalog, archive))
            }
            opened => opened,
        }
    }

    fn of(config: &Config, catalog: Arc<dyn Catalog>, archive: Archive) -> Self {
        Self {
            catalog,
            archive,
            prefix: prefix(config),
            database: crate::config::hide_secrets(&config.database_url),
        }
    }

    /// The same pair with the archive opened anew for writing: as it is now, since its disk may have gone meanwhile. Before
    /// anything is removed (invariant 6).
    ///
    /// # Errors
    /// When the archive is not there, not writable, or not the one that the database knows.
    pub async fn reopened(&self) -> Result<Self, StoreError> {
        let root = self.archive.root().to_owned();
        let known = self.catalog.fact(ARCHIVE_ID).await?.unwrap_or_default();
        let (archive, database) = (root.display().to_string(), self.database.clone());
        let (opened, there) = blocking(move || look(&root)).await?;
        match (opened, there) {
            (Some(opened), Some(there)) if there == known => Ok(Self {
                archive: opened,
                ..self.clone()
            }),
            (_, Some(there)) => Err(StoreError::WrongArchive {
                archive,
                database,
                there,
                known,
            }),
            _ => Err(StoreError::NotMounted {
                archive,
                database,
                known,
            }),
        }
    }

    /// The path of a frame's file as the database holds it: relative to the working directory where the setting is.
    #[must_use]
    pub fn path_of(&self, frame: &FrameId) -> String {
        format!("{}/{}", self.prefix, frame.relative_path())
    }

    /// Where in the archive a path of the database lies: its last two parts, where they are a day folder and a name of ours.
    /// Rows written when the archive was elsewhere are found all the same.
    #[must_use]
    pub fn relative(path: &str) -> Option<String> {
        frame::place_of(path)
    }
}

/// Refuses to make a database beside an archive that has another: a new one would be in the way of the one that is missing.
async fn refuse_to_make(config: &Config) -> Result<(), StoreError> {
    let DatabaseUrl::Sqlite(path) = DatabaseUrl::parse(&config.database_url)?;
    let root = config.download_dir.clone();
    let there = blocking(move || match path.try_exists() {
        Ok(false) => id_in(&root),
        _ => Ok(None),
    });
    match there.await? {
        Some(there) => Err(wrong(config, there, "is not there".into())),
        None => Ok(()),
    }
}

/// The id of the archive at that place, if there is an archive and it has one.
fn id_in(root: &Path) -> Result<Option<String>, ArchiveError> {
    match Archive::open(root, Access::ReadOnly) {
        Err(ArchiveError::NotThere { .. } | ArchiveError::NotAnArchive { .. }) => Ok(None),
        opened => opened?.id(),
    }
}

/// Opens only the database.
///
/// # Errors
/// When the address is wrong, or the database cannot be opened.
pub async fn open_catalog(
    config: &Config,
    clock: &Clock,
    create: bool,
) -> Result<Arc<dyn Catalog>, StoreError> {
    let url = DatabaseUrl::parse(&config.database_url)?;
    let options = OpenOptions {
        create,
        busy_timeout: BUSY_TIMEOUT,
        now: clock.now(),
    };
    Ok(draywatch_catalog::open(&url, options).await?)
}

/// The archive's folder as it goes before paths in the database.
fn prefix(config: &Config) -> String {
    let text = config.download_dir.to_string_lossy();
    let trimmed = text.trim_end_matches('/');
    trimmed.strip_prefix("./").unwrap_or(trimmed).to_owned()
}

/// Opens the archive that belongs to the database; marries the two when neither knows another.
///
/// The id goes into the database first, marked as pending, then into the archive: a crash in between leaves a pair that the
/// next start completes, never one that looks like somebody else's. Of processes that start together one does so; the others
/// wait for it.
async fn pair(catalog: &dyn Catalog, config: &Config) -> Result<Archive, StoreError> {
    let root: &Path = &config.download_dir;
    if let Some(known) = settled_id(catalog).await? {
        let archive = match Archive::open(root, Access::ReadWrite) {
            Err(ArchiveError::NotThere { .. } | ArchiveError::NotAnArchive { .. }) => {
                return Err(not_mounted(config, known));
            }
            opened => opened?,
        };
        check_pair(config, Some(known), archive.id()?)?;
        return Ok(archive);
    }
    let archive = Archive::create(root)?;
    let _alone = loop {
        match archive.lock_id()? {
            Some(lock) => break lock,
            None => tokio::time::sleep(ID_LOCK_POLL).await,
        }
    };
    if let Some(known) = settled_id(catalog).await? {
        check_pair(config, Some(known), archive.id()?)?;
        return Ok(archive);
    }
    marry(catalog, config, &archive).await?;
    Ok(archive)
}

/// The archive's id that the database knows, unless it may not have reached the archive.
async fn settled_id(catalog: &dyn Catalog) -> Result<Option<String>, CatalogError> {
    // In this order: the mark is set before the id and taken back after it.
    let Some(known) = catalog.fact(ARCHIVE_ID).await? else {
        return Ok(None);
    };
    let is_pending = catalog.fact(ARCHIVE_ID_PENDING).await?.is_some();
    Ok((!is_pending).then_some(known))
}

/// Gives database and archive the same id. Only under the archive's lock for that.
async fn marry(
    catalog: &dyn Catalog,
    config: &Config,
    archive: &Archive,
) -> Result<(), StoreError> {
    match (catalog.fact(ARCHIVE_ID).await?, archive.id()?) {
        (None, Some(there)) => Err(wrong(config, there, "knows none".into())),
        (Some(known), Some(there)) if known != there => Err(wrong(config, there, known)),
        (known, _) => {
            let id = known.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
            catalog.set_fact(ARCHIVE_ID_PENDING, Some("1")).await?;
            catalog.set_fact(ARCHIVE_ID, Some(&id)).await?;
            archive.write_id(&id)?;
            Ok(catalog.set_fact(ARCHIVE_ID_PENDING, None).await?)
        }
    }
}

fn check_pair(
    config: &Config,
    known: Option<String>,
    there: Option<String>,
) -> Result<(), StoreError> {
    match (known, there) {
        (Some(known), None) => Err(not_mounted(config, known)),
        (Some(known), Some(there)) if known != there => Err(wrong(config, there, known)),
        (None, Some(there)) => Err(wrong(config, there, "knows none".into())),
        _ => Ok(()),
    }
}

fn not_mounted(config: &Config, known: String) -> StoreError {
    let archive = config.download_dir.display().to_string();
    StoreError::NotMounted {
        archive,
        database: crate::config::hide_secrets(&config.database_url),
        known,
    }
}

fn wrong(config: &Config, there: String, known: String) -> StoreError {
    let archive = config.download_dir.display().to_string();
    StoreError::WrongArchive {
        archive,
        database: crate::config::hide_secrets(&config.database_url),
        there,
        known,
    }
}

/// The archive at that place and its id, as far as they are there.
fn look(root: &Path) -> Result<(Option<Archive>, Option<String>), ArchiveError> {
    let archive = match Archive::open(root, Access::ReadWrite) {
        Err(ArchiveError::NotThere { .. } | ArchiveError::NotAnArchive { .. }) => {
            return Ok((None, None));
        }
        opened => opened?,
    };
    let id = archive.id()?;
    Ok((Some(archive), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_database_are_found_in_the_archive() {
        let found = |path| Store::relative(path);
        let name = "2025-09-07/20250907T101734_in_gate.jpg";
        assert_eq!(
            found("data/images/2025-09-07/20250907T101734_in_gate.jpg").as_deref(),
            Some(name)
        );
        assert_eq!(
            found("/mnt/old/2025-09-07/20250907T101734_in_gate.jpg").as_deref(),
            Some(name)
        );
        assert_eq!(
            found("data/images/2025-09-08/20250907T101734_in_gate.jpg"),
            None
        );
        assert_eq!(found("data/images/../../etc/passwd"), None);
        assert_eq!(found("20250907T101734_in_gate.jpg"), None);
    }
}
