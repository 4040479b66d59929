//! The book of ticks: rows are read, the rules of `core` decide, rows are written. Must not carry out a job; drives one
//! process or many on one database, on the machine's clock or on a test's.

mod ending;
mod reconfigured;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Fence, JobRow, Jobs, Lease, NewTick, Result};
use draywatch_core::breaker::{Breaker, breaker};
use draywatch_core::pace::Purpose;
use draywatch_core::schedule::{Around, Step, is_out_of_turn, next_step};
use draywatch_core::{CameraId, Failure};
use tokio::time::Instant;

use ending::newest;
pub use ending::{finish, memory};

use super::policy::{Job, Policy, Work};
use crate::lease::{Alive, Living, Watch};

/// A job takes so many steps at most in one turn; the next turn goes on.
const STEPS: u32 = 8;
/// Other processes' doings are looked at this often at least.
const LOOK: TimeDelta = TimeDelta::seconds(5);
/// So soon a tick is tried again whose lease another holds.
const SOON: TimeDelta = TimeDelta::seconds(1);
/// So many of the newest frames tell a camera's rhythm.
const FRAMES: u32 = 40;
/// So many of the latest listings are looked at for the breaker, and so many if those all failed.
const LISTINGS: (u32, u32) = (6, 60);

/// A tick that this process has started.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its job.
    pub job: Job,
    /// The right to do it.
    pub fence: Fence,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// What it is for.
    pub purpose: Purpose,
    /// How often it was tried in vain before.
    pub attempts: u32,
    /// Tells the book, for as long as it is kept, that somebody works on it.
    pub alive: Arc<Alive>,
}

/// What a turn came to.
#[derive(Debug)]
pub struct Round {
    /// Ticks to be carried out now.
    pub started: Vec<Started>,
    /// When to look again at the latest.
    pub wake: DateTime<Utc>,
    /// When the rows themselves ask for the next turn; before that only what others do can bring one.
    pub next: Option<DateTime<Utc>>,
    /// What the breaker says.
    pub breaker: Breaker,
}

/// How a tick ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// Carried out; for a collection, when the page was read.
    Done(Option<DateTime<Utc>>),
    /// Failed.
    Failed(Failure),
    /// Put back, as the service is being stopped.
    PutBack,
}

/// The book.
#[derive(Debug)]
pub struct Book {
    policy: Policy,
    holder: String,
    started: DateTime<Utc>,
    watch: Watch,
    living: Living,
    /// Jobs whose waiting ticks were planned by settings that are no more.
    outdated: BTreeSet<String>,
}

impl Book {
    /// A book for a process of that name which started at `now`.
    #[must_use]
    pub fn new(policy: Policy, holder: String, now: DateTime<Utc>) -> Self {
        let watch = Watch::new(policy.lease);
        Self {
            policy,
            holder,
            started: now,
            watch,
            living: Living::default(),
            outdated: BTreeSet::new(),
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// One turn: what is due is started, what is late recorded, what comes next planned. `steady` is a clock that no one sets.
    ///
    /// # Errors
    /// When the database fails; the next turn goes on where this one ended.
    pub async fn turn(
        &mut self,
        rows: &dyn Jobs,
        now: DateTime<Utc>,
        steady: Instant,
    ) -> Result<Round> {
        let mut latest = rows.latest_listings(LISTINGS.0).await?;
        if latest.iter().all(|attempt| attempt.failure.is_some()) {
            latest = rows.latest_listings(LISTINGS.1).await?;
        }
        let policy = &self.policy;
        let breaker = breaker(
            &latest,
            &policy.cameras,
            policy.breaker_failures,
            &policy.delays,
        );
        let mut turn = Turn {
            jobs: by_name(rows.jobs().await?),
            rows,
            now,
            steady,
            round: Round {
                started: Vec::new(),
                wake: now + LOOK,
                next: None,
                breaker,
            },
        };
        self.close_outdated(&mut turn).await?;
        for job in self.policy.jobs.clone() {
            if let Err(error) = self.settle(&mut turn, &job).await {
                // What was started is to be worked on; the next turn meets the failure again.
                if turn.round.started.is_empty() {
                    return Err(error);
                }
                turn.wake_by(now + SOON);
                break;
            }
        }
        Ok(turn.round)
    }

    /// Takes steps of one job until there is nothing more to do now.
    async fn settle(&mut self, turn: &mut Turn<'_>, job: &Job) -> Result<()> {
        for _ in 0..STEPS {
            let row = turn.row(&job.spec.name);
            let around = self.around(turn, job, &row).await?;
            let step = next_step(turn.now, &job.spec, &row.standing, &around.facts);
            if let Step::Wait(until) = step {
                if let Some(until) = until {
                    turn.wake_by(until);
                }
                return Ok(());
            }
            // A moment of the rhythm that passed meanwhile is due at once, too, and is the rhythm's all the same.
            let purpose = if is_out_of_turn(turn.now, &job.spec, &row.standing, &around.facts) {
                Purpose::Start
            } else {
                around.purpose.unwrap_or(Purpose::Period)
            };
            if !self.carry_out(turn, job, &row, step, purpose).await? {
                turn.wake_by(turn.now + SOON);
                return Ok(());
            }
            turn.jobs = by_name(turn.rows.jobs().await?);
        }
        turn.wake_by(turn.now + SOON);
        Ok(())
    }

    /// Writes what a step asks for; `false` when somebody else was in the way.
    async fn carry_out(
        &mut self,
        turn: &mut Turn<'_>,
        job: &Job,
        row: &JobRow,
        step: Step,
        purpose: Purpose,
    ) -> Result<bool> {
        let (name, now) = (&job.spec.name, turn.now);
        let due = row.standing.open.map_or(now, |open| open.due);
        match step {
            Step::Plan(due) => {
                let tick = NewTick {
                    job: name.clone(),
                    due,
                    purpose: purpose.as_str().into(),
                };
                turn.rows.plan_tick(&tick, now).await
            }
            Step::Start => self.start(turn, job, row).await,
            Step::Miss(why, number) => {
                tracing::warn!(job = %name, due = %due, why = why.as_str(), ticks = number, "a tick was missed");
                turn.rows
                    .miss_tick(name, due, why.as_str(), number, now)
                    .await
            }
            Step::Interrupt => {
                let gone = row.lease.as_ref().map_or(0, |lease| lease.fence);
                tracing::warn!(job = %name, due = %due, "the process that ran this tick is gone");
                turn.rows.interrupt_tick(name, gone, now).await
            }
            Step::Wait(_) => Ok(true),
        }
    }

    async fn start(&mut self, turn: &mut Turn<'_>, job: &Job, row: &JobRow) -> Result<bool> {
        let (name, now) = (&job.spec.name, turn.now);
        let Some(open) = row.standing.open else {
            return Ok(false);
        };
        if let Some(fence) = turn.rows.start_tick(name, &self.holder, now).await? {
            let purpose = row
                .purpose
                .as_deref()
                .map_or(Purpose::Period, Purpose::parse);
            let alive = Arc::new(self.living.enter(&fence));
            turn.round.started.push(Started {
                alive,
                job: job.clone(),
                fence,
                due: open.due,
                purpose,
                attempts: open.attempts,
            });
            return Ok(true);
        }
        // A command collects the camera, or died while it did.
        let Some(lease) = &row.lease else {
            return Ok(false);
        };
        if self.is_gone(name, lease, turn.steady) {
            return turn.rows.interrupt_tick(name, lease.fence, now).await;
        }
        Ok(false)
    }

    /// Whether the holder of a lease is gone; who works in this process is not, also while the database takes no signs of life.
    fn is_gone(&mut self, job: &str, lease: &Lease, steady: Instant) -> bool {
        let fence = Fence {
            job: job.to_owned(),
            number: lease.fence,
        };
        let is_own = lease.holder == self.holder && self.living.has(&fence);
        !is_own && self.watch.is_gone(job, lease, steady)
    }

    /// What bears on a job's next step besides its own rows.
    async fn around(&mut self, turn: &Turn<'_>, job: &Job, row: &JobRow) -> Result<Surroundings> {
        let is_holder_gone = row
            .lease
            .as_ref()
            .is_some_and(|lease| self.is_gone(&row.name, lease, turn.steady));
        let mut facts = Around {
            service_started: Some(self.started),
            is_holder_gone,
            ..Around::default()
        };
        let mut purpose = None;
        if let Work::Collect(camera) = &job.work {
            facts.held_until = self.held_until(turn);
            if row.standing.open.is_none() {
                let next = self.next_by_rhythm(turn, camera, row).await?;
                (facts.next_by_rhythm, purpose) = next.unzip();
            }
        }
        Ok(Surroundings { facts, purpose })
    }

    /// While the portal as a whole fails, one camera at a time asks whether it is back.
    fn held_until(&self, turn: &Turn<'_>) -> Option<DateTime<Utc>> {
        let until = turn
            .round
            .breaker
            .holds_until(turn.now, self.policy.delays.longest())?;
        let is_probing = self.policy.jobs.iter().any(|job| {
            let open = turn.row(&job.spec.name).standing.open;
            matches!(job.work, Work::Collect(_)) && open.is_some_and(|open| open.is_running)
        });
        Some(if is_probing { turn.now + SOON } else { until })
    }

    async fn next_by_rhythm(
        &self,
        turn: &Turn<'_>,
        camera: &CameraId,
        row: &JobRow,
    ) -> Result<Option<(DateTime<Utc>, Purpose)>> {
        let Some(last) = row
            .standing
            .last_started
            .filter(|last| self.policy.follows_rhythm && *last <= turn.now)
        else {
            return Ok(None);
        };
        let frames = newest(turn.rows, camera, turn.now).await?;
        Ok(memory(row).next(&frames, last, self.policy.interval))
    }
}

/// What bears on a job, and what its rhythm wants the next tick for.
struct Surroundings {
    facts: Around,
    purpose: Option<Purpose>,
}

/// A turn under way.
struct Turn<'a> {
    rows: &'a dyn Jobs,
    jobs: BTreeMap<String, JobRow>,
    now: DateTime<Utc>,
    steady: Instant,
    round: Round,
}

impl Turn<'_> {
    fn row(&self, name: &str) -> JobRow {
        self.jobs.get(name).cloned().unwrap_or_else(|| JobRow {
            name: name.to_owned(),
            lease: None,
            standing: draywatch_core::schedule::Standing::default(),
            purpose: None,
            memory: None,
        })
    }

    fn wake_by(&mut self, at: DateTime<Utc>) {
        self.round.wake = self.round.wake.min(at);
        self.round.next = Some(self.round.next.map_or(at, |next| next.min(at)));
    }
}

fn by_name(rows: Vec<JobRow>) -> BTreeMap<String, JobRow> {
    rows.into_iter()
        .map(|row| (row.name.clone(), row))
        .collect()
}
