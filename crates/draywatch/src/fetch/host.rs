//! What one host is spared: its slots, its pauses, and whether it closed itself to us. Must not send anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use draywatch_core::retry::LONGEST_WAIT;
use draywatch_core::{Clock, Kind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::gate::{Gate, State};
use super::miss::Miss;

/// Every host that was asked so far.
#[derive(Debug)]
pub(super) struct Hosts {
    slots: usize,
    bodies: usize,
    known: Mutex<HashMap<String, Arc<Host>>>,
}

/// One host: scheme, name and port.
#[derive(Debug)]
pub(super) struct Host {
    slots: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    gate: Mutex<Gate>,
}

/// The right to send one request and to keep its body in memory.
#[derive(Debug)]
pub(super) struct Pass {
    slot: OwnedSemaphorePermit,
    body: OwnedSemaphorePermit,
}

impl Hosts {
    /// Hosts with `concurrent` slots each. Up to `judged` bodies more than slots may be in memory: they are being judged
    /// while the slots are at work again.
    pub(super) fn new(concurrent: usize, judged: usize) -> Self {
        let slots = concurrent.clamp(1, Semaphore::MAX_PERMITS / 2);
        Self {
            slots,
            bodies: slots + judged,
            known: Mutex::default(),
        }
    }

    /// The host of an address.
    pub(super) fn of(&self, url: &Url) -> Arc<Host> {
        let mut known = lock(&self.known);
        let host = known
            .entry(url.origin().ascii_serialization())
            .or_insert_with(|| {
                Arc::new(Host {
                    slots: Arc::new(Semaphore::new(self.slots)),
                    bodies: Arc::new(Semaphore::new(self.bodies)),
                    gate: Mutex::default(),
                })
            });
        Arc::clone(host)
    }
}

impl Host {
    /// Waits until a request may be sent.
    ///
    /// # Errors
    /// When the host is closed, is paused beyond `deadline` or while everything is to stop, or `deadline` passes.
    pub(super) async fn enter(
        &self,
        deadline: Instant,
        clock: &Clock,
        stopping: &CancellationToken,
    ) -> Result<Pass, Miss> {
        loop {
            self.wait_while_paused(deadline, clock, stopping).await?;
            let slot = self.take(&self.slots, deadline).await?;
            let body = self.take(&self.bodies, deadline).await?;
            // Others may have been told to pause while we queued: then what we hold goes back, and we wait with them.
            match lock(&self.gate).state(Instant::now()) {
                State::Open => return Ok(Pass { slot, body }),
                State::Paused(_) => {}
                State::Closed(until) => return Err(Miss::host_closed(until)),
            }
        }
    }

    /// Learns from an answer whether the host wants to be left alone.
    pub(super) fn heed(&self, answer: Result<(), &Miss>, now: Instant) {
        let mut gate = lock(&self.gate);
        match answer {
            Err(miss) if !miss.is_answer => {}
            Err(Miss {
                kind: Kind::RateLimited,
                retry_after: Some(wait),
                retry_at,
                ..
            }) => {
                let Some(until) = now.checked_add(*wait) else {
                    return;
                };
                match retry_at {
                    Some(at) if *wait > LONGEST_WAIT => gate.note_long_pause(until, *at, now),
                    _ => gate.pause(until),
                }
            }
            Ok(()) | Err(_) => gate.note_other_answer(now),
        }
    }

    async fn wait_while_paused(
        &self,
        deadline: Instant,
        clock: &Clock,
        stopping: &CancellationToken,
    ) -> Result<(), Miss> {
        loop {
            let now = Instant::now();
            if now >= deadline {
                return Err(Miss::deadline());
            }
            let state = lock(&self.gate).state(now);
            match state {
                State::Open => return Ok(()),
                State::Paused(until) if until >= deadline || stopping.is_cancelled() => {
                    let wait = TimeDelta::from_std(until - now).unwrap_or_default();
                    return Err(Miss::host_closed(clock.now() + wait));
                }
                State::Paused(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = stopping.cancelled() => {}
                },
                State::Closed(until) => return Err(Miss::host_closed(until)),
            }
        }
    }

    async fn take(
        &self,
        from: &Arc<Semaphore>,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, Miss> {
        match timeout_at(deadline, Arc::clone(from).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| Miss::closed()),
            Err(_) => Err(Miss::deadline()),
        }
    }
}

impl Pass {
    /// Lets the next request go; the room for the body stays taken for as long as the result is kept.
    pub(super) fn leave_slot(self) -> OwnedSemaphorePermit {
        drop(self.slot);
        self.body
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use reqwest::StatusCode;
    use std::time::Duration;

    fn host(slots: usize) -> Arc<Host> {
        Hosts::new(slots, 1).of(&Url::parse("http://cdn.example/a").unwrap())
    }

    fn never() -> CancellationToken {
        CancellationToken::new()
    }

    fn wants_pause(seconds: u64) -> Miss {
        let now = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        Miss::status(
            StatusCode::TOO_MANY_REQUESTS,
            Some(Duration::from_secs(seconds)),
            now,
        )
    }

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_host_is_scheme_name_and_port() {
        let hosts = Hosts::new(1, 1);
        let of = |url: &str| hosts.of(&Url::parse(url).unwrap());
        assert!(Arc::ptr_eq(
            &of("http://a.example/1"),
            &of("http://A.example:80/2?x")
        ));
        assert!(!Arc::ptr_eq(
            &of("http://a.example/1"),
            &of("https://a.example/1")
        ));
        assert!(!Arc::ptr_eq(
            &of("http://a.example/1"),
            &of("http://a.example:8080/1")
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn who_queued_before_a_pause_waits_for_its_end_too() {
        let (host, clock) = (host(1), Clock::system());
        let first = host.enter(in_seconds(100), &clock, &never()).await.unwrap();
        let queued = tokio::spawn({
            let (host, clock) = (Arc::clone(&host), clock.clone());
            async move {
                host.enter(in_seconds(100), &clock, &never())
                    .await
                    .map(|_| Instant::now())
            }
        });
        tokio::task::yield_now().await;
        let end = in_seconds(30);
        host.heed(Err(&wants_pause(30)), Instant::now());
        drop(first);
        assert!(queued.await.unwrap().unwrap() >= end);
    }

    /// Without the token, a stop waited for the end of every pause.
    #[tokio::test(start_paused = true)]
    async fn a_pause_is_cut_short_by_a_stop() {
        let (host, clock, stopping) = (host(1), Clock::system(), never());
        host.heed(Err(&wants_pause(50)), Instant::now());
        let stops = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            stopping.cancel();
        };
        let begun = Instant::now();
        let enters = host.enter(in_seconds(100), &clock, &stopping);
        let (entered, ()) = tokio::join!(enters, stops);
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        let miss = entered.unwrap_err();
        assert!(miss.retry_at.is_some() && miss.kind == Kind::RateLimited);
        host.enter(in_seconds(100), &clock, &stopping)
            .await
            .expect_err("who comes later does not wait either");
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_beyond_the_deadline_is_not_waited_for() {
        let host = host(1);
        host.heed(Err(&wants_pause(30)), Instant::now());
        let before = Instant::now();
        let miss = host
            .enter(in_seconds(10), &Clock::system(), &never())
            .await
            .unwrap_err();
        assert_eq!(
            (miss.kind, &*miss.reason),
            (Kind::RateLimited, "rate_limited")
        );
        assert!(miss.retry_at.is_some() && Instant::now() == before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_never_comes_ends_with_the_deadline() {
        let (host, clock) = (host(1), Clock::system());
        let _held = host.enter(in_seconds(100), &clock, &never()).await.unwrap();
        let miss = host
            .enter(in_seconds(10), &clock, &never())
            .await
            .unwrap_err();
        assert_eq!((miss.kind, &*miss.reason), (Kind::Interrupted, "deadline"));
    }

    #[tokio::test(start_paused = true)]
    async fn three_long_pauses_in_a_row_close_the_host_until_the_earliest_ends() {
        let (host, clock) = (host(1), Clock::system());
        for seconds in [300, 100] {
            host.heed(Err(&wants_pause(seconds)), Instant::now());
        }
        host.heed(Ok(()), Instant::now());
        for seconds in [300, 120] {
            host.heed(Err(&wants_pause(seconds)), Instant::now());
        }
        drop(
            host.enter(in_seconds(1), &clock, &never())
                .await
                .expect("the row was broken"),
        );
        host.heed(Err(&wants_pause(200)), Instant::now());
        host.heed(Ok(()), Instant::now());
        let miss = host
            .enter(in_seconds(1), &clock, &never())
            .await
            .unwrap_err();
        assert_eq!(miss.retry_at, wants_pause(120).retry_at);
        tokio::time::advance(Duration::from_secs(121)).await;
        drop(
            host.enter(in_seconds(1), &clock, &never())
                .await
                .expect("its time is over"),
        );
        host.heed(Err(&wants_pause(200)), Instant::now());
        drop(
            host.enter(in_seconds(1), &clock, &never())
                .await
                .expect("a new row of one"),
        );
    }
}
