//! One GET -> accepted bytes: pacing per host, size cap, redirect cap, real deadlines, retries. This module owns the HTTP
//! client for pictures and everything that keeps it polite. It must not know disks, databases or frames, and it has no
//! opinion on pictures: the caller's `accept` judges the bytes.
//!
//! How one request goes, and what it holds meanwhile:
//!
//! 1. it waits while its host is paused, for one of the host's slots, and for room for one more body (`host`);
//! 2. it is sent and its body is read, within `timeout` and the caller's deadline (`request`);
//! 3. its slot goes to the next request, and `accept` judges the body on one of a few threads (`judges`);
//! 4. if something is missing (`miss`), it waits without holding anything, and begins again at 1.

mod classify;
mod client;
mod gate;
mod host;
mod judges;
mod miss;
mod request;
mod retry_after;
mod roots;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use draywatch_core::Clock;
use draywatch_core::retry::Next;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use client::{FetchError, FetchSettings};
use host::{Host, Hosts};
use judges::Judges;
use miss::Miss;
pub use miss::{Refused, Rejection};
use request::{Body, Requester};

/// Fetches addresses; cheap to clone, all clones share connections, slots, pauses and counters.
#[derive(Clone, Debug)]
pub struct Fetcher {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    /// Cuts waits short.
    stopping: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    requester: Requester,
    settings: FetchSettings,
    clock: Clock,
    hosts: Hosts,
    judges: Judges,
}

/// What was accepted, and what the caller's judgement made of it.
#[derive(Debug, Clone)]
pub struct Accepted<T> {
    /// The body, whole.
    pub bytes: Bytes,
    /// What `accept` returned.
    pub value: T,
    /// Requests that it took, 1 or more.
    pub attempts: u32,
}

/// How much was asked of the other side so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests sent, redirects that were followed included.
    pub requests: u64,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// Bytes of bodies received, refused ones included.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Tally {
    requests: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
}

impl Fetcher {
    /// Sets the client up; nothing is sent yet.
    ///
    /// # Errors
    /// When `user_agent` cannot stand in a header, the system has no certificates to trust, or it gives no threads.
    pub fn new(settings: FetchSettings, clock: Clock) -> Result<Self, FetchError> {
        let judges = Judges::start()?;
        let shared = Arc::new(Shared {
            requester: Requester::new(&settings, clock.clone())?,
            hosts: Hosts::new(settings.concurrent_per_host, judges.number()),
            judges,
            settings,
            clock,
        });
        Ok(Self {
            shared,
            tally: Arc::default(),
            stopping: CancellationToken::new(),
        })
    }

    /// The same fetcher for one who may have to stop: from then on nothing waits for a pause or for a further attempt; what is
    /// being asked for goes on.
    #[must_use]
    pub fn stopped_by(self, stopping: CancellationToken) -> Self {
        Self { stopping, ..self }
    }

    /// The same fetcher with counters of its own, which begin at zero: for one collection among several at a time.
    #[must_use]
    pub fn counted_apart(&self) -> Self {
        Self {
            tally: Arc::default(),
            ..self.clone()
        }
    }

    /// GETs `url` until `accept` takes what came, no further attempt is worth it, or `deadline` passes.
    ///
    /// `accept` gets the body and the length that the server promised, and runs on a thread that may compute.
    ///
    /// # Errors
    /// What was refused, with the reason of the last attempt.
    pub async fn fetch<T, F>(
        &self,
        url: &str,
        deadline: Instant,
        accept: F,
    ) -> Result<Accepted<T>, Refused>
    where
        F: Fn(&Bytes, Option<u64>) -> Result<T, Rejection> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let target = miss::parse(url).map_err(|miss| miss.refused(url, 0))?;
        let host = self.shared.hosts.of(&target);
        let mut attempts = 0;
        loop {
            match self
                .attempt(&target, &host, deadline, accept.clone(), &mut attempts)
                .await
            {
                Ok((bytes, value)) => {
                    return Ok(Accepted {
                        bytes,
                        value,
                        attempts,
                    });
                }
                Err(miss) => match self.wake_at(&miss, attempts, deadline) {
                    Some(wake) if self.may_wait_until(wake).await => {}
                    _ => return Err(miss.refused(url, attempts)),
                },
            }
        }
    }

    /// What was asked of the other side since this fetcher was made or counted apart, by its clones as well.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let Tally {
            requests,
            retries,
            bytes,
        } = &*self.tally;
        Counters {
            requests: requests.load(Ordering::Relaxed),
            retries: retries.load(Ordering::Relaxed),
            bytes: bytes.load(Ordering::Relaxed),
        }
    }

    /// Steps 1 to 3 of the module's plan; `attempts` grows when a request is sent.
    async fn attempt<T, F>(
        &self,
        url: &Url,
        host: &Arc<Host>,
        deadline: Instant,
        accept: F,
        attempts: &mut u32,
    ) -> Result<(Bytes, T), Miss>
    where
        F: Fn(&Bytes, Option<u64>) -> Result<T, Rejection> + Send + 'static,
        T: Send + 'static,
    {
        let (clock, stopping) = (&self.shared.clock, &self.stopping);
        let pass = host.enter(deadline, clock, stopping).await?;
        *attempts += 1;
        if *attempts > 1 {
            self.tally.retries.fetch_add(1, Ordering::Relaxed);
        }
        let answer = self.shared.requester.get(url, deadline, &self.tally).await;
        host.heed(answer.as_ref().map(|_| ()), Instant::now());
        let _room_for_the_body = pass.leave_slot();
        self.judge(answer?, accept).await
    }

    async fn judge<T, F>(&self, body: Body, accept: F) -> Result<(Bytes, T), Miss>
    where
        F: Fn(&Bytes, Option<u64>) -> Result<T, Rejection> + Send + 'static,
        T: Send + 'static,
    {
        let Body { bytes, promised } = body;
        let judgement = move || accept(&bytes, promised).map(|value| (bytes, value));
        let verdict = self.shared.judges.judge(judgement).await?;
        verdict.map_err(Miss::rejected)
    }

    /// Waits until then; `false` at once when everything is to stop.
    async fn may_wait_until(&self, wake: Instant) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = sleep_until(wake) => true,
        }
    }

    /// When to try again after attempt number `attempts` missed; `None` for not at all.
    fn wake_at(&self, miss: &Miss, attempts: u32, deadline: Instant) -> Option<Instant> {
        if miss.is_final {
            return None;
        }
        match self
            .shared
            .settings
            .retry
            .next(miss.kind, attempts, miss.retry_after, rand::random())
        {
            Next::Wait(wait) => Instant::now()
                .checked_add(wait)
                .filter(|wake| *wake < deadline),
            Next::Later(_) | Next::GiveUp => None,
        }
    }
}
