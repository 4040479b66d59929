//! Browsers and drivers that are not there or do not start.

use std::time::{Duration, Instant};

use draywatch_core::{Clock, Kind};
use draywatch_portal::{Browser, BrowserError, BrowserSettings, Lister};

use super::drill::{Room, portal, yesterday};
use crate::harness::{camera, list, portal_settings};

/// How long one is waited for that never answers.
const SOON: Duration = Duration::from_secs(4);

/// Starts a browser that cannot start; what is said of it.
async fn words_of(what: &str, change: impl FnOnce(&Room, &mut BrowserSettings)) -> String {
    let room = Room::new();
    let mut settings = room.settings();
    change(&room, &mut settings);
    let begun = Instant::now();
    let result = Browser::start(&settings, None).await;
    let took = begun.elapsed();
    let Err(error) = result else {
        panic!("{what}: it started")
    };
    let words = draywatch_core::error::chain(&error);
    println!("{what}: {words} ({took:?})");
    assert_eq!(error.kind(), Kind::Browser);
    assert!(took < Duration::from_secs(8), "{what}: {took:?}");
    // What failed was cleaned up before it was told.
    assert!(room.folders().is_empty(), "{what}: {:?}", room.folders());
    room.assert_empty(what);
    words
}

#[track_caller]
fn assert_says(words: &str, wanted: &[&str]) {
    assert!(
        wanted.iter().all(|part| words.contains(part)),
        "{words:?} lacks one of {wanted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_never_listens() {
    for body in ["exec sleep 600", "sleep 600 & sleep 600"] {
        let words = words_of("sleeping driver", |room, settings| {
            settings.chromedriver = Some(room.script("driver", body));
            settings.command_timeout = SOON;
        });
        assert_says(&words.await, &["4 s", "start its driver"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_ends_says_why() {
    let words = words_of("ending driver", |room, settings| {
        settings.chromedriver =
            Some(room.script("driver", "echo no such library: libnss3.so >&2; exit 7"));
    });
    assert_says(
        &words.await,
        &["driver", "exit status 7", "no such library: libnss3.so"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_is_no_program() {
    let words = words_of("text as driver", |room, settings| {
        let path = room.script("driver", "");
        std::fs::write(&path, "nothing that can be run").unwrap();
        settings.chromedriver = Some(path);
    });
    assert_says(&words.await, &["driver"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_ends_at_once_says_why() {
    let words = words_of("/bin/false", |_, settings| {
        settings.chromium = Some("/bin/false".into());
    })
    .await;
    assert_says(
        &words,
        &["the browser does not start", "session not created"],
    );
    let words = words_of("complaining Chromium", |room, settings| {
        settings.chromium = Some(room.script(
            "chromium",
            "echo libfoo.so.1: cannot open shared object file >&2; exit 1",
        ));
    });
    assert_says(&words.await, &["the browser does not start", "libfoo.so.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_never_answers() {
    let words = words_of("sleeping Chromium", |room, settings| {
        settings.chromium = Some(room.script("chromium", "sleep 600 & sleep 600"));
        settings.command_timeout = SOON;
    });
    assert_says(&words.await, &["open a session"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_programs_are_named() {
    let missing = "/no/such/program";
    let words = words_of("no Chromium", |_, settings| {
        settings.chromium = Some(missing.into());
    });
    assert_says(&words.await, &["browser.chromium", missing]);
    let words = words_of("no chromedriver", |_, settings| {
        settings.chromedriver = Some(missing.into());
    });
    assert_says(&words.await, &["browser.chromedriver", missing]);
    let words = words_of("no guard", |_, settings| settings.guard = missing.into());
    assert_says(&words.await, &[missing]);
}

/// Found in a crowd of browsers: chromedriver chooses a port, and cannot have it for both of its sockets.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_once_by_chance_is_started_again() {
    for driver_first in [true, false] {
        let room = Room::new();
        let mut settings = room.settings();
        let once = |name: &str, program: &str| {
            let mark = room.path().join(format!("{name}-mark"));
            let body = format!(
                "mkdir '{}' 2>/dev/null && exit 1; exec {program} \"$@\"",
                mark.display()
            );
            Some(room.script(name, &body))
        };
        if driver_first {
            settings.chromedriver = once("driver", "chromedriver");
        } else {
            settings.chromium = once("chromium", "chromium");
        }
        let browser = Browser::start(&settings, None).await.unwrap();
        assert_eq!(room.folders().len(), 1, "{:?}", room.folders());
        browser.quit().await;
        room.assert_empty("a browser that was started twice");
    }
}

/// Chromium makes a socket in its temporary folder, and a socket's path is short.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_temporary_folder_is_no_trouble() {
    let room = Room::new();
    let mut settings = room.settings();
    let long = room.temporary().join("a".repeat(90));
    std::fs::create_dir(&long).unwrap();
    let guard = crate::harness::browser_settings().guard;
    settings.guard = room.script(
        "guard",
        &format!(
            "TMPDIR='{}' exec '{}' \"$@\"",
            long.display(),
            guard.display()
        ),
    );
    // Not only started: what shows a page needs temporary files, too.
    let portal = portal().await;
    let page = portal_settings(&portal.page_url());
    let mut lister = Lister::new(page, settings, None, Clock::system());
    let day = list(&mut lister, &camera("in_gate"), yesterday(&portal)).await;
    assert!(!day.unwrap().listing.frames.is_empty());
    assert_eq!(std::fs::read_dir(&long).unwrap().count(), 1);
    lister.close().await;
    assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    room.assert_no_process("a browser with a long temporary folder");
}

/// A browser that had just begun, its own first page still coming, waited for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_silent_is_not_taken_for_a_browser_that_hangs() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let address = address.parse().unwrap();
    for _ in 0..3 {
        let room = Room::new();
        let mut settings = room.settings();
        settings.page_load_timeout = Duration::from_secs(2);
        let browser = Browser::start(&settings, None).await.unwrap();
        let error = browser.open(&address).await.unwrap_err();
        assert!(
            matches!(error, BrowserError::Unreachable { .. }),
            "{error:?}"
        );
        browser.quit().await;
        room.assert_empty("a browser before a silent host");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_folder_that_cannot_be_written_is_named() {
    let words = words_of("no temporary folder", |room, settings| {
        let guard = crate::harness::browser_settings().guard;
        settings.guard = room.script(
            "guard",
            &format!("TMPDIR=/proc exec '{}' \"$@\"", guard.display()),
        );
    });
    assert_says(&words.await, &["profile folder in /proc"]);
}
