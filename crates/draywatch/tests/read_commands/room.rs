//! A full disk: room is made while something may go, and what is on hold stays. A small disk of our own, which takes root.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use draywatch::config::{Config, Overrides, Retention};
use draywatch::maintain::prune::{Keep, Mode, prune};
use draywatch::maintain::room::{self, Need};
use draywatch::maintain::sample::verify_sample;
use draywatch::store::Store;
use draywatch_archive::Archive;
use draywatch_catalog::{FrameResult, NewImage};
use draywatch_core::Clock;
use draywatch_core::retention::{HoldSpan, Obstacle, Reason};

use crate::support::*;

/// A small disk in memory, gone when dropped.
struct Disk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    fn mount(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", size, "draywatch-test"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a small disk, which takes root: run the tests as root, or in a user and mount namespace \
             of their own (unshare -rm make test)"
        );
        Self {
            path,
            _folder: folder,
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn config(archive: &Path, database: &Path) -> Config {
    let variables = [
        ("DRAYWATCH_DOWNLOAD_DIR", archive.display().to_string()),
        (
            "DRAYWATCH_DATABASE_URL",
            format!("sqlite:///{}", database.display()),
        ),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    Config::load(None, variables, &Overrides::none())
        .unwrap()
        .config
}

/// Fills the archive with collected frames of 100 kB until the disk takes no more; how many.
async fn fill(store: &Store, clock: &Clock) -> i64 {
    let bytes = vec![7; 100_000];
    for nth in 0.. {
        let frame = frame(nth * 600);
        let entry = entry(&frame);
        let Ok(ledger) = store.catalog.enlist(&[entry], clock.now()).await else {
            return nth;
        };
        let Ok(staged) = store.archive.stage(&bytes) else {
            return nth;
        };
        let _ = store.archive.place(staged, &frame.relative_path()).unwrap();
        let mut facts = facts(&full(1));
        facts.bytes = 100_000;
        let stored = FrameResult::Stored {
            ledger_id: ledger[0].id,
            image: NewImage {
                facts,
                ..image(&frame, &full(1))
            },
            failure: None,
        };
        if store.catalog.record(&[stored], clock.now()).await.is_err() {
            return nth;
        }
    }
    0
}

fn keep(min_free_gb: Option<f64>) -> Keep {
    let mut room = Config::default().retention;
    room.min_free_gb = min_free_gb;
    Keep {
        newest: None,
        age: Retention::Forever,
        room,
    }
}

fn free(archive: &Archive) -> u64 {
    archive.free_space().unwrap().0
}

/// Puts all that a test stores on hold.
async fn hold_all(store: &Store) {
    let all = HoldSpan {
        camera: None,
        from: at(-86_400),
        to: at(864_000),
    };
    store.catalog.add_hold(&all, "claim", at(0)).await.unwrap();
}

/// Everything with the archive and the database on one disk that is full.
async fn full_disk(database_beside: bool) -> (Disk, tempfile::TempDir, Store, Clock, i64) {
    let (disk, elsewhere) = (Disk::mount("size=8m"), tempfile::tempdir().unwrap());
    let database = if database_beside {
        disk.path.join("database.db")
    } else {
        elsewhere.path().join("database.db")
    };
    let clock = Clock::manual(at(0));
    let store = Store::open(&config(&disk.path.join("images"), &database), &clock)
        .await
        .unwrap();
    // As the service does at its start: there is a reserve from now on.
    room::cleanup(&store, &clock, &keep(None), &|_| {})
        .await
        .unwrap();
    let stored = fill(&store, &clock).await;
    assert!(stored > 30, "{stored}");
    (disk, elsewhere, store, clock, stored)
}

#[tokio::test]
async fn a_full_disk_gets_room_by_its_oldest_frames() {
    for database_beside in [false, true] {
        let (_disk, _elsewhere, store, clock, stored) = full_disk(database_beside).await;
        let made = room::make_room(&store, &clock, &keep(Some(0.001)), Need::Floor)
            .await
            .unwrap();
        assert!(
            made.is_well() && (5..=20).contains(&made.frames),
            "{made:?}"
        );
        assert!(free(&store.archive) >= 1_000_000);
        let left = store.catalog.images_after(0, 1000).await.unwrap();
        assert!(
            left.iter()
                .all(|row| row.timestamp.unwrap() >= at(i64::try_from(made.frames).unwrap() * 600)),
            "the oldest went"
        );
        assert!(i64::try_from(left.len() as u64 + made.frames).unwrap() >= stored);
        let again = room::make_room(&store, &clock, &keep(Some(0.001)), Need::Floor)
            .await
            .unwrap();
        assert_eq!(again.frames, 0, "and no more than was asked for");
        store.catalog.close().await;
    }
}

#[tokio::test]
async fn a_rehearsal_counts_what_a_removal_finishes_first() {
    let (_disk, _elsewhere, store, clock, _) = full_disk(false).await;
    // A clean-up ended after it buried these, and before their files went.
    let ids: Vec<i64> = (1..=15).collect();
    let buried = store.catalog.bury(&ids, Reason::Disk, true, clock.now());
    assert_eq!(buried.await.unwrap().gone.len(), 15);
    let keep = keep(Some(0.001));
    for mode in [Mode::Rehearse, Mode::Remove] {
        let done = prune(&store, &clock, &keep, mode, &|_| {}, &|_| {}).await;
        assert_eq!(done.unwrap().frames, 0, "{mode:?}");
    }
    assert!(free(&store.archive) >= 1_000_000);
    store.catalog.close().await;
}

#[tokio::test]
async fn a_write_that_failed_gets_room_without_a_floor() {
    let (_disk, _elsewhere, store, clock, _) = full_disk(false).await;
    let made = room::make_room(&store, &clock, &keep(Some(0.0)), Need::Write)
        .await
        .unwrap();
    assert!(
        made.frames > 0 && free(&store.archive) > 1_000_000,
        "{made:?}"
    );
    assert!(store.archive.stage(&vec![1; 100_000]).is_ok());
    store.catalog.close().await;
}

/// Sixteen megabytes were wanted whatever the size of the disk: on this one that was every frame, for the room of one picture.
#[tokio::test]
async fn a_write_that_failed_does_not_cost_the_archive() {
    for database_beside in [false, true] {
        let (_disk, _elsewhere, store, clock, stored) = full_disk(database_beside).await;
        let made = room::make_room(&store, &clock, &keep(Some(0.0)), Need::Write)
            .await
            .unwrap();
        let most = u64::try_from(stored).unwrap() / 3;
        assert!((1..=most).contains(&made.frames), "{stored}: {made:?}");
        store.catalog.close().await;
    }
}

/// The log named a setting that is 0.
#[tokio::test]
async fn what_is_lacking_without_a_floor_is_told_without_the_floor() {
    let (_disk, _elsewhere, store, clock, _) = full_disk(false).await;
    hold_all(&store).await;
    let made = room::make_room(&store, &clock, &keep(Some(0.0)), Need::Write)
        .await
        .unwrap();
    let lacks = made.lacks_in_words();
    assert!(
        made.frames == 0 && lacks.len() == 1 && lacks[0].contains("release holds"),
        "{made:?}"
    );
    assert!(!lacks[0].contains("min_free_gb"), "{lacks:?}");
    store.catalog.close().await;
}

#[tokio::test]
async fn what_is_on_hold_is_not_taken_and_that_is_said() {
    let (_disk, _elsewhere, store, clock, stored) = full_disk(false).await;
    hold_all(&store).await;
    let made = room::make_room(&store, &clock, &keep(Some(0.001)), Need::Floor)
        .await
        .unwrap();
    assert!(
        made.frames == 0 && made.is_below_floor && !made.is_well(),
        "{made:?}"
    );
    let kept = made.kept.values().next().unwrap();
    assert_eq!(
        (kept.obstacle, kept.frames),
        (Obstacle::Hold, u64::try_from(stored).unwrap())
    );
    assert!(
        made.obstacles_in_words()[0].contains("on hold")
            && made.lacks_in_words()[0].contains("release holds"),
        "{made:?}"
    );
    store.catalog.close().await;
}

#[tokio::test]
async fn a_floor_above_the_disk_and_a_second_clean_up_are_refused() {
    let (_disk, _elsewhere, store, clock, _) = full_disk(false).await;
    let refused = room::make_room(&store, &clock, &keep(Some(1.0)), Need::Floor)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("retention.min_free_gb"),
        "{refused}"
    );
    let other = store.archive.lock_prune().unwrap();
    let refused = room::cleanup(&store, &clock, &keep(None), &|_| {})
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("being removed by process"),
        "{refused}"
    );
    drop(other);
    let cleaned = room::cleanup(&store, &clock, &keep(None), &|_| {})
        .await
        .unwrap();
    assert_eq!(
        cleaned.pruned.frames, 0,
        "no floor is set, so nothing may go"
    );
    store.catalog.close().await;
}

#[tokio::test]
async fn nothing_goes_for_want_of_room_unless_somebody_said_so() {
    let (_disk, _elsewhere, store, clock, stored) = full_disk(false).await;
    for need in [Need::Floor, Need::Write] {
        let made = room::make_room(&store, &clock, &keep(None), need).await;
        assert_eq!(made.unwrap().frames, 0);
    }
    let left = store.catalog.images_after(0, 1000).await.unwrap();
    assert!(i64::try_from(left.len()).unwrap() >= stored);
    store.catalog.close().await;
}

#[tokio::test]
async fn a_month_of_rounds_reads_everything_and_finds_damage() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(at(0));
    let store = Store::open(
        &config(
            &folder.path().join("images"),
            &folder.path().join("database.db"),
        ),
        &clock,
    )
    .await
    .unwrap();
    for nth in 0..40 {
        let frame = frame(nth * 600);
        let bytes = full(u8::try_from(nth).unwrap());
        let staged = store.archive.stage(&bytes).unwrap();
        let _ = store.archive.place(staged, &frame.relative_path()).unwrap();
        store
            .catalog
            .adopt(&[image(&frame, &bytes)], clock.now())
            .await
            .unwrap();
    }
    std::fs::write(
        store.archive.path_of(&frame(600).relative_path()),
        b"broken",
    )
    .unwrap();
    std::fs::remove_file(store.archive.path_of(&frame(1200).relative_path())).unwrap();
    let day = Duration::from_secs(86_400);
    let (mut read, mut bad, mut missing) = (0, 0, 0);
    for _ in 0..30 {
        clock.advance(chrono::TimeDelta::days(1));
        let report = verify_sample(&store, &clock, day, &|_| {}).await.unwrap();
        assert!(report.checked <= 2, "{report:?}");
        (read, bad, missing) = (
            read + report.checked,
            bad + report.bad,
            missing + report.missing,
        );
    }
    assert!(
        read >= 40 && bad >= 1 && missing >= 1,
        "{read} {bad} {missing}"
    );
    let rows = store.catalog.images_after(0, 100).await.unwrap();
    assert!(
        rows.iter().all(|row| row.verified_at.unwrap() > at(0)),
        "every file was looked at"
    );
    let states: Vec<_> = rows
        .iter()
        .filter_map(|row| row.file_state.as_deref())
        .filter(|state| *state != "ok")
        .collect();
    assert_eq!(states, ["bad", "missing"]);
    store.catalog.close().await;
}

#[tokio::test]
async fn files_that_cannot_be_read_do_not_keep_others_from_their_look() {
    let home = Home::new();
    let clock = Clock::manual(at(0));
    let config = config(&home.at("data/images"), &home.at("data/database.db"));
    let store = Store::open(&config, &clock).await.unwrap();
    // No system opens a name of such a length.
    for nth in 0..3 {
        let path = format!("/{}{nth}", "x".repeat(300));
        let image = NewImage {
            path,
            ..image(&frame(nth * 600), &full(1))
        };
        store.catalog.adopt(&[image], clock.now()).await.unwrap();
    }
    let sql = "UPDATE images SET verified_at = NULL, file_state = NULL";
    home.sql(sql).await;
    let day = Duration::from_hours(24);
    for round in 1..=4 {
        clock.advance(chrono::TimeDelta::days(1));
        let report = verify_sample(&store, &clock, day, &|_| {}).await.unwrap();
        assert_eq!((report.checked, report.problems.len()), (1, 1));
        let rows = store.catalog.images_after(0, 9).await.unwrap();
        let seen = rows.iter().filter(|row| row.verified_at.is_some()).count();
        assert_eq!(seen, round.min(3), "each has its turn");
        assert!(rows.iter().all(|row| row.file_state.is_none()));
    }
    let totals = store.catalog.totals().await.unwrap();
    assert_eq!(totals.cameras[0].unverified, 3, "nobody ever read them");
    store.catalog.close().await;
}
