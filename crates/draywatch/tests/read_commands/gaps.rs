//! `gaps`: every missing slot has its reason.

use draywatch_catalog::FrameResult;
use draywatch_core::outcome::Outcome;
use draywatch_core::{Failure, Kind};

use crate::runs::run;
use crate::support::*;

#[tokio::test]
async fn each_gap_has_its_reason() {
    let home = Home::new();
    for seconds in [0, 600, 1200] {
        home.store(&frame(seconds), &full(1)).await;
    }
    home.sql("DELETE FROM images WHERE timestamp LIKE '2025-09-07 10:20%'")
        .await;
    home.sql("UPDATE images SET file_state = 'missing' WHERE timestamp LIKE '2025-09-07 10:10%'")
        .await;
    let catalog = home.catalog().await;
    let owed = catalog.enlist(&[entry(&frame(1800))], at(0)).await.unwrap();
    let failure = Failure::new(Kind::NotFound, "no");
    let failed = FrameResult::Failed {
        ledger_id: owed[0].id,
        failure,
        reason: "http_404".into(),
        not_before: None,
    };
    catalog.record(&[failed], at(1)).await.unwrap();
    catalog.close().await;
    run(&home, Outcome::Complete, vec![]).await;

    let words = [
        "gaps",
        "--from",
        "2025-09-07",
        "--to",
        "2025-09-07",
        "--camera",
        "in_gate",
    ];
    let done = home.run(&[&words[..], &["--json"]].concat());
    let told: Vec<String> = done
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| {
            format!(
                "{} {} {} {}",
                gap["from"], gap["slots"], gap["answer"], gap["reason"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "2025-09-07T07:00:00Z 18 not_offered null",
            "2025-09-07T10:10:00Z 1 not_downloaded file_missing",
            "2025-09-07T10:20:00Z 1 removed null",
            "2025-09-07T10:30:00Z 1 not_downloaded http_404",
            "2025-09-07T10:40:00Z 1 not_offered null",
            "2025-09-07T10:50:00Z 121 not_observed null",
        ]
    );
    let text = home.run(&words);
    assert_eq!(text.status, 1);
    assert!(text.out.contains("2025-09-07 03:10 PDT"), "{}", text.out);
    assert!(
        text.out.contains("143 slots of ten minutes (23 h 50 min)"),
        "{}",
        text.out
    );
}

#[tokio::test]
async fn the_future_is_no_gap_and_long_ranges_are_one() {
    let home = Home::new();
    home.catalog().await.close().await;
    let done = home.run(&[
        "gaps",
        "--from",
        "2199-01-01",
        "--to",
        "2199-12-31",
        "--json",
    ]);
    assert_eq!((done.status, &*done.out), (0, "[]\n"));
    let done = home.run(&[
        "gaps",
        "--from",
        "2024-01-01",
        "--to",
        "2024-12-31",
        "--camera",
        "in_gate",
        "--json",
    ]);
    assert_eq!(done.json().as_array().unwrap().len(), 1, "{done:?}");
    assert_eq!(
        done.json()[0]["slots"],
        366 * 144,
        "clocks go forth and back once each"
    );
    let spring = home.run(&[
        "gaps",
        "--from",
        "2025-03-09",
        "--to",
        "2025-03-09",
        "--camera",
        "in_gate",
        "--json",
    ]);
    assert_eq!(spring.json()[0]["slots"], 23 * 6);
    let autumn = home.run(&[
        "gaps",
        "--from",
        "2025-11-02",
        "--to",
        "2025-11-02",
        "--camera",
        "in_gate",
        "--json",
    ]);
    assert_eq!(autumn.json()[0]["slots"], 25 * 6);
    assert_eq!(home.run(&["gaps", "--quiet"]).out, "");
}
