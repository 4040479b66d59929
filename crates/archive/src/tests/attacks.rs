//! Links, pipes and folders under names of ours: nothing leads out of the archive, nothing hangs.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_day_folder_that_is_a_link_is_refused() {
    let (dir, archive) = archive();
    let outside = tempfile::tempdir().unwrap();
    let name = FRAME.split_once('/').unwrap().1;
    fs::write(outside.path().join(name), "not yours").unwrap();
    symlink(outside.path(), dir.path().join("2025-09-07")).unwrap();
    let before = snapshot(outside.path());

    let staged = || archive.stage(b"x").unwrap();
    let refusals = [
        archive.place(staged(), OTHER).map(drop),
        archive.replace(staged(), FRAME).map(drop),
        archive.sync_folders([FRAME]),
        archive.read(FRAME).map(drop),
        archive.exists(FRAME).map(drop),
        archive.metadata(FRAME).map(drop),
        archive.remove(FRAME).map(drop),
        archive.quarantine(FRAME, "x").map(drop),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(ArchiveError::NotAFolder { .. })),
            "{refusal:?}"
        );
    }
    assert!(walked(&archive).is_empty());
    assert_eq!(snapshot(outside.path()), before);
}

#[test]
fn what_is_no_regular_file_is_neither_read_nor_removed() {
    let (dir, archive) = archive();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("secret");
    fs::write(&target, "secret").unwrap();
    let day = dir.path().join("2025-09-07");
    fs::create_dir(&day).unwrap();
    let names = [
        "20250907T000001_a.jpg",
        "20250907T000002_a.jpg",
        "20250907T000003_a.jpg",
        "20250907T000004_a.jpg",
    ];
    symlink(&target, day.join(names[0])).unwrap();
    symlink(outside.path().join("new"), day.join(names[1])).unwrap();
    fs::create_dir(day.join(names[2])).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(day.join(names[3]))
        .status()
        .unwrap();
    assert!(made.success());

    for relative in names.map(|name| format!("2025-09-07/{name}")) {
        let staged = || archive.stage(b"x").unwrap();
        let refusals = [
            archive.read(&relative).map(drop),
            archive.exists(&relative).map(drop),
            archive.metadata(&relative).map(drop),
            archive.remove(&relative).map(drop),
            archive.quarantine(&relative, "x").map(drop),
            archive.replace(staged(), &relative).map(drop),
        ];
        for refusal in refusals {
            assert!(
                matches!(refusal, Err(ArchiveError::NotAFile { .. })),
                "{relative}: {refusal:?}"
            );
        }
        let taken = archive.place(staged(), &relative);
        assert!(
            matches!(taken, Err(ArchiveError::Exists { .. })),
            "{taken:?}"
        );
    }
    assert!(walked(&archive).is_empty());
    assert_eq!(fs::read_dir(&day).unwrap().count(), 4);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&target).unwrap(), b"secret");
}

#[test]
fn a_control_folder_that_is_a_link_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    for part in ["", "/tmp", "/quarantine", "/locks"] {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join(format!(".draywatch{part}"));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(outside.path(), link).unwrap();
        let error = Archive::create(dir.path()).unwrap_err();
        assert!(
            matches!(error, ArchiveError::NotAFolder { .. }),
            "{part}: {error}"
        );
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_root_that_is_a_link_is_the_users_choice() {
    let (dir, archive) = archive();
    put(&archive, FRAME, b"a").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    symlink(dir.path(), &link).unwrap();
    assert_eq!(
        Archive::open(&link, Access::ReadWrite)
            .unwrap()
            .read(FRAME)
            .unwrap(),
        b"a"
    );
}

#[test]
fn texts_that_climb_are_refused_everywhere() {
    let (_dir, archive) = archive();
    let climbing = "../20250907T101734_in_gate.jpg";
    let staged = || archive.stage(b"x").unwrap();
    let refusals = [
        archive.place(staged(), climbing).map(drop),
        archive.replace(staged(), climbing).map(drop),
        archive.sync_folders([".."]),
        archive.read(climbing).map(drop),
        archive.remove(climbing).map(drop),
        archive.quarantine(climbing, "x").map(drop),
        archive.files_of_day("..").map(drop),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(ArchiveError::BadPath { .. })),
            "{refusal:?}"
        );
    }
}
