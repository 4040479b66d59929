//! Runs as readers are to see them: one whose process is gone has ended, although nobody has written that down yet. Must not write, nor
//! know how processes are told to be gone.

use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;

use crate::{
    Catalog, JobRow, NewObservation, Result, RunEnd, RunFilter, RunPage, RunQuery, RunRow,
};

/// Whether a run without an end is known to be abandoned, by the leases as they were before it was read, and by the time.
pub type IsAbandoned = fn(&RunRow, &[JobRow], DateTime<Utc>) -> bool;

/// Reads runs; what is known of their processes counts as if it were written already.
pub struct RunReader<'a> {
    catalog: &'a dyn Catalog,
    is_abandoned: IsAbandoned,
    now: DateTime<Utc>,
}

/// Who holds which camera. Always read before the runs: whoever has died by then has not begun one since.
struct Leases(Vec<JobRow>);

impl<'a> RunReader<'a> {
    /// A reader that goes by that rule. Runs that nobody has ended yet end at `now`, as the next collection will write it.
    #[must_use]
    pub fn new(catalog: &'a dyn Catalog, is_abandoned: IsAbandoned, now: DateTime<Utc>) -> Self {
        Self {
            catalog,
            is_abandoned,
            now,
        }
    }

    /// [`Catalog::runs`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<RunRow>> {
        let leases = self.leases().await?;
        let open = self.without_an_end(filter.outcome, &leases).await?;
        let runs = self.catalog.runs(&RunFilter { open, ..filter }).await?;
        Ok(self.ended(runs, &leases))
    }

    /// [`crate::Browse::run_page`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn page(&self, query: RunQuery) -> Result<RunPage> {
        let leases = self.leases().await?;
        let open = self.without_an_end(query.outcome, &leases).await?;
        let mut page = self.catalog.run_page(&RunQuery { open, ..query }).await?;
        page.rows = self.ended(page.rows, &leases);
        Ok(page)
    }

    /// [`crate::Browse::run`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn run(&self, id: i64) -> Result<Option<(RunRow, Option<NewObservation>)>> {
        let leases = self.leases().await?;
        let found = self.catalog.run(id).await?;
        Ok(found.map(|(run, seen)| (self.end(run, &leases), seen)))
    }

    /// [`crate::Slots::newest_runs`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest(&self, cameras: &[CameraId], each: u32) -> Result<Vec<RunRow>> {
        let leases = self.leases().await?;
        let runs = self.catalog.newest_runs(cameras, each).await?;
        Ok(self.ended(runs, &leases))
    }

    async fn leases(&self) -> Result<Leases> {
        self.catalog.jobs().await.map(Leases)
    }

    /// The runs that count as of that outcome without a word of it in their rows.
    async fn without_an_end(&self, outcome: Option<Outcome>, leases: &Leases) -> Result<Vec<i64>> {
        if outcome != Some(Outcome::Interrupted) {
            return Ok(Vec::new());
        }
        let open = self.catalog.open_runs().await?;
        let gone = open
            .iter()
            .filter(|run| (self.is_abandoned)(run, &leases.0, self.now));
        Ok(gone.map(|run| run.id).collect())
    }

    fn ended(&self, runs: Vec<RunRow>, leases: &Leases) -> Vec<RunRow> {
        runs.into_iter().map(|run| self.end(run, leases)).collect()
    }

    fn end(&self, mut run: RunRow, leases: &Leases) -> RunRow {
        if run.end.is_none() && (self.is_abandoned)(&run, &leases.0, self.now) {
            run.end = Some(RunEnd::interrupted(self.now));
        }
        run
    }
}
