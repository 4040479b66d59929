//! One request within its time: sent, answered, its body collected under the size cap. Must not repeat anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use draywatch_core::Clock;
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::client::{ASKING, FetchError, FetchSettings, client};
use super::miss::Miss;
use super::{Tally, retry_after};

/// Room for a body whose length is not promised.
const USUAL_BODY: u64 = 256 * 1024;

/// Sends single requests.
#[derive(Debug)]
pub(super) struct Requester {
    client: Client,
    timeout: Duration,
    max_bytes: u64,
    clock: Clock,
}

/// A whole body, as far as the protocol can tell.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// The length that the server promised.
    pub(super) promised: Option<u64>,
}

impl Requester {
    pub(super) fn new(settings: &FetchSettings, clock: Clock) -> Result<Self, FetchError> {
        Ok(Self {
            client: client(settings)?,
            timeout: settings.timeout,
            max_bytes: settings.max_bytes,
            clock,
        })
    }

    /// Sends one GET and collects its body. The clock of the request does not start anew with every byte: a server that
    /// drips gets no more time than one that is silent.
    pub(super) async fn get(
        &self,
        url: &Url,
        deadline: Instant,
        tally: &Arc<Tally>,
    ) -> Result<Body, Miss> {
        let own = Instant::now().checked_add(self.timeout).unwrap_or(deadline);
        tally.requests.fetch_add(1, Ordering::Relaxed);
        let exchange = ASKING.scope(Arc::clone(tally), self.exchange(url, tally));
        match timeout_at(own.min(deadline), exchange).await {
            Ok(answer) => answer,
            Err(_) if deadline <= own => Err(Miss::deadline()),
            Err(_) => Err(Miss::timeout(self.timeout)),
        }
    }

    async fn exchange(&self, url: &Url, tally: &Tally) -> Result<Body, Miss> {
        let response = self
            .client
            .get(url.clone())
            .send()
            .await
            .map_err(Miss::line)?;
        // 203 is a 200 that a proxy has touched; the caller judges the bytes anyway.
        if matches!(
            response.status(),
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION
        ) {
            self.collect(response, tally).await
        } else {
            let now = self.clock.now();
            let pause = retry_after::of(response.headers(), now);
            Err(Miss::status(response.status(), pause, now))
        }
    }

    async fn collect(&self, mut response: Response, tally: &Tally) -> Result<Body, Miss> {
        let promised = response.content_length();
        if promised.is_some_and(|length| length > self.max_bytes) {
            return Err(Miss::too_large(self.max_bytes, promised));
        }
        let room = promised.unwrap_or(USUAL_BODY).min(self.max_bytes);
        let mut bytes = BytesMut::with_capacity(usize::try_from(room).unwrap_or(0));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Miss::line(error).into_answer())?
        {
            tally.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if (bytes.len() + chunk.len()) as u64 > self.max_bytes {
                return Err(Miss::too_large(self.max_bytes, None));
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.is_empty() {
            return Err(Miss::empty());
        }
        Ok(Body {
            bytes: bytes.freeze(),
            promised,
        })
    }
}
