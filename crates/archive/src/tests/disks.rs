//! Full disks, read-only disks, folders of somebody else. What needs a disk of its own is mounted as root; elsewhere these
//! tests say so on standard error.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use draywatch_core::Kind;
use rustix::process::geteuid;
use rustix::thread::set_thread_res_uid;

use super::super::Staged;
use super::*;

/// A small disk in memory, gone when dropped.
struct Disk {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Disk {
    fn mount(options: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "draywatch-test"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small disk, which takes root: run the tests as root, or in a user and mount namespace \
             of their own (unshare -rm make test)"
        );
        Self { path, _dir: dir }
    }

    fn remount(&self, options: &str) {
        let option = format!("remount,{options}");
        assert!(
            Command::new("mount")
                .args(["-o", &option])
                .arg(&self.path)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// Fills the disk with staged files; the refusal, and what was staged until then.
fn fill(archive: &Archive) -> (ArchiveError, Vec<Staged>) {
    let (mut staged, bytes) = (Vec::new(), vec![7; 100_000]);
    loop {
        match archive.stage(&bytes) {
            Ok(one) => staged.push(one),
            Err(error) => return (error, staged),
        }
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_half_is_left() {
    let disk = Disk::mount("size=1m");
    let archive = Archive::create(&disk.path).unwrap();
    put(&archive, FRAME, &[1; 1000]).unwrap();
    let (error, mut staged) = fill(&archive);
    assert_eq!(error.kind(), Kind::DiskFull, "{error}");
    assert!(error.to_string().contains("no space is left"), "{error}");
    assert_eq!(
        temporaries(&disk.path),
        staged.len() + 1,
        "the one that did not fit is gone"
    );

    let _ = archive.place(staged.pop().unwrap(), OTHER).unwrap();
    assert_eq!(
        archive.read(OTHER).unwrap(),
        vec![7; 100_000],
        "what was staged before is whole"
    );
    assert!(
        Archive::open(&disk.path, Access::ReadWrite)
            .unwrap()
            .remove(FRAME)
            .unwrap(),
        "removing still works"
    );
    drop(staged);
    put(&archive, NEXT_DAY, &[1; 1000]).unwrap();
}

#[test]
fn a_disk_without_room_for_names_is_full() {
    let disk = Disk::mount("size=1m,nr_inodes=12");
    let archive = Archive::create(&disk.path).unwrap();
    let (error, staged) = fill(&archive);
    assert_eq!(error.kind(), Kind::DiskFull, "{error}");
    let error = archive.place(last_of(staged), NEXT_DAY).unwrap_err();
    assert_eq!(
        error.kind(),
        Kind::DiskFull,
        "no day folder either: {error}"
    );
    assert!(Archive::open(&disk.path, Access::ReadWrite).is_ok());
}

fn last_of(mut staged: Vec<Staged>) -> Staged {
    let last = staged.pop().unwrap();
    // The others stay where they are, so that the disk stays full.
    staged.into_iter().for_each(std::mem::forget);
    last
}

#[test]
fn a_read_only_disk_is_read_but_never_opened_for_writing() {
    let disk = Disk::mount("size=1m");
    put(&Archive::create(&disk.path).unwrap(), FRAME, b"a").unwrap();
    let open = Archive::open(&disk.path, Access::ReadWrite).unwrap();
    disk.remount("ro");
    for refusal in [
        Archive::open(&disk.path, Access::ReadWrite).map(drop),
        Archive::create(&disk.path).map(drop),
        open.stage(b"x").map(drop),
        open.remove(FRAME).map(drop),
        open.quarantine(FRAME, "x").map(drop),
    ] {
        let error = refusal.unwrap_err();
        assert!(
            matches!(error, ArchiveError::ReadOnly { .. }) && error.kind() == Kind::Archive,
            "{error:?}"
        );
    }
    let reading = Archive::open(&disk.path, Access::ReadOnly).unwrap();
    assert_eq!(reading.read(FRAME).unwrap(), b"a");
    assert_eq!(walked(&reading), [FRAME]);
}

/// Runs `test` as a user without rights: root's do not know read-only folders.
fn as_nobody<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            if geteuid().is_root() {
                let nobody = rustix::process::Uid::from_raw(65_534);
                // Of this thread alone, which ends with the test.
                set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            test()
        });
        run.join().unwrap()
    })
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_without_the_right_to_write_is_told_as_that() {
    let (dir, archive) = archive();
    put(&archive, FRAME, b"a").unwrap();
    set_mode(dir.path(), 0o555);
    set_mode(&dir.path().join(".draywatch/tmp"), 0o555);
    let refused = as_nobody(|| Archive::open(dir.path(), Access::ReadWrite).map(drop)).unwrap_err();
    assert!(
        matches!(refused, ArchiveError::ReadOnly { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("draywatch's user"),
        "{refused}"
    );
    let read = as_nobody(|| Archive::open(dir.path(), Access::ReadOnly)?.read(FRAME)).unwrap();
    assert_eq!(read, b"a");
    let made = as_nobody(|| Archive::create(&dir.path().join("new")).map(drop)).unwrap_err();
    assert!(matches!(made, ArchiveError::ReadOnly { .. }), "{made:?}");
    set_mode(dir.path(), 0o755);
    set_mode(&dir.path().join(".draywatch/tmp"), 0o755);
}
