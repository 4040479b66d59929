//! A tree of files that is not an archive of ours: which of them have names of ours. Must not open files or follow links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use draywatch_archive::CONTROL_FOLDER;
use draywatch_core::CameraId;
use draywatch_core::frame::FileName;

use super::MaintainError;
use super::adopt::Ours;

/// What lies in a tree.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files whose names are ours, whatever folder they are in, sorted by path.
    pub(super) ours: Vec<Ours>,
    /// Pictures with other names, sorted.
    pub(super) other_names: Vec<PathBuf>,
    /// Pictures that are named as ours are, but after cameras that are none of ours: how many, by camera.
    pub(super) other_cameras: BTreeMap<String, u64>,
    /// How many other files there are.
    pub(super) other_files: u64,
}

/// Walks a tree. Control folders of archives are left out, and so is `archive` itself, should it lie in the tree.
pub(super) fn walk(
    root: &Path,
    archive: &Path,
    cameras: &BTreeSet<CameraId>,
) -> Result<Found, MaintainError> {
    let archive = archive.canonicalize().ok();
    let mut found = Found::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        if archive.is_some() && folder.canonicalize().ok() == archive {
            continue;
        }
        let failed = |source| MaintainError::Unlistable {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file_type = entry.file_type().map_err(failed)?;
            if file_type.is_dir() && entry.file_name() != CONTROL_FOLDER {
                folders.push(entry.path());
            } else if file_type.is_file() {
                found.add(entry.path(), cameras);
            }
        }
    }
    found.ours.sort_by(|a, b| a.0.cmp(&b.0));
    found.other_names.sort();
    Ok(found)
}

impl Found {
    fn add(&mut self, path: PathBuf, cameras: &BTreeSet<CameraId>) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(FileName::parse);
        let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        if let Some(name) = name {
            if cameras.contains(&name.camera) {
                self.ours.push((path, name));
            } else {
                let camera = name.camera.to_string();
                *self.other_cameras.entry(camera).or_insert(0) += 1;
            }
        } else if extension.is_some_and(|extension| extension == "jpg" || extension == "jpeg") {
            self.other_names.push(path);
        } else {
            self.other_files += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "flat/20250907T101734_in_gate.jpg",
            "2025-09-07/20250907T102734_in_gate.jpg",
            "2025-09-07/20250907T102734_in_gate_boxes.jpg",
            "2025-09-07/in_gate_1757240254.jpeg",
            "2025-09-07/download_metadata.json",
            ".draywatch/quarantine/2025-09-07/20250907T103734_in_gate.jpg",
            "archive/2025-09-07/20250907T104734_in_gate.jpg",
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), path).unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
        let cameras = BTreeSet::from([CameraId::new("in_gate").unwrap()]);
        let found = walk(root, &root.join("archive"), &cameras).unwrap();
        let ours: Vec<_> = found
            .ours
            .iter()
            .map(|(_, name)| name.to_string())
            .collect();
        assert_eq!(
            ours,
            ["20250907T102734_in_gate.jpg", "20250907T101734_in_gate.jpg"]
        );
        assert_eq!((found.other_names.len(), found.other_files), (1, 1));
        assert_eq!(found.other_cameras["in_gate_boxes"], 1);
    }
}
