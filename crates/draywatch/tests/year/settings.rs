//! Settings that change while the book is kept: what the old ones planned does not stand in the way of the new.

use chrono::TimeDelta;
use draywatch::config::Config;
use draywatch::service::book::Book;
use draywatch::service::policy::Policy;
use draywatch_catalog::TickEnd;
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
