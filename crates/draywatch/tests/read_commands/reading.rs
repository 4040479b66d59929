//! `status` and `runs` (and `gaps` on bad ground): they read the database only, and say clearly when there is none.

use draywatch_catalog::FrameResult;
use draywatch_core::outcome::Outcome;
use draywatch_core::{Failure, Kind};

use crate::runs::run;
use crate::support::*;

const COMMANDS: [&str; 3] = ["status", "runs", "gaps"];

#[tokio::test]
async fn without_a_database_each_says_how_to_make_one() {
    let home = Home::new();
    for command in COMMANDS.iter().chain(&["verify"]) {
        let done = home.run(&[command]);
        assert_eq!(done.status, 1, "{done:?}");
        assert!(
            done.err.contains("no database at data/database.db")
                && done.err.contains("draywatch fetch"),
            "{done:?}"
        );
        assert!(!home.at("data").exists(), "nothing is made by looking");
    }
}

#[tokio::test]
async fn a_corrupt_database_is_named_and_left_alone() {
    let home = Home::new();
    home.write(
        "data/database.db",
        &b"this is no database at all. ".repeat(200),
    );
    let before = snapshot(&home.at("data"));
    for command in COMMANDS.iter().chain(&["verify"]) {
        let done = home.run(&[command, "--json"]);
        assert_eq!(done.status, 1, "{done:?}");
        assert!(
            done.err.contains("data/database.db is damaged") && done.out.is_empty(),
            "{done:?}"
        );
    }
    assert_eq!(snapshot(&home.at("data")), before);
}

#[tokio::test]
async fn bad_words_end_with_status_two() {
    let home = Home::new();
    home.catalog().await.close().await;
    for words in [
        &["gaps", "--camera", "in_gat"][..],
        &["runs", "--camera", "in_gat"],
        &["gaps", "--from", "2025-02-30"],
        &["gaps", "--from", "2025-01-02", "--to", "2025-01-01"],
        &["gaps", "--from", "today", "--to", "2025-01-01"],
        &["runs", "--outcome", "fine"],
        &["status", "--database-url", "mysql://u:secret@h/d"],
    ] {
        let done = home.run(words);
        assert_eq!(done.status, 2, "{words:?} {done:?}");
        assert!(
            !done.err.is_empty() && !done.err.contains("secret"),
            "{done:?}"
        );
    }
    assert!(
        home.run(&["gaps", "--camera", "in_gat"])
            .err
            .contains("did you mean in_gate?")
    );
}

#[tokio::test]
async fn jobs_are_shown_where_a_service_has_run() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    // As a fetch by hand leaves it, and as a service does.
    home.sql("INSERT INTO jobs (name) VALUES ('collect:in_gate')")
        .await;
    let status = home.run(&["status"]);
    assert!(
        status.status == 0 && !status.out.contains("last started"),
        "{status:?}"
    );
    home.sql("UPDATE jobs SET last_started = '2025-09-07 10:00:00.000000'")
        .await;
    let status = home.run(&["status"]);
    assert!(status.out.contains("last started"), "{status:?}");
}

#[tokio::test]
async fn the_archive_need_not_be_there() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    // Married to the archive, as every collection and repair does.
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    std::fs::remove_dir_all(home.at("data/images")).unwrap();
    assert_eq!(home.run(&["status"]).status, 0);
    assert_eq!(home.run(&["runs"]).status, 0);
    assert_eq!(home.run(&["gaps"]).status, 1);
    assert!(!home.at("data/images").exists());
    let done = home.run(&["verify"]);
    assert!(
        done.status == 1 && done.err.contains("is its disk mounted"),
        "{done:?}"
    );
}

#[tokio::test]
async fn legacy_databases_are_told_with_all_their_rows() {
    for fixture in ["legacy-v1.db", "legacy-v2.db"] {
        let home = Home::with_fixture(fixture);
        let status = home.run(&["status", "--json"]);
        assert_eq!(status.status, 0, "{status:?}");
        let json = status.json();
        assert_eq!(
            (&json["ok"], &json["cameras"][0]["images"]),
            (&true.into(), &6.into()),
            "{json}"
        );
        assert_eq!(json["cameras"][1]["unverified"], 6);
        let text = home.run(&["status"]);
        assert!(
            text.out.contains("in_gate") && text.out.contains("none yet"),
            "{}",
            text.out
        );
        assert_eq!(home.run(&["runs", "--json"]).out, "[]\n");
        let gaps = home.run(&[
            "gaps",
            "--from",
            "2025-09-07",
            "--to",
            "2025-09-07",
            "--camera",
            "in_gate",
            "--json",
        ]);
        assert_eq!(gaps.status, 1);
        assert_eq!(
            gaps.json()
                .as_array()
                .unwrap()
                .iter()
                .filter(|gap| gap["answer"] != "not_observed")
                .count(),
            0
        );
        assert_eq!(home.rows().await, 12);
    }
}

#[tokio::test]
async fn what_is_owed_and_how_collections_went() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    run(&home, Outcome::Complete, vec![]).await;
    let well = home.run(&["status"]);
    assert!(
        well.status == 0 && well.out.contains("owed: nothing") && well.out.contains("complete"),
        "{well:?}"
    );

    let catalog = home.catalog().await;
    let owed = catalog.enlist(&[entry(&frame(600))], at(0)).await.unwrap();
    let failure = Failure::new(Kind::NotFound, "the host has no such picture");
    let failed = FrameResult::Failed {
        ledger_id: owed[0].id,
        failure,
        reason: "http_404".into(),
        not_before: None,
    };
    catalog.record(&[failed], at(1)).await.unwrap();
    catalog.close().await;
    let json = home.run(&["status", "--json"]);
    assert_eq!(
        (
            json.status,
            &json.json()["owed"],
            &json.json()["owed_by_kind"]["not_found"]
        ),
        (1, &1.into(), &1.into())
    );

    let trouble = Failure::new(Kind::Browser, "the browser does not start");
    run(&home, Outcome::Failed, vec![trouble]).await;
    let runs = home.run(&["runs"]);
    assert!(
        runs.status == 0 && runs.out.contains("the browser does not start"),
        "{}",
        runs.out
    );
    assert!(
        runs.out.lines().nth(1).unwrap().contains("failed"),
        "the newest first: {}",
        runs.out
    );
    let json = home
        .run(&["runs", "--json", "--outcome", "complete"])
        .json();
    assert_eq!(
        (json.as_array().unwrap().len(), &json[0]["counts"]["stored"]),
        (1, &2.into())
    );
    assert_eq!(
        home.run(&["runs", "--json", "--limit", "1", "--camera", "in_gate"])
            .json()[0]["outcome"],
        "failed"
    );
    assert_eq!(
        home.run(&["runs", "--json", "--since", "2025-09-08"]).out,
        "[]\n"
    );
    assert_eq!(
        home.run(&["runs", "--json", "--since", "2025-09-07"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
