//! Owns the answer to a request for a picture: the picture, or the fault that a rule asks for. It must not touch
//! the connection.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;

use super::reply::{Ending, Reply};
use super::request::Head;
use crate::behaviours::Outage;
use crate::faults::Fault;
use crate::mix::{hash_text, mix};
use crate::schedule::Frame;
use crate::state::World;
use crate::wall;

const JPEG: &str = "image/jpeg";
const XML: &str = "application/xml";
const ERROR_PAGE: &str = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>The request could not \
    be satisfied</h1><p>We can't connect to the server for this app or website at this time.</p></body></html>";

/// The answer, and the fault if there was one.
pub(super) async fn answer(
    world: &World,
    head: &Head,
    found: Option<(Frame, bool)>,
) -> Result<(Reply, Option<Fault>)> {
    if !head.allowed {
        return Ok((error(405, "MethodNotAllowed"), None));
    }
    if let Some(outage) = world.behaviours().cdn_outage {
        return Ok((down(outage), None));
    }
    let Some((frame, thumbnail)) = found else {
        return Ok((error(404, "NoSuchKey"), None));
    };
    if head.query == "hop=loop" {
        return Ok((redirect(&head.path, "hop=loop"), Some(Fault::RedirectLoop)));
    }
    let fault = if head.query == "hop=once" {
        None
    } else {
        world.faults.strike(&frame, &head.path, thumbnail)
    };
    let picture = match fault {
        Some(fault) if fault.is_lie() => world.store.lie(fault, thumbnail),
        _ => world.store.picture(&frame, thumbnail).await?,
    };
    let tag = world.store.tag(&frame, thumbnail);
    if fault.is_none() && head.if_none_match == tag {
        return Ok((
            Reply::new(304, JPEG, Bytes::new())
                .without("Content-Length")
                .header("ETag", tag),
            None,
        ));
    }
    let good = Reply::new(200, JPEG, picture.clone())
        .header("ETag", tag)
        .header("Cache-Control", "public, max-age=86400".to_owned())
        .header("Access-Control-Allow-Origin", "*".to_owned());
    Ok(match fault {
        None => (good, None),
        Some(fault) => (broken(fault, &head.path, good, &picture), Some(fault)),
    })
}

/// The answer while the whole CDN is down, on a connection that was open before.
fn down(outage: Outage) -> Reply {
    match outage {
        Outage::Refused | Outage::Reset => Reply::none(Ending::Reset),
        Outage::Silent => Reply::none(Ending::Silence),
        Outage::Unavailable { retry_after: 0 } => error(503, "ServiceUnavailable"),
        Outage::Unavailable { retry_after } => {
            error(503, "ServiceUnavailable").header("Retry-After", retry_after.to_string())
        }
    }
}

fn broken(fault: Fault, path: &str, good: Reply, picture: &Bytes) -> Reply {
    match fault {
        Fault::NotFound | Fault::NotFoundBoth => error(404, "NoSuchKey"),
        Fault::Forbidden => error(403, "AccessDenied"),
        Fault::ServerError => error(500, "InternalError"),
        Fault::TooMany { retry_after } => {
            error(429, "TooManyRequests").header("Retry-After", retry_after.to_string())
        }
        Fault::Unavailable { retry_after } => {
            error(503, "SlowDown").header("Retry-After", retry_after.to_string())
        }
        Fault::UnavailableUntil { retry_after } => {
            let date = wall::now() + Duration::from_secs(retry_after);
            error(503, "SlowDown").header("Retry-After", httpdate::fmt_http_date(date))
        }
        Fault::ResetEarly => Reply::none(Ending::Reset),
        Fault::StallEarly => Reply::none(Ending::Silence),
        Fault::RedirectLoop => redirect(path, "hop=loop"),
        Fault::RedirectOk => redirect(path, "hop=once"),
        Fault::Html => Reply::new(
            200,
            "text/html; charset=utf-8",
            Bytes::from_static(ERROR_PAGE.as_bytes()),
        ),
        Fault::HtmlAsJpeg => Reply::new(200, JPEG, Bytes::from_static(ERROR_PAGE.as_bytes())),
        Fault::Empty => Reply::new(200, JPEG, Bytes::new()),
        Fault::Placeholder | Fault::Frozen | Fault::Dark | Fault::Blank => good,
        Fault::Drip { bytes_per_sec } => good.pace(bytes_per_sec),
        Fault::Reset => good.body(part(picture, 50)).ending(Ending::Reset),
        Fault::Stall => good.body(part(picture, 50)).ending(Ending::Silence),
        Fault::Scrambled => good.body(scramble(picture, path)),
        Fault::CutWithLengthMismatch
        | Fault::CutConsistent
        | Fault::CutChunked
        | Fault::CutChunkedUnfinished
        | Fault::CutUntilClose
        | Fault::EndMarkerGlued
        | Fault::Endless => cut(fault, good, picture),
    }
}

/// The ways in which a body has the wrong end.
fn cut(fault: Fault, good: Reply, picture: &Bytes) -> Reply {
    let most = part(picture, 60);
    let length = |reply: Reply, body: Bytes| {
        let text = body.len().to_string();
        reply.header("Content-Length", text).body(body)
    };
    let chunked = |reply: Reply, body: Vec<u8>| {
        let reply = reply
            .without("Content-Length")
            .header("Transfer-Encoding", "chunked".to_owned());
        reply.body(body.into())
    };
    match fault {
        Fault::CutConsistent => length(good, most),
        Fault::EndMarkerGlued => length(good, [&most[..], &[0xFF, 0xD9]].concat().into()),
        Fault::CutChunked => chunked(good, chunks(&most, true)),
        Fault::CutChunkedUnfinished => chunked(good, chunks(&most, false)).ending(Ending::Close),
        Fault::Endless => chunked(good, chunks(picture, false)).ending(Ending::Endless),
        Fault::CutUntilClose => good
            .without("Content-Length")
            .body(most)
            .ending(Ending::Close),
        _ => good.body(most).ending(Ending::Close),
    }
}

fn part(picture: &Bytes, percent: usize) -> Bytes {
    picture.slice(..picture.len() * percent / 100)
}

fn chunks(body: &[u8], finished: bool) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 200);
    for part in body.chunks(16 * 1024) {
        framed.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        framed.extend_from_slice(part);
        framed.extend_from_slice(b"\r\n");
    }
    if finished {
        framed.extend_from_slice(b"0\r\n\r\n");
    }
    framed
}

fn scramble(picture: &Bytes, path: &str) -> Bytes {
    let mut bytes = picture.to_vec();
    let length = 4096.min(bytes.len() / 4);
    let start = bytes.len() / 2;
    let key = hash_text(path);
    for (place, byte) in (0..).zip(&mut bytes[start..start + length]) {
        *byte = mix(&[key, place]).to_le_bytes()[0];
    }
    bytes.into()
}

fn redirect(path: &str, query: &str) -> Reply {
    Reply::new(302, "text/plain", Bytes::new()).header("Location", format!("{path}?{query}"))
}

fn error(status: u16, code: &str) -> Reply {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n");
    Reply::new(status, XML, body.into())
}
