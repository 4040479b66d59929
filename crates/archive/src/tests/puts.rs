//! Puts, reads, removals, quarantine, identity, and what stays untouched.

use std::fs;

use draywatch_core::Kind;

use super::*;

#[test]
fn what_was_put_is_read_back_and_walked_in_order() {
    let (dir, archive) = archive();
    for (relative, bytes) in [(NEXT_DAY, "c"), (OTHER, "b"), (FRAME, "a")] {
        put(&archive, relative, bytes.as_bytes()).unwrap();
    }
    assert_eq!(walked(&archive), [FRAME, OTHER, NEXT_DAY]);
    assert_eq!(archive.days().unwrap(), ["2025-09-07", "2025-09-08"]);
    assert_eq!(archive.read(FRAME).unwrap(), b"a");
    assert_eq!(archive.metadata(FRAME).unwrap().len(), 1);
    assert!(archive.exists(FRAME).unwrap());
    assert_eq!(
        fs::read(dir.path().join(FRAME)).unwrap(),
        b"a",
        "where the users look for it"
    );
    assert!(
        !archive
            .exists("2025-09-07/20250907T101735_in_gate.jpg")
            .unwrap()
    );
    assert!(
        !archive
            .exists("2024-09-07/20240907T101734_in_gate.jpg")
            .unwrap()
    );
}

#[test]
fn a_put_never_overwrites_and_leaves_nothing_aside() {
    let (dir, archive) = archive();
    put(&archive, FRAME, b"first").unwrap();
    let error = put(&archive, FRAME, b"second").unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Exists { path } if path.ends_with(FRAME)),
        "{error}"
    );
    assert_eq!(archive.read(FRAME).unwrap(), b"first");
    drop(archive.stage(b"never placed").unwrap());
    assert_eq!(
        temporaries(dir.path()),
        1,
        "only the owner's own file is left"
    );
    drop(archive);
    assert_eq!(temporaries(dir.path()), 0);
}

#[test]
fn of_many_puts_of_one_name_exactly_one_wins() {
    let (_dir, archive) = archive();
    let put = &|n: u8| put(&archive, FRAME, &[n; 1000]).is_ok();
    let wins = std::thread::scope(|scope| {
        let puts = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| scope.spawn(move || put(n)));
        puts.map(|put| put.join().unwrap())
            .into_iter()
            .filter(|won| *won)
            .count()
    });
    assert_eq!(wins, 1);
    let bytes = archive.read(FRAME).unwrap();
    assert!(bytes.len() == 1000 && bytes.iter().all(|byte| *byte == bytes[0]));
}

#[test]
fn a_replacement_takes_the_place_of_the_file() {
    let (_dir, archive) = archive();
    put(&archive, FRAME, b"thumbnail").unwrap();
    for relative in [FRAME, OTHER] {
        let placed = archive
            .replace(archive.stage(b"full").unwrap(), relative)
            .unwrap();
        archive.sync_folders([&*placed.relative]).unwrap();
        assert_eq!(archive.read(relative).unwrap(), b"full");
    }
}

#[test]
fn a_file_system_without_exclusive_renames_gets_links() {
    let (_dir, archive) = archive();
    let (root, tmp) = (archive.root_for_change().unwrap(), archive.tmp().unwrap());
    let name = "a";
    for expected in [true, false] {
        drop(tmp.create_new(name).unwrap());
        assert_eq!(tmp.link_new(name, root, "b").is_ok(), expected);
    }
    assert!(matches!(
        tmp.link_new(name, root, "b"),
        Err(ArchiveError::Exists { .. })
    ));
    assert!(tmp.unlink(name).unwrap() && root.unlink("b").unwrap());
}

#[test]
fn removal_is_repeatable() {
    let (_dir, archive) = archive();
    put(&archive, FRAME, b"a").unwrap();
    assert!(archive.remove(FRAME).unwrap());
    assert!(!archive.remove(FRAME).unwrap());
    assert!(
        !archive.remove(NEXT_DAY).unwrap(),
        "not even its day is there"
    );
    let error = archive.read(FRAME).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Missing { .. }) && error.kind() == Kind::Archive,
        "{error}"
    );
}

#[test]
fn quarantine_keeps_every_file_and_its_reason() {
    let (dir, archive) = archive();
    let mut places = Vec::new();
    for body in ["one", "two", "three"] {
        put(&archive, FRAME, body.as_bytes()).unwrap();
        let place = archive
            .quarantine(FRAME, &format!("{body} is no picture"))
            .unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), body);
        let note = format!("{}.reason.txt", place.display());
        assert_eq!(
            fs::read_to_string(note).unwrap(),
            format!("{body} is no picture\n")
        );
        places.push(place);
    }
    let aside = dir.path().join(".draywatch/quarantine");
    assert_eq!(places[0], aside.join(FRAME));
    assert_eq!(places[2], aside.join(format!("{FRAME}.3")));
    assert!(walked(&archive).is_empty());
    assert!(matches!(
        archive.quarantine(FRAME, ""),
        Err(ArchiveError::Missing { .. })
    ));
    assert!(matches!(
        archive.quarantine(NEXT_DAY, ""),
        Err(ArchiveError::Missing { .. })
    ));
    assert_eq!(snapshot(&aside).len(), 7, "no reason without its file");
}

#[test]
fn files_of_others_are_never_touched() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = [
        "download_metadata.json",
        "2025-09-07/notes.txt",
        "2025-09-07/20250907T101734_in_gate.jpeg",
        "2025-09-07/20250908T101734_in_gate.jpg",
        "2025-09-07/sub/20250907T101734_in_gate.jpg",
        "2025-9-7/20250907T101734_in_gate.jpg",
        "20250907T101734_in_gate.jpg",
        ".draywatch/mine",
        ".draywatch/tmp/somebody.part",
    ];
    for name in foreign {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    let archive = Archive::create(dir.path()).unwrap();
    let before = snapshot(dir.path());
    assert!(walked(&archive).is_empty());
    put(&archive, FRAME, b"a").unwrap();
    put(&archive, OTHER, b"b").unwrap();
    assert_eq!(walked(&archive), [FRAME, OTHER]);
    archive.remove(FRAME).unwrap();
    fs::remove_file(archive.quarantine(OTHER, "a test").unwrap()).unwrap();
    fs::remove_dir_all(dir.path().join(".draywatch/quarantine")).unwrap();
    fs::create_dir(dir.path().join(".draywatch/quarantine")).unwrap();
    archive.sweep().unwrap();
    drop(archive);
    assert_eq!(snapshot(dir.path()), before);
}

#[test]
fn an_archive_has_one_id_for_good() {
    let (dir, archive) = archive();
    assert_eq!(archive.id().unwrap(), None);
    let id = "6f2f6d4e-2b0c-4c38-9a8e-0c2a5d3f7b11";
    archive.write_id(id).unwrap();
    archive.write_id(&id.to_uppercase()).unwrap();
    let error = archive
        .write_id("00000000-0000-4000-8000-000000000000")
        .unwrap_err();
    assert!(
        matches!(&error, ArchiveError::OtherId { there, .. } if there == id),
        "{error}"
    );
    let again = Archive::open(dir.path(), Access::ReadOnly).unwrap();
    assert_eq!(again.id().unwrap().as_deref(), Some(id));
    assert!(matches!(
        archive.write_id("my archive"),
        Err(ArchiveError::BadId { .. })
    ));
    fs::write(dir.path().join(".draywatch/archive-id"), "scribble").unwrap();
    assert!(matches!(archive.id(), Err(ArchiveError::BadId { .. })));
    assert_eq!(
        fs::read_dir(dir.path().join(".draywatch")).unwrap().count(),
        4
    );
}

#[test]
fn only_what_is_an_archive_opens_for_writing() {
    let dir = tempfile::tempdir().unwrap();
    let not_there = Archive::open(&dir.path().join("x"), Access::ReadWrite).unwrap_err();
    assert!(
        matches!(not_there, ArchiveError::NotThere { .. }),
        "{not_there}"
    );
    let error = Archive::open(dir.path(), Access::ReadWrite).unwrap_err();
    assert!(
        matches!(error, ArchiveError::NotAnArchive { .. }),
        "{error}"
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "an unmounted disk's folder stays as it was"
    );
    let reading = Archive::open(dir.path(), Access::ReadOnly).unwrap();
    assert_eq!((reading.id().unwrap(), walked(&reading).len()), (None, 0));
    let error = reading.stage(b"x").unwrap_err();
    assert_eq!(error.kind(), Kind::Bug, "{error}");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        assert!(
            matches!(Archive::create(&path), Err(ArchiveError::NotAFolder { .. })),
            "{}",
            path.display()
        );
    }
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
    Archive::create(&dir.path().join("dangling/below")).unwrap_err();
}

#[test]
fn an_archive_is_made_with_the_folders_above_it_and_made_again_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a/b/c");
    put(&Archive::create(&root).unwrap(), FRAME, b"a").unwrap();
    let before = snapshot(dir.path());
    drop(Archive::create(&root).unwrap());
    assert_eq!(snapshot(dir.path()), before);
    let (free, total) = Archive::open(&root, Access::ReadOnly)
        .unwrap()
        .free_space()
        .unwrap();
    assert!(free > 0 && free <= total);
}

#[test]
fn room_is_counted_as_df_counts_it() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::create(&dir.path().join("a")).unwrap();
    let mut df = std::process::Command::new("df");
    df.args(["--block-size=1", "--output=used,avail"])
        .arg(dir.path());
    let said = String::from_utf8(df.output().unwrap().stdout).unwrap();
    let numbers = said
        .split_whitespace()
        .filter_map(|word| word.parse::<u64>().ok());
    let wanted: u64 = numbers.sum();
    let (_, total) = archive.free_space().unwrap();
    // Others write at the same time.
    assert!(total.abs_diff(wanted) < wanted / 100, "{total} {said}");
}
