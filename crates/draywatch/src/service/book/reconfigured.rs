//! What other settings do to ticks that are planned already. Must not read settings.

use draywatch_catalog::Result;
use draywatch_core::schedule::OpenTick;

use super::{Book, Turn, by_name};
use crate::service::policy::{Job, Policy};

impl Book {
    /// Goes on by other settings. Ticks that the old ones planned for jobs that are no more, or have another period, are closed at
    /// the next turn.
    pub fn reconfigure(&mut self, policy: Policy) {
        let old = std::mem::replace(&mut self.policy, policy);
        let is_same = |job: &Job| {
            let mut new = self.policy.jobs.iter();
            new.any(|new| new.spec.name == job.spec.name && new.spec.period == job.spec.period)
        };
        let changed = old.jobs.iter().filter(|job| !is_same(job));
        let changed: Vec<String> = changed.map(|job| job.spec.name.clone()).collect();
        self.outdated.extend(changed);
    }

    /// Closes the ticks that wait by settings that are no more.
    pub(super) async fn close_outdated(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        while let Some(name) = self.outdated.first().cloned() {
            let waits = |open: &OpenTick| !open.is_running && open.attempts == 0;
            if let Some(open) = turn.row(&name).standing.open.filter(waits) {
                tracing::info!(job = %name, due = %open.due, "a tick of the old settings is dropped");
                let (why, rows) = ("settings_changed", turn.rows);
                rows.miss_tick(&name, open.due, why, 0, turn.now).await?;
                turn.jobs = by_name(rows.jobs().await?);
            }
            self.outdated.remove(&name);
        }
        Ok(())
    }
}
