//! Calls that wait for a disk, on threads that may wait: one that hangs must not hold up the timers that bound the wait for it.
//! Must not know what is called.

/// Carries out `work` on a thread of its own. A panic there goes on here.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
}
