//! Faults over real sockets: a small server on the loopback interface for each, scripted byte by byte.

mod faults;
mod limits;
mod pace;
mod server;

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use draywatch_core::Clock;
use draywatch_core::retry::RetryPolicy;
use tokio::time::Instant;

use super::{Accepted, FetchError, FetchSettings, Fetcher, Refused, Rejection};

/// What the caller's judgement takes for a picture here.
const PICTURE: &[u8] = b"\xff\xd8 a picture \xff\xd9";

fn settings() -> FetchSettings {
    FetchSettings {
        concurrent_per_host: 4,
        timeout: Duration::from_secs(20),
        retry: RetryPolicy {
            attempts: 3,
            first_wait: Duration::from_millis(20),
            multiplier: 2.0,
            longest: Duration::from_secs(1),
        },
        max_bytes: 1_000_000,
        max_redirects: 5,
        user_agent: "draywatch-tests (nobody@example.invalid)".to_owned(),
    }
}

fn fetcher_with(settings: FetchSettings, clock: Clock) -> Fetcher {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // The other modules' tests may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Fetcher::new(settings, clock).unwrap()
}

fn fetcher() -> Fetcher {
    fetcher_with(settings(), Clock::system())
}

/// A deadline that no test reaches unless something hangs.
fn far() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// Whole if it begins and ends like a picture.
fn whole(bytes: &Bytes, _promised: Option<u64>) -> Result<usize, Rejection> {
    if !bytes.starts_with(b"\xff\xd8") {
        return Err(Rejection {
            reason: "not_a_picture",
            message: "no picture begins like this".to_owned(),
        });
    }
    if !bytes.ends_with(b"\xff\xd9") {
        return Err(Rejection {
            reason: "truncated",
            message: "the end is missing".to_owned(),
        });
    }
    Ok(bytes.len())
}

async fn fetch(fetcher: &Fetcher, url: &str) -> Result<Accepted<usize>, Refused> {
    fetcher.fetch(url, far(), whole).await
}

#[test]
fn a_user_agent_that_no_header_takes_is_a_configuration_error() {
    let error = Fetcher::new(
        FetchSettings {
            user_agent: "a\nb".to_owned(),
            ..settings()
        },
        Clock::system(),
    );
    assert!(matches!(error, Err(FetchError::UserAgent(_))));
}
