//! What a server may do wrong, and what becomes of it: kind, reason, number of requests.

use draywatch_core::Kind;

use super::server::{Server, Step, answer, bytes, picture};
use super::*;

/// Every answer is the same fault: what is reported, and after how many requests?
async fn always(steps: Vec<Step>) -> (Kind, String, u32) {
    let server = Server::start(move |_, _| steps.clone()).await;
    let fetcher = fetcher();
    let url = server.url("/a.jpeg");
    let refused = fetch(&fetcher, &url).await.unwrap_err();
    assert!(refused.failure.message.contains(&url), "{refused}");
    assert_eq!(
        refused.failure.message.matches("http").count(),
        1,
        "one address, no more: {refused}"
    );
    assert_eq!(server.requests(), refused.attempts as usize);
    assert_eq!(fetcher.counters().requests, u64::from(refused.attempts));
    assert_eq!(fetcher.counters().retries, u64::from(refused.attempts - 1));
    (refused.failure.kind, refused.reason, refused.attempts)
}

/// The first answer is a fault, the second is good: is it repeated?
async fn once(fault: Vec<Step>) {
    let server = Server::start(move |n, _| {
        if n == 1 {
            fault.clone()
        } else {
            picture(PICTURE)
        }
    })
    .await;
    let accepted = fetch(&fetcher(), &server.url("/a.jpeg")).await.unwrap();
    assert_eq!(
        (&*accepted.bytes, accepted.value, accepted.attempts),
        (PICTURE, PICTURE.len(), 2)
    );
}

fn expect(kind: Kind, reason: &str, attempts: u32) -> (Kind, String, u32) {
    (kind, reason.to_owned(), attempts)
}

fn cut(headers: &str, last: Step) -> Vec<Step> {
    vec![
        Step::Send(bytes("200 OK", headers, b"\xff\xd8 half a pic")),
        last,
    ]
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    let page = b"<html>sorry</html>";
    assert_eq!(
        always(answer("404 Not Found", "", page)).await,
        expect(Kind::NotFound, "http_404", 1)
    );
    assert_eq!(
        always(answer("410 Gone", "", page)).await,
        expect(Kind::NotFound, "http_410", 1)
    );
    assert_eq!(
        always(answer("403 Forbidden", "", page)).await,
        expect(Kind::Forbidden, "http_403", 1)
    );
    assert_eq!(
        always(answer("400 Bad Request", "", page)).await,
        expect(Kind::PortalChanged, "http_400", 1)
    );
    assert_eq!(
        always(answer("206 Partial Content", "", PICTURE)).await,
        expect(Kind::PortalChanged, "http_206", 1)
    );
    assert_eq!(
        always(answer("304 Not Modified", "", b"")).await,
        expect(Kind::PortalChanged, "http_304", 1)
    );
}

#[tokio::test]
async fn server_errors_are_repeated() {
    for status in [500, 502, 503] {
        let fault = answer(&format!("{status} Sorry"), "", b"<html>sorry</html>");
        assert_eq!(
            always(fault.clone()).await,
            expect(Kind::Transient, &format!("http_{status}"), 3)
        );
        once(fault).await;
    }
    assert_eq!(
        always(answer("429 Slow", "", b"")).await,
        expect(Kind::RateLimited, "rate_limited", 3)
    );
}

#[tokio::test]
async fn broken_lines_are_repeated() {
    for fault in [
        vec![Step::Reset],
        vec![Step::Close],
        cut("Content-Length: 500\r\n", Step::Reset),
    ] {
        assert_eq!(
            always(fault.clone()).await,
            expect(Kind::Transient, "reset", 3)
        );
        once(fault).await;
    }
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_truncated() {
    let chunked = vec![
        Step::Send(bytes(
            "200 OK",
            "Transfer-Encoding: chunked\r\n",
            b"ff\r\n\xff\xd8 half a pic",
        )),
        Step::Close,
    ];
    for fault in [cut("Content-Length: 500\r\n", Step::Close), chunked] {
        assert_eq!(
            always(fault.clone()).await,
            expect(Kind::Transient, "truncated", 3)
        );
        once(fault).await;
    }
}

#[tokio::test]
async fn what_only_the_judgement_sees_is_corrupt_with_its_reason() {
    let html = || {
        answer(
            "200 OK",
            "Content-Type: image/jpeg\r\n",
            b"<html>login</html>",
        )
    };
    assert_eq!(
        always(html()).await,
        expect(Kind::Corrupt, "not_a_picture", 3)
    );
    once(html()).await;
    let unpromised = || cut("Connection: close\r\n", Step::Close);
    assert_eq!(
        always(unpromised()).await,
        expect(Kind::Corrupt, "truncated", 3)
    );
    once(unpromised()).await;
    assert_eq!(
        always(picture(b"\xff\xd8 half a pic")).await,
        expect(Kind::Corrupt, "truncated", 3)
    );
}

#[tokio::test]
async fn an_empty_body_never_reaches_the_judgement() {
    for fault in [
        picture(b""),
        vec![
            Step::Send(bytes("200 OK", "Connection: close\r\n", b"")),
            Step::Close,
        ],
        vec![Step::Send(bytes("204 No Content", "", b""))],
    ] {
        assert_eq!(
            always(fault.clone()).await,
            expect(Kind::Corrupt, "empty", 3)
        );
        once(fault).await;
    }
}

#[tokio::test]
async fn nonsense_instead_of_http_is_a_broken_line() {
    for garbage in [
        "SSH-2.0-OpenSSH_9\r\n\r\n",
        "HTTP/1.1 banana\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    ] {
        let (kind, reason, _) = always(vec![Step::Send(garbage.into()), Step::Close]).await;
        assert_eq!((kind, &*reason), (Kind::Transient, "reset"), "{garbage:?}");
    }
    let twice = "Content-Length: 5\r\nContent-Length: 7\r\n";
    assert_eq!(
        always(vec![Step::Send(bytes("200 OK", twice, b"12345"))])
            .await
            .0,
        Kind::Transient
    );
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = fetch(&fetcher(), &format!("http://127.0.0.1:{port}/a.jpeg"))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.failure.kind, &*refused.reason, refused.attempts),
        (Kind::Transient, "connect", 3)
    );
}

#[tokio::test]
async fn an_address_that_is_none_costs_no_request() {
    let fetcher = fetcher();
    let refused = fetch(&fetcher, "file:///etc/passwd").await.unwrap_err();
    assert_eq!(
        (refused.failure.kind, &*refused.reason, refused.attempts),
        (Kind::PortalChanged, "bad_url", 0)
    );
    assert_eq!(fetcher.counters(), super::super::Counters::default());
}

#[tokio::test]
async fn a_judgement_that_panics_is_a_bug_of_ours_and_takes_nothing_with_it() {
    let server = Server::start(|_, _| picture(PICTURE)).await;
    let fetcher = fetcher();
    let url = server.url("/a.jpeg");
    let verdict =
        |_: &Bytes, _: Option<u64>| -> Result<(), Rejection> { panic!("cannot count to three") };
    for _ in 0..20 {
        let refused = fetcher.fetch(&url, far(), verdict).await.unwrap_err();
        assert_eq!((refused.failure.kind, refused.attempts), (Kind::Bug, 1));
    }
    assert!(fetch(&fetcher, &url).await.is_ok());
}

#[tokio::test]
async fn the_judgement_hears_the_promised_length() {
    let server = Server::start(|n, _| match n {
        1 => picture(PICTURE),
        _ => vec![Step::Send(bytes("200 OK", "", PICTURE)), Step::Close],
    })
    .await;
    let promised = |_: &Bytes, promised: Option<u64>| Ok::<_, Rejection>(promised);
    let fetcher = fetcher();
    let mut heard = Vec::new();
    for _ in 0..2 {
        heard.push(
            fetcher
                .fetch(&server.url("/a"), far(), promised)
                .await
                .unwrap()
                .value,
        );
    }
    assert_eq!(heard, [Some(PICTURE.len() as u64), None]);
}
