//! `adopt`: a tree of pictures that was there before, in place or from elsewhere.

use crate::support::*;

#[tokio::test]
async fn an_archive_whose_database_was_lost_is_taken_over() {
    let home = Home::new();
    for (seed, seconds) in [(1, 0), (2, 600), (3, 90_000)] {
        home.store(&frame(seconds), &full(seed)).await;
    }
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    for name in ["database.db", "database.db-wal", "database.db-shm"] {
        let _ = std::fs::remove_file(home.at("data").join(name));
    }
    home.write(&path(&frame(1200)), b"broken");
    let before = snapshot(&home.at("data/images"));
    let refused = home.run(&["verify", "--repair"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    // A collection used to say so, and to leave a new, empty database.
    std::fs::write(home.at("list"), "2025-09-07T10:17:34Z\n").unwrap();
    let refused = home.run(&["fetch", "--camera", "in_gate", "--frames-from", "list"]);
    let words = ["the database is not there", "Nothing was changed"];
    assert!(
        words.iter().all(|words| refused.err.contains(words)),
        "{refused:?}"
    );
    assert!(!home.at("data/database.db").exists());
    let done = home.run(&["adopt", "--json", "data/images/"]);
    let json = done.json();
    assert_eq!(
        (
            done.status,
            &json["in_place"],
            &json["adopted"],
            &json["bad"]
        ),
        (1, &true.into(), &3.into(), &1.into())
    );
    assert!(
        json["problems"][0]["path"]
            .as_str()
            .unwrap()
            .contains("20250907T102000_in_gate.jpg"),
        "{json}"
    );
    assert_eq!(
        snapshot(&home.at("data/images")),
        before,
        "nothing is moved, copied or set aside"
    );
    std::fs::remove_file(home.at(&path(&frame(1200)))).unwrap();
    let again = home.run(&["adopt", "--json", "./data/images"]);
    assert_eq!(
        (
            again.status,
            &again.json()["adopted"],
            &again.json()["already"]
        ),
        (0, &0.into(), &3.into())
    );
    let verified = home.run(&["verify", "--json"]);
    assert_eq!(
        (verified.status, &verified.json()["ok"]),
        (0, &3.into()),
        "{verified:?}"
    );
}

#[tokio::test]
async fn another_tree_is_copied_and_stays_as_it_is() {
    let home = Home::new();
    let (a, b, c) = (frame(0), frame(600), frame(1200));
    home.write(&format!("old/{}", a.relative_path()), &full(1));
    home.write(&format!("old/flat/{}", b.file_name()), &full(2));
    home.write(&format!("old/{}", c.relative_path()), &full(3)[..400]);
    home.write("old/2025-09-07/in_gate_2025-09-07_10.jpeg", &full(4));
    home.write("old/2025-09-07/download_metadata.json", b"{}");
    let before = snapshot(&home.at("old"));
    let done = home.run(&["adopt", "old", "--json"]);
    let json = done.json();
    let told = [
        "found",
        "copied",
        "adopted",
        "bad",
        "other_names",
        "other_files",
    ]
    .map(|name| json[name].as_u64().unwrap());
    assert_eq!((done.status, told), (1, [3, 2, 2, 1, 1, 1]), "{json}");
    assert_eq!(snapshot(&home.at("old")), before);
    assert_eq!(std::fs::read(home.at(&path(&b))).unwrap(), full(2));
    assert_eq!(home.run(&["verify", "--json"]).json()["ok"], 2);
    let again = home.run(&["adopt", "old"]);
    assert!(
        again.status == 1 && again.out.contains("2  were there already"),
        "{}",
        again.out
    );
    assert_eq!(home.rows().await, 2);
}

#[tokio::test]
async fn what_is_there_is_kept() {
    let home = Home::new();
    let (same, other, lost, without_row) = (frame(0), frame(600), frame(1200), frame(1800));
    home.store(&same, &full(1)).await;
    home.store(&other, &full(2)).await;
    home.store(&lost, &full(3)).await;
    std::fs::remove_file(home.at(&path(&lost))).unwrap();
    home.write(&path(&without_row), &full(4));
    for (seed, frame) in [(1, &same), (9, &other), (3, &lost), (4, &without_row)] {
        home.write(&format!("old/{}", frame.relative_path()), &full(seed));
    }
    assert_eq!(home.run(&["verify"]).status, 1);
    let done = home.run(&["adopt", "old", "--json"]);
    let json = done.json();
    let told = ["found", "copied", "adopted", "already", "differs"]
        .map(|name| json[name].as_u64().unwrap());
    assert_eq!((done.status, told), (1, [4, 1, 1, 2, 1]), "{json}");
    assert_eq!(std::fs::read(home.at(&path(&other))).unwrap(), full(2));
    let verified = home.run(&["verify", "--json"]);
    assert_eq!(
        (verified.status, &verified.json()["ok"]),
        (0, &4.into()),
        "{verified:?}"
    );
}

#[tokio::test]
async fn a_deleted_row_is_not_brought_back_from_a_copy() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    home.sql("DELETE FROM images").await;
    std::fs::remove_file(home.at(&path(&frame(0)))).unwrap();
    home.write(&format!("old/{}", frame(0).relative_path()), &full(1));
    let done = home.run(&["adopt", "old", "--json"]);
    assert_eq!(
        (done.status, &done.json()["deleted_on_purpose"]),
        (0, &1.into()),
        "{done:?}"
    );
    assert!(!home.at(&path(&frame(0))).exists());
    assert_eq!(home.rows().await, 0);
}

#[tokio::test]
async fn legacy_trees_get_their_missing_rows() {
    for fixture in ["legacy-v1.db", "legacy-v2.db"] {
        let home = Home::with_fixture(fixture);
        home.write(
            "data/images/2025-09-07/20250907T100734_in_gate.jpg",
            &full(1),
        );
        home.write(
            "data/images/2025-09-06/20250906T100734_in_gate.jpg",
            &full(2),
        );
        let done = home.run(&["adopt", "data/images", "--json"]);
        let json = done.json();
        assert_eq!(
            (done.status, &json["adopted"], &json["already"]),
            (0, &1.into(), &1.into()),
            "{json}"
        );
        assert_eq!(home.rows().await, 13);
    }
}

#[tokio::test]
async fn folders_that_cannot_be_taken_over_are_named() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    home.write("file.jpg", &full(1));
    for (folder, words) in [
        ("nowhere", "nowhere cannot be taken over"),
        ("file.jpg", "it is no folder"),
        ("data/images/2025-09-07", "lies inside the archive"),
    ] {
        let done = home.run(&["adopt", folder]);
        assert!(done.status == 2 && done.err.contains(words), "{done:?}");
    }
    // The archive may lie in the tree: it is left out.
    let done = home.run(&["adopt", "data", "--json"]);
    assert_eq!(
        (done.status, &done.json()["found"]),
        (0, &0.into()),
        "{done:?}"
    );
}

#[tokio::test]
async fn an_archive_that_may_not_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        return;
    }
    let home = Home::new();
    home.write(&format!("old/{}", frame(0).relative_path()), &full(1));
    std::fs::create_dir_all(home.at("data/images")).unwrap();
    for path in ["", "data"] {
        std::fs::set_permissions(home.at(path), std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = std::process::Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        env!("CARGO_BIN_EXE_draywatch"),
        "adopt",
        "old",
    ]);
    let done: Done = command.current_dir(home.at("")).output().unwrap().into();
    assert!(
        done.status == 1
            && done.err.contains("data/images")
            && done.err.contains("cannot be written"),
        "{done:?}"
    );
    assert_eq!(snapshot(&home.at("data/images")), []);
}
