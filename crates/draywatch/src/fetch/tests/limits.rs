//! Caps on size, time and redirects.

use draywatch_core::Kind;

use super::server::{Server, Step, answer, bytes, picture};
use super::*;

/// One attempt with a second for it: the fault, how it is reported, and how long it took.
async fn within_a_second(steps: Vec<Step>) -> (Refused, Duration) {
    let server = Server::start(move |_, _| steps.clone()).await;
    let retry = RetryPolicy {
        attempts: 1,
        ..settings().retry
    };
    let settings = FetchSettings {
        timeout: Duration::from_secs(1),
        retry,
        ..settings()
    };
    let fetcher = fetcher_with(settings, Clock::system());
    let start = Instant::now();
    let refused = fetch(&fetcher, &server.url("/a.jpeg")).await.unwrap_err();
    (refused, start.elapsed())
}

#[tokio::test]
async fn neither_silence_nor_a_drip_escapes_the_timeout() {
    let every = Duration::from_millis(50);
    let head = || Step::Send(bytes("200 OK", "Content-Length: 100000\r\n", b"\xff\xd8"));
    let faults = [
        vec![Step::Hang],
        vec![head(), Step::Hang],
        vec![head(), Step::Drip(every)],
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
            Step::Drip(every),
        ],
    ];
    for (refused, took) in futures::future::join_all(faults.map(within_a_second)).await {
        assert_eq!(
            (refused.failure.kind, &*refused.reason),
            (Kind::Transient, "timeout"),
            "{refused}"
        );
        assert!(
            (Duration::from_secs(1)..Duration::from_secs(15)).contains(&took),
            "{took:?}"
        );
    }
}

#[tokio::test]
async fn a_stall_is_repeated_on_a_new_connection() {
    let server = Server::start(|n, _| {
        if n == 1 {
            vec![Step::Hang]
        } else {
            picture(PICTURE)
        }
    })
    .await;
    let fetcher = fetcher_with(
        FetchSettings {
            timeout: Duration::from_secs(1),
            ..settings()
        },
        Clock::system(),
    );
    assert_eq!(
        fetch(&fetcher, &server.url("/a")).await.unwrap().attempts,
        2
    );
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn the_callers_deadline_ends_a_request_that_still_had_time() {
    let server = Server::start(|_, _| vec![Step::Hang]).await;
    let (start, wait) = (Instant::now(), Duration::from_millis(300));
    let refused = fetcher()
        .fetch(&server.url("/a"), start + wait, whole)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.failure.kind, &*refused.reason),
        (Kind::Interrupted, "deadline")
    );
    assert!((wait..Duration::from_secs(15)).contains(&start.elapsed()));
}

#[tokio::test]
async fn a_wait_that_ends_after_the_deadline_is_not_begun() {
    let server = Server::start(|_, _| answer("500 Oops", "", b"")).await;
    let first_wait = Duration::from_hours(1);
    let retry = RetryPolicy {
        first_wait,
        longest: first_wait,
        ..settings().retry
    };
    let fetcher = fetcher_with(
        FetchSettings {
            retry,
            ..settings()
        },
        Clock::system(),
    );
    let start = Instant::now();
    let refused = fetch(&fetcher, &server.url("/a")).await.unwrap_err();
    assert_eq!(
        (&*refused.reason, refused.attempts),
        ("http_500", 1),
        "told as what it was"
    );
    assert!(start.elapsed() < Duration::from_mins(1));
}

#[tokio::test]
async fn a_body_without_end_is_left_at_the_cap() {
    let chunk = [b"4000\r\n".as_slice(), &[0xd8; 0x4000], b"\r\n"].concat();
    let faults = [
        vec![
            Step::Send(bytes("200 OK", "", b"")),
            Step::Forever(vec![0xd8; 0x4000]),
        ],
        vec![
            Step::Send(bytes("200 OK", "Transfer-Encoding: chunked\r\n", b"")),
            Step::Forever(chunk),
        ],
    ];
    for fault in faults {
        let server = Server::start(move |_, _| fault.clone()).await;
        let fetcher = fetcher();
        let refused = fetch(&fetcher, &server.url("/a")).await.unwrap_err();
        assert_eq!(
            (refused.failure.kind, &*refused.reason, refused.attempts),
            (Kind::Corrupt, "too_large", 1)
        );
        let bytes = fetcher.counters().bytes;
        assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
    }
}

#[tokio::test]
async fn a_promise_above_the_cap_is_refused_before_the_body() {
    let server = Server::start(|_, _| {
        vec![
            Step::Send(bytes("200 OK", "Content-Length: 1000001\r\n", b"")),
            Step::Forever(vec![0; 0x4000]),
        ]
    })
    .await;
    let fetcher = fetcher();
    let refused = fetch(&fetcher, &server.url("/a")).await.unwrap_err();
    assert_eq!(
        (&*refused.reason, fetcher.counters().bytes),
        ("too_large", 0)
    );
    assert!(
        refused.failure.message.contains("1000001 bytes announced"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_taken() {
    let body = [b"\xff\xd8".as_slice(), &vec![0; 999_996], b"\xff\xd9"].concat();
    let server = Server::start(move |_, _| picture(&body)).await;
    assert_eq!(
        fetch(&fetcher(), &server.url("/a")).await.unwrap().value,
        1_000_000
    );
}

fn to(aim: &str) -> Vec<Step> {
    answer("302 Found", &format!("Location: {aim}\r\n"), b"")
}

#[tokio::test]
async fn redirects_are_followed_up_to_their_cap() {
    let server = Server::start(|n, _| {
        if n <= 5 {
            to(&format!("/{n}"))
        } else {
            picture(PICTURE)
        }
    })
    .await;
    let fetcher = fetcher();
    assert_eq!(
        fetch(&fetcher, &server.url("/a")).await.unwrap().attempts,
        1
    );
    assert_eq!(
        fetcher.counters().requests,
        6,
        "the followed ones are requests, too"
    );

    let server = Server::start(|_, _| to("/again")).await;
    let refused = fetch(&fetcher, &server.url("/a")).await.unwrap_err();
    assert_eq!(
        (refused.failure.kind, &*refused.reason, refused.attempts),
        (Kind::PortalChanged, "redirects", 1)
    );
    assert_eq!(server.requests(), 6);
}

#[tokio::test]
async fn a_redirect_out_of_the_web_is_refused() {
    for aim in [
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "data:image/jpeg,x",
    ] {
        let server = Server::start(|_, _| to(aim)).await;
        let refused = fetch(&fetcher(), &server.url("/a")).await.unwrap_err();
        assert_eq!(
            (refused.failure.kind, refused.attempts),
            (Kind::PortalChanged, 1),
            "{aim}: {refused}"
        );
    }
}
