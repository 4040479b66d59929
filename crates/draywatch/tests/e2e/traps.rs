//! Databases and archives that must not be touched: damaged, newer, not mounted, another's, locked, not ours to write.

use std::time::Duration;

use portal_sim::Behaviours;
use sqlx::Connection;

use crate::harness::{Home, World, hourly};
use crate::{audit, store};

pub const GIVEN: [&str; 5] = ["fetch", "--camera", "in_gate", "--frames-from", "-"];
/// Three frames stored, and the list of three others.
pub async fn settled(name: &'static str) -> (World, String) {
    let world = World::new(name, hourly()).await;
    let (_, list) = world.some("in_gate", 6).await;
    let first: String = list
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    world.frames(&first, &[]).await.expect(0);
    (
        world,
        list.lines()
            .skip(3)
            .map(|line| format!("{line}\n"))
            .collect(),
    )
}

/// Runs `fetch`, which must fail and leave every file as it was.
async fn untouched(world: &World, list: &str, status: i32, words: &[&str]) {
    world.portal.reset_stats();
    let before = store::files(world.home.path());
    world.frames(list, &[]).await.expect(status).says(words);
    assert_eq!(store::files(world.home.path()), before, "files changed");
    assert_eq!(world.portal.stats().cdn.requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_newer_database_is_left_alone() {
    let (world, list) = settled("traps: damaged and newer databases").await;
    let path = world.home.database();
    let good = std::fs::read(&path).expect("the database");
    std::fs::write(
        &path,
        b"this is no database at all, but long enough to be taken for one".repeat(40),
    )
    .expect("written");
    untouched(
        &world,
        &list,
        1,
        &["database.db", "damaged or not a SQLite database"],
    )
    .await;
    let mut torn = good.clone();
    torn[100..4096].fill(0xA5);
    std::fs::write(&path, torn).expect("written");
    untouched(&world, &list, 1, &["database.db"]).await;
    std::fs::write(&path, &good).expect("written");
    store::execute(
        &world.home,
        "INSERT INTO draywatch_schema (version, applied_at) VALUES (9999, '2030-01-01 00:00:00')",
    )
    .await;
    untouched(
        &world,
        &list,
        2,
        &["database.db", "newer draywatch", "9999"],
    )
    .await;
    store::execute(
        &world.home,
        "DELETE FROM draywatch_schema WHERE version = 9999",
    )
    .await;
    world.frames(&list, &[]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_is_not_mounted_or_another_s_is_refused() {
    let (mut world, list) = settled("traps: archive absent or another's").await;
    let (images, aside) = (world.home.images(), world.home.path().join("aside"));
    std::fs::rename(images.join(".draywatch"), &aside).expect("renamed");
    untouched(&world, &list, 1, &["data/images", "mounted"]).await;
    std::fs::rename(&aside, images.join(".draywatch")).expect("renamed");
    std::fs::rename(&images, &aside).expect("renamed");
    untouched(&world, &list, 1, &["data/images", "mounted"]).await;
    std::fs::create_dir(&images).expect("an empty mount point");
    untouched(&world, &list, 1, &["data/images", "mounted"]).await;
    std::fs::remove_dir(&images).expect("removed");
    std::fs::rename(&aside, &images).expect("renamed");
    let other = Home::new(&world.portal);
    other.run(&GIVEN, "").await.expect(0);
    let theirs = other.images().display().to_string();
    let before = store::files(other.path());
    world.home.set("DOWNLOAD_DIR", &theirs);
    untouched(&world, &list, 1, &[&theirs, "another database"]).await;
    assert_eq!(store::files(other.path()), before);
    world.home.unset("DOWNLOAD_DIR");
    // A database that knows no archive must not take over one that has an id.
    world.home.set("DATABASE_URL", "sqlite:///new.db");
    let run = world.frames(&list, &[]).await;
    run.expect(1)
        .says(&["data/images", "another database", "adopt"]);
    world.home.unset("DATABASE_URL");
    world.frames(&list, &[]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_locked_by_another_program_is_waited_for() {
    let world = World::new("traps: database locked for 8 s", hourly()).await;
    let (truth, list) = world.some("in_gate", 24).await;
    world.frames("", &[]).await.expect(0);
    world.portal.set_behaviours(Behaviours {
        latency_ms: 100,
        ..Behaviours::default()
    });
    let lock = async {
        // Once pictures come, the ledger is written, and rows are next.
        while world.portal.stats().cdn.full == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut other = store::connect(&world.home.database()).await;
        let mut held = sqlx::raw_sql("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE")
            .execute(&mut other)
            .await;
        while held.is_err() {
            held = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await;
        }
        tokio::time::sleep(Duration::from_secs(8)).await;
        sqlx::raw_sql("COMMIT")
            .execute(&mut other)
            .await
            .expect("committed");
        other.close().await.expect("closed");
    };
    let (run, ()) = tokio::join!(world.frames(&list, &[]), lock);
    run.expect(0);
    assert!(
        run.took > Duration::from_secs(8),
        "it did not meet the lock: {:?}",
        run.took
    );
    audit::complete(&world, &truth).await;
}
