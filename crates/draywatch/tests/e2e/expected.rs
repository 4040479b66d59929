//! What every fault of the CDN must come to. The list is the simulator's own: a new fault does not compile before it stands here.

use portal_sim::Fault;

/// What a fault must come to.
#[derive(Debug, Clone, Copy)]
pub enum Ends {
    /// Nothing is stored; the kinds and reasons that are right.
    Missing(&'static [(&'static str, &'static str)]),
    /// The thumbnail is stored.
    Thumbnail(&'static str, &'static str),
    /// The picture is stored all the same.
    Stored,
    /// Another whole picture is stored in its place.
    Placeholder,
}

/// The fault, what it must come to, and the next one. A new fault does not compile before it stands here.
pub fn expected(fault: Fault) -> (Ends, Option<Fault>) {
    use Ends::{Missing, Placeholder, Stored, Thumbnail};
    let (ends, next) = match fault {
        Fault::NotFound => (Thumbnail("not_found", "http_404"), Fault::NotFoundBoth),
        Fault::NotFoundBoth => (Missing(&[("not_found", "http_404")]), Fault::Forbidden),
        Fault::Forbidden => (
            Missing(&[("forbidden", "http_403")]),
            Fault::TooMany { retry_after: 1 },
        ),
        Fault::TooMany { .. } => (
            Missing(&[("rate_limited", "rate_limited")]),
            Fault::Unavailable { retry_after: 1 },
        ),
        Fault::Unavailable { .. } => (
            Missing(&[("rate_limited", "rate_limited")]),
            Fault::UnavailableUntil { retry_after: 2 },
        ),
        Fault::UnavailableUntil { .. } => (
            Missing(&[("rate_limited", "rate_limited")]),
            Fault::ServerError,
        ),
        Fault::ServerError => (Missing(&[("transient", "http_500")]), Fault::Reset),
        Fault::Reset => (
            Missing(&[("transient", "reset"), ("transient", "truncated")]),
            Fault::ResetEarly,
        ),
        Fault::ResetEarly => (Missing(&[("transient", "reset")]), Fault::Stall),
        Fault::Stall => (Missing(&[("transient", "timeout")]), Fault::StallEarly),
        Fault::StallEarly => (
            Missing(&[("transient", "timeout")]),
            Fault::Drip {
                bytes_per_sec: 20_000,
            },
        ),
        Fault::Drip { .. } => (
            Missing(&[("transient", "timeout")]),
            Fault::CutWithLengthMismatch,
        ),
        Fault::CutWithLengthMismatch => {
            (Missing(&[("transient", "truncated")]), Fault::CutConsistent)
        }
        Fault::CutConsistent => (Missing(&[("corrupt", "truncated")]), Fault::CutChunked),
        Fault::CutChunked => (
            Missing(&[("corrupt", "truncated")]),
            Fault::CutChunkedUnfinished,
        ),
        Fault::CutChunkedUnfinished => {
            (Missing(&[("transient", "truncated")]), Fault::CutUntilClose)
        }
        Fault::CutUntilClose => (Missing(&[("corrupt", "truncated")]), Fault::Empty),
        Fault::Empty => (Missing(&[("corrupt", "empty")]), Fault::Html),
        Fault::Html => (Missing(&[("corrupt", "not_a_picture")]), Fault::HtmlAsJpeg),
        Fault::HtmlAsJpeg => (Missing(&[("corrupt", "not_a_picture")]), Fault::Scrambled),
        Fault::Scrambled => (Missing(&[("corrupt", "corrupt")]), Fault::EndMarkerGlued),
        Fault::EndMarkerGlued => (
            Missing(&[("corrupt", "truncated"), ("corrupt", "corrupt")]),
            Fault::Endless,
        ),
        Fault::Endless => (
            Missing(&[("corrupt", "too_large"), ("transient", "timeout")]),
            Fault::RedirectLoop,
        ),
        Fault::RedirectLoop => (
            Missing(&[("portal_changed", "redirects")]),
            Fault::RedirectOk,
        ),
        Fault::RedirectOk => (Stored, Fault::Placeholder),
        Fault::Placeholder | Fault::Frozen | Fault::Dark | Fault::Blank => {
            return (Placeholder, None);
        }
    };
    (ends, Some(next))
}
