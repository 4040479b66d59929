//! The archive on real disks: puts, crashes, attacks, full and read-only disks, several processes.

mod attacks;
mod disks;
mod processes;
mod puts;

use std::path::Path;

use super::{Access, Archive, ArchiveError};

const FRAME: &str = "2025-09-07/20250907T101734_in_gate.jpg";
const OTHER: &str = "2025-09-07/20250907T102734_in_gate.jpg";
const NEXT_DAY: &str = "2025-09-08/20250908T000001_out_gate.jpg";

/// A new archive in a new folder.
fn archive() -> (tempfile::TempDir, Archive) {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::create(dir.path()).unwrap();
    (dir, archive)
}

fn put(archive: &Archive, relative: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    let placed = archive.place(archive.stage(bytes)?, relative)?;
    archive.sync_folders([&*placed.folder])
}

fn walked(archive: &Archive) -> Vec<String> {
    archive.walk().unwrap().collect::<Result<_, _>>().unwrap()
}

/// All names below a folder with their contents, links not followed.
fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = path.to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            found.push((name, b"a folder".to_vec()));
            found.extend(snapshot(&path));
        } else {
            found.push((name, std::fs::read(&path).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

fn temporaries(root: &Path) -> usize {
    std::fs::read_dir(root.join(".draywatch/tmp"))
        .unwrap()
        .count()
}
