//! Crash drills, only in builds with the feature `failpoints`: `DRAYWATCH_TEST_CRASH_AT=collect-fetched:3` ends the process
//! with SIGKILL when that failpoint is reached for the third time. Must not exist in a release.

use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable that names the failpoint.
const VARIABLE: &str = "DRAYWATCH_TEST_CRASH_AT";

/// Arms the failpoint that the environment names, if it names one. A name nobody reaches does nothing.
pub fn arm() {
    let Ok(text) = std::env::var(VARIABLE) else {
        return;
    };
    let (name, nth) = text.split_once(':').unwrap_or((&text, "1"));
    let nth: u32 = nth.parse().unwrap_or(1);
    let reached = AtomicU32::new(0);
    let armed = fail::cfg_callback(name, move || {
        if reached.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
            // The signal is on its way; nothing more may happen.
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    });
    if let Err(error) = armed {
        tracing::error!(error, "the failpoint could not be armed");
    }
}
