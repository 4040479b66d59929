//! Rows of jobs and ticks in memory, with the promises of the trait `Jobs`. Must not decide what is due.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Fence, JobRow, Lease, NewTick, TickEnd, TickRow};
use draywatch_core::schedule::{OpenTick, Standing, TickState};

/// A job's row.
#[derive(Debug, Default)]
struct Job {
    fence: i64,
    holder: Option<String>,
    beats: i64,
    last_started: Option<DateTime<Utc>>,
    last_due: Option<DateTime<Utc>>,
    last_state: Option<TickState>,
    memory: Option<String>,
    /// Where its open tick stands among the ticks.
    open: Option<usize>,
}

/// Jobs with their ticks.
#[derive(Debug, Default)]
pub struct Rows {
    jobs: BTreeMap<String, Job>,
    ticks: Vec<TickRow>,
    not_before: BTreeMap<usize, DateTime<Utc>>,
    dues: BTreeSet<(String, DateTime<Utc>)>,
}

impl Rows {
    pub fn jobs(&self) -> Vec<JobRow> {
        self.jobs
            .iter()
            .map(|(name, job)| self.row(name, job))
            .collect()
    }

    fn row(&self, name: &str, job: &Job) -> JobRow {
        let open = job.open.map(|at| &self.ticks[at]);
        JobRow {
            name: name.to_owned(),
            lease: job.holder.as_ref().map(|holder| Lease {
                holder: holder.clone(),
                fence: job.fence,
                beats: job.beats,
            }),
            standing: Standing {
                open: open.map(|tick| OpenTick {
                    due: tick.due,
                    is_running: tick.state == TickState::Running,
                    attempts: tick.attempts,
                    not_before: self.not_before[&job.open.unwrap()],
                }),
                last_started: job.last_started,
                last_due: job.last_due,
                was_interrupted: job.last_state == Some(TickState::Interrupted),
            },
            purpose: open.map(|tick| tick.purpose.clone()),
            memory: job.memory.clone(),
        }
    }

    pub fn plan(&mut self, tick: &NewTick) -> bool {
        let job = self.jobs.entry(tick.job.clone()).or_default();
        if job.open.is_some() {
            return false;
        }
        let mut due = tick.due;
        while !self.dues.insert((tick.job.clone(), due)) {
            due += TimeDelta::seconds(1);
        }
        job.open = Some(self.ticks.len());
        self.not_before.insert(self.ticks.len(), tick.due.max(due));
        self.ticks.push(TickRow {
            job: tick.job.clone(),
            due,
            state: TickState::Pending,
            purpose: tick.purpose.clone(),
            attempts: 0,
            stands_for: 1,
            started_at: None,
            finished_at: None,
            reason: None,
            failure: None,
        });
        true
    }

    pub fn take(
        &mut self,
        name: &str,
        holder: &str,
        gone: Option<i64>,
        now: DateTime<Utc>,
    ) -> Option<Fence> {
        let job = self.jobs.entry(name.to_owned()).or_default();
        if job.holder.is_some() && gone != Some(job.fence) {
            return None;
        }
        job.fence += 1;
        job.beats = 0;
        job.holder = Some(holder.to_owned());
        let number = job.fence;
        self.cut_short(name, now);
        Some(Fence {
            job: name.to_owned(),
            number,
        })
    }

    pub fn start(&mut self, name: &str, holder: &str, now: DateTime<Utc>) -> Option<Fence> {
        let at = self.jobs.get(name)?.open?;
        let is_pending = self.ticks[at].state == TickState::Pending && self.not_before[&at] <= now;
        if !is_pending {
            return None;
        }
        let fence = self.take(name, holder, None, now)?;
        self.ticks[at].state = TickState::Running;
        self.ticks[at].started_at = Some(now);
        self.job(name).last_started = Some(now);
        Some(fence)
    }

    /// Whether that lease is still held.
    pub fn holds(&self, fence: &Fence) -> bool {
        self.jobs
            .get(&fence.job)
            .is_some_and(|job| job.fence == fence.number && job.holder.is_some())
    }

    pub fn beat(&mut self, fence: &Fence) -> bool {
        let is_held = self.holds(fence);
        if is_held {
            self.job(&fence.job).beats += 1;
        }
        is_held
    }

    pub fn release(&mut self, fence: &Fence) -> bool {
        let is_held = self.holds(fence);
        if is_held {
            self.job(&fence.job).holder = None;
        }
        is_held
    }

    pub fn end(
        &mut self,
        fence: &Fence,
        end: &TickEnd,
        memory: Option<&str>,
        now: DateTime<Utc>,
    ) -> bool {
        if !self.release(fence) {
            return false;
        }
        let job = self.job(&fence.job);
        job.memory = memory.map(ToOwned::to_owned).or(job.memory.take());
        let Some(at) = job.open.filter(|at| self.is_running(*at)) else {
            return true;
        };
        let tick = &mut self.ticks[at];
        let failure = match end {
            TickEnd::Done => {
                tick.state = TickState::Done;
                None
            }
            TickEnd::Again(failure, again) => {
                tick.state = TickState::Pending;
                self.not_before.insert(at, *again);
                Some(failure)
            }
            TickEnd::Failed(failure) => {
                tick.state = TickState::Failed;
                Some(failure)
            }
            TickEnd::PutBack => {
                tick.state = TickState::Pending;
                None
            }
        };
        tick.attempts += u32::from(failure.is_some());
        tick.failure = failure.cloned().or(tick.failure.take());
        if !tick.state.is_open() {
            self.close(&fence.job, at, now);
        }
        true
    }

    pub fn miss(
        &mut self,
        name: &str,
        due: DateTime<Utc>,
        reason: &str,
        stands_for: u32,
        now: DateTime<Utc>,
    ) -> bool {
        let open = self.jobs.get(name).and_then(|job| job.open);
        let is_it =
            |at: &usize| self.ticks[*at].state == TickState::Pending && self.ticks[*at].due == due;
        let Some(at) = open.filter(is_it) else {
            return false;
        };
        let tick = &mut self.ticks[at];
        tick.state = TickState::Missed;
        tick.reason = Some(reason.to_owned());
        tick.stands_for = stands_for;
        self.close(name, at, now);
        true
    }

    pub fn interrupt(&mut self, name: &str, gone: i64, now: DateTime<Utc>) -> bool {
        let fence = Fence {
            job: name.to_owned(),
            number: gone,
        };
        let was_held = self.release(&fence);
        if was_held {
            self.cut_short(name, now);
        }
        was_held
    }

    fn cut_short(&mut self, name: &str, now: DateTime<Utc>) {
        let open = self.jobs.get(name).and_then(|job| job.open);
        let Some(at) = open.filter(|at| self.is_running(*at)) else {
            return;
        };
        self.ticks[at].state = TickState::Interrupted;
        self.ticks[at].reason = Some("its process is gone".to_owned());
        self.close(name, at, now);
    }

    fn close(&mut self, name: &str, at: usize, now: DateTime<Utc>) {
        let tick = &mut self.ticks[at];
        tick.finished_at = Some(now);
        let (due, state) = (tick.due, tick.state);
        self.not_before.remove(&at);
        let job = self.job(name);
        (job.open, job.last_due, job.last_state) = (None, Some(due), Some(state));
    }

    /// The newest ticks first.
    pub fn ticks(&self, job: Option<&str>, limit: u32) -> Vec<TickRow> {
        let of_job = |tick: &&TickRow| job.is_none_or(|job| tick.job == job);
        let ticks = self.ticks.iter().rev().filter(of_job);
        ticks.take(limit as usize).cloned().collect()
    }

    fn is_running(&self, at: usize) -> bool {
        self.ticks[at].state == TickState::Running
    }

    fn job(&mut self, name: &str) -> &mut Job {
        self.jobs.entry(name.to_owned()).or_default()
    }
}
