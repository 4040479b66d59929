//! `verify`: database and archive against each other. Nothing is lost, and nothing comes back that was deleted on purpose.

use crate::support::*;

#[tokio::test]
async fn a_whole_archive_is_well() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    home.store(&frame(600), &full(2)).await;
    let before = snapshot(&home.at("data/images"));
    let done = home.run(&["verify"]);
    assert!(
        done.status == 0 && done.out.contains("2 rows checked, 2 files read: 2 ok"),
        "{done:?}"
    );
    let json = home.run(&["verify", "--json", "--sample", "0%"]).json();
    assert_eq!(
        (&json["checked"], &json["read"], &json["ok"]),
        (&2.into(), &0.into(), &2.into())
    );
    assert_eq!(
        snapshot(&home.at("data/images")),
        before,
        "nothing is changed by looking"
    );
}

#[tokio::test]
async fn missing_and_bad_files_are_named_and_no_row_is_lost() {
    let home = Home::new();
    let frames = [0, 600, 1200, 1800].map(frame);
    for (seed, frame) in (1..).zip(&frames) {
        home.store(frame, &full(seed)).await;
    }
    std::fs::remove_file(home.at(&path(&frames[0]))).unwrap();
    let mut flipped = full(2);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    home.write(&path(&frames[1]), &flipped);
    home.write(&path(&frames[2]), b"<html>");
    for words in [&["verify", "--json"][..], &["verify", "--json", "--repair"]] {
        let done = home.run(words);
        let json = done.json();
        let told: Vec<_> = ["checked", "ok", "missing", "bad"]
            .map(|name| json[name].as_u64().unwrap())
            .into();
        assert_eq!((done.status, told), (1, vec![4, 1, 1, 2]), "{json}");
        let problems = json["problems"].to_string();
        assert!(
            problems.contains("SHA-256") && problems.contains("has 6 bytes"),
            "{problems}"
        );
    }
    assert_eq!(home.rows().await, 4);
    let aside = format!(
        "data/images/.draywatch/quarantine/{}",
        frames[2].relative_path()
    );
    assert_eq!(
        std::fs::read(home.at(&aside)).unwrap(),
        b"<html>",
        "a damaged file that can be had again is set aside, not removed"
    );
    assert!(!home.at(&path(&frames[2])).exists());
    let states = "SELECT COUNT(*) FROM images WHERE file_state IN ('missing', 'bad')";
    assert_eq!(home.number(states).await, 3);

    // What was found wrong is read again whatever the sample, and forgiven when it is back.
    home.write(&path(&frames[0]), &full(1));
    home.write(&path(&frames[1]), &full(2));
    home.write(&path(&frames[2]), &full(3));
    let done = home.run(&["verify", "--sample", "0"]);
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(home.number(states).await, 0);
    assert_eq!(
        home.number("SELECT COUNT(*) FROM images WHERE file_problem IS NOT NULL")
            .await,
        0
    );
}

#[tokio::test]
async fn files_without_a_row_are_adopted_or_set_aside() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let (whole, small, broken) = (frame(600), frame(1200), frame(1800));
    home.write(&path(&whole), &full(2));
    home.write(&path(&small), &jpeg(200, 3));
    home.write(&path(&broken), &full(4)[..500]);
    home.write("data/images/2025-09-07/notes.txt", b"mine");
    let done = home.run(&["verify", "--json"]);
    assert_eq!(
        (
            done.status,
            &done.json()["orphans"],
            &done.json()["adopted"]
        ),
        (1, &3.into(), &0.into()),
        "{done:?}"
    );
    assert_eq!(home.rows().await, 1);

    let done = home.run(&["verify", "--json", "--repair"]);
    let json = done.json();
    assert_eq!(
        (done.status, &json["adopted"], &json["quarantined"]),
        (0, &2.into(), &1.into()),
        "{json}"
    );
    assert_eq!(home.rows().await, 3);
    assert_eq!(
        home.number("SELECT COUNT(*) FROM images WHERE is_thumbnail")
            .await,
        1
    );
    assert!(!home.at(&path(&broken)).exists());
    let aside = home
        .at("data/images/.draywatch/quarantine")
        .join(broken.relative_path());
    assert_eq!(std::fs::read(&aside).unwrap(), &full(4)[..500]);
    assert_eq!(
        std::fs::read(home.at("data/images/2025-09-07/notes.txt")).unwrap(),
        b"mine"
    );
    assert_eq!(home.run(&["verify"]).status, 0);
}

#[tokio::test]
async fn a_row_deleted_on_purpose_is_not_brought_back() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    home.sql("DELETE FROM images").await;
    for words in [
        &["verify", "--json"][..],
        &["verify", "--json", "--repair"],
        &["adopt", "--json", "data/images"],
    ] {
        let done = home.run(words);
        let json = done.json();
        assert_eq!(
            (done.status, &json["deleted_on_purpose"], &json["adopted"]),
            (0, &1.into(), &0.into()),
            "{json}"
        );
        assert_eq!(home.rows().await, 0);
        assert!(home.at(&path(&frame(0))).exists(), "left alone");
    }
    assert!(home.run(&["verify"]).out.contains("deleted on purpose"));
}

#[tokio::test]
async fn legacy_rows_are_verified_by_reading_their_files() {
    for fixture in ["legacy-v1.db", "legacy-v2.db"] {
        let home = Home::with_fixture(fixture);
        let bytes = full(1);
        home.sql(&format!(
            "UPDATE images SET file_size = {} WHERE id = 1",
            bytes.len()
        ))
        .await;
        home.sql("UPDATE images SET file_size = NULL WHERE id = 2")
            .await;
        home.write("data/images/2025-09-07/20250907T100734_in_gate.jpg", &bytes);
        home.write("data/images/2025-09-07/20250907T101735_in_gate.jpg", &bytes);
        home.write("data/images/2025-09-07/20250907T102736_in_gate.jpg", &bytes);
        let done = home.run(&["verify", "--json"]);
        let json = done.json();
        let told = ["checked", "unverified_now_verified", "missing", "bad"]
            .map(|name| json[name].as_u64().unwrap());
        assert_eq!((done.status, told), (1, [12, 2, 9, 1]), "{fixture}: {json}");
        assert_eq!(home.rows().await, 12);
        assert_eq!(
            home.number("SELECT COUNT(*) FROM images WHERE sha256 IS NOT NULL AND width = 800")
                .await,
            2
        );
        let processed = "SELECT SUM(processed) FROM images";
        assert_eq!(
            home.number(processed).await,
            1,
            "the detector's mark is its own"
        );
        let again = home.run(&["verify", "--json"]).json();
        assert_eq!(
            (&again["unverified_now_verified"], &again["ok"]),
            (&0.into(), &2.into())
        );
    }
}

#[tokio::test]
async fn rows_of_other_places_are_read_where_they_are() {
    let home = Home::with_fixture("legacy-v1.db");
    home.write("data/images/.keep", b"");
    home.write("elsewhere/picture.jpg", &full(1));
    home.sql("UPDATE images SET filepath = 'elsewhere/picture.jpg', file_size = NULL WHERE id = 1")
        .await;
    let old = home.at("old/2025-09-07/20250907T101735_in_gate.jpg");
    home.write("old/2025-09-07/20250907T101735_in_gate.jpg", &full(2));
    home.sql(&format!(
        "UPDATE images SET filepath = '{}' WHERE id = 2",
        old.display()
    ))
    .await;
    home.sql("UPDATE images SET filepath = '/dev/zero' WHERE id = 3")
        .await;
    let json = home.run(&["verify", "--json"]).json();
    assert_eq!(
        (
            &json["unverified_now_verified"],
            &json["missing"],
            &json["bad"]
        ),
        (&1.into(), &10.into(), &1.into())
    );
    let hint = format!("draywatch adopt {}", home.at("old").display());
    assert!(json["problems"].to_string().contains(&hint), "{json}");
}

/// Without the mend, a picture that another program had put beside ours was set aside, or got a row and a camera of its own.
#[tokio::test]
async fn files_named_after_other_cameras_are_left_alone() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    home.write(
        "data/images/2025-09-07/20250907T100000_in_gate_boxes.jpg",
        b"mine",
    );
    home.write(
        "data/images/2025-09-07/20250907T100000_in_gate_annotated.jpg",
        &full(2),
    );
    let before = snapshot(&home.at("data/images/2025-09-07"));
    for words in [&["verify", "--json"][..], &["verify", "--json", "--repair"]] {
        let done = home.run(words);
        let json = done.json();
        assert_eq!(
            (
                done.status,
                &json["orphans"],
                json["other_cameras"].to_string()
            ),
            (
                0,
                &0.into(),
                r#"{"in_gate_annotated":1,"in_gate_boxes":1}"#.to_owned()
            ),
            "{json}"
        );
    }
    let done = home.run(&["adopt", "data/images"]);
    assert!(
        done.status == 1 && done.out.contains("--camera in_gate_annotated"),
        "{done:?}"
    );
    assert_eq!(snapshot(&home.at("data/images/2025-09-07")), before);
    assert_eq!(home.rows().await, 1);

    // Of a camera that has rows, configured or not, they are ours.
    let done = home.run(&[
        "adopt",
        "data/images",
        "--camera",
        "in_gate_annotated",
        "--json",
    ]);
    assert_eq!(done.json()["adopted"], 1, "{done:?}");
    assert_eq!(home.run(&["verify", "--json"]).json()["ok"], 2);
}

/// Without the mend, one such entry ended `verify --repair` without a report.
#[tokio::test]
async fn what_is_no_file_is_told_and_the_others_are_mended() {
    let home = Home::new();
    let frames = [0, 600, 1200, 1800].map(frame);
    for (seed, frame) in (1..).zip(&frames) {
        home.store(frame, &full(seed)).await;
    }
    for frame in &frames[..2] {
        std::fs::remove_file(home.at(&path(frame))).unwrap();
    }
    std::fs::create_dir(home.at(&path(&frames[0]))).unwrap();
    std::os::unix::fs::symlink("/dev/null", home.at(&path(&frames[1]))).unwrap();
    home.write(&path(&frames[2]), b"<html>");
    let done = home.run(&["verify", "--json", "--repair"]);
    let json = done.json();
    let told = ["checked", "ok", "bad"].map(|name| json[name].as_u64().unwrap());
    assert_eq!((done.status, told), (1, [4, 1, 3]), "{json}");
    assert!(
        json["problems"].to_string().contains("cannot be set aside"),
        "{json}"
    );
    assert!(
        !home.at(&path(&frames[2])).exists(),
        "the third was set aside all the same"
    );
    assert!(home.at(&path(&frames[1])).is_symlink());
}

/// Without the mend, nothing was told of the rows of a database whose pictures are gone.
#[tokio::test]
async fn rows_of_an_older_program_without_an_archive_are_told_as_missing() {
    for fixture in ["legacy-v1.db", "legacy-v2.db"] {
        let home = Home::with_fixture(fixture);
        for words in [&["verify", "--json"][..], &["verify", "--json", "--repair"]] {
            let done = home.run(words);
            assert_eq!(
                (done.status, &done.json()["missing"]),
                (1, &12.into()),
                "{done:?}"
            );
        }
        assert_eq!(home.rows().await, 12);
        assert!(!home.at("data/images").exists(), "an archive was made");
    }
    // An archive that the database knows may only not be mounted: nothing is said of its files.
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    std::fs::rename(home.at("data/images"), home.at("away")).unwrap();
    for words in [&["verify", "--json"][..], &["verify", "--json", "--repair"]] {
        let done = home.run(words);
        assert!(
            done.status == 1 && done.out.is_empty() && done.err.contains("disk mounted"),
            "{done:?}"
        );
    }
    let lost = "SELECT COUNT(*) FROM images WHERE file_state <> 'ok'";
    assert_eq!(home.number(lost).await, 0);
}
