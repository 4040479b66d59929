//! Ends of a session that nobody forces: quit, dropped, cancelled, asked by a signal.

use std::path::Path;
use std::time::Duration;

use draywatch_portal::{ZoneState, guard};
use rustix::process::Signal;
use tokio::time::Instant;

use super::drill::{GONE, Room, is_chromium, is_full, kill, portal, wait_for, yesterday};
use super::helper::{Helper, Order};
use crate::harness::{camera, difference, list};
use crate::simulator::truth;

#[tokio::test(flavor = "multi_thread")]
async fn a_normal_quit_leaves_nothing() {
    let portal = portal().await;
    let room = Room::new();
    let mut helper = Helper::start(
        &room,
        &Order {
            page: &portal.page_url(),
            times: Some(1),
            ..Order::default()
        },
    );
    tokio::task::spawn_blocking(move || {
        assert!(helper.hear().starts_with("listed"));
        assert_eq!(helper.hear(), "closed");
        // Everything was gone before `close` returned.
        assert_eq!(room.folders(), Vec::<String>::new());
        helper.wait();
        assert!(room.processes().is_empty(), "{:?}", room.processes());
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_browser_is_counted_and_its_zombies_are_reaped() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    let pid = lister.guard_pid().unwrap();
    assert!(guard::living_browsers() >= 1);
    assert!(guard::descendants(pid).len() >= 4);
    let zombies = || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        let stats = children
            .split_whitespace()
            .map(|child| std::fs::read_to_string(format!("/proc/{child}/stat")));
        stats
            .filter_map(Result::ok)
            .all(|stat| !stat.contains(") Z "))
            .then_some(())
    };
    wait_for("end of the guard's zombies", GONE, zombies);
    lister.close().await;
    assert!(
        !Path::new(&format!("/proc/{pid}")).exists(),
        "the guard was not reaped"
    );
    room.assert_empty("after close");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_lister_leaves_nothing_while_we_go_on() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    let pid = lister.guard_pid().unwrap();
    drop(lister);
    tokio::task::spawn_blocking(move || {
        room.assert_empty("after the drop");
        wait_for("reaping of the guard", GONE, || {
            (!Path::new(&format!("/proc/{pid}")).exists()).then_some(())
        });
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_listing_leaves_the_lister_usable() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let (camera, day) = (camera("in_gate"), yesterday(&portal));
    for milliseconds in [30, 900, 2000, 3000] {
        let listing = list(&mut lister, &camera, day);
        let cut = tokio::time::timeout(Duration::from_millis(milliseconds), listing).await;
        println!("cut after {milliseconds} ms: {}", cut.is_err());
    }
    let found = list(&mut lister, &camera, day).await.unwrap();
    let truth = truth(&portal, "in_gate", day).await;
    assert_eq!(difference(&found, &truth, &truth), None);
    lister.close().await;
    room.assert_empty("after cancelled listings");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_in_the_middle_is_kept_and_the_next_listing_works() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let (camera, day) = (camera("in_gate"), yesterday(&portal));
    for milliseconds in [200, 1200, 2400] {
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(milliseconds);
        let error = lister
            .list(&camera, day, &ZoneState::default(), deadline)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), draywatch_core::Kind::Interrupted, "{error}");
        assert!(
            deadline.elapsed() < Duration::from_secs(3),
            "{milliseconds} ms became {:?}",
            begun.elapsed()
        );
        room.assert_empty("after a deadline");
    }
    list(&mut lister, &camera, day).await.unwrap();
    lister.close().await;
    room.assert_empty("after deadlines");
}

/// `systemctl stop` sends SIGTERM to the guard too, which must still clean up.
#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_is_asked_to_end_cleans_up() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let (camera, day) = (camera("in_gate"), yesterday(&portal));
    list(&mut lister, &camera, day).await.unwrap();
    kill(lister.guard_pid().unwrap(), Signal::TERM);
    room.assert_empty("a guard that got a signal");
    for signal in [Signal::INT, Signal::HUP].into_iter().filter(|_| is_full()) {
        list(&mut lister, &camera, day).await.unwrap();
        kill(lister.guard_pid().unwrap(), signal);
        room.assert_empty("a guard that got a signal");
    }
    list(&mut lister, &camera, day).await.unwrap();
    lister.close().await;
    room.assert_empty("after close");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_hangs_is_ended_by_force() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    kill(lister.guard_pid().unwrap(), Signal::STOP);
    assert!(room.find(is_chromium).is_some());
    lister.close().await;
    room.assert_no_process("a hanging guard");
    // Its folder is swept, but this process has another temporary folder than the guard had.
}
