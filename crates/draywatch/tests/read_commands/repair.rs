//! `verify` beside collections, cut short or under way, and on archives that are not to be judged.

use draywatch_catalog::FrameResult;
use draywatch_core::{Failure, Kind};

use crate::support::*;

#[tokio::test]
async fn a_replacement_that_was_cut_short_is_completed() {
    let home = Home::new();
    let (frame, small, large) = (frame(0), jpeg(200, 1), full(1));
    let catalog = home.catalog().await;
    let owed = catalog.enlist(&[entry(&frame)], at(0)).await.unwrap();
    let image = draywatch_catalog::NewImage {
        is_thumbnail: true,
        ..image(&frame, &small)
    };
    let failure = Some((Failure::new(Kind::NotFound, "no"), "http_404".to_owned()));
    let stored = FrameResult::Stored {
        ledger_id: owed[0].id,
        image,
        failure,
    };
    catalog.record(&[stored], at(0)).await.unwrap();
    catalog
        .intend_replacement(owed[0].id, &facts(&large))
        .await
        .unwrap();
    catalog.close().await;
    home.write(&path(&frame), &large);
    let done = home.run(&["verify", "--json"]);
    assert_eq!(
        (
            done.status,
            &done.json()["bad"],
            &done.json()["problems"][0]["kind"]
        ),
        (1, &0.into(), &"unfinished".into())
    );
    let done = home.run(&["verify", "--json", "--repair"]);
    assert_eq!(
        (done.status, &done.json()["ok"]),
        (0, &1.into()),
        "{done:?}"
    );
    assert_eq!(
        home.number("SELECT COUNT(*) FROM images WHERE is_thumbnail")
            .await,
        0
    );
    assert_eq!(home.number("SELECT COUNT(*) FROM frame_ledger").await, 0);
    assert_eq!(home.run(&["verify"]).status, 0);
}

#[tokio::test]
async fn what_is_stored_is_owed_no_more() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let catalog = home.catalog().await;
    catalog.enlist(&[entry(&frame(0))], at(0)).await.unwrap();
    catalog.close().await;
    let done = home.run(&["verify", "--json"]);
    assert_eq!(
        (done.status, &done.json()["problems"][0]["kind"]),
        (1, &"ledger".into()),
        "{done:?}"
    );
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    assert_eq!(home.number("SELECT COUNT(*) FROM frame_ledger").await, 0);
    assert_eq!(home.rows().await, 1);
}

#[tokio::test]
async fn a_repair_waits_for_no_collection_but_names_it() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    let archive = draywatch_archive::Archive::open(
        &home.at("data/images"),
        draywatch_archive::Access::ReadWrite,
    )
    .unwrap();
    let _lock = archive.lock_camera(&camera()).unwrap();
    home.write(&path(&frame(600)), &full(2));
    let done = home.run(&["verify", "--repair"]);
    let pid = std::process::id().to_string();
    assert!(
        done.status == 1 && done.err.contains("in_gate") && done.err.contains(&pid),
        "{done:?}"
    );
    assert_eq!(home.rows().await, 1);
}

#[tokio::test]
async fn files_of_a_collection_under_way_are_not_judged() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let catalog = home.catalog().await;
    let run = draywatch_catalog::NewRun {
        command: "fetch".into(),
        camera: camera(),
        date: None,
        started_at: at(0),
        pid: std::process::id(),
    };
    catalog.start_run(&run).await.unwrap();
    catalog.close().await;
    home.write(&path(&frame(600)), &full(2));
    let done = home.run(&["verify", "--json"]);
    assert_eq!(
        (done.status, &done.json()["in_flight"]),
        (0, &1.into()),
        "{done:?}"
    );
    assert!(home.run(&["status"]).out.contains("under way"));
}

#[tokio::test]
async fn another_archive_is_refused() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    let id = home.at("data/images/.draywatch/archive-id");
    std::fs::write(&id, "8c9b9f4e-0000-4000-8000-000000000000\n").unwrap();
    for words in [
        &["verify"][..],
        &["verify", "--repair"],
        &["adopt", "data/images"],
    ] {
        let done = home.run(words);
        assert!(
            done.status == 1 && done.err.contains("belongs to another database"),
            "{done:?}"
        );
    }
}

#[tokio::test]
async fn files_that_may_not_be_read_are_not_called_bad() {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        return;
    }
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let file = home.at(&path(&frame(0)));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    for path in ["", "data", "data/database.db"] {
        std::fs::set_permissions(home.at(path), std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = std::process::Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        env!("CARGO_BIN_EXE_draywatch"),
        "verify",
        "--json",
    ]);
    let done: Done = command.current_dir(home.at("")).output().unwrap().into();
    let json = done.json();
    assert_eq!(
        (done.status, &json["bad"], &json["problems"][0]["kind"]),
        (1, &0.into(), &"unreadable".into()),
        "{json}"
    );
    assert_eq!(
        home.number("SELECT COUNT(*) FROM images WHERE file_state = 'bad'")
            .await,
        0
    );
    assert_eq!(home.run(&["verify"]).status, 0);
}
