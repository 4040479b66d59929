//! Images on loan: the oldest first, with one detector at a time, back when their time is over.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use draywatch_catalog::{Acknowledged, Catalog, NewImageLease};

use crate::support::*;

async fn made(path: &Path, count: i64) -> Arc<dyn Catalog> {
    let catalog = open(path).await;
    let mut sql = String::new();
    for nth in 0..count {
        // The oldest has the highest id.
        let time = at(-nth * 600).format("%F %T%.6f").to_string();
        let camera = if nth % 2 == 0 { "in_gate" } else { "out_gate" };
        sql += &(v1_insert(&format!("x/{nth}.jpg"), camera, &time) + ";");
    }
    execute(path, &sql).await;
    catalog
}

fn wants(lease: &str, limit: u32, until: i64) -> NewImageLease {
    NewImageLease {
        lease: lease.to_owned(),
        holder: "test".to_owned(),
        camera: None,
        limit,
        expires_at: at(until),
    }
}

async fn lend(catalog: &dyn Catalog, new: &NewImageLease, now: i64) -> Vec<(i64, u32)> {
    let lent = catalog.lease_images(new, at(now)).await.unwrap();
    lent.iter()
        .map(|one| (one.image.id, one.attempts))
        .collect()
}

#[tokio::test]
async fn the_oldest_are_lent_once_until_their_time_is_over() {
    use Acknowledged::{Done, Gone, NotYours};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = made(&path, 6).await;
    assert_eq!(
        lend(&*catalog, &wants("a", 2, 60), 0).await,
        [(6, 1), (5, 1)]
    );
    assert_eq!(
        lend(&*catalog, &wants("b", 2, 60), 0).await,
        [(4, 1), (3, 1)]
    );
    let of_one = NewImageLease {
        camera: Some(camera("out_gate")),
        ..wants("c", 9, 60)
    };
    assert_eq!(lend(&*catalog, &of_one, 0).await, [(2, 1)]);
    assert_eq!(lend(&*catalog, &wants("d", 9, 60), 59).await, [(1, 1)]);
    let done = catalog
        .acknowledge_images("a", &[6, 4, 99], at(10))
        .await
        .unwrap();
    assert_eq!(done, [Done, NotYours, Gone]);
    // What ran out goes to another one, and only what nobody took may still be acknowledged by the first.
    assert_eq!(lend(&*catalog, &wants("e", 1, 200), 61).await, [(5, 2)]);
    let done = catalog
        .acknowledge_images("a", &[6, 5], at(62))
        .await
        .unwrap();
    assert_eq!(done, [Done, NotYours], "again, and too late");
    let late = catalog.acknowledge_images("b", &[4], at(63)).await.unwrap();
    assert_eq!(late, [Done], "late, but nobody took it");
    let processed = rows(&path, &["id"], "images WHERE processed").await;
    assert_eq!(processed, ["4", "6"]);
    catalog.close().await;
}

#[tokio::test]
async fn what_is_returned_is_lent_again_and_what_is_done_never() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = made(&path, 3).await;
    assert_eq!(lend(&*catalog, &wants("a", 9, 60), 0).await.len(), 3);
    catalog.acknowledge_images("a", &[3], at(1)).await.unwrap();
    assert_eq!(catalog.return_images("a", at(2)).await.unwrap(), 2);
    assert_eq!(catalog.return_images("a", at(2)).await.unwrap(), 0);
    assert_eq!(
        lend(&*catalog, &wants("b", 9, 60), 2).await,
        [(2, 2), (1, 2)]
    );
    // Somebody wants it read again: that is not undone by a word that was said before.
    execute(&path, "UPDATE images SET processed = 0 WHERE id = 3").await;
    catalog.acknowledge_images("a", &[3], at(3)).await.unwrap();
    assert_eq!(lend(&*catalog, &wants("c", 9, 60), 3).await, [(3, 2)]);
    // A file that is missing is nothing to be lent; and a day after its time a lease is forgotten.
    execute(
        &path,
        "UPDATE images SET file_state = 'missing' WHERE id = 2",
    )
    .await;
    assert_eq!(
        lend(&*catalog, &wants("d", 9, 90_000), 86_500).await,
        [(3, 1), (1, 1)]
    );
    catalog.close().await;
}

#[tokio::test]
async fn of_many_that_ask_at_once_each_gets_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = made(&path, 60).await;
    let mut asking = tokio::task::JoinSet::new();
    for nth in 0..8 {
        let path = path.clone();
        asking.spawn(async move {
            let catalog = open(&path).await;
            let mut mine = Vec::new();
            for round in 0..3 {
                let lease = format!("{nth}-{round}");
                mine.extend(lend(&*catalog, &wants(&lease, 3, 60), 0).await);
            }
            catalog.close().await;
            mine
        });
    }
    let all: Vec<_> = asking.join_all().await.concat();
    let ids: BTreeSet<i64> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(
        (all.len(), ids.len()),
        (60, 60),
        "each image is with one of them"
    );
    catalog.close().await;
}
