//! Whether disk, database and truth fit together: what must hold after every run, whatever went wrong. Must not change anything.

use std::collections::BTreeMap;

use portal_sim::TruthFrame;

use crate::harness::World;
use crate::store::{self, Image};

/// Checks everything that must always hold, and tells how many frames are there in full and how many as thumbnails.
///
/// `truth` must hold all frames that may be there; `placeholder` is a hash that is accepted for any of them.
pub async fn whole(
    world: &World,
    truth: &[TruthFrame],
    placeholder: Option<&str>,
) -> (usize, usize) {
    let home = &world.home;
    let rows = store::images(home).await;
    let files = store::pictures(home);
    let by_path: BTreeMap<&str, &Image> = rows.iter().map(|row| (row.path.as_str(), row)).collect();
    assert_eq!(by_path.len(), rows.len(), "two rows have one path");
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        by_path.keys().copied().collect::<Vec<_>>(),
        "files and rows differ"
    );
    for row in &rows {
        assert_eq!(files[&row.path], row.sha256, "{row:?}");
        check_row(row, truth, placeholder);
    }
    let owed = store::ledger(home).await;
    for owed in &owed {
        let is_there = rows
            .iter()
            .any(|row| row.url == owed.url && !row.is_thumbnail);
        assert!(!is_there, "stored and still owed: {owed:?}");
    }
    assert_eq!(
        store::temporaries(home),
        Vec::<std::path::PathBuf>::new(),
        "temporaries are left"
    );
    assert_eq!(store::outcomes(home).await.0, 0, "a run has no outcome");
    assert_eq!(store::integrity(home).await, "ok");
    let thumbnails = rows.iter().filter(|row| row.is_thumbnail).count();
    (rows.len() - thumbnails, thumbnails)
}

/// A row against the truth: the right picture of the right frame, in the right place.
fn check_row(row: &Image, truth: &[TruthFrame], placeholder: Option<&str>) {
    let is_it = |frame: &&TruthFrame| {
        let url = if row.is_thumbnail {
            &frame.thumbnail_url
        } else {
            &frame.url
        };
        frame.camera == row.camera && *url == row.url
    };
    let frame = truth
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("nobody published {row:?}"));
    assert_eq!(frame.instant, row.instant, "{row:?}");
    let hash = if row.is_thumbnail {
        &frame.thumbnail_sha256
    } else {
        &frame.sha256
    };
    assert!(
        hash.as_deref() == Some(&row.sha256) || placeholder == Some(&row.sha256),
        "another picture: {row:?}"
    );
    let folder = row
        .instant
        .format("data/images/%Y-%m-%d/%Y%m%dT%H%M%S")
        .to_string();
    assert!(
        row.path.starts_with(&folder) && row.path.ends_with(&format!("_{}.jpg", row.camera)),
        "misplaced: {row:?}"
    );
    assert_eq!(row.size == (1200, 675), !row.is_thumbnail, "{row:?}");
    let on_disk = frame
        .bytes
        .filter(|_| !row.is_thumbnail && hash.as_deref() == Some(&row.sha256));
    assert!(
        on_disk.is_none_or(|bytes| i64::try_from(bytes) == Ok(row.bytes)),
        "{row:?}"
    );
}

/// Checks that everything of `truth` is there in full size, nothing else, and nothing is owed.
pub async fn complete(world: &World, truth: &[TruthFrame]) {
    let (full, thumbnails) = whole(world, truth, None).await;
    assert_eq!(
        (full, thumbnails),
        (truth.len(), 0),
        "of {} frames",
        truth.len()
    );
    let owed = store::ledger(&world.home).await;
    assert!(owed.is_empty(), "owed: {owed:?}");
}
