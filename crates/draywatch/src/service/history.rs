//! Changes of health on their way into the database, which may not take them for as long as another program holds its lock: a
//! look never waits for that, and nothing is lost, only written later. Must not judge.

use std::sync::Arc;

use draywatch_catalog::{Catalog, HealthChange};
use tokio::task::JoinHandle;

/// Changes that wait for the database; older ones are forgotten.
const WAITING: usize = 1000;

/// Changes that are not in the database yet, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    unwritten: Vec<HealthChange>,
    /// A task that writes some of them, and gives back what the database did not take.
    writing: Option<JoinHandle<Vec<HealthChange>>>,
}

impl History {
    /// A change that is to be written.
    pub fn note(&mut self, change: HealthChange) {
        self.unwritten.push(change);
        let too_many = self.unwritten.len().saturating_sub(WAITING);
        self.unwritten.drain(..too_many);
    }

    /// Has what is not written yet written by a task of its own, unless the one before still waits for the database.
    pub async fn hand_over(&mut self, catalog: &Arc<dyn Catalog>) {
        if self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.take_back().await;
        }
        if self.writing.is_some() || self.unwritten.is_empty() {
            return;
        }
        let (changes, catalog) = (std::mem::take(&mut self.unwritten), Arc::clone(catalog));
        self.writing = Some(tokio::spawn(async move {
            match catalog.note_health(&changes).await {
                Ok(()) => Vec::new(),
                Err(_) => changes,
            }
        }));
    }

    /// Writes all of it, for as long as the database takes for that.
    pub async fn finish(&mut self, catalog: &dyn Catalog) {
        self.take_back().await;
        if !self.unwritten.is_empty() && catalog.note_health(&self.unwritten).await.is_ok() {
            self.unwritten.clear();
        }
    }

    /// Waits for the task; what it could not write comes before what was noted meanwhile.
    async fn take_back(&mut self) {
        let Some(writing) = &mut self.writing else {
            return;
        };
        let left = writing.await.unwrap_or_default();
        self.writing = None;
        self.unwritten.splice(0..0, left);
    }
}

impl Drop for History {
    fn drop(&mut self) {
        if let Some(writing) = &self.writing {
            writing.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use draywatch_core::Clock;
    use draywatch_core::health::{Health, Reason, Status};
    use sqlx::{ConnectOptions, Connection};

    use super::*;
    use crate::config::Config;
    use crate::store;

    fn change(second: i64) -> HealthChange {
        let reason = Reason::new("portal", Status::Degraded, "it does not answer");
        HealthChange {
            at: DateTime::from_timestamp(1_763_800_000 + second, 0).unwrap(),
            health: Health::of(vec![reason]),
        }
    }

    /// A look once waited for the lock as long as the database does: no report, no alert meanwhile.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_locked_database_holds_nobody_up_and_gets_everything_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("database.db");
        let mut config = Config::default();
        config.database_url = format!("sqlite:///{}", file.display());
        let catalog = store::open_catalog(&config, &Clock::system(), true)
            .await
            .unwrap();
        let other = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut other = other.connect().await.unwrap();
        let locked = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other);
        locked.await.unwrap();

        let mut history = History::default();
        let looks = async {
            for second in 0..3 {
                history.note(change(second));
                history.hand_over(&catalog).await;
            }
        };
        let looked = tokio::time::timeout(Duration::from_secs(5), looks).await;
        looked.expect("a look waits for the lock");
        let written = async || {
            let since = DateTime::<Utc>::UNIX_EPOCH;
            catalog.health_changes(since, 10).await.unwrap().len()
        };
        assert_eq!(written().await, 0, "the lock is held");

        let unlocked = sqlx::raw_sql("ROLLBACK").execute(&mut other);
        unlocked.await.unwrap();
        other.close().await.unwrap();
        history.finish(&*catalog).await;
        assert_eq!(written().await, 3);
        catalog.close().await;
    }
}
