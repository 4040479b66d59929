//! Work of this process is not taken for a dead one's, however long the database takes no signs of life.

use std::time::Duration;

use chrono::TimeDelta;
use draywatch::config::Config;
use draywatch::service::book::Book;
use draywatch::service::policy::Policy;
use draywatch_catalog::{DatabaseUrl, Jobs, OpenOptions};
use draywatch_core::Clock;
use draywatch_core::schedule::TickState;
use tokio::time::Instant;

#[tokio::test]
async fn own_work_lives_until_it_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Clock::system().now();
    let options = OpenOptions {
        create: true,
        busy_timeout: Duration::from_secs(5),
        now,
    };
    let url = DatabaseUrl::Sqlite(folder.path().join("database.db"));
    let rows = draywatch_catalog::open(&url, options)
        .await
        .expect("a database");
    let policy = Policy::of(&Config::default());
    let (life, steady) = (policy.lease, Instant::now());
    let mut book = Book::new(policy, draywatch::lease::this_process(), now);
    let round = book.turn(&*rows, now, steady).await.expect("a turn");
    let begun = round.started.len();
    assert!(begun > 2, "{round:?}");
    let later = |times: u32| {
        (
            now + TimeDelta::seconds(times.into()),
            steady + life * times,
        )
    };
    for times in 1..4 {
        let (at, steady) = later(times);
        let round = book.turn(&*rows, at, steady).await.expect("a turn");
        assert!(round.started.is_empty(), "{round:?}");
    }
    assert_eq!(running(&*rows).await, begun);
    // One that ended without a word, by a panic for example, is found.
    drop(round);
    for times in 4..6 {
        let (at, steady) = later(times);
        book.turn(&*rows, at, steady).await.expect("a turn");
    }
    let ticks = rows.ticks(None, 99).await.expect("ticks");
    let interrupted = ticks
        .iter()
        .filter(|tick| tick.state == TickState::Interrupted);
    assert!(interrupted.count() >= begun, "{ticks:#?}");
}

async fn running(rows: &dyn Jobs) -> usize {
    let ticks = rows.ticks(None, 99).await.expect("ticks");
    let running = ticks.iter().filter(|tick| tick.state == TickState::Running);
    running.count()
}
