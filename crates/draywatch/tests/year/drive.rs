//! Time goes on from event to event: processes turn, their ticks take steps, troubles begin and end. Must not judge.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta, Timelike};
use draywatch::config::Config;
use draywatch::service::book::{self, Book, Ended, Started};
use draywatch::service::policy::{Policy, Work};
use draywatch_core::backlog;
use draywatch_core::zone::{day_bounds, local_date};
use draywatch_core::{Failure, Kind as FailureKind};
use tokio::time::Instant;

use crate::archive::{Archive, Listing, Owed};
use crate::process::{Process, Run};
use crate::script::{Dice, Kind};
use crate::world::{Time, World, ZONE};

/// After something happened to a process, its leases may be nobody's for so long.
const UNEASY: TimeDelta = TimeDelta::seconds(90);
/// How long one camera waits for the page of another.
const PAGE_PATIENCE: TimeDelta = TimeDelta::seconds(20);

/// A listing as it happened: which camera, which day, when it ended, and whether the portal answered.
pub type Listed = (usize, NaiveDate, Time, bool);

/// What happened.
#[derive(Debug, Default)]
pub struct Log {
    pub listings: Vec<Listed>,
    pub stored: BTreeMap<(usize, Time), Time>,
    /// Ticks that were carried out and whose end was taken: job, first and last moment.
    pub instances: Vec<(String, Time, Time)>,
    /// Writes and ends that were refused to those who had lost their lease.
    pub refused: u32,
    pub turns: u64,
}

/// The simulation.
pub struct Drive<'a> {
    pub world: &'a World,
    pub archive: &'a dyn Archive,
    pub log: Log,
    config: Config,
    /// Whether only cameras are collected, without the jobs that keep house.
    collects_only: bool,
    now: Time,
    base: Instant,
    dice: Dice,
    processes: Vec<Process>,
    names: u32,
    is_down: u32,
    uneasy_until: Time,
    events: VecDeque<(Time, Kind, bool)>,
}

impl<'a> Drive<'a> {
    pub fn new(
        world: &'a World,
        archive: &'a dyn Archive,
        config: Config,
        collects_only: bool,
    ) -> Self {
        let mut events = Vec::new();
        for (kind, (from, to), _) in &world.troubles {
            events.push((*from, *kind, true));
            events.push((*to, *kind, false));
        }
        events.sort_by_key(|event| event.0);
        let mut drive = Self {
            world,
            archive,
            log: Log::default(),
            config,
            collects_only,
            now: world.start,
            base: Instant::now(),
            dice: Dice(4711),
            processes: Vec::new(),
            names: 0,
            is_down: 0,
            uneasy_until: world.start,
            events: events.into(),
        };
        drive.start_process();
        drive
    }

    /// Lets time go on until the end of the world.
    pub async fn run(mut self) -> Log {
        loop {
            let process = (0..self.processes.len())
                .filter_map(|at| Some((self.processes[at].next()?, at)))
                .min();
            let event = self.events.front().map(|event| event.0);
            let is_event = event.is_some_and(|at| process.is_none_or(|(next, _)| at <= next));
            let Some(next) = event.filter(|_| is_event).or(process.map(|next| next.0)) else {
                return self.log;
            };
            if next >= self.world.end {
                return self.log;
            }
            self.now = self.now.max(next);
            match process {
                _ if is_event => self.happen(),
                Some((_, at)) => self.go_on(at).await,
                None => {}
            }
        }
    }

    fn clock(&self) -> Time {
        self.world.clock(self.now)
    }

    fn steady(&self) -> Instant {
        let passed = (self.now - self.world.start)
            .to_std()
            .unwrap_or(Duration::ZERO);
        self.base + passed
    }

    // ---- what happens to processes -------------------------------------------------------------------------------

    fn start_process(&mut self) {
        self.names += 1;
        let name = format!("elsewhere/0/0/{}/0", self.names);
        let mut policy = Policy::of(&self.config);
        if self.collects_only {
            let mut jobs = std::mem::take(&mut policy.jobs);
            jobs.retain(|job| matches!(job.work, Work::Collect(_)));
            policy.jobs = jobs;
        }
        self.processes.push(Process {
            book: Book::new(policy, name, self.clock()),
            wake: self.now,
            is_stopped: false,
            is_drowsy: false,
            page_free: self.now,
            runs: Vec::new(),
        });
        self.uneasy_until = self.now + UNEASY;
    }

    fn happen(&mut self) {
        let Some((at, kind, begins)) = self.events.pop_front() else {
            return;
        };
        if kind == Kind::WeAreDown && begins && self.waits_for_work(at) {
            return;
        }
        self.uneasy_until = self.now + UNEASY;
        match (kind, begins) {
            (Kind::WeAreDown, true) => {
                self.processes.clear();
                self.is_down += 1;
            }
            (Kind::WeAreDown, false) => {
                self.is_down -= 1;
                if self.is_down == 0 && self.processes.is_empty() {
                    self.start_process();
                }
            }
            (Kind::Stopped, true) => {
                if let Some(first) = self.processes.first_mut() {
                    first.is_stopped = true;
                }
            }
            (Kind::Stopped, false) => self.go_on_all(),
            (Kind::Twin, true) if self.is_down == 0 => self.start_process(),
            (Kind::Twin, false) if self.processes.len() > 1 => drop(self.processes.pop()),
            (Kind::ClockOff, _) => self.notice_clock(),
            _ => {}
        }
    }

    /// Half of the kills come in the middle of a collection: they wait for one.
    fn waits_for_work(&mut self, at: Time) -> bool {
        let mut runs = self.processes.iter().flat_map(|process| &process.runs);
        let is_at_work = runs.any(|run| run.camera.is_some());
        let next = at + TimeDelta::seconds(2);
        let comes_first = self.events.front().is_none_or(|event| next < event.0);
        let waits = at.minute().is_multiple_of(2) && !is_at_work && comes_first;
        if waits {
            self.events.push_front((next, Kind::WeAreDown, true));
        }
        waits
    }

    /// Those that were stopped go on, some of them with a turn before their first sign of life.
    fn go_on_all(&mut self) {
        let is_drowsy = self.dice.upto(2) == 0;
        for process in self
            .processes
            .iter_mut()
            .filter(|process| process.is_stopped)
        {
            (process.is_stopped, process.is_drowsy) = (false, is_drowsy);
            process.wake = self.now;
            for run in &mut process.runs {
                run.at = run.at.max(self.now + TimeDelta::milliseconds(500));
            }
        }
    }

    /// A service looks at its rows every five seconds: then it meets the new time.
    fn notice_clock(&mut self) {
        let soon = self.now + TimeDelta::seconds(self.dice.upto(6));
        for process in &mut self.processes {
            process.wake = process.wake.min(soon);
        }
    }

    async fn go_on(&mut self, at: usize) {
        let now = self.now;
        let due = self.processes[at].runs.iter().position(|run| run.at <= now);
        match due {
            Some(run) if self.processes[at].wake > now => self.step(at, run).await,
            _ => self.turn(at).await,
        }
    }

    // ---- turns ---------------------------------------------------------------------------------------------------

    async fn turn(&mut self, at: usize) {
        self.log.turns += 1;
        self.beat().await;
        let (now, steady) = (self.clock(), self.steady());
        let process = &mut self.processes[at];
        process.is_drowsy = false;
        let round = process.book.turn(self.archive.jobs(), now, steady).await;
        let round = round.expect("the rows are there");
        for started in round.started {
            self.begin(at, started);
        }
        let is_alone = self.processes.len() == 1 && self.now > self.uneasy_until;
        let wake = if is_alone {
            round.next
        } else {
            Some(round.wake)
        };
        let wait = wake.map_or(TimeDelta::days(1), |wake| wake - now);
        self.processes[at].wake = self.now + wait.max(TimeDelta::milliseconds(100));
    }

    /// The signs of life that were given since the last turn; who finds its lease lost drops its work.
    async fn beat(&mut self) {
        let now = self.clock();
        for process in &mut self.processes {
            if process.is_stopped || process.is_drowsy {
                continue;
            }
            let mut kept = Vec::new();
            for run in std::mem::take(&mut process.runs) {
                let beat = self.archive.jobs().beat(&run.started.fence, now).await;
                if beat.expect("the rows are there") {
                    kept.push(run);
                } else {
                    self.log.refused += 1;
                }
            }
            process.runs = kept;
        }
    }

    fn begin(&mut self, at: usize, started: Started) {
        let camera = match &started.job.work {
            Work::Collect(camera) => {
                let mut cameras = self.world.cameras.iter();
                cameras.position(|known| known.id == *camera)
            }
            _ => None,
        };
        let clock = self.clock();
        let today = local_date(clock, ZONE);
        let mut queue = VecDeque::from([today]);
        if clock < day_bounds(today, ZONE).0 + self.interval() * 2 {
            queue.push_front(today - Days::new(1));
        }
        self.processes[at].runs.push(Run {
            started,
            camera,
            began: self.now,
            at: self.now + TimeDelta::seconds(2),
            listing_since: self.now,
            is_cut: false,
            today,
            queue,
            listed: BTreeSet::new(),
            looked: None,
        });
        let run = self.processes[at].runs.len() - 1;
        if camera.is_some() {
            self.begin_listing(at, run, TimeDelta::zero());
        }
    }

    fn interval(&self) -> TimeDelta {
        TimeDelta::from_std(self.config.download_interval()).unwrap()
    }

    fn begin_listing(&mut self, at: usize, run: usize, pause: TimeDelta) {
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

    // ---- a tick's steps ------------------------------------------------------------------------------------------

    async fn step(&mut self, at: usize, number: usize) {
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
        let wanted = backlog::wanted(self.clock(), range, &days, self.interval(), end_of);
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
