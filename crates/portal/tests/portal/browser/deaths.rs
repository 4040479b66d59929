//! Parts of the browser die or hang while a day is listed.

use std::time::Duration;

use draywatch_core::Kind;
use draywatch_portal::{ListError, Listed, Lister, ZoneState};
use portal_sim::Portal;
use rustix::process::Signal;
use tokio::time::Instant;

use super::drill::{
    Room, is_chromedriver, is_chromium, is_full, is_guard, is_renderer, kill, portal, yesterday,
};
use crate::harness::{camera, difference};
use crate::simulator::truth;

const DEADLINE: Duration = Duration::from_mins(2);

async fn list(lister: &mut Lister, portal: &Portal) -> Result<Listed, ListError> {
    let deadline = Instant::now() + DEADLINE;
    lister
        .list(
            &camera("in_gate"),
            yesterday(portal),
            &ZoneState::default(),
            deadline,
        )
        .await
}

/// Waits until the page has been loaded, `more` after that, and sends `signal` to the process that is meant.
async fn strike(
    room: &Room,
    portal: &Portal,
    loads: u64,
    is_victim: fn(&str) -> bool,
    signal: Signal,
    more: Duration,
) {
    while portal.stats().page.page_loads <= loads {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(more).await;
    // All that match: which of several renderers shows the page is not to be seen.
    let mut victims = room.processes();
    victims.retain(|process| is_victim(&process.line));
    assert!(!victims.is_empty(), "the victim lives");
    for victim in &victims {
        kill(victim.pid, signal);
    }
}

async fn check(what: &str, is_victim: fn(&str) -> bool, signal: Signal) {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let moments: &[u64] = if is_full() {
        &[0, 400, 1100, 1900]
    } else {
        &[400]
    };
    for more in moments.iter().copied().map(Duration::from_millis) {
        lister.close().await;
        let begun = Instant::now();
        let loads = portal.stats().page.page_loads;
        let (result, ()) = tokio::join!(
            list(&mut lister, &portal),
            strike(&room, &portal, loads, is_victim, signal, more)
        );
        let took = begun.elapsed();
        assert!(took < DEADLINE + Duration::from_secs(3), "{what}: {took:?}");
        let loads = portal.stats().page.page_loads - loads;
        match result {
            Ok(day) => {
                println!("{what} {more:?} after the load: listed in {took:?}, {loads} loads");
                assert_true(&day, &portal, what).await;
            }
            Err(error) => {
                println!("{what} {more:?} after the load: {error} in {took:?}");
                assert!(
                    [Kind::Browser, Kind::Interrupted].contains(&error.kind()),
                    "{what}: {error}"
                );
            }
        }
        let again = list(&mut lister, &portal)
            .await
            .unwrap_or_else(|error| panic!("{what}, again: {error}"));
        assert_true(&again, &portal, what).await;
    }
    lister.close().await;
    room.assert_empty(what);
}

async fn assert_true(listed: &Listed, portal: &Portal, what: &str) {
    let truth = truth(portal, "in_gate", yesterday(portal)).await;
    assert_eq!(difference(listed, &truth, &truth), None, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromedriver_killed() {
    check("chromedriver killed", is_chromedriver, Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_killed() {
    check("Chromium killed", is_chromium, Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renderer_killed() {
    check("renderer killed", is_renderer, Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guard_killed() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let (result, ()) = tokio::join!(
        list(&mut lister, &portal),
        strike(
            &room,
            &portal,
            0,
            is_guard,
            Signal::KILL,
            Duration::from_millis(300)
        )
    );
    assert_true(
        &result.expect("a second browser lists"),
        &portal,
        "guard killed",
    )
    .await;
    lister.close().await;
    room.assert_no_process("guard killed");
    assert_eq!(
        room.folders().len(),
        1,
        "the killed guard's folder waits for the next start"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_hangs() {
    check("Chromium stopped", is_chromium, Signal::STOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chromedriver_hangs() {
    check("chromedriver stopped", is_chromedriver, Signal::STOP).await;
}

/// Whoever is always killed makes the listing fail, in words, and the lister is as good as before.
#[tokio::test(flavor = "multi_thread")]
async fn chromium_that_is_killed_again_and_again_is_an_error_in_words() {
    let portal = portal().await;
    let room = Room::new();
    let mut lister = room.lister(&portal);
    let killer = async {
        loop {
            if let Some(victim) = room
                .find(is_chromium)
                .filter(|_| portal.stats().page.page_loads > 0)
            {
                kill(victim.pid, Signal::KILL);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let result = tokio::select! {
        result = list(&mut lister, &portal) => result,
        () = killer => unreachable!(),
    };
    let error = result.expect_err("no browser lived long enough");
    let words = draywatch_core::error::chain(&error);
    println!("{words}");
    assert_eq!(error.kind(), Kind::Browser, "{words}");
    assert!(words.contains("browser"), "{words}");
    room.assert_empty("after the last try");
    assert_true(
        &list(&mut lister, &portal).await.unwrap(),
        &portal,
        "after the killer",
    )
    .await;
    lister.close().await;
    room.assert_empty("after close");
}
