//! Which kind of failure an answer is, and what to do about it: the one place that says so. Must not know attempts or times.

use std::borrow::Cow;

use draywatch_core::Kind;
use reqwest::StatusCode;

/// What kind of failure an answer with `status` (not one that carries a picture) is, and its code.
///
/// - 404 and 410: the portal has no such thing.
/// - 401, 403 and 451: it refuses us.
/// - 429, and any 5xx that asks for a pause: we are too fast.
/// - other 5xx, 408 and 425: may pass by itself.
/// - 204 and 205: an empty body.
/// - everything else (other 4xx, redirects without an aim, answers to questions we did not ask): the portal speaks a
///   language that we do not know.
pub(super) fn status_means(status: StatusCode, asks_for_pause: bool) -> (Kind, Cow<'static, str>) {
    let code = || format!("http_{}", status.as_u16()).into();
    match status.as_u16() {
        429 => (Kind::RateLimited, "rate_limited".into()),
        500..=599 if asks_for_pause => (Kind::RateLimited, "rate_limited".into()),
        500..=599 | 408 | 425 => (Kind::Transient, code()),
        404 | 410 => (Kind::NotFound, code()),
        401 | 403 | 451 => (Kind::Forbidden, code()),
        204 | 205 => (Kind::Corrupt, "empty".into()),
        _ => (Kind::PortalChanged, code()),
    }
}

/// What to do about it, for people.
pub(super) fn advice(kind: Kind, reason: &str) -> &'static str {
    match (kind, reason) {
        (_, "timeout") => "raise `timeout` if the line is slow",
        (_, "too_large") => "raise the size limit if such pictures are real",
        (_, "dns" | "connect") => "check the network and the address of the portal",
        (Kind::Forbidden, _) => "check `user_agent`, and whether the site still wants to be asked",
        (Kind::RateLimited, _) => "ask less at once or pause longer",
        (Kind::PortalChanged, _) => "look at the address in a browser: the portal may have changed",
        (Kind::NotFound, _) => "the portal lists it but does not have it",
        (Kind::Bug, _) => "please report this",
        _ => "it may pass by itself",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind() {
        let kind = |code| status_means(StatusCode::from_u16(code).unwrap(), false).0;
        assert_eq!([404, 410].map(kind), [Kind::NotFound; 2]);
        assert_eq!([401, 403, 451].map(kind), [Kind::Forbidden; 3]);
        assert_eq!(
            [500, 502, 503, 504, 599, 408, 425].map(kind),
            [Kind::Transient; 7]
        );
        assert_eq!(
            [206, 300, 304, 400, 405, 418, 600, 999].map(kind),
            [Kind::PortalChanged; 8]
        );
        assert_eq!(kind(429), Kind::RateLimited);
        assert_eq!(
            status_means(StatusCode::SERVICE_UNAVAILABLE, true),
            (Kind::RateLimited, "rate_limited".into())
        );
        assert_eq!(
            status_means(StatusCode::NOT_FOUND, true),
            (Kind::NotFound, "http_404".into())
        );
    }
}
