//! Settings that change while the book is kept: what the old ones planned does not stand in the way of the new.

use chrono::TimeDelta;
use draywatch::config::Config;
use draywatch::service::book::{Book, Started};
use draywatch::service::policy::Policy;
use draywatch_catalog::TickEnd;
use draywatch_core::pace::Purpose;
use draywatch_core::schedule::TickState;
use tokio::time::Instant;

use crate::archive::Archive;
use crate::memory::Memory;
use crate::times::start;

fn policy(minutes: u32, cameras: &[&str]) -> Policy {
    let mut config = Config::default();
    config.download_interval_minutes = minutes;
    config.stream_names = cameras.iter().map(|name| name.parse().unwrap()).collect();
    Policy::of(&config)
}

#[tokio::test]
async fn a_shorter_interval_counts_at_once_and_a_camera_that_is_gone_has_no_tick() {
    let (memory, now) = (Memory::default(), start(2025, 9, 7));
    let rows = memory.jobs();
    let mut book = Book::new(policy(600, &["in_gate", "out_gate"]), "here".into(), now);
    for started in book.turn(rows, now, Instant::now()).await.unwrap().started {
        let ended = rows
            .end_tick(&started.fence, &TickEnd::Done, None, now)
            .await;
        assert!(ended.unwrap());
    }
    let soon = now + TimeDelta::minutes(1);
    book.turn(rows, soon, Instant::now()).await.unwrap();
    let open = async |name: &str| {
        let row = rows.jobs().await.unwrap().into_iter();
        let row = row.into_iter().find(|row| row.name == name).unwrap();
        row.standing.open.map(|open| open.due)
    };
    assert!(open("collect:in_gate").await.unwrap() > soon + TimeDelta::minutes(10));

    book.reconfigure(policy(10, &["in_gate"]));
    book.turn(rows, soon, Instant::now()).await.unwrap();
    assert!(open("collect:in_gate").await.unwrap() <= soon + TimeDelta::minutes(10));
    assert_eq!(open("collect:out_gate").await, None);
    let ticks = rows.ticks(Some("collect:out_gate"), 1).await.unwrap();
    assert_eq!(ticks[0].state, TickState::Missed);
    assert_eq!(ticks[0].reason.as_deref(), Some("settings_changed"));
}

/// Filed as a start, as it was, it taught the rhythm nothing.
#[tokio::test]
async fn a_second_look_whose_moment_passed_while_the_first_ran_is_a_second_look() {
    let (memory, now) = (Memory::default(), start(2025, 9, 7));
    let rows = memory.jobs();
    let mut book = Book::new(policy(10, &["in_gate"]), "here".into(), now);
    let collects = |started: &Started| started.job.spec.name == "collect:in_gate";
    let round = book.turn(rows, now, Instant::now()).await.unwrap();
    let first = round.started.into_iter().find(collects).unwrap();
    assert_eq!(first.purpose, Purpose::Start);
    // The frame was not there a second later, and the rest of the tick took longer than the wait for the second look.
    let expected = now - TimeDelta::seconds(30);
    let looked = now + TimeDelta::seconds(1);
    let learned = serde_json::json!({ "look": [expected, looked] }).to_string();
    let ended = now + TimeDelta::seconds(90);
    let done = rows.end_tick(&first.fence, &TickEnd::Done, Some(&learned), ended);
    assert!(done.await.unwrap());
    let round = book.turn(rows, ended, Instant::now()).await.unwrap();
    let second = round.started.into_iter().find(collects).unwrap();
    assert_eq!((second.due, second.purpose), (ended, Purpose::SecondLook));
}
