//! What the service does when another file lies where its database was: it opens that one, if it belongs to the archive. Must not
//! make one.

use std::sync::Arc;

use draywatch_core::Failure;
use draywatch_core::error::chain;

use super::{CLOSING, Service, Shared};

impl Service {
    /// The same service on the database that was put in the place of the one it had; `None` where that cannot be used. Jobs
    /// under way fail by themselves, since they have the old one.
    pub(super) async fn reopen(&mut self, shared: &Shared) -> Option<Arc<Shared>> {
        let (config, clock) = (self.reloader.running().clone(), self.clock.clone());
        let opening = shared.collector.reopened(&config, &clock);
        match self.finish(opening).await? {
            Ok(collector) => {
                tracing::warn!(
                    "another file lies in the place of the database: it is used from now on"
                );
                close(shared);
                let shared = self.share(collector);
                self.monitor.works_with(&shared);
                Some(shared)
            }
            Err(error) => {
                let failure = Failure::of(error.kind(), &error);
                if self.unusable.replace(failure.message.clone()) != Some(failure.message) {
                    tracing::error!(kind = %error.kind(), error = %chain(&error), "what lies in the place of the database cannot be used");
                }
                self.notifier.status(&format!("database: {error}"));
                None
            }
        }
    }
}

/// Lets the connections to the old file go, without waiting for whoever uses them.
fn close(shared: &Shared) {
    let catalog = Arc::clone(&shared.collector.store().catalog);
    tokio::spawn(async move { tokio::time::timeout(CLOSING, catalog.close()).await });
}
