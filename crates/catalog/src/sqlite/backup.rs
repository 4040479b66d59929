//! The copy that precedes a migration, beside the database. Must not overwrite a copy that is there.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection};

use super::connect::connect_options;
use crate::error::Cause;
use crate::{CatalogError, OpenOptions, Result};

/// Makes a consistent copy and answers with its path. The caller holds the write lock, so that the copy is what the
/// migration begins with.
pub(super) async fn copy(path: &Path, options: &OpenOptions) -> Result<PathBuf> {
    let target = free_name(path, options);
    let done = write(path, options, &target).await;
    done.map_err(|source| CatalogError::Copy {
        path: target.clone(),
        source,
    })?;
    Ok(target)
}

/// `database.db.before-draywatch-20250907T101734.bak`, or with a number where that is taken.
fn free_name(path: &Path, options: &OpenOptions) -> PathBuf {
    let stem = format!(".before-draywatch-{}", options.now.format("%Y%m%dT%H%M%S"));
    let mut name = beside(path, &format!("{stem}.bak"));
    let mut number = 2;
    while name.symlink_metadata().is_ok() {
        name = beside(path, &format!("{stem}-{number}.bak"));
        number += 1;
    }
    name
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Writes the copy aside, flushes it and gives it its name, so that a copy of that name is always a whole one.
async fn write(
    path: &Path,
    options: &OpenOptions,
    target: &Path,
) -> std::result::Result<(), Cause> {
    let part = beside(target, ".part");
    remove_if_there(&part)?;
    let text = part.to_str().ok_or("its path is no UTF-8")?.to_owned();
    let mut conn = connect_options(path, options.busy_timeout)
        .connect()
        .await?;
    let made = sqlx::query("VACUUM INTO $1")
        .bind(text)
        .execute(&mut conn)
        .await;
    let closed = conn.close().await;
    if let Err(error) = made {
        remove_if_there(&part)?;
        return Err(error.into());
    }
    closed?;
    std::fs::set_permissions(&part, std::fs::metadata(path)?.permissions())?;
    File::open(&part)?.sync_all()?;
    std::fs::rename(&part, target)?;
    Ok(sync_folder(target)?)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Flushes the folder's entries, so that the copy's name survives a power cut.
fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
