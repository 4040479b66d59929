//! Database and archive. Must not make either.

use std::path::Path;

use draywatch_archive::{Access, Archive, ArchiveError};
use draywatch_catalog::{Catalog, CatalogError};
use draywatch_core::error::chain;

use super::Check;
use crate::cli::context::Context;
use crate::cli::table::bytes;
use crate::store::{self, ARCHIVE_ID, StoreError};

/// Below this much free space it is time to act.
const LITTLE_SPACE: u64 = 1 << 30;
/// Below this much, collections are about to fail.
const NO_SPACE: u64 = 64 << 20;

/// What a check of folders that are not there yet says.
const MADE_LATER: &str = "the first collection makes it";

pub(super) async fn checks(context: &Context) -> Vec<Check> {
    let (database, known) = database(context).await;
    let mut checks = vec![database];
    let root = context.config.download_dir.clone();
    let archive = tokio::task::spawn_blocking(move || archive(&root, known.as_deref())).await;
    checks.extend(archive.unwrap_or_else(|error| {
        vec![Check::fail(
            "archive",
            error.to_string(),
            "please report this",
        )]
    }));
    checks
}

/// The database, and the archive's id that it knows.
async fn database(context: &Context) -> (Check, Option<String>) {
    match store::open_catalog(&context.config, &context.clock, false).await {
        Ok(catalog) => {
            let checked = look_into(&*catalog).await;
            catalog.close().await;
            match checked {
                Ok((check, known)) => (check, known),
                Err(error) => (failed(&StoreError::from(error)), None),
            }
        }
        Err(StoreError::Catalog(CatalogError::NotThere { path })) => {
            (not_there_yet("database", &path), None)
        }
        Err(error) => (failed(&error), None),
    }
}

async fn look_into(catalog: &dyn Catalog) -> Result<(Check, Option<String>), CatalogError> {
    let problems = catalog.check().await?;
    let known = catalog.fact(ARCHIVE_ID).await?;
    if let Some(first) = problems.first() {
        let detail = format!("damaged: {first} ({} problems in all)", problems.len());
        let mend = "stop what uses it, then restore a copy (*.bak beside it), or try `sqlite3 FILE .recover`";
        return Ok((Check::fail("database", detail, mend), known));
    }
    let totals = catalog.totals().await?;
    let images: u64 = totals.cameras.iter().map(|camera| camera.images).sum();
    let detail = format!(
        "whole and writable, schema {}, {images} pictures",
        totals.schema
    );
    Ok((Check::ok("database", detail), known))
}

/// A database that cannot be used, and what to do.
fn failed(error: &StoreError) -> Check {
    let mend = match error {
        StoreError::Catalog(CatalogError::Locked { .. }) => "end the program that holds it",
        StoreError::Catalog(CatalogError::DiskFull { .. }) => "free some space",
        StoreError::Catalog(CatalogError::NewerSchema { .. }) => "update draywatch",
        StoreError::Catalog(CatalogError::Corrupt { .. }) => {
            "move it away and restore a copy (*.bak beside it), or try `sqlite3 FILE .recover`; `draywatch adopt` makes a new \
             one from the archive"
        }
        StoreError::Catalog(CatalogError::NotWritable { .. } | CatalogError::CannotOpen { .. }) => {
            "let draywatch's user read and write the file and its folder"
        }
        _ => "check database_url",
    };
    Check::fail("database", chain(error), mend)
}

/// Something that a collection makes: it must be possible to.
fn not_there_yet(check: &'static str, path: &Path) -> Check {
    let above = path
        .ancestors()
        .skip(1)
        .find(|above| above.as_os_str().is_empty() || above.exists());
    let above = above
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if rustix::fs::access(
        above,
        rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
    )
    .is_err()
    {
        let detail = format!(
            "{} is not there, and cannot be made: {} is not writable",
            path.display(),
            above.display()
        );
        return Check::fail(
            check,
            detail,
            "let draywatch's user write there, or change the setting",
        );
    }
    let mend = format!("if there should be one, check the setting; else {MADE_LATER}");
    Check::warn(
        check,
        format!("there is none at {} yet", path.display()),
        mend,
    )
}

/// The archive: there, the right one, writable, with space.
fn archive(root: &Path, known: Option<&str>) -> Vec<Check> {
    let there =
        Archive::open(root, Access::ReadOnly).and_then(|archive| Ok((archive.id()?, archive)));
    let (id, archive) = match (there, known) {
        (Ok(there), _) => there,
        (Err(ArchiveError::NotThere { path }), None) => {
            return vec![not_there_yet("archive", &path)];
        }
        (Err(error), _) => return vec![unusable(&error)],
    };
    if let Some(wrong) = pair(root, known, id.as_deref()) {
        return vec![wrong];
    }
    let writable = match &id {
        Some(_) => Archive::open(root, Access::ReadWrite).map(|_| ()),
        None => rustix::fs::access(root, rustix::fs::Access::WRITE_OK).map_err(|errno| {
            ArchiveError::ReadOnly {
                path: root.to_owned(),
                source: errno.into(),
            }
        }),
    };
    match writable {
        Ok(()) => vec![
            Check::ok(
                "archive",
                format!("{} is there and writable", root.display()),
            ),
            space(&archive),
        ],
        Err(error) => vec![unusable(&error), space(&archive)],
    }
}

fn unusable(error: &ArchiveError) -> Check {
    let mend = "mount its disk, check download_dir, and let draywatch's user write there";
    Check::fail("archive", chain(error), mend)
}

fn pair(root: &Path, known: Option<&str>, there: Option<&str>) -> Option<Check> {
    let shown = root.display();
    match (known, there) {
        (Some(known), None) => {
            let detail = format!(
                "{shown} is not the archive of the database, which knows the archive {known}"
            );
            Some(Check::fail(
                "archive",
                detail,
                "mount its disk, or check download_dir",
            ))
        }
        (Some(known), Some(there)) if known != there => {
            let detail = format!("{shown} is the archive {there}; the database knows {known}");
            let mend = "point download_dir and database_url at the same installation";
            Some(Check::fail("archive", detail, mend))
        }
        (None, Some(there)) => {
            let detail =
                format!("{shown} is the archive {there}, of which the database knows nothing");
            let mend = format!(
                "if the database was lost, `draywatch adopt {shown}` takes the archive over; else check database_url"
            );
            Some(Check::fail("archive", detail, mend))
        }
        _ => None,
    }
}

fn space(archive: &Archive) -> Check {
    let mend = "free some space, or move the archive to a larger disk";
    match archive.free_space() {
        Ok((free, all)) => {
            let detail = format!("{} free of {}", bytes(free), bytes(all));
            match free {
                ..NO_SPACE => Check::fail("disk", detail, mend),
                NO_SPACE..LITTLE_SPACE => Check::warn("disk", detail, mend),
                _ => Check::ok("disk", detail),
            }
        }
        Err(error) => Check::fail("disk", chain(&error), "check the disk"),
    }
}
