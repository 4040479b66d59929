//! Other writers on the same file: waiting, trying again, giving up in the end.

use std::time::{Duration, Instant};

use draywatch_catalog::{CatalogError, DatabaseUrl, FrameResult, OpenOptions};
use sqlx::Connection;

use crate::support::*;

#[tokio::test]
async fn a_locked_database_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    // The busy timeout alone would not be enough: the transaction is tried again.
    let options = OpenOptions {
        busy_timeout: Duration::from_millis(200),
        ..options()
    };
    let catalog = draywatch_catalog::open(&DatabaseUrl::Sqlite(path.clone()), options)
        .await
        .unwrap();
    let mut holder = connect(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut holder)
        .await
        .unwrap();
    let began = Instant::now();
    let release = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
        holder.close().await.unwrap();
    });
    let rows = catalog.enlist(&[entry(frame(10))], at(100)).await.unwrap();
    assert!(
        began.elapsed() >= Duration::from_millis(1400),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(rows.len(), 1);
    release.await.unwrap();
}

#[tokio::test]
async fn readers_do_not_wait_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let mut holder = connect(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut holder)
        .await
        .unwrap();
    let began = Instant::now();
    catalog.totals().await.unwrap();
    catalog
        .known(&camera("in_gate"), at(0), at(10))
        .await
        .unwrap();
    open(&path).await.close().await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_lock_that_never_ends_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let options = OpenOptions {
        busy_timeout: Duration::from_millis(20),
        ..options()
    };
    let catalog = draywatch_catalog::open(&DatabaseUrl::Sqlite(path.clone()), options)
        .await
        .unwrap();
    let id = catalog.enlist(&[entry(frame(10))], at(100)).await.unwrap()[0].id;
    let mut holder = connect(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut holder)
        .await
        .unwrap();
    let stored = FrameResult::Stored {
        ledger_id: id,
        image: image(&frame(10)),
        failure: None,
    };
    let error = catalog
        .record(std::slice::from_ref(&stored), at(200))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            CatalogError::Locked {
                doing: "recording stored frames",
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    // Nothing was lost: the frame is still wanted, its file is adopted.
    assert_eq!(
        catalog.adopt(&[image(&frame(10))], at(300)).await.unwrap(),
        1
    );
    assert_eq!(catalog.record(&[stored], at(400)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_write_leaves_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let entries: Vec<_> = (0..300).map(|s| entry(frame(s))).collect();
    for millis in [0, 1, 3, 6, 12] {
        let write = catalog.enlist(&entries, at(100));
        let _ = tokio::time::timeout(Duration::from_millis(millis), write).await;
    }
    assert_eq!(catalog.enlist(&entries, at(100)).await.unwrap().len(), 300);
    execute(
        &path,
        &v1_insert("x.jpg", "in_gate", "2025-09-07 10:00:00.000000"),
    )
    .await;
}

#[tokio::test]
async fn two_catalogs_write_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalogs = [open(&path).await, open(&path).await];
    let tasks: Vec<_> = (0_i64..)
        .zip(catalogs.clone())
        .map(|(which, catalog)| {
            tokio::spawn(async move {
                for n in 0..100 {
                    catalog
                        .enlist(&[entry(frame(which * 1000 + n))], at(100))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        catalogs[0]
            .ledger(&draywatch_catalog::LedgerFilter::default())
            .await
            .unwrap()
            .len(),
        200
    );
}
