//! Time goes on from event to event: processes turn, their ticks take steps, troubles begin and end. Must not judge.

mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta, Timelike};
use draywatch::config::Config;
use draywatch::service::book::{Book, Started};
use draywatch::service::policy::{Policy, Work};
use draywatch_core::zone::{day_bounds, local_date};
use tokio::time::Instant;

use crate::archive::Archive;
use crate::process::{Process, Run};
use crate::script::{Dice, Kind};
use crate::world::{Time, World, ZONE};

/// After something happened to a process, its leases may be nobody's for so long.
const UNEASY: TimeDelta = TimeDelta::seconds(90);

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
}
