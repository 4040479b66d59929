//! Work of this process is neither taken for a dead one's, however long the database takes no signs of life, nor lost.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch::config::Config;
use draywatch::service::book::Book;
use draywatch::service::policy::Policy;
use draywatch_catalog::{Catalog, DatabaseUrl, Jobs, OpenOptions};
use draywatch_core::Clock;
use draywatch_core::schedule::TickState;
use tokio::time::Instant;

use crate::store;

/// A new database, open for the book and for other programs.
async fn database(folder: &Path, now: DateTime<Utc>) -> Arc<dyn Catalog> {
    let options = OpenOptions {
        create: true,
        busy_timeout: Duration::from_secs(5),
        now,
    };
    let url = DatabaseUrl::Sqlite(folder.join("database.db"));
    let opened = draywatch_catalog::open(&url, options).await;
    opened.expect("a database")
}

#[tokio::test]
async fn own_work_lives_until_it_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Clock::system().now();
    let rows = database(folder.path(), now).await;
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

/// What a turn has started before the database failed it is worked on all the same.
#[tokio::test]
async fn a_turn_that_fails_half_way_hands_over_what_it_has_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Clock::system().now();
    let rows = database(folder.path(), now).await;
    let mut other = store::connect(&folder.path().join("database.db")).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON ticks WHEN NEW.job = 'collect:out_gate' \
                  BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    sqlx::raw_sql(refuse)
        .execute(&mut other)
        .await
        .expect(refuse);
    let mut book = Book::new(Policy::of(&Config::default()), "me".into(), now);
    let round = book
        .turn(&*rows, now, Instant::now())
        .await
        .expect("a turn");
    assert_eq!(round.started.len(), 1, "{round:?}");
    assert_eq!(running(&*rows).await, 1);
    let next = book.turn(&*rows, now, Instant::now()).await;
    assert!(next.is_err(), "{next:?}");
}

async fn running(rows: &dyn Jobs) -> usize {
    let ticks = rows.ticks(None, 99).await.expect("ticks");
    let running = ticks.iter().filter(|tick| tick.state == TickState::Running);
    running.count()
}
