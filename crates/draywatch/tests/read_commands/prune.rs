//! `prune` and `hold`: a rehearsal says what the removal then does; holds, references and adopted pictures stay.

use std::path::{Path, PathBuf};
use std::process::Command;

use draywatch_catalog::FrameResult;
use draywatch_core::FrameId;

use crate::support::*;

/// Collects a frame as draywatch does: listed, its file in place, recorded.
async fn collect(home: &Home, frame: &FrameId, bytes: &[u8]) {
    home.write(&path(frame), bytes);
    let catalog = home.catalog().await;
    let ledger = catalog.enlist(&[entry(frame)], at(0)).await.unwrap();
    let stored = FrameResult::Stored {
        ledger_id: ledger[0].id,
        image: image(frame, bytes),
        failure: None,
    };
    catalog.record(&[stored], at(0)).await.unwrap();
    catalog.close().await;
}

/// A home with so many collected frames, one every ten minutes from two hours before a UTC midnight, and one adopted before.
async fn home_with(frames: i64) -> Home {
    let home = Home::new();
    home.store(&frame(-600), &full(250)).await;
    for n in 0..frames {
        collect(&home, &frame(n * 600), &full(u8::try_from(n).unwrap())).await;
    }
    // Gives the archive its id.
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    home
}

fn environment<'a>(command: &'a mut Command, settings: &[(&str, &str)]) -> &'a mut Command {
    for (name, value) in settings {
        command.env(format!("DRAYWATCH_{name}"), value);
    }
    command
}

fn run(home: &Home, words: &[&str], settings: &[(&str, &str)]) -> Done {
    environment(&mut home.command(words), settings)
        .output()
        .unwrap()
        .into()
}

fn size(frame: &FrameId, home: &Home) -> u64 {
    std::fs::metadata(home.at(&path(frame))).unwrap().len()
}

/// The pictures and everything beside them, but not the locks.
fn pictures(home: &Home) -> Vec<(PathBuf, usize)> {
    let files = snapshot(&home.at("data/images")).into_iter();
    let files = files.map(|(path, bytes)| (path, bytes.len()));
    files
        .filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "locks"))
        .collect()
}

/// The rehearsal, checked to change nothing; then the removal, checked to say the same.
fn rehearsed(home: &Home, settings: &[(&str, &str)]) -> Done {
    let before = pictures(home);
    let lines = run(home, &["prune", "--dry-run"], settings);
    let told = run(home, &["prune", "--dry-run", "--json"], settings);
    assert_eq!(pictures(home), before, "a rehearsal changes nothing");
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp")
        .arg("-a")
        .arg(home.at("."))
        .arg(copy.path().join("home"))
        .status();
    assert!(status.unwrap().success());
    let mut again = home.command(&["prune"]);
    again.current_dir(copy.path().join("home"));
    let in_words: Done = environment(&mut again, settings).output().unwrap().into();
    assert_eq!((in_words.status, &in_words.out), (lines.status, &lines.out));
    let done = run(home, &["prune", "--json"], settings);
    assert_eq!(
        (done.status, &done.out),
        (told.status, &told.out),
        "{done:?}"
    );
    assert_eq!(
        done.json()["frames"].as_u64().unwrap(),
        done.json()["removed"].as_array().unwrap().len() as u64
    );
    done
}

#[tokio::test]
async fn age_takes_everything_that_is_older_and_its_empty_folders() {
    let home = home_with(3).await;
    home.write("data/images/2025-09-06/notes.txt", b"mine");
    let old = FrameId {
        instant: at(-86_400),
        ..frame(0)
    };
    home.store(&old, &full(200)).await;
    let done = rehearsed(&home, &[("RETENTION_DAYS", "7")]);
    assert_eq!(
        (done.status, &done.json()["by_reason"]["age"]["frames"]),
        (0, &5.into()),
        "{done:?}"
    );
    assert_eq!(home.rows().await, 0);
    assert!(
        !home.at("data/images/2025-09-07").exists(),
        "an empty day folder goes"
    );
    assert!(
        home.at("data/images/2025-09-06/notes.txt").exists(),
        "files of others stay, and so do their folders"
    );
    assert!(!home.at(&path(&old)).exists());
    assert_eq!(
        home.number("SELECT COUNT(*) FROM tombstones WHERE reason = 'removed by retention: age'")
            .await,
        5
    );
    assert_eq!(
        home.number("SELECT COUNT(*) FROM tombstones WHERE file_pending")
            .await,
        0
    );
    assert_eq!(home.run(&["verify"]).status, 0);
    let gaps = home.run(&[
        "gaps",
        "--from",
        "2025-09-07",
        "--to",
        "2025-09-07",
        "--camera",
        "in_gate",
    ]);
    assert!(gaps.out.contains("removed"), "{gaps:?}");
}

#[tokio::test]
async fn nothing_goes_unless_it_is_asked_for() {
    let home = home_with(2).await;
    let done = rehearsed(&home, &[("RETENTION__MIN_FREE_GB", "0")]);
    assert_eq!(
        (done.status, &done.json()["frames"]),
        (0, &0.into()),
        "{done:?}"
    );
    assert_eq!(home.rows().await, 3);
}

#[tokio::test]
async fn the_budget_takes_the_oldest_of_ours_and_leaves_what_was_adopted() {
    let home = home_with(4).await;
    let all: u64 = (-1..4).map(|n| size(&frame(n * 600), &home)).sum();
    let two: u64 = (0..2).map(|n| size(&frame(n * 600), &home)).sum();
    let most = format!("0.{:09}", all - two);
    let done = rehearsed(
        &home,
        &[
            ("RETENTION__MAX_SIZE_GB", &most),
            ("RETENTION__MIN_FREE_GB", "0"),
        ],
    );
    let json = done.json();
    let removed: Vec<&str> = json["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(removed, [path(&frame(0)), path(&frame(600))], "{json}");
    assert_eq!(
        (done.status, &json["removed"][0]["reason"]),
        (0, &"budget".into())
    );
    assert!(home.at(&path(&frame(-600))).exists());
    let settings = [
        ("RETENTION__MAX_SIZE_GB", "0.000000001"),
        ("RETENTION__MIN_FREE_GB", "0"),
    ];
    let done = rehearsed(&home, &settings);
    let json = done.json();
    assert_eq!(
        (done.status, &json["is_over_budget"], &json["frames"]),
        (1, &true.into(), &2.into()),
        "{json}"
    );
    assert_eq!(
        (&json["kept"][0]["obstacle"], &json["kept"][0]["frames"]),
        (&"elsewhere".into(), &1.into())
    );
    assert_eq!(home.rows().await, 1, "what was adopted stays");
}

#[tokio::test]
async fn what_is_on_hold_stays_and_says_so() {
    let home = home_with(3).await;
    let made = home.run(&[
        "hold",
        "add",
        "--camera",
        "in_gate",
        "--from",
        "2025-09-07T10:10:00Z",
        "--to",
        "2025-09-07T10:10:00Z",
        "--reason",
        "claim 4711",
    ]);
    assert!(
        made.status == 0 && made.out.contains("hold 1 is made: in_gate"),
        "{made:?}"
    );
    let listed = home.run(&["hold", "list", "--json"]).json();
    assert_eq!(
        (&listed[0]["reason"], &listed[0]["camera"]),
        (&"claim 4711".into(), &"in_gate".into())
    );
    let done = rehearsed(&home, &[("RETENTION_DAYS", "7")]);
    assert_eq!(
        (done.status, &done.json()["kept"][0]["obstacle"]),
        (0, &"hold".into()),
        "{done:?}"
    );
    assert!(home.at(&path(&frame(600))).exists() && home.rows().await == 1);
    assert_eq!(home.run(&["hold", "release", "1"]).status, 0);
    let none = home.run(&["hold", "release", "1"]);
    assert!(
        none.status == 1 && none.err.contains("there is no hold 1"),
        "{none:?}"
    );
    rehearsed(&home, &[("RETENTION_DAYS", "7")]);
    assert_eq!(home.rows().await, 0);
    assert!(
        home.run(&["hold", "list"])
            .out
            .contains("nothing is on hold")
    );
}

#[tokio::test]
async fn bad_holds_are_refused_with_words() {
    let home = home_with(1).await;
    for (words, told) in [
        (
            [
                "hold",
                "add",
                "--from",
                "2025-09-08",
                "--to",
                "2025-09-07",
                "--reason",
                "x",
            ],
            "--from 2025-09-08 is after --to 2025-09-07",
        ),
        (
            [
                "hold",
                "add",
                "--from",
                "soon",
                "--to",
                "2025-09-07",
                "--reason",
                "x",
            ],
            "YYYY-MM-DD",
        ),
        (
            [
                "hold",
                "add",
                "--from",
                "2025-09-07T10:00",
                "--to",
                "2025-09-07",
                "--reason",
                "x",
            ],
            "with its zone",
        ),
        (
            [
                "hold",
                "add",
                "--from",
                "2025-09-07",
                "--to",
                "2025-09-07",
                "--reason",
                " ",
            ],
            "say why",
        ),
    ] {
        let done = home.run(&words);
        assert!(
            done.status == 2 && done.err.contains(told),
            "{words:?}: {done:?}"
        );
    }
    let done = home.run(&[
        "hold", "add", "--camera", "in_gat", "--from", "today", "--to", "today", "--reason", "x",
    ]);
    assert!(
        done.status == 2 && done.err.contains("did you mean in_gate?"),
        "{done:?}"
    );
}

#[tokio::test]
async fn rows_that_detections_refer_to_follow_the_setting() {
    for fixture in ["legacy-v1.db", "legacy-v2.db"] {
        let home = Home::with_fixture(fixture);
        for second in ["100734", "101735"] {
            home.write(
                &format!("data/images/2025-09-07/20250907T{second}_in_gate.jpg"),
                &full(1),
            );
        }
        home.run(&["verify", "--repair"]);
        let columns = if fixture == "legacy-v1.db" {
            "object_type, confidence, bbox_x, bbox_y, bbox_width, bbox_height) VALUES (2, 'c', 0.5, 0, 0, 1, 1)"
        } else {
            "class_id, confidence, x1, y1, x2, y2) VALUES (2, 7, 0.5, 0, 0, 1, 1)"
        };
        home.sql(&format!("INSERT INTO detections (image_id, {columns}"))
            .await;
        let done = rehearsed(&home, &[("RETENTION_DAYS", "7")]);
        let kept = &done.json()["kept"][0];
        assert_eq!(
            (&kept["obstacle"], &kept["frames"]),
            (&"referred_to".into(), &1.into()),
            "{done:?}"
        );
        assert_eq!((done.status, home.rows().await), (0, 1), "{fixture}");
        assert!(
            home.at("data/images/2025-09-07/20250907T101735_in_gate.jpg")
                .exists()
        );
        rehearsed(
            &home,
            &[
                ("RETENTION_DAYS", "7"),
                ("RETENTION__REFERENCED_ROWS", "remove"),
            ],
        );
        assert_eq!(home.rows().await, 0);
        assert_eq!(home.number("SELECT COUNT(*) FROM detections").await, 1);
        assert!(!home.at("data/images/2025-09-07").exists());
    }
}

#[tokio::test]
async fn an_archive_that_is_not_the_databases_loses_nothing() {
    let home = home_with(2).await;
    let id = home.at("data/images/.draywatch/archive-id");
    let own = std::fs::read(&id).unwrap();
    let refuse = |word: &str| {
        let before = pictures(&home);
        let done = run(&home, &["prune"], &[("RETENTION_DAYS", "1")]);
        assert!(done.status == 1 && done.err.contains(word), "{done:?}");
        assert_eq!(pictures(&home), before);
    };
    std::fs::write(&id, "00000000-0000-4000-8000-000000000000\n").unwrap();
    refuse("belongs to another database");
    std::fs::remove_file(&id).unwrap();
    refuse("Is its disk mounted");
    std::fs::write(&id, own).unwrap();
    let away = home.at("data/away");
    std::fs::rename(home.at("data/images"), &away).unwrap();
    let done = run(&home, &["prune"], &[("RETENTION_DAYS", "1")]);
    assert!(
        done.status == 1 && done.err.contains("is its disk mounted"),
        "{done:?}"
    );
    assert_eq!(home.rows().await, 3, "no row goes");
    assert!(
        !Path::new(&home.at("data/images")).exists(),
        "and nothing is made"
    );
}

#[tokio::test]
async fn a_file_that_cannot_go_is_told_and_tried_again() {
    let home = home_with(2).await;
    let stuck = home.at(&path(&frame(0)));
    std::fs::remove_file(&stuck).unwrap();
    std::fs::create_dir(&stuck).unwrap();
    let done = run(&home, &["prune", "--json"], &[("RETENTION_DAYS", "7")]);
    let json = done.json();
    assert_eq!((done.status, &json["frames"]), (1, &3.into()), "{json}");
    assert!(
        json["failed"][0]
            .as_str()
            .unwrap()
            .contains("is no regular file"),
        "{json}"
    );
    std::fs::remove_dir(&stuck).unwrap();
    assert_eq!(run(&home, &["prune"], &[("RETENTION_DAYS", "7")]).status, 0);
    assert_eq!(
        home.number("SELECT COUNT(*) FROM tombstones WHERE file_pending")
            .await,
        0
    );
}
