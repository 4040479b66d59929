//! The HTTP client and its settings: redirects, headers, connection reuse. Must not decide what is tried again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use draywatch_core::Kind;
use draywatch_core::retry::RetryPolicy;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, retry};

use super::{Tally, roots};

tokio::task_local! {
    /// Who counts the request that a task is at: redirects are followed in the depth of the client.
    pub(super) static ASKING: Arc<Tally>;
}

/// How fetching behaves towards the other side.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchSettings {
    /// Requests under way at once to one host (scheme, name and port); 0 counts as 1.
    pub concurrent_per_host: usize,
    /// The longest a request may take from its first byte sent to the last byte of its body, redirects included.
    pub timeout: Duration,
    /// How often and when a request is repeated.
    pub retry: RetryPolicy,
    /// The largest body that is taken.
    pub max_bytes: u64,
    /// How many redirects one request may follow.
    pub max_redirects: usize,
    /// The `User-Agent` header, honest and with a contact address.
    pub user_agent: String,
}

/// Why no fetcher could be set up.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The user agent has characters that no header may have.
    #[error("user_agent {0:?} cannot be sent as a header: use printable ASCII characters only")]
    UserAgent(String),
    /// No TLS to be had.
    #[error("the HTTP client cannot be set up: no TLS")]
    Tls(#[source] rustls::Error),
    /// The client could not be built.
    #[error("the HTTP client cannot be set up: check the proxy settings in the environment")]
    Client(#[source] reqwest::Error),
    /// The threads that verify pictures could not be started.
    #[error(
        "no threads can be started to verify pictures: raise the limit of processes (ulimit -u, or TasksMax= of the unit)"
    )]
    Threads(#[source] std::io::Error),
}

impl FetchError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::Configuration
    }
}

/// Why a redirect was not followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedirectRefused {
    #[error("more than {0} redirects")]
    TooMany(usize),
    #[error("a redirect to {0}, which is neither http nor https")]
    Scheme(String),
}

/// The client of `settings`. It repeats nothing by itself (only we count attempts), keeps a connection for every slot,
/// never decompresses, and sends neither cookies nor a referer.
pub(super) fn client(settings: &FetchSettings) -> Result<Client, FetchError> {
    let user_agent = HeaderValue::from_str(&settings.user_agent)
        .ok()
        .filter(|value| value.to_str().is_ok())
        .ok_or_else(|| FetchError::UserAgent(settings.user_agent.clone()))?;
    let max_redirects = settings.max_redirects;
    Client::builder()
        .user_agent(user_agent)
        .default_headers(HeaderMap::from_iter([(
            ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        )]))
        .redirect(Policy::custom(move |attempt| {
            if let Some(refusal) = refusal(&attempt, max_redirects) {
                return attempt.error(refusal);
            }
            let _ = ASKING.try_with(|tally| tally.requests.fetch_add(1, Ordering::Relaxed));
            attempt.follow()
        }))
        .retry(retry::never())
        .tls_backend_preconfigured(roots::tls().map_err(FetchError::Tls)?)
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(settings.concurrent_per_host.max(1))
        .build()
        .map_err(FetchError::Client)
}

fn refusal(attempt: &Attempt<'_>, max_redirects: usize) -> Option<RedirectRefused> {
    let next = attempt.url();
    // The first of the previous addresses is the one that was asked for, not a redirect.
    if attempt.previous().len() > max_redirects {
        Some(RedirectRefused::TooMany(max_redirects))
    } else if is_http(next) {
        None
    } else {
        Some(RedirectRefused::Scheme(next.to_string()))
    }
}

/// Whether an address is one that we ask at all.
pub(super) fn is_http(url: &url::Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}
