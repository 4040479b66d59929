//! The threads that judge bodies: so many, each of which takes the next body by itself when it is done with one. Must not know
//! what is judged.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{getpriority_process, setpriority_process};
use tokio::sync::oneshot;

use super::client::FetchError;
use super::miss::Miss;

/// Judgements at once for each processor: they compute, and then wait for the disk, which must not keep the next from computing.
const PER_CORE: usize = 4;
/// More than that, and than processors, would only hold memory.
const MOST: usize = 12;

/// How much lower their priority is than that of the rest, in steps of `nice`.
const NICER: i32 = 5;

type Judgement = Box<dyn FnOnce() + Send>;

/// The threads. They end when this does, each after what it is at.
#[derive(Debug)]
pub(super) struct Judges {
    queue: Arc<Queue>,
    number: usize,
}

impl Judges {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(super) fn start() -> Result<Self, FetchError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let judges = Self {
            queue: Arc::default(),
            number: (cores * PER_CORE).min(MOST).max(cores),
        };
        (0..judges.number)
            .try_for_each(|nth| judges.start_one(nth))
            .map_err(FetchError::Threads)?;
        Ok(judges)
    }

    fn start_one(&self, nth: usize) -> io::Result<()> {
        let queue = Arc::clone(&self.queue);
        let work = move || {
            step_back();
            while let Some(judgement) = queue.next() {
                judgement();
            }
        };
        thread::Builder::new()
            .name(format!("judge-{nth}"))
            .spawn(work)
            .map(drop)
    }

    /// How many judgements may be under way at once.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Has a body judged. Nothing is done for one who no longer waits.
    ///
    /// # Errors
    /// When the judgement panics.
    pub(super) async fn judge<T: Send + 'static>(
        &self,
        judgement: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Miss> {
        let (sender, verdict) = oneshot::channel();
        self.queue.add(Box::new(move || {
            if !sender.is_closed() {
                // Nobody hears of a verdict that came too late.
                let _ = sender.send(catch_unwind(AssertUnwindSafe(judgement)));
            }
        }));
        match verdict.await {
            Ok(verdict) => verdict.map_err(|panic| Miss::judge_failed(&*panic)),
            Err(_) => Err(Miss::closed()),
        }
    }
}

impl Drop for Judges {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// What waits for a judge. Who waits here sleeps: a thread that looks again and again takes its time from those that compute.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    judgements: VecDeque<Judgement>,
    is_closed: bool,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waiting", self.judgements.len())
    }
}

impl Queue {
    fn add(&self, judgement: Judgement) {
        self.lock().judgements.push_back(judgement);
        self.changed.notify_one();
    }

    /// The next, once there is one; nothing when there will be none any more.
    fn next(&self) -> Option<Judgement> {
        let mut waiting = self
            .changed
            .wait_while(self.lock(), |waiting| {
                waiting.judgements.is_empty() && !waiting.is_closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        waiting.judgements.pop_front()
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Nothing panics while this is held, so that it is whole in any case.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the threads that keep requests and the database going before those that compute, as they need a processor for moments only.
/// On Linux this is about the calling thread alone. Where it is refused, nothing but time is lost.
fn step_back() {
    let _ = getpriority_process(None).and_then(|nice| setpriority_process(None, nice + NICER));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Barrier};

    use futures::future::join_all;
    use futures::poll;

    use super::*;

    /// Keeps every judge at work until the barrier is met once more.
    fn all_busy(
        judges: &Judges,
        barrier: &Arc<Barrier>,
    ) -> Vec<impl Future<Output = Result<(), Miss>>> {
        let one = |_| {
            let barrier = Arc::clone(barrier);
            judges.judge(move || {
                barrier.wait();
            })
        };
        (0..judges.number()).map(one).collect()
    }

    #[tokio::test]
    async fn nothing_is_judged_for_one_who_no_longer_waits() {
        let judges = Judges::start().unwrap();
        let barrier = Arc::new(Barrier::new(judges.number() + 1));
        let mut busy = Box::pin(join_all(all_busy(&judges, &barrier)));
        assert!(poll!(&mut busy).is_pending());
        let judged = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&judged);
        let mut late = Box::pin(judges.judge(move || done.store(true, Ordering::Relaxed)));
        assert!(poll!(&mut late).is_pending());
        drop(late);
        barrier.wait();
        busy.await.into_iter().for_each(|done| done.unwrap());
        // Once all of them are at work again, the late one was passed over.
        let mut busy = Box::pin(join_all(all_busy(&judges, &barrier)));
        assert!(poll!(&mut busy).is_pending());
        barrier.wait();
        busy.await.into_iter().for_each(|done| done.unwrap());
        assert!(!judged.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn judges_let_the_rest_go_first() {
        let mine = getpriority_process(None).unwrap();
        let judges = Judges::start().unwrap();
        let theirs = judges.judge(|| getpriority_process(None).unwrap()).await;
        assert_eq!(theirs.unwrap(), (mine + NICER).min(19));
    }

    #[tokio::test]
    async fn a_judge_who_panics_goes_on_with_the_next() {
        let judges = Judges::start().unwrap();
        for _ in 0..judges.number() * 2 {
            let verdict = judges.judge::<()>(|| panic!("cannot count to three")).await;
            let miss = verdict.unwrap_err().refused("x", 1);
            assert_eq!(miss.reason, "panic");
            assert!(miss.to_string().contains("cannot count to three"), "{miss}");
        }
        assert_eq!(judges.judge(|| 3).await.unwrap(), 3);
    }
}
