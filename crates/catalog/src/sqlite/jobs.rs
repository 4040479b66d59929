//! Jobs, their ticks and their leases. Must not decide what is due.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::backlog::DayStanding;
use draywatch_core::breaker::Attempt;
use sqlx::SqliteConnection;

use super::{SqliteCatalog, portal_days, reach, ticks, time};
use crate::{Catalog, Fence, Fenced, JobRow, Jobs, NewTick, Result, SeenFrame, TickEnd, TickRow};

#[async_trait]
impl Fenced for SqliteCatalog {
    fn fenced(&self, fence: &Fence) -> Arc<dyn Catalog> {
        Arc::new(Self {
            link: Arc::clone(&self.link),
            fence: Some(fence.clone()),
        })
    }

    async fn check_lease(&self) -> Result<()> {
        read_one!(self, "checking a lease", |conn| check_fence(
            conn,
            self.fence.as_ref()
        ))
    }
}

#[async_trait]
impl Jobs for SqliteCatalog {
    async fn jobs(&self) -> Result<Vec<JobRow>> {
        read_one!(self, "reading jobs", |conn| ticks::jobs(conn))
    }

    async fn plan_tick(&self, tick: &NewTick, now: DateTime<Utc>) -> Result<bool> {
        write_only!(self, "planning a tick", |conn| ticks::plan(conn, tick, now))
    }

    async fn take_lease(
        &self,
        job: &str,
        holder: &str,
        gone: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>> {
        write_only!(self, "taking a lease", |conn| take(
            conn, job, holder, gone, now
        ))
    }

    async fn start_tick(
        &self,
        job: &str,
        holder: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>> {
        write_only!(self, "starting a tick", |conn| async {
            if !ticks::is_pending(conn, job, now).await? {
                return Ok(None);
            }
            let Some(fence) = take(conn, job, holder, None, now).await? else {
                return Ok(None);
            };
            ticks::start(conn, &fence, now).await?;
            Ok::<_, sqlx::Error>(Some(fence))
        })
    }

    async fn beat(&self, fence: &Fence, now: DateTime<Utc>) -> Result<bool> {
        write_only!(self, "renewing a lease", |conn| beat(conn, fence, now))
    }

    async fn release(&self, fence: &Fence) -> Result<bool> {
        write_and_refresh!(self, "giving a lease back", |conn| release(conn, fence))
    }

    async fn end_tick(
        &self,
        fence: &Fence,
        end: &TickEnd,
        memory: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        write_only!(self, "ending a tick", |conn| async {
            if !release(conn, fence).await? {
                return Ok(false);
            }
            ticks::end(conn, fence, end, now).await?;
            ticks::remember(conn, &fence.job, memory).await?;
            Ok::<_, sqlx::Error>(true)
        })
    }

    async fn miss_tick(
        &self,
        job: &str,
        due: DateTime<Utc>,
        reason: &str,
        stands_for: u32,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        write_only!(self, "recording a missed tick", |conn| ticks::miss(
            conn, job, due, reason, stands_for, now
        ))
    }

    async fn interrupt_tick(&self, job: &str, gone: i64, now: DateTime<Utc>) -> Result<bool> {
        write_only!(self, "closing an interrupted tick", |conn| async {
            let fence = Fence {
                job: job.to_owned(),
                number: gone,
            };
            if !release(conn, &fence).await? {
                return Ok(false);
            }
            ticks::interrupt(conn, job, now).await?;
            Ok::<_, sqlx::Error>(true)
        })
    }

    async fn ticks(&self, job: Option<&str>, limit: u32) -> Result<Vec<TickRow>> {
        read_one!(self, "reading ticks", |conn| ticks::list(conn, job, limit))
    }

    async fn ticks_of_each(&self, limit: u32) -> Result<Vec<TickRow>> {
        read_one!(self, "reading ticks", |conn| ticks::list_each(conn, limit))
    }

    async fn forget_ticks(&self, before: DateTime<Utc>) -> Result<u64> {
        write_only!(self, "forgetting old ticks", |conn| ticks::forget(
            conn, before
        ))
    }

    async fn days(&self, camera: &CameraId, first: NaiveDate) -> Result<Vec<DayStanding>> {
        read_one!(self, "reading days", |conn| portal_days::standings(
            conn, camera, first
        ))
    }

    async fn longest_reach(&self) -> Result<Option<TimeDelta>> {
        read_one!(self, "reading the portal's reach", |conn| reach::longest(
            conn
        ))
    }

    async fn latest_listings(&self, limit: u32) -> Result<Vec<Attempt>> {
        read_one!(self, "reading listings", |conn| portal_days::latest(
            conn, limit
        ))
    }

    async fn listings_since(&self, camera: &CameraId, since: DateTime<Utc>) -> Result<u32> {
        read_one!(self, "counting listings", |conn| portal_days::count_since(
            conn, camera, since
        ))
    }

    async fn newest_frames(
        &self,
        camera: &CameraId,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SeenFrame>> {
        read_one!(self, "reading the newest frames", |conn| {
            portal_days::newest(conn, camera, until, limit)
        })
    }
}

/// Takes a lease that is free, or whose holder is the one that is known to be gone.
async fn take(
    conn: &mut SqliteConnection,
    job: &str,
    holder: &str,
    gone: Option<i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Fence>> {
    ticks::ensure_job(conn, job).await?;
    let sql = "UPDATE jobs SET fence = fence + 1, holder = $1, beats = 0, beaten_at = $2 \
               WHERE name = $3 AND (holder IS NULL OR fence = $4) RETURNING fence";
    let number: Option<i64> = sqlx::query_scalar(sql)
        .bind(holder)
        .bind(time::text(now))
        .bind(job)
        .bind(gone)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(number) = number else {
        return Ok(None);
    };
    // Whoever ran a tick in the name of the lease before is gone.
    ticks::interrupt(conn, job, now).await?;
    Ok(Some(Fence {
        job: job.to_owned(),
        number,
    }))
}

async fn beat(
    conn: &mut SqliteConnection,
    fence: &Fence,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET beats = beats + 1, beaten_at = $1 \
               WHERE name = $2 AND fence = $3 AND holder IS NOT NULL";
    let done = sqlx::query(sql)
        .bind(time::text(now))
        .bind(&fence.job)
        .bind(fence.number)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn release(conn: &mut SqliteConnection, fence: &Fence) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET holder = NULL WHERE name = $1 AND fence = $2 AND holder IS NOT NULL";
    let done = sqlx::query(sql)
        .bind(&fence.job)
        .bind(fence.number)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Somebody else has taken the lease in whose name a write came.
#[derive(Debug, thiserror::Error)]
#[error("the lease {} of {} was taken over", .0.number, .0.job)]
pub(super) struct FencedOut(pub(super) Fence);

/// Refuses the writes of those whose lease was taken over.
pub(super) async fn check_fence(
    conn: &mut SqliteConnection,
    fence: Option<&Fence>,
) -> sqlx::Result<()> {
    let Some(fence) = fence else {
        return Ok(());
    };
    let sql = "SELECT 1 FROM jobs WHERE name = $1 AND fence = $2 AND holder IS NOT NULL";
    let held = sqlx::query(sql)
        .bind(&fence.job)
        .bind(fence.number)
        .fetch_optional(conn)
        .await?;
    held.map(|_| ())
        .ok_or_else(|| sqlx::Error::AnyDriverError(Box::new(FencedOut(fence.clone()))))
}
