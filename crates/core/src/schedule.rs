//! Which ticks are due, late, missed or to be tried again: (clock, rows) -> the next step of a job. Must not read a clock or a
//! database; the same rules hold for one process and for many on one database.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::retry::Delays;

/// A job that started its last tick this long before the service did need not begin with one at once.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// What is to be done again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSpec {
    /// Its name: `collect:in_gate`, `cleanup`, ...
    pub name: String,
    /// Time from one tick to the next.
    pub period: TimeDelta,
    /// How late a tick may begin; what is later is recorded as missed.
    pub grace: TimeDelta,
    /// Whether a service that starts begins with a tick at once.
    pub at_start: bool,
    /// When a failed tick is tried again.
    pub delays: Delays,
}

/// Where a tick stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickState {
    /// Due, or waiting to be tried again.
    Pending,
    /// Under way.
    Running,
    /// Carried out.
    Done,
    /// Tried as often as allowed, in vain.
    Failed,
    /// Too late to be carried out; a later one stands for it.
    Missed,
    /// Its process is gone.
    Interrupted,
}

impl TickState {
    /// All states, for tests and the database.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Missed,
        Self::Interrupted,
    ];

    /// The name as it stands in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether the tick is still to be carried out or under way.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

/// The tick of a job that is still to be carried out or under way; a job has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTick {
    /// When it was due.
    pub due: DateTime<Utc>,
    /// Whether it is under way.
    pub is_running: bool,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Not to be started before.
    pub not_before: DateTime<Utc>,
}

/// What the rows say of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Its open tick.
    pub open: Option<OpenTick>,
    /// When the last of its ticks to start did so.
    pub last_started: Option<DateTime<Utc>>,
    /// When the last of its ticks was due, carried out or missed.
    pub last_due: Option<DateTime<Utc>>,
    /// Whether the last of its ticks was cut short because its process was gone.
    pub was_interrupted: bool,
}

/// What bears on a job besides its own rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around {
    /// When the service started.
    pub service_started: Option<DateTime<Utc>>,
    /// Whether whoever runs the open tick is known to be gone.
    pub is_holder_gone: bool,
    /// When the job's own rhythm wants its next tick (see `pace`); the plain period if there is none.
    pub next_by_rhythm: Option<DateTime<Utc>>,
    /// Not to be started before: the portal as a whole fails (see `breaker`).
    pub held_until: Option<DateTime<Utc>>,
}

/// Why a tick is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is later than its grace allows.
    Late,
    /// It lies so far ahead that the clock must have been set back.
    ClockSetBack,
}

impl Why {
    /// The reason as it goes into the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::ClockSetBack => "clock_set_back",
        }
    }
}

/// What to do next for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write a tick that is due then.
    Plan(DateTime<Utc>),
    /// Start the open tick.
    Start,
    /// Close the open tick as missed; so many ticks of the period went by with it.
    Miss(Why, u32),
    /// Close the open tick as interrupted.
    Interrupt,
    /// Nothing before then, or before the rows change.
    Wait(Option<DateTime<Utc>>),
}

/// The next step of a job. Carried out, it changes the rows; ask again until it says to wait.
#[must_use]
pub fn next_step(now: DateTime<Utc>, spec: &JobSpec, standing: &Standing, around: &Around) -> Step {
    match standing.open {
        Some(open) if open.is_running && around.is_holder_gone => Step::Interrupt,
        Some(open) if open.is_running => Step::Wait(None),
        Some(open) => pending(now, spec, &open, around),
        None => Step::Plan(next_due(now, spec, standing, around)),
    }
}

/// A tick that waits: for its time, for its chance, or in vain.
fn pending(now: DateTime<Utc>, spec: &JobSpec, open: &OpenTick, around: &Around) -> Step {
    if open.not_before - now > farthest(spec) {
        return Step::Miss(Why::ClockSetBack, 1);
    }
    if now < open.not_before {
        return Step::Wait(Some(open.not_before));
    }
    if let Some(until) = around.held_until.filter(|until| *until > now) {
        return Step::Wait(Some(until));
    }
    // What was tried already is not late but stubborn: its own delays decide.
    if open.attempts == 0 && now - open.due > spec.grace {
        return Step::Miss(Why::Late, gone_by(now, spec, open.due));
    }
    Step::Start
}

/// The farthest ahead that a tick or its next attempt can rightly lie.
fn farthest(spec: &JobSpec) -> TimeDelta {
    spec.period * 2 + spec.delays.longest()
}

/// The ticks of the period that a late one stands for, itself included.
fn gone_by(now: DateTime<Utc>, spec: &JobSpec, due: DateTime<Utc>) -> u32 {
    let period = spec.period.num_milliseconds().max(1);
    u32::try_from(1 + ((now - due).num_milliseconds() - 1).max(0) / period).unwrap_or(u32::MAX)
}

/// Whether a job without an open tick is due at once and out of turn: it has not begun yet, or is kept from its ticks no more.
#[must_use]
pub fn is_out_of_turn(
    now: DateTime<Utc>,
    spec: &JobSpec,
    standing: &Standing,
    around: &Around,
) -> bool {
    // A tick of the future tells of a clock that was set back, and says nothing.
    let last_started = standing.last_started.filter(|last| *last <= now);
    // So does a start of the future: it would make every tick the first.
    let started = around.service_started.filter(|started| *started <= now);
    let is_first = spec.at_start
        && started.is_some_and(|started| last_started.is_none_or(|last| last < started - FRESH));
    // Whatever kept it from its ticks is over: the one that is owed is not put off to the next round time.
    let is_overdue = match last_started {
        Some(last) => now - last >= spec.period + spec.grace,
        None => spec.at_start,
    };
    is_first || is_overdue || standing.was_interrupted
}

/// When a job without an open tick is due next.
fn next_due(
    now: DateTime<Utc>,
    spec: &JobSpec,
    standing: &Standing,
    around: &Around,
) -> DateTime<Utc> {
    if is_out_of_turn(now, spec, standing, around) {
        return now;
    }
    let last_started = standing.last_started.filter(|last| *last <= now);
    let last_due = standing.last_due.filter(|last| *last <= now);
    if let Some(next) = around.next_by_rhythm {
        return next.clamp(now, now + farthest(spec));
    }
    let owed = round_down(now, spec.period);
    // A tick out of turn (at start, after an outage) shortly before a round time stands for it.
    let is_stood_for = last_started.is_some_and(|last| owed - last < spec.period / 2);
    if last_due.is_some_and(|last| last < owed) && now - owed <= spec.grace && !is_stood_for {
        return owed;
    }
    owed + spec.period
}

/// The last round time of that period that is not after `at`: periods are counted from the epoch, so that every process
/// and every restart means the same ticks.
#[must_use]
pub fn round_down(at: DateTime<Utc>, period: TimeDelta) -> DateTime<Utc> {
    let period = period.num_milliseconds().max(1);
    let passed = at.timestamp_millis();
    DateTime::from_timestamp_millis(passed - passed.rem_euclid(period)).unwrap_or(at)
}

#[cfg(test)]
#[path = "schedule/tests.rs"]
mod tests;
