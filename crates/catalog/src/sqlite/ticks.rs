//! The rows of jobs and of their ticks.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::schedule::{OpenTick, Standing, TickState};
use draywatch_core::{Failure, Kind};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{row, time};
use crate::{Fence, JobRow, Lease, NewTick, TickEnd, TickRow};

/// A due time is moved on for so many seconds at most until it is free.
const MOVES: i32 = 100_000;

/// How old a moment may be when it gets into the database.
const STALE: TimeDelta = TimeDelta::minutes(1);

/// The open tick of a job, in the words of the partial index: it is used for no others.
macro_rules! open {
    ($begin:literal, $job:literal, $rest:literal) => {
        concat!(
            $begin,
            " WHERE job = ",
            $job,
            " AND state IN ('pending', 'running')",
            $rest
        )
    };
}
/// Columns of ticks, newest first.
macro_rules! newest {
    ($rest:literal) => {
        concat!(
            "SELECT job, due_at, state, purpose, attempts, stands_for, started_at, finished_at, reason, failure_kind, \
             failure_message FROM ticks ",
            $rest
        )
    };
}

pub(super) const JOBS: &str = "SELECT j.name, j.fence, j.holder, j.beats, j.last_started, j.last_due, j.last_state, \
     j.memory, t.due_at, t.state, t.attempts, t.not_before, t.purpose \
     FROM jobs AS j LEFT JOIN ticks AS t ON t.job = j.name AND t.state IN ('pending', 'running') ORDER BY j.name";
pub(super) const OPEN: &str = open!("SELECT 1 FROM ticks", "$1", "");
pub(super) const PENDING: &str = open!(
    "SELECT 1 FROM ticks",
    "$1",
    " AND state = 'pending' AND not_before <= $2"
);
/// A process may have waited for another one that closed the tick before: its own moment is older by then, and the rows must not
/// read as if both had been under way. Where clocks differ by more than that, the moment stands as it is.
pub(super) const START: &str = open!(
    "UPDATE ticks SET state = 'running', fence = $1, started_at = COALESCE((SELECT finished_at FROM (SELECT finished_at FROM ticks \
     WHERE job = $3 AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) WHERE finished_at > $2 AND finished_at < $4), $2)",
    "$3",
    " AND state = 'pending'"
);
pub(super) const END: &str = open!(
    "UPDATE ticks SET state = $1, attempts = attempts + $2, not_before = COALESCE($3, not_before), \
     finished_at = $4, failure_kind = COALESCE($5, failure_kind), failure_message = COALESCE($6, failure_message)",
    "$7",
    " AND state = 'running'"
);
/// Notes which tick was closed last.
pub(super) const SETTLE: &str = "UPDATE jobs SET (last_due, last_state) = (SELECT due_at, state FROM ticks \
     WHERE job = $1 AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) WHERE name = $1";
pub(super) const MISS: &str = "UPDATE ticks SET state = 'missed', reason = $1, stands_for = $2, finished_at = $3 \
     WHERE job = $4 AND due_at = $5 AND state = 'pending'";
pub(super) const INTERRUPT: &str = open!(
    "UPDATE ticks SET state = 'interrupted', reason = 'its process is gone', finished_at = $1",
    "$2",
    " AND state = 'running'"
);
pub(super) const LIST: &str = newest!("ORDER BY id DESC LIMIT $1");
pub(super) const LIST_OF: &str = newest!("WHERE job = $2 ORDER BY id DESC LIMIT $1");
pub(super) const LIST_EACH: &str = newest!(
    "WHERE id IN (SELECT value FROM jobs AS j, json_each((SELECT json_group_array(id) FROM \
     (SELECT t.id FROM ticks AS t WHERE t.job = j.name ORDER BY t.id DESC LIMIT $1)))) ORDER BY id DESC"
);
pub(super) const FORGET: &str =
    "DELETE FROM ticks WHERE finished_at < $1 AND state NOT IN ('pending', 'running')";

pub(super) async fn ensure_job(conn: &mut SqliteConnection, job: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT OR IGNORE INTO jobs (name) VALUES ($1)")
        .bind(job)
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn jobs(conn: &mut SqliteConnection) -> sqlx::Result<Vec<JobRow>> {
    let rows = sqlx::query(JOBS).fetch_all(conn).await?;
    rows.iter().map(job).collect()
}

fn job(found: &SqliteRow) -> sqlx::Result<JobRow> {
    let lease = match row::text(found, "holder")? {
        Some(holder) => Some(Lease {
            holder,
            fence: row::int(found, "fence")?.unwrap_or(0),
            beats: row::int(found, "beats")?.unwrap_or(0),
        }),
        None => None,
    };
    let open = match row::instant(found, "due_at")? {
        Some(due) => Some(OpenTick {
            due,
            is_running: row::own_text(found, "state")? == TickState::Running.as_str(),
            attempts: row::small(found, "attempts")?,
            not_before: row::own_instant(found, "not_before")?,
        }),
        None => None,
    };
    Ok(JobRow {
        name: row::own_text(found, "name")?,
        lease,
        standing: Standing {
            open,
            last_started: row::instant(found, "last_started")?,
            last_due: row::instant(found, "last_due")?,
            was_interrupted: row::text(found, "last_state")?.as_deref()
                == Some(TickState::Interrupted.as_str()),
        },
        purpose: row::text(found, "purpose")?,
        memory: row::text(found, "memory")?,
    })
}

/// Writes a tick unless there is an open one; a due time that is taken is moved on by seconds.
pub(super) async fn plan(
    conn: &mut SqliteConnection,
    tick: &NewTick,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    ensure_job(conn, &tick.job).await?;
    if open(conn, &tick.job).await? {
        return Ok(false);
    }
    let mut due = tick.due;
    for _ in 0..MOVES {
        let sql = "INSERT OR IGNORE INTO ticks (job, due_at, state, purpose, not_before, planned_at) \
                   VALUES ($1, $2, 'pending', $3, $2, $4)";
        let done = sqlx::query(sql)
            .bind(&tick.job)
            .bind(time::text(due))
            .bind(&tick.purpose)
            .bind(time::text(now))
            .execute(&mut *conn)
            .await?;
        if done.rows_affected() > 0 {
            return Ok(true);
        }
        due += TimeDelta::seconds(1);
    }
    Ok(false)
}

async fn open(conn: &mut SqliteConnection, job: &str) -> sqlx::Result<bool> {
    let found = sqlx::query(OPEN).bind(job).fetch_optional(conn).await?;
    Ok(found.is_some())
}

/// Whether the job has a tick that may begin.
pub(super) async fn is_pending(
    conn: &mut SqliteConnection,
    job: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let found = sqlx::query(PENDING)
        .bind(job)
        .bind(time::text(now))
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Marks the open tick as under way.
pub(super) async fn start(
    conn: &mut SqliteConnection,
    fence: &Fence,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(START)
        .bind(fence.number)
        .bind(time::text(now))
        .bind(&fence.job)
        .bind(time::text(now + STALE))
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE jobs SET last_started = $1 WHERE name = $2")
        .bind(time::text(now))
        .bind(&fence.job)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Ends the running tick.
pub(super) async fn end(
    conn: &mut SqliteConnection,
    fence: &Fence,
    end: &TickEnd,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (state, failure, not_before, tries) = match end {
        TickEnd::Done => (TickState::Done, None, None, 0),
        TickEnd::Again(failure, at) => (TickState::Pending, Some(failure), Some(*at), 1),
        TickEnd::Failed(failure) => (TickState::Failed, Some(failure), None, 1),
        TickEnd::PutBack => (TickState::Pending, None, None, 0),
    };
    sqlx::query(END)
        .bind(state.as_str())
        .bind(tries)
        .bind(not_before.map(time::text))
        .bind((!state.is_open()).then(|| time::text(now)))
        .bind(failure.map(|failure| failure.kind.as_str()))
        .bind(failure.map(|failure| failure.message.as_str()))
        .bind(&fence.job)
        .execute(&mut *conn)
        .await?;
    if state.is_open() {
        return Ok(());
    }
    settle(conn, &fence.job).await
}

/// Notes which tick was closed last.
async fn settle(conn: &mut SqliteConnection, job: &str) -> sqlx::Result<()> {
    sqlx::query(SETTLE)
        .bind(job)
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn remember(
    conn: &mut SqliteConnection,
    job: &str,
    memory: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE jobs SET memory = COALESCE($1, memory) WHERE name = $2")
        .bind(memory)
        .bind(job)
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn miss(
    conn: &mut SqliteConnection,
    job: &str,
    due: DateTime<Utc>,
    reason: &str,
    stands_for: u32,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(MISS)
        .bind(reason)
        .bind(stands_for)
        .bind(time::text(now))
        .bind(job)
        .bind(time::text(due))
        .execute(&mut *conn)
        .await?;
    settle(conn, job).await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn interrupt(
    conn: &mut SqliteConnection,
    job: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let done = sqlx::query(INTERRUPT)
        .bind(time::text(now))
        .bind(job)
        .execute(&mut *conn)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(());
    }
    settle(conn, job).await
}

pub(super) async fn list_each(
    conn: &mut SqliteConnection,
    limit: u32,
) -> sqlx::Result<Vec<TickRow>> {
    let rows = sqlx::query(LIST_EACH).bind(limit).fetch_all(conn).await?;
    rows.iter().map(tick).collect()
}

pub(super) async fn list(
    conn: &mut SqliteConnection,
    job: Option<&str>,
    limit: u32,
) -> sqlx::Result<Vec<TickRow>> {
    let query = match job {
        Some(job) => sqlx::query(LIST_OF).bind(limit).bind(job),
        None => sqlx::query(LIST).bind(limit),
    };
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(tick).collect()
}

fn tick(found: &SqliteRow) -> sqlx::Result<TickRow> {
    let kind = row::text(found, "failure_kind")?.and_then(|kind| Kind::parse(&kind));
    let message = row::text(found, "failure_message")?;
    let state = row::own_text(found, "state")?;
    Ok(TickRow {
        job: row::own_text(found, "job")?,
        due: row::own_instant(found, "due_at")?,
        state: TickState::parse(&state).ok_or_else(|| row::odd("state", &state))?,
        purpose: row::own_text(found, "purpose")?,
        attempts: row::small(found, "attempts")?,
        stands_for: row::small(found, "stands_for")?,
        started_at: row::instant(found, "started_at")?,
        finished_at: row::instant(found, "finished_at")?,
        reason: row::text(found, "reason")?,
        failure: kind.map(|kind| Failure::new(kind, message.unwrap_or_default())),
    })
}

pub(super) async fn forget(
    conn: &mut SqliteConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query(FORGET)
        .bind(time::text(before))
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
