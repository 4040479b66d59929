//! The portal's page, one camera at a time. One that keeps it for too long holds up another once, and nobody after that until it is
//! quick again. Must not know what is done on the page.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use draywatch_core::CameraId;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The turns at the page.
#[derive(Debug)]
pub struct Pages {
    /// How long the page may be kept while another waits.
    patience: Duration,
    state: Mutex<State>,
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Who has the page, since when, and the number of its turn.
    holder: Option<(CameraId, Instant, u64)>,
    turns: u64,
    /// Cameras that kept it for too long the last time.
    slow: BTreeSet<CameraId>,
}

/// A turn at the page; it ends when this is dropped.
#[derive(Debug)]
pub struct Page {
    pages: Arc<Pages>,
    camera: CameraId,
    since: Instant,
    turn: u64,
}

impl Pages {
    /// A page that may be kept for so long while another waits.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            state: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Waits for the page. Who keeps it for too long is passed over: from then on it is ours.
    pub async fn turn(self: &Arc<Self>, camera: &CameraId) -> Page {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            // From here on no one leaves unnoticed.
            left.as_mut().enable();
            match self.take(camera) {
                Ok(page) => return page,
                Err(until) => drop(timeout_at(until, left).await),
            }
        }
    }

    /// The page if it may be had now; else until when to wait for whoever has it.
    fn take(self: &Arc<Self>, camera: &CameraId) -> Result<Page, Instant> {
        let mut state = self.state();
        let now = Instant::now();
        if let Some((holder, since, _)) = state.holder.clone() {
            let until = since + self.patience;
            if now < until && !state.slow.contains(&holder) {
                return Err(until);
            }
            state.slow.insert(holder);
        }
        state.turns += 1;
        let turn = state.turns;
        state.holder = Some((camera.clone(), now, turn));
        Ok(Page {
            pages: Arc::clone(self),
            camera: camera.clone(),
            since: now,
            turn,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let mut state = self.pages.state();
        if self.since.elapsed() < self.pages.patience {
            state.slow.remove(&self.camera);
        } else {
            state.slow.insert(self.camera.clone());
        }
        let is_ours = |(_, _, turn): &(CameraId, Instant, u64)| *turn == self.turn;
        if state.holder.as_ref().is_some_and(is_ours) {
            state.holder = None;
        }
        drop(state);
        self.pages.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    async fn waits(pages: &Arc<Pages>, name: &str) -> (u64, Page) {
        let begun = Instant::now();
        let page = pages.turn(&camera(name)).await;
        (begun.elapsed().as_secs(), page)
    }

    async fn seconds(number: u64) {
        tokio::time::sleep(Duration::from_secs(number)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_waits_for_the_other_to_be_done() {
        let pages = Arc::new(Pages::new(PATIENCE));
        let (_, first) = waits(&pages, "in_gate").await;
        let leaves = async {
            seconds(5).await;
            drop(first);
        };
        let ((waited, _page), ()) = tokio::join!(waits(&pages, "out_gate"), leaves);
        assert_eq!(waited, 5);
    }

    /// With a wait of the same length at each tick, the camera that hangs delayed the other for as long as it did.
    #[tokio::test(start_paused = true)]
    async fn a_camera_that_hangs_delays_the_other_once() {
        let pages = Arc::new(Pages::new(PATIENCE));
        for expected in [20, 0, 0] {
            let (_, hangs) = waits(&pages, "in_gate").await;
            let (waited, other) = waits(&pages, "out_gate").await;
            assert_eq!(waited, expected);
            seconds(5).await;
            drop(other);
            seconds(60).await;
            drop(hangs);
        }
        // Quick again: the next time it is waited for.
        drop(waits(&pages, "in_gate").await);
        let (_, _hangs) = waits(&pages, "in_gate").await;
        assert_eq!(waits(&pages, "out_gate").await.0, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_it_had_the_page_before_counts() {
        let pages = Arc::new(Pages::new(PATIENCE));
        let (_, hangs) = waits(&pages, "in_gate").await;
        seconds(15).await;
        let (waited, other) = waits(&pages, "out_gate").await;
        assert_eq!(waited, 5);
        // The page is the other's now, whatever becomes of the one that hangs.
        drop(hangs);
        let leaves = async {
            seconds(3).await;
            drop(other);
        };
        let ((waited, _page), ()) = tokio::join!(waits(&pages, "third"), leaves);
        assert_eq!(waited, 3);
    }
}
