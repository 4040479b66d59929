//! The threads that judge bodies: so many, each of which takes the next body by itself when it is done with one. Must not know
//! what is judged.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon_core::{ThreadPool, ThreadPoolBuilder};
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

/// The threads.
#[derive(Debug)]
pub(super) struct Judges {
    threads: ThreadPool,
}

impl Judges {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(super) fn start() -> Result<Self, FetchError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = ThreadPoolBuilder::new()
            .num_threads((cores * PER_CORE).min(MOST).max(cores))
            .thread_name(|nth| format!("judge-{nth}"))
            .start_handler(|_| step_back())
            .build()
            .map_err(FetchError::Threads)?;
        Ok(Self { threads })
    }

    /// How many judgements may be under way at once.
    pub(super) fn number(&self) -> usize {
        self.threads.current_num_threads()
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
        self.threads.spawn(move || {
            if !sender.is_closed() {
                // Nobody hears of a verdict that came too late.
                let _ = sender.send(catch_unwind(AssertUnwindSafe(judgement)));
            }
        });
        match verdict.await {
            Ok(verdict) => verdict.map_err(|panic| Miss::judge_failed(&*panic)),
            Err(_) => Err(Miss::closed()),
        }
    }
}

/// Lets the threads that keep requests and the database going before those that compute, as they need a processor for moments only.
/// On Linux this is about the calling thread alone. Where it is refused, nothing but time is lost.
fn step_back() {
    let _ = getpriority_process(None).and_then(|nice| setpriority_process(None, nice + NICER));
}
