//! Slots, pauses, connection reuse, and what goes on meanwhile.

use std::sync::Arc;
use std::sync::mpsc;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::Kind;
use futures::future::join_all;
use tokio::sync::Barrier;

use super::server::{Server, Step, answer, picture};
use super::*;

fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2025-09-07T12:00:00Z")
        .unwrap()
        .into()
}

fn slow_down(status: &str, retry_after: &str) -> Vec<Step> {
    answer(status, &format!("Retry-After: {retry_after}\r\n"), b"")
}

#[tokio::test]
async fn exactly_so_many_requests_are_under_way_at_once() {
    let together = Arc::new(Barrier::new(4));
    // Four at a time are let go: fewer at once would hang for ever, and the peak shows whether there were more.
    let server = Server::start(move |_, _| {
        [
            vec![Step::Together(Arc::clone(&together))],
            picture(PICTURE),
        ]
        .concat()
    });
    let server = server.await;
    let fetcher = fetcher();
    let urls: Vec<_> = (0..40).map(|n| server.url(&format!("/{n}"))).collect();
    let all = join_all(urls.iter().map(|url| fetch(&fetcher, url))).await;
    assert!(
        all.iter()
            .all(|one| one.as_ref().is_ok_and(|accepted| accepted.attempts == 1))
    );
    assert_eq!((server.peak(), server.requests()), (4, 40));
    assert_eq!(server.connections(), 4, "connections are used again");
    assert_eq!(fetcher.counters().bytes, 40 * PICTURE.len() as u64);
}

#[tokio::test]
async fn one_connection_serves_requests_in_a_row() {
    let server = Server::start(|_, _| picture(PICTURE)).await;
    let fetcher = fetcher();
    for n in 0..30 {
        fetch(&fetcher, &server.url(&format!("/{n}")))
            .await
            .unwrap();
    }
    assert_eq!((server.connections(), server.requests()), (1, 30));
    let head = server.log()[0].1.to_ascii_lowercase();
    assert!(
        head.contains("user-agent: draywatch-tests (nobody@example.invalid)"),
        "{head}"
    );
    assert!(head.contains("accept-encoding: identity"), "{head}");
    assert!(
        !head.contains("cookie") && !head.contains("referer"),
        "{head}"
    );
}

#[tokio::test]
async fn no_slot_is_held_while_a_body_is_judged() {
    let server = Server::start(|_, _| picture(PICTURE)).await;
    let fetcher = fetcher_with(
        FetchSettings {
            concurrent_per_host: 1,
            ..settings()
        },
        Clock::system(),
    );
    let (tell, told) = mpsc::channel();
    let told = Arc::new(std::sync::Mutex::new(told));
    // The first judgement ends only when the second request has been made.
    let waits = move |_: &Bytes, _: Option<u64>| {
        let told = told.lock().unwrap().recv_timeout(Duration::from_secs(20));
        told.map_err(|_| Rejection {
            reason: "alone",
            message: "no second request came".to_owned(),
        })
    };
    let mut seen = server.requests_seen();
    let (first, second) = (server.url("/1"), server.url("/2"));
    let watcher = async {
        seen.wait_for(|requests| *requests >= 2).await.unwrap();
        tell.send(()).unwrap();
    };
    let (first, second, ()) = tokio::join!(
        fetcher.fetch(&first, far(), waits),
        fetch(&fetcher, &second),
        watcher
    );
    assert_eq!((first.unwrap().attempts, second.unwrap().attempts), (1, 1));
}

#[tokio::test]
async fn no_slot_is_held_while_a_request_waits_for_its_next_attempt() {
    let server = Server::start(|n, _| {
        if n == 1 {
            answer("500 Oops", "", b"")
        } else {
            picture(PICTURE)
        }
    })
    .await;
    let first_wait = Duration::from_secs(30);
    let retry = RetryPolicy {
        first_wait,
        longest: first_wait,
        ..settings().retry
    };
    let fetcher = fetcher_with(
        FetchSettings {
            concurrent_per_host: 1,
            retry,
            ..settings()
        },
        Clock::system(),
    );
    let (first, second) = (server.url("/1"), server.url("/2"));
    tokio::select! {
        biased;
        _ = fetch(&fetcher, &first) => panic!("the first waits for half a minute"),
        second = fetch(&fetcher, &second) => assert_eq!(second.unwrap().attempts, 1),
    }
}

#[tokio::test]
async fn a_short_retry_after_pauses_the_whole_host() {
    let date = httpdate::fmt_http_date((noon() + TimeDelta::seconds(1)).into());
    for (status, wish) in [
        ("429 Slow", "1"),
        ("503 Busy", "1"),
        ("503 Busy", date.as_str()),
    ] {
        let wish = wish.to_owned();
        let server = Server::start(move |n, _| {
            if n == 1 {
                slow_down(status, &wish)
            } else {
                picture(PICTURE)
            }
        })
        .await;
        let retry = RetryPolicy {
            longest: Duration::from_millis(20),
            ..settings().retry
        };
        let settings = FetchSettings {
            concurrent_per_host: 1,
            retry,
            ..settings()
        };
        let fetcher = fetcher_with(settings, Clock::manual(noon()));
        let urls: Vec<_> = (0..4).map(|n| server.url(&format!("/{n}"))).collect();
        let all = join_all(urls.iter().map(|url| fetch(&fetcher, url))).await;
        let attempts: Vec<_> = all.into_iter().map(|one| one.unwrap().attempts).collect();
        assert_eq!(attempts, [2, 1, 1, 1]);
        let log = server.log();
        for (at, _) in &log[1..] {
            assert!(
                *at - log[0].0 >= Duration::from_millis(990),
                "{wish:?}: {:?}",
                *at - log[0].0,
                wish = status
            );
        }
    }
}

#[tokio::test]
async fn a_long_retry_after_is_left_to_the_caller() {
    let date = httpdate::fmt_http_date((noon() + TimeDelta::seconds(90)).into());
    for (wish, seconds) in [("61", 61), (date.as_str(), 90)] {
        let wish = wish.to_owned();
        let server = Server::start(move |n, _| match n {
            1 => slow_down("503 Busy", &wish),
            _ => picture(PICTURE),
        })
        .await;
        let fetcher = fetcher_with(settings(), Clock::manual(noon()));
        let refused = fetch(&fetcher, &server.url("/1")).await.unwrap_err();
        assert_eq!(
            (refused.failure.kind, &*refused.reason),
            (Kind::RateLimited, "rate_limited")
        );
        assert_eq!(
            (refused.retry_at, refused.attempts),
            (Some(noon() + TimeDelta::seconds(seconds)), 1)
        );
        assert!(
            fetch(&fetcher, &server.url("/2")).await.is_ok(),
            "other frames go on"
        );
    }
}

#[tokio::test]
async fn three_long_pauses_in_a_row_close_the_host() {
    let server = Server::start(|n, _| slow_down("429 Slow", ["300", "100", "200"][n - 1])).await;
    let fetcher = fetcher_with(settings(), Clock::manual(noon()));
    for n in 1..=6 {
        let refused = fetch(&fetcher, &server.url(&format!("/{n}")))
            .await
            .unwrap_err();
        assert_eq!(&*refused.reason, "rate_limited");
        if n > 3 {
            assert_eq!(
                (refused.attempts, refused.retry_at),
                (0, Some(noon() + TimeDelta::seconds(100)))
            );
        }
    }
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn a_closed_host_closes_no_other() {
    let busy = Server::start(|_, _| slow_down("429 Slow", "300")).await;
    let idle = Server::start(|_, _| picture(PICTURE)).await;
    let fetcher = fetcher();
    for n in 1..=4 {
        fetch(&fetcher, &busy.url(&format!("/{n}")))
            .await
            .unwrap_err();
    }
    assert!(fetch(&fetcher, &idle.url("/1")).await.is_ok());
}
