//! What is wrong is said, and what can be exported is.

use crate::reads::{RANGE, export, home};
use crate::support::*;

#[tokio::test]
async fn pictures_that_are_gone_or_others_are_told_and_the_rest_is_exported() {
    let home = home(6).await;
    std::fs::remove_file(home.at(&path(&frame(0)))).unwrap();
    std::fs::write(home.at(&path(&frame(600))), full(99)).unwrap();
    let whole = std::fs::read(home.at(&path(&frame(1800)))).unwrap();
    std::fs::write(home.at(&path(&frame(1800))), &whole[..whole.len() / 2]).unwrap();
    let done = export(&home, &["--format", "webdataset"], "set");
    assert_eq!(done.status, 1, "{done:?}");
    assert!(
        done.out.contains("3 rows") && done.out.contains("3 left out"),
        "{done:?}"
    );
    let told: Vec<&str> = done
        .err
        .lines()
        .filter(|line| line.contains("was left out"))
        .collect();
    assert_eq!(told.len(), 3, "{done:?}");
    assert!(told[0].contains("not there"), "{told:?}");
    let json = export(&home, &["--format", "webdataset", "--json"], "again").json();
    assert_eq!(
        (&json["left_out"], json["faults"].as_array().unwrap().len()),
        (&3.into(), 3)
    );
    let found = crate::python::read("webdataset", &[&home.at("set")]);
    assert_eq!(found["pictures"].as_array().unwrap().len(), 3);
}

/// A camera that was taken out of the settings was no camera any more, though its pictures were still there.
#[tokio::test]
async fn pictures_of_a_camera_that_is_not_collected_any_more_are_exported() {
    let home = home(4).await;
    let export = |camera: &str| {
        let words = ["export", "--camera", camera, "--format", "jsonl", "-"];
        let mut command = home.command(&[&words[..], &RANGE].concat());
        command.env("DRAYWATCH_STREAM_NAMES", "yard");
        Done::from(command.output().unwrap())
    };
    let done = export("in_gate");
    assert_eq!((done.status, done.out.lines().count()), (0, 4), "{done:?}");
    let done = export("in_gates");
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.err.contains("in_gates is not among"), "{done:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_status_2() {
    let home = home(2).await;
    for (words, output, told) in [
        (&[][..], "out", "--format"),
        (
            &["--format", "webdataset", "--table", "slots"],
            "out",
            "it holds the slots",
        ),
        (&["--shard-size", "5"], "out.csv", "--shard-size is for"),
        (&["--format", "csv", "--json"], "-", "exclude each other"),
        (
            &["--from", "2025-09-08"],
            "out.csv",
            "cannot be used multiple times",
        ),
    ] {
        let done = export(&home, words, output);
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.err.contains(told), "{done:?}");
    }
    let backwards = [
        "export",
        "--from",
        "2025-09-08",
        "--to",
        "2025-09-07",
        "out.csv",
    ];
    assert_eq!(home.run(&backwards).status, 2);
    std::fs::write(home.at("mine.csv"), "mine").unwrap();
    let done = export(&home, &[], "mine.csv");
    assert!(
        done.status == 2 && done.err.contains("is there already"),
        "{done:?}"
    );
    assert_eq!(std::fs::read(home.at("mine.csv")).unwrap(), b"mine");
    let nowhere = Home::new();
    let done = export(&nowhere, &[], "out.csv");
    assert!(
        done.status == 1 && done.err.contains("there is no database"),
        "{done:?}"
    );
    assert!(!nowhere.at("out.csv.part").exists());
    assert!(RANGE.len() == 4);
}
