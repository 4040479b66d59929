//! What is missing after one attempt, as it is kept and as it is reported. Must not
//! decide when to try again: that is `draywatch_core::retry`.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::error::chain;
use draywatch_core::retry::LONGEST_WAIT;
use draywatch_core::{Failure, Kind};
use reqwest::StatusCode;
use url::Url;

use super::classify::{advice, status_means};
use super::client::{RedirectRefused, is_http};

/// Why the caller does not take a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// A short code: `truncated`, `not_a_picture`.
    pub reason: &'static str,
    /// What is wrong with the body, in words.
    pub message: String,
}

/// An address that could not be fetched, as it is reported and recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct Refused {
    /// The kind, and what happened with the address named.
    pub failure: Failure,
    /// A short code: `http_404`, `rate_limited`, `timeout`, `reset`, `too_large`, `empty`, or the caller's own.
    pub reason: String,
    /// Requests that were sent.
    pub attempts: u32,
    /// When the other side wants to be asked again, if that is too far away to wait for.
    pub retry_at: Option<DateTime<Utc>>,
}

/// One attempt that brought nothing.
#[derive(Debug)]
pub(super) struct Miss {
    pub(super) kind: Kind,
    pub(super) reason: Cow<'static, str>,
    message: String,
    /// The pause that the answer asked for.
    pub(super) retry_after: Option<Duration>,
    /// When that pause ends, if it is too long to wait for.
    pub(super) retry_at: Option<DateTime<Utc>>,
    /// Whether no further attempt helps, whatever the kind.
    pub(super) is_final: bool,
    /// Whether the host answered at all.
    pub(super) is_answer: bool,
}

/// The address to ask.
///
/// # Errors
/// When it is none that can be asked: the page has then changed what it calls an address.
pub(super) fn parse(url: &str) -> Result<Url, Miss> {
    let bad = |why: &str| {
        Miss::last(
            Kind::PortalChanged,
            "bad_url",
            format!("not an address that can be asked: {why}"),
        )
    };
    let parsed = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    if is_http(&parsed) {
        Ok(parsed)
    } else {
        Err(bad("neither http nor https"))
    }
}

impl Miss {
    fn new(kind: Kind, reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            message: message.into(),
            retry_after: None,
            retry_at: None,
            is_final: false,
            is_answer: false,
        }
    }

    fn last(kind: Kind, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            is_final: true,
            ..Self::new(kind, reason, message)
        }
    }

    /// The same miss, known to come from an answer of the host.
    pub(super) fn into_answer(self) -> Self {
        Self {
            is_answer: true,
            ..self
        }
    }

    /// An answer with a status that carries no picture, and the pause that it asks for.
    pub(super) fn status(
        status: StatusCode,
        retry_after: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Self {
        let is_about_pace = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let retry_after = retry_after.filter(|_| is_about_pace);
        let (kind, reason) = status_means(status, retry_after.is_some());
        let retry_at = retry_after
            .filter(|wait| *wait > LONGEST_WAIT)
            .map(|wait| now + TimeDelta::from_std(wait).unwrap_or_default());
        let pause =
            retry_after.map(|wait| format!(" and asks for a pause of {} s", wait.as_secs()));
        let message = format!("the server answered {status}{}", pause.unwrap_or_default());
        Self {
            retry_after,
            retry_at,
            is_answer: true,
            ..Self::new(kind, reason, message)
        }
    }

    /// An error of the line, of the protocol or of a redirect.
    pub(super) fn line(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let message = chain(&error);
        let cause = find::<io::Error>(&error).map(io::Error::kind);
        if find::<RedirectRefused>(&error).is_some() || error.is_redirect() {
            Self::last(Kind::PortalChanged, "redirects", message).into_answer()
        } else if error.is_builder() {
            Self::last(Kind::PortalChanged, "bad_url", message)
        } else if error.is_dns() {
            Self::new(Kind::Transient, "dns", message)
        } else if error.is_connect() {
            Self::new(Kind::Transient, "connect", message)
        } else if error.is_timeout() {
            Self::new(Kind::Transient, "timeout", message)
        } else if cause == Some(io::ErrorKind::UnexpectedEof)
            && (error.is_body() || error.is_decode())
        {
            Self::new(
                Kind::Transient,
                "truncated",
                format!("the body ended too early: {message}"),
            )
        } else {
            Self::new(Kind::Transient, "reset", message)
        }
    }

    /// Nothing or not all came within the time that one request has.
    pub(super) fn timeout(after: Duration) -> Self {
        Self::new(
            Kind::Transient,
            "timeout",
            format!("no whole answer within {} s", after.as_secs_f64()),
        )
    }

    /// The caller's time is over.
    pub(super) fn deadline() -> Self {
        Self::last(
            Kind::Interrupted,
            "deadline",
            "the time for the whole collection is over",
        )
    }

    /// A body with nothing in it.
    pub(super) fn empty() -> Self {
        Self::new(
            Kind::Corrupt,
            "empty",
            "the server answered with an empty body",
        )
        .into_answer()
    }

    /// A body above the cap, promised or received. Final: it would cost as much again, and be no smaller.
    pub(super) fn too_large(max_bytes: u64, promised: Option<u64>) -> Self {
        let size = promised.map_or("the body goes on and on".to_owned(), |length| {
            format!("{length} bytes announced")
        });
        Self::last(
            Kind::Corrupt,
            "too_large",
            format!("{size}, more than the {max_bytes} bytes allowed"),
        )
        .into_answer()
    }

    /// The host wants to be left alone for longer than anybody waits; nothing was sent.
    pub(super) fn host_closed(until: DateTime<Utc>) -> Self {
        let message = format!(
            "the server asked for a pause until {}",
            until.format("%Y-%m-%dT%H:%M:%SZ")
        );
        Self {
            retry_at: Some(until),
            ..Self::last(Kind::RateLimited, "rate_limited", message)
        }
    }

    /// The caller does not take the body.
    pub(super) fn rejected(rejection: Rejection) -> Self {
        Self::new(Kind::Corrupt, rejection.reason, rejection.message).into_answer()
    }

    /// The caller's judgement panicked.
    pub(super) fn judge_failed(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let words = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let words = words.unwrap_or("a panic without words");
        Self::last(
            Kind::Bug,
            "panic",
            format!("verifying the body failed: {words}"),
        )
    }

    /// The runtime is shutting down.
    pub(super) fn closed() -> Self {
        Self::last(Kind::Interrupted, "shutdown", "draywatch is shutting down")
    }

    /// As it is reported: with the address, the number of requests and, if the other side wants a long pause, its end.
    pub(super) fn refused(self, url: &str, attempts: u32) -> Refused {
        let failure = Failure::new(self.kind, self.sentence(url, attempts));
        Refused {
            failure,
            reason: self.reason.into_owned(),
            attempts,
            retry_at: self.retry_at,
        }
    }

    /// What failed, for which address, after how many requests, and what to do.
    fn sentence(&self, url: &str, attempts: u32) -> String {
        let Self { message, .. } = self;
        let tries = match attempts {
            0 | 1 => String::new(),
            n => format!(" after {n} attempts"),
        };
        format!(
            "cannot fetch {url}{tries}: {message}; {}",
            advice(self.kind, &self.reason)
        )
    }
}

/// The first error of that type in a chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    error.downcast_ref().or_else(|| find(error.source()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_asked() {
        assert!(parse("https://cdn.example/a.jpeg").is_ok());
        for url in [
            "",
            "a.jpeg",
            "file:///etc/passwd",
            "ftp://a.example/",
            "data:,x",
            "http://",
            "blob:http://a.example/1",
        ] {
            let miss = parse(url).unwrap_err();
            assert_eq!(
                (miss.kind, miss.is_final),
                (Kind::PortalChanged, true),
                "{url}"
            );
        }
    }

    #[test]
    fn the_sentence_names_address_attempts_and_remedy() {
        let miss = Miss::timeout(Duration::from_millis(1500));
        assert_eq!(
            miss.sentence("http://a.example/x", 3),
            "cannot fetch http://a.example/x after 3 attempts: no whole answer within 1.5 s; raise `timeout` if the line is slow"
        );
    }
}
