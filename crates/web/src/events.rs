//! Who waits for new images: one look at the database serves all of them, and there is none while nobody waits. Must not know HTTP.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::state::App;

/// As many may listen at a time.
const MOST: usize = 100;
/// How often the database is looked at while somebody listens.
const EVERY: Duration = Duration::from_millis(300);

/// Those who wait.
#[derive(Debug)]
pub struct Events {
    newest: watch::Sender<i64>,
    wanted: Notify,
    places: Arc<Semaphore>,
}

/// A place among them.
#[derive(Debug)]
pub struct Listener {
    newest: watch::Receiver<i64>,
    _place: OwnedSemaphorePermit,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(0),
            wanted: Notify::new(),
            places: Arc::new(Semaphore::new(MOST)),
        }
    }
}

impl Events {
    /// Joins them; nobody more when all places are taken.
    pub fn listen(&self) -> Option<Listener> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let newest = self.newest.subscribe();
        self.wanted.notify_one();
        Some(Listener {
            newest,
            _place: place,
        })
    }

    /// Looks again and again whether there are new images, while somebody listens.
    pub async fn watch(app: App) {
        let events = app.events();
        loop {
            if events.newest.receiver_count() == 0 {
                events.wanted.notified().await;
            }
            let newest = app.ask(|catalog| async move { catalog.newest_image().await });
            if let Ok(newest) = newest.await {
                events
                    .newest
                    .send_if_modified(|known| std::mem::replace(known, newest) != newest);
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

impl Listener {
    /// Waits until there is another newest image than at the last time.
    pub async fn changed(&mut self) {
        if self.newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
