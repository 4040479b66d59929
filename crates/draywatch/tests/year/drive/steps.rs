//! The steps of a tick of a camera, as the service takes them: yesterday around midnight, today, what is owed, past days. Must
//! not start or end processes.

use std::collections::VecDeque;

use chrono::{Days, NaiveDate, TimeDelta};
use draywatch::service::book::{self, Ended};
use draywatch_core::backlog;
use draywatch_core::zone::day_bounds;
use draywatch_core::{Failure, Kind as FailureKind};

use super::Drive;
use crate::archive::{Listing, Owed};
use crate::process::Run;
use crate::script::Kind;
use crate::world::{Time, ZONE};

/// How long one camera waits for the page of another.
const PAGE_PATIENCE: TimeDelta = TimeDelta::seconds(20);

impl Drive<'_> {
    pub(super) fn begin_listing(&mut self, at: usize, run: usize, pause: TimeDelta) {
        let begin = self.now + pause;
        let page = self.processes[at]
            .page_free
            .clamp(begin, begin + PAGE_PATIENCE);
        let slow: i64 = self.world.sizes(Kind::Slow, page).sum();
        let seconds = if self.world.is(Kind::PortalDown, page) {
            30
        } else {
            3 + self.dice.upto(8)
        };
        let took = TimeDelta::seconds(seconds) + TimeDelta::minutes(slow);
        let deadline = TimeDelta::from_std(self.config.collection_deadline()).unwrap();
        let process = &mut self.processes[at];
        let run = &mut process.runs[run];
        run.listing_since = begin;
        run.is_cut = took > deadline;
        run.at = page + took.min(deadline);
        process.page_free = run.at;
    }

    pub(super) async fn step(&mut self, at: usize, number: usize) {
        let run = self.processes[at].runs.remove(number);
        let (Some(camera), Some(date)) = (run.camera, run.queue.front().copied()) else {
            return self.finish(at, &run, Ok(None)).await;
        };
        let Some(listing) = self.list(&run, camera, date).await else {
            self.log.refused += 1;
            return;
        };
        self.after_listing(at, run, camera, listing.frames.err())
            .await;
    }

    /// What follows from a listing: the next one, or the end.
    async fn after_listing(
        &mut self,
        at: usize,
        mut run: Run,
        camera: usize,
        failure: Option<Failure>,
    ) {
        let date = run.queue.pop_front().unwrap_or(run.today);
        run.listed.insert(date);
        if date == run.today {
            if let Some(failure) = failure {
                return self.finish(at, &run, Err(failure)).await;
            }
            run.looked = Some(self.clock());
            if self.owed(&run, camera).await.is_none() {
                self.log.refused += 1;
                return;
            }
            run.queue = self.wanted(&run, camera).await;
        } else if run.looked.is_some() && failure.is_some() {
            run.queue.clear();
        }
        let pause = if run.looked.is_some() {
            TimeDelta::from_std(self.config.portal.pause_between_days()).unwrap()
        } else {
            TimeDelta::zero()
        };
        let is_time = self.now + pause < run.began + self.interval() / 2;
        if run.looked.is_some() && (run.queue.is_empty() || !is_time) {
            let looked = run.looked;
            return self.finish(at, &run, Ok(looked)).await;
        }
        self.processes[at].runs.push(run);
        let last = self.processes[at].runs.len() - 1;
        self.begin_listing(at, last, pause);
    }

    /// Lists a day and stores what can be had; `None` when the lease was lost.
    async fn list(&mut self, run: &Run, camera: usize, date: NaiveDate) -> Option<Listing> {
        let began = self.world.clock(run.listing_since);
        let seen = self.now - TimeDelta::seconds(2);
        let frames = if run.is_cut {
            let words = "the listing did not end before its deadline";
            Err(Failure::new(FailureKind::Interrupted, words))
        } else {
            self.world.list(camera, date, seen)
        };
        let listing = Listing {
            camera: self.world.cameras[camera].id.clone(),
            date,
            bounds: day_bounds(date, ZONE),
            began,
            read: if frames.is_ok() {
                self.world.clock(seen)
            } else {
                began
            },
            frames,
        };
        let answered = listing.frames.is_ok();
        self.log.listings.push((camera, date, self.now, answered));
        let fence = &run.started.fence;
        let enlisted = self.archive.enlist(fence, &listing).await;
        let (id, owed) = enlisted.expect("the rows are there")?;
        let clock = self.clock();
        let may = |owed: &Owed| self.may_try(owed, clock);
        let tried: Vec<Owed> = owed.into_iter().filter(may).collect();
        self.fetch(run, camera, tried).await?;
        let closed = self.archive.close(fence, id, &listing, clock).await;
        closed.expect("the rows are there")?;
        Some(listing)
    }

    fn may_try(&self, owed: &Owed, clock: Time) -> bool {
        let delays = draywatch::service::policy::delays(&self.config);
        delays.may_try(clock, owed.attempts, owed.last_tried, None)
    }

    /// Downloads frames and records what became of them.
    async fn fetch(&mut self, run: &Run, camera: usize, tried: Vec<Owed>) -> Option<()> {
        if tried.is_empty() {
            return Some(());
        }
        let is_up = !self.world.is(Kind::PicturesDown, self.now);
        let frames = &self.world.cameras[camera].frames;
        let is_there = |owed: &Owed| {
            let at = frames.partition_point(|frame| frame.instant < owed.instant);
            is_up && self.now < frames[at].dropped
        };
        let tried: Vec<(Owed, bool)> = tried
            .into_iter()
            .map(|owed| {
                let is_had = is_there(&owed);
                (owed, is_had)
            })
            .collect();
        let id = &self.world.cameras[camera].id;
        let recorded = self
            .archive
            .record(&run.started.fence, id, &tried, self.clock());
        recorded.await.expect("the rows are there")?;
        for (owed, _) in tried.iter().filter(|(_, is_had)| *is_had) {
            self.log.stored.insert((camera, owed.instant), self.now);
        }
        Some(())
    }

    async fn owed(&mut self, run: &Run, camera: usize) -> Option<()> {
        let owed = self.archive.owed(&self.world.cameras[camera].id).await;
        let clock = self.clock();
        let owed = owed.expect("the rows are there").into_iter().rev();
        let owed = owed.filter(|owed| !run.listed.contains(&owed.date));
        let owed = owed.filter(|owed| self.may_try(owed, clock)).take(100);
        let owed = owed.collect();
        self.fetch(run, camera, owed).await
    }

    async fn wanted(&self, run: &Run, camera: usize) -> VecDeque<NaiveDate> {
        let back = Days::new(self.config.service.recover_days.into());
        let first = run.today - back;
        let id = &self.world.cameras[camera].id;
        let days = self.archive.jobs().days(id, first).await;
        let days = days.expect("the rows are there");
        let range = (first, run.today - Days::new(1));
        let end_of = |date| day_bounds(date, ZONE).1;
        let reach = self.archive.jobs().longest_reach().await;
        let reach = reach.expect("the rows are there");
        let wanted = backlog::wanted(self.clock(), range, &days, self.interval(), reach, end_of);
        let wanted = wanted.into_iter();
        wanted.filter(|date| !run.listed.contains(date)).collect()
    }

    async fn finish(&mut self, at: usize, run: &Run, done: Result<Option<Time>, Failure>) {
        let ended = match done {
            Ok(looked) => Ended::Done(looked),
            Err(failure) => Ended::Failed(failure),
        };
        let now = self.clock();
        let process = &mut self.processes[at];
        process.wake = self.now;
        let jobs = self.archive.jobs();
        let policy = process.book.policy();
        let finished = book::finish(policy, jobs, &run.started, &ended, now).await;
        if finished.expect("the rows are there") {
            let job = run.started.job.spec.name.clone();
            self.log.instances.push((job, run.began, self.now));
        } else {
            self.log.refused += 1;
        }
    }
}
