//! The database is locked by another program.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sqlx::SqliteConnection;

use crate::drill::Drill;
use crate::harness::{World, is_full};
use crate::notify::Systemd;
use crate::process::{STOPS_WITHIN, Service};
use crate::{audit, leftovers, store};

/// The limit of the watchdog.
const WATCHDOG: Duration = Duration::from_secs(8);

/// Takes the lock that writers need.
pub async fn lock(world: &World) -> SqliteConnection {
    let mut other = store::connect(&world.home.database()).await;
    sqlx::raw_sql("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .expect("the lock");
    other
}

/// Gives it back.
pub async fn unlock(mut other: SqliteConnection) {
    let done = sqlx::raw_sql("ROLLBACK").execute(&mut other).await;
    done.expect("the lock goes back");
}

/// What waits for the lock waits for as long as a lease lives without a sign of life, and no work is given up for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_locked() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("service.lease_seconds", "5");
    let systemd = Systemd::new(world.home.path());
    let environment = systemd.environment(WATCHDOG);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (*n, &**v)).collect();
    let mut service = Service::start_with(&world.home, &[], &environment);
    for (name, seconds) in [
        ("database locked for 15 s", 15),
        ("database locked for a minute", 60),
    ] {
        if seconds > 15 && !is_full() {
            continue;
        }
        let mark = service.mark();
        let mut drill = Drill::begin(&world, &service, name).await;
        let (other, begun) = (lock(&world).await, Instant::now());
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(drill.ask().await, 0, "who only reads does not mind");
        let length = Duration::from_secs(seconds);
        tokio::time::sleep(length.saturating_sub(begun.elapsed())).await;
        unlock(other).await;
        drill.recovers(&mut service).await;
        let broken = service.find(mark, &["another process has taken"]);
        assert_eq!(broken, None, "it took its own work for a dead one's");
        assert!(
            systemd.longest_silence() < WATCHDOG,
            "{:?}",
            systemd.longest_silence()
        );
    }
    service.stop(&world).await;
}

/// Longer than the service waits for: it says so, and goes on when the lock is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: `make drill` runs it"]
async fn the_database_is_locked_for_longer_than_anybody_waits() {
    let world = World::new(&["in_gate"]).await;
    let mut service = Service::start(&world.home);
    let mut drill = Drill::begin(&world, &service, "database locked until it shows").await;
    let other = lock(&world).await;
    drill
        .shows_in_the_log(&mut service, &["is locked by another program"])
        .await;
    unlock(other).await;
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

/// A lock is no reason not to stop; what was under way is put in order by the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_stops_while_the_database_is_locked() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("service.shutdown_seconds", "8");
    let mut service = Service::start(&world.home);
    world.complete(&service.log).await;
    let other = lock(&world).await;
    // Some write waits for it by then.
    tokio::time::sleep(Duration::from_secs(8)).await;
    service.signal(Signal::TERM);
    let (code, took) = service.ends().await;
    assert!(code == 0 && took < STOPS_WITHIN, "{code} after {took:?}");
    leftovers::none(&world.home.temporary()).await;
    unlock(other).await;
    let service = Service::start(&world.home);
    world.complete(&service.log).await;
    service.stop(&world).await;
    let truth = world.truth(world.portal.now()).await;
    audit::whole(&world, &truth, None).await;
}

/// Unnoticed, rows went on into a file that nobody could find again, and health was well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_taken_away_is_missed_and_one_that_is_put_back_is_used() {
    let world = World::new(&["in_gate"]).await;
    let mut service = Service::start(&world.home);
    world.complete(&service.log).await;
    let (database, copy) = (world.home.database(), world.home.path().join("copy.db"));
    let mut other = store::connect(&database).await;
    let sql = format!("VACUUM INTO '{}'", copy.display());
    let copied = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut other);
    copied.await.expect("a copy");
    drop(other);
    let mark = service.mark();
    for end in ["", "-wal", "-shm"] {
        let mut name = database.clone().into_os_string();
        name.push(end);
        let gone = std::fs::remove_file(&name);
        gone.unwrap_or_else(|error| panic!("{}: {error}", name.display()));
    }
    let words = ["does not let the service plan", "kind=database", "is gone"];
    service.says(mark, &words).await;
    let words = ["status=critical", "database:", "is gone"];
    service.says(mark, &words).await;
    // Long enough for some ticks to be due: none of them makes another.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(service.is_alive() && !database.exists());
    std::fs::rename(&copy, &database).expect("it is put back");
    service.says(mark, &["it is used from now on"]).await;
    service.says(mark, &["the database is back"]).await;
    world.complete(&service.log).await;
    service.says(mark, &["status=healthy"]).await;
    service.stop(&world).await;
}
