//! Rows in memory promise what the database promises: the same random operations on both, the same answers.

use std::fmt::Debug;

use chrono::{DateTime, Days, TimeDelta, Utc};
use draywatch_catalog::{Fence, NewTick, TickEnd};
use draywatch_core::zone::{FUTURE_TOLERANCE, day_bounds, local_date};
use draywatch_core::{CameraId, Failure, Kind};
use proptest::prelude::*;

use crate::archive::{Archive, Listing, Owed};
use crate::memory::Memory;
use crate::sqlite::Sqlite;
use crate::times::start;
use crate::world::ZONE;

const CAMERAS: [&str; 2] = ["in_gate", "out_gate"];

/// An operation; `usize`s choose among the leases that were ever taken.
#[derive(Debug, Clone)]
enum Op {
    Pass(i64),
    Plan(usize, i64),
    Take(usize, Option<usize>),
    Start(usize),
    Beat(usize),
    Release(usize),
    End(usize, u8, bool),
    Miss(usize, i64),
    Interrupt(usize, usize),
    List(usize, u64, Option<Vec<i64>>, u8),
}

fn op() -> impl Strategy<Value = Op> {
    let job = 0usize..2;
    let lease = 0usize..6;
    let frames = proptest::option::weighted(0.8, proptest::collection::vec(0i64..600, 0..8));
    prop_oneof![
        3 => (-4000i64..9000).prop_map(Op::Pass),
        4 => (job.clone(), -900i64..900).prop_map(|(job, due)| Op::Plan(job, due)),
        1 => (job.clone(), proptest::option::of(lease.clone())).prop_map(|(job, gone)| Op::Take(job, gone)),
        5 => job.clone().prop_map(Op::Start),
        1 => lease.clone().prop_map(Op::Beat),
        1 => lease.clone().prop_map(Op::Release),
        4 => (lease.clone(), 0u8..4, any::<bool>()).prop_map(|(lease, end, remembers)| Op::End(lease, end, remembers)),
        1 => (job.clone(), -900i64..900).prop_map(|(job, due)| Op::Miss(job, due)),
        1 => (job, lease.clone()).prop_map(|(job, gone)| Op::Interrupt(job, gone)),
        5 => (lease, 0u64..3, frames, any::<u8>()).prop_map(|(lease, back, frames, had)| Op::List(lease, back, frames, had)),
    ]
}

/// One of the two, with the leases that it gave.
struct Side<'a> {
    archive: &'a dyn Archive,
    leases: Vec<Fence>,
    now: DateTime<Utc>,
}

fn job(number: usize) -> String {
    format!("collect:{}", CAMERAS[number])
}

fn told(answer: impl Debug) -> String {
    format!("{answer:?}")
}

impl Side<'_> {
    fn lease(&self, number: usize) -> Option<Fence> {
        let count = self.leases.len();
        let newest = count.checked_sub(1 + number % 6)?;
        self.leases.get(newest).cloned()
    }

    /// Carries an operation out; what came of it, in words.
    async fn carry_out(&mut self, op: &Op) -> String {
        let (jobs, now) = (self.archive.jobs(), self.now);
        let after = |seconds: i64| now + TimeDelta::seconds(seconds);
        match op {
            Op::Pass(seconds) => {
                self.now = after(*seconds);
                String::new()
            }
            Op::Plan(number, due) => {
                let tick = NewTick {
                    job: job(*number),
                    due: after(*due),
                    purpose: "period".into(),
                };
                told(jobs.plan_tick(&tick, now).await.unwrap())
            }
            Op::Take(number, gone) => {
                let gone = gone.and_then(|gone| self.lease(gone));
                let gone = gone.filter(|gone| gone.job == job(*number));
                let gone = gone.map(|gone| gone.number);
                let taken = jobs.take_lease(&job(*number), "taker", gone, now).await;
                self.keep(taken.unwrap())
            }
            Op::Start(number) => {
                let started = jobs.start_tick(&job(*number), "starter", now).await;
                self.keep(started.unwrap())
            }
            Op::Miss(number, due) => {
                let rows = jobs.jobs().await.unwrap();
                let row = rows.into_iter().find(|row| row.name == job(*number));
                let open = row.and_then(|row| row.standing.open);
                let due = open
                    .filter(|_| due % 2 == 0)
                    .map_or(after(*due), |open| open.due);
                told(
                    jobs.miss_tick(&job(*number), due, "late", 3, now)
                        .await
                        .unwrap(),
                )
            }
            Op::Interrupt(number, gone) => {
                let gone = self.lease(*gone).map_or(1, |lease| lease.number);
                told(jobs.interrupt_tick(&job(*number), gone, now).await.unwrap())
            }
            Op::Beat(number) | Op::Release(number) | Op::End(number, ..) | Op::List(number, ..) => {
                match self.lease(*number) {
                    Some(lease) => self.with_lease(op, &lease).await,
                    None => String::new(),
                }
            }
        }
    }

    fn keep(&mut self, taken: Option<Fence>) -> String {
        let words = told(&taken);
        self.leases.extend(taken);
        words
    }

    async fn with_lease(&self, op: &Op, lease: &Fence) -> String {
        let (jobs, now) = (self.archive.jobs(), self.now);
        match op {
            Op::Beat(_) => told(jobs.beat(lease, now).await.unwrap()),
            Op::Release(_) => told(jobs.release(lease).await.unwrap()),
            Op::End(_, how, remembers) => {
                let failure = Failure::new(Kind::Transient, "away");
                let end = match how {
                    0 => TickEnd::Done,
                    1 => TickEnd::Again(failure, now + TimeDelta::seconds(60)),
                    2 => TickEnd::Failed(failure),
                    _ => TickEnd::PutBack,
                };
                let memory = remembers.then_some("{}");
                told(jobs.end_tick(lease, &end, memory, now).await.unwrap())
            }
            Op::List(_, back, frames, had) => {
                let frames = frames.as_deref();
                told(self.list(lease, *back, frames, *had).await)
            }
            _ => String::new(),
        }
    }

    async fn list(
        &self,
        lease: &Fence,
        back: u64,
        frames: Option<&[i64]>,
        had: u8,
    ) -> Option<Vec<(DateTime<Utc>, u32)>> {
        let camera = CameraId::new(lease.job.strip_prefix("collect:").unwrap()).unwrap();
        let date = local_date(self.now, ZONE) - Days::new(back);
        let bounds = day_bounds(date, ZONE);
        let instants = frames.map(|frames| {
            let frames = frames
                .iter()
                .map(|minute| bounds.0 + TimeDelta::minutes(*minute));
            let frames: std::collections::BTreeSet<_> = frames.collect();
            frames.into_iter().collect()
        });
        let kind = if had.is_multiple_of(2) {
            Kind::Transient
        } else {
            Kind::NotFound
        };
        let listing = Listing {
            camera: camera.clone(),
            date,
            bounds,
            began: self.now,
            read: self.now,
            frames: instants.ok_or_else(|| Failure::new(kind, "away")),
        };
        let (run, owed) = self.archive.enlist(lease, &listing).await.unwrap()?;
        let tried: Vec<(Owed, bool)> = (0..8)
            .zip(owed.iter().cloned())
            .map(|(bit, owed)| (owed, had >> bit & 1 == 1))
            .collect();
        self.archive
            .record(lease, &camera, &tried, self.now)
            .await
            .unwrap()?;
        let closed = self.archive.close(lease, run, &listing, self.now).await;
        closed.unwrap()?;
        Some(
            owed.iter()
                .map(|owed| (owed.instant, owed.attempts))
                .collect(),
        )
    }

    /// Everything that can be read.
    async fn state(&self) -> Vec<String> {
        let (jobs, today) = (self.archive.jobs(), local_date(self.now, ZONE));
        let mut state = vec![
            told(jobs.jobs().await.unwrap()),
            told(jobs.ticks(None, 99).await.unwrap()),
            told(jobs.ticks(Some(&job(1)), 2).await.unwrap()),
            told(jobs.latest_listings(5).await.unwrap()),
            told(jobs.longest_reach().await.unwrap()),
        ];
        for camera in CAMERAS.map(|name| CameraId::new(name).unwrap()) {
            let since = self.now - TimeDelta::hours(1);
            state.push(told(
                jobs.days(&camera, today - Days::new(1)).await.unwrap(),
            ));
            state.push(told(jobs.listings_since(&camera, since).await.unwrap()));
            let until = self.now + FUTURE_TOLERANCE;
            state.push(told(jobs.newest_frames(&camera, until, 6).await.unwrap()));
            state.push(told(self.archive.stored(&camera).await.unwrap()));
            let owed = self.archive.owed(&camera).await.unwrap().into_iter();
            state.push(told(
                owed.map(|owed| Owed { id: 0, ..owed }).collect::<Vec<_>>(),
            ));
        }
        state
    }
}

async fn compare(ops: &[Op]) -> Result<(), TestCaseError> {
    let now = start(2025, 9, 7);
    let (memory, sqlite) = (Memory::default(), Sqlite::new(now).await);
    let side = |archive| Side {
        archive,
        leases: Vec::new(),
        now,
    };
    let (mut ours, mut theirs) = (side(&memory), side(&sqlite));
    for (nth, op) in ops.iter().enumerate() {
        let (got, wanted) = (ours.carry_out(op).await, theirs.carry_out(op).await);
        prop_assert_eq!(got, wanted, "{:?}", op);
        if nth % 4 == 3 || nth + 1 == ops.len() {
            prop_assert_eq!(ours.state().await, theirs.state().await, "after {:?}", op);
        }
    }
    sqlite.catalog.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn rows_in_memory_are_as_those_of_the_database(ops in proptest::collection::vec(op(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(compare(&ops))?;
    }
}
