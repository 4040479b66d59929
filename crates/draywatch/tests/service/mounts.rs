//! Disks that come and go: folders bound to a place, small disks. Takes root. Must not know what lies on them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Something that is mounted at a place until this is dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// A folder, shown at another place.
    pub fn bind(folder: &Path, place: &Path) -> Self {
        std::fs::create_dir_all(place).expect("a mount point");
        let folder = folder.to_str().expect("a path that is text");
        call("mount", &["--bind", folder], place);
        Self(place.to_owned())
    }

    /// The same, not to be written.
    pub fn bind_read_only(folder: &Path, place: &Path) -> Self {
        let mount = Self::bind(folder, place);
        call("mount", &["-o", "remount,bind,ro"], place);
        mount
    }

    /// A small disk in memory.
    pub fn small(place: &Path, size: &str) -> Self {
        std::fs::create_dir_all(place).expect("a mount point");
        let size = format!("size={size}");
        call(
            "mount",
            &["-t", "tmpfs", "-o", &size, "draywatch-test"],
            place,
        );
        Self(place.to_owned())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // As a disk that is pulled out: whoever has files open there keeps them.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn call(program: &str, arguments: &[&str], place: &Path) {
    let is_root = rustix::process::geteuid().is_root();
    assert!(
        is_root,
        "this test mounts disks: run it as root (CI and `make test` in a container do)"
    );
    let done = Command::new(program).args(arguments).arg(place).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {words}");
}

/// Fills a disk to its last byte, until this is dropped.
pub struct Ballast(PathBuf);

impl Ballast {
    pub fn fill(disk: &Path) -> Self {
        let path = disk.join("ballast");
        let mut file = std::fs::File::create(&path).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
        }
        Self(path)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
