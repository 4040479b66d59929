//! The service from start to end: it opens what it needs, turns, obeys signals, and ends in good order. Must not carry out jobs.

mod reopen;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use draywatch_catalog::CatalogError;
use draywatch_core::breaker::Breaker;
use draywatch_core::error::chain;
use draywatch_core::{Clock, Failure};
use draywatch_web::settings::Live;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::book::{Book, Round};
use super::monitor::Monitor;
use super::policy::{Policy, delays};
use super::reload::{Reloaded, Reloader};
use super::signals::{ServiceSignal, Signals};
use super::systemd::Notifier;
use super::unserved::Unserved;
use super::upkeep::InVain;
use super::{Shared, alerting, http, tasks};
use crate::collect::{CollectError, Collector, InService, Observer, Pages};
use crate::config::Config;
use crate::lease;

/// How long one camera may keep the portal's page while another waits.
const PAGE_PATIENCE: Duration = Duration::from_secs(20);
/// The first and the longest wait for a database or an archive that is not there when the service starts.
const OPEN_WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// The wait after a turn that the database refused.
const REFUSED_WAIT: Duration = Duration::from_secs(2);
/// How long a turn may take to end once the service was told to stop.
const TURN_ENDS: Duration = Duration::from_secs(2);
/// Of the time for stopping, so much is for work that was cut short.
const CUT_SHORT: Duration = Duration::from_secs(4);
/// And so much for closing the database.
const CLOSING: Duration = Duration::from_secs(2);
/// What is left for a turn under way, and for the program's own end.
const REST: Duration = Duration::from_secs(3);
/// How often the watchdog is fed where systemd does not say.
const PULSE: Duration = Duration::from_secs(10);

/// What tells of a new level for the log when the settings are read again.
pub type OnReload = Box<dyn Fn(&Config) + Send>;

/// The service.
pub struct Service {
    clock: Clock,
    reloader: Reloader,
    on_reload: OnReload,
    observer: Observer,
    signals: Signals,
    notifier: Notifier,
    pulse: tokio::time::Interval,
    tasks: JoinSet<()>,
    stopping: CancellationToken,
    cut_short: CancellationToken,
    /// A signal that came during a turn.
    heard: Option<ServiceSignal>,
    /// Since when the database has refused turns.
    refused_since: Option<Instant>,
    /// Whether the last turn found another file in the database's place.
    is_replaced: bool,
    /// Why that one cannot be used, as it was told.
    unusable: Option<String>,
    /// What the breaker said at the last turn.
    was_open: bool,
    monitor: Arc<Monitor>,
    /// What pages show of the settings.
    live: watch::Sender<Arc<Live>>,
}

impl Service {
    /// A service by the settings that `reloader` holds.
    #[must_use]
    pub fn new(
        reloader: Reloader,
        signals: Signals,
        clock: Clock,
        observer: Observer,
        on_reload: OnReload,
    ) -> Self {
        let notifier = Notifier::from_env();
        let monitor = Arc::new(Monitor::new(reloader.running(), clock.clone()));
        let every = notifier.watchdog_interval().unwrap_or(PULSE);
        let mut pulse = tokio::time::interval(every);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            live: watch::Sender::new(http::live(reloader.loaded())),
            clock,
            reloader,
            on_reload,
            observer,
            signals,
            notifier,
            pulse,
            tasks: JoinSet::new(),
            stopping: CancellationToken::new(),
            cut_short: CancellationToken::new(),
            heard: None,
            refused_since: None,
            is_replaced: false,
            unusable: None,
            was_open: false,
            monitor,
        }
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// When the settings make it impossible from the start.
    pub async fn run(mut self) -> Result<(), Failure> {
        let mut watching = JoinSet::new();
        watching.spawn(Arc::clone(&self.monitor).run());
        watching.spawn(alerting::run(Arc::clone(&self.monitor), self.clock.clone()));
        let (config, monitor) = (self.reloader.running().clone(), Arc::clone(&self.monitor));
        let (clock, live) = (self.clock.clone(), self.live.subscribe());
        watching.spawn(async move { http::serve(&config, live, monitor, clock).await });
        let done = self.work().await;
        watching.shutdown().await;
        self.monitor.end().await;
        done
    }

    async fn work(&mut self) -> Result<(), Failure> {
        let Some(collector) = self.open().await? else {
            self.notifier.stopping();
            return Ok(());
        };
        let policy = Policy::of(self.reloader.running());
        let mut book = Book::new(policy, lease::this_process(), self.clock.now());
        let mut shared = self.share(collector);
        self.monitor.works_with(&shared);
        tracing::info!(cameras = %names(&shared.config), "service started");
        self.notifier.ready();
        loop {
            let wake = self.turn(&mut book, &shared).await;
            if std::mem::take(&mut self.is_replaced)
                && let Some(reopened) = self.reopen(&shared).await
            {
                shared = reopened;
                // Leases and ticks of that database are nobody's here, whatever their numbers.
                let policy = Policy::of(self.reloader.running());
                book = Book::new(policy, lease::this_process(), self.clock.now());
            }
            match self.wait(wake).await {
                Some(ServiceSignal::Stop) => break,
                Some(ServiceSignal::Reload) => shared = self.reload(&mut book, shared),
                None => {}
            }
        }
        self.stop(&shared).await;
        Ok(())
    }

    /// Opens database and archive, again and again until they are there; `None` when told to stop meanwhile.
    async fn open(&mut self) -> Result<Option<Collector>, Failure> {
        let mut wait = OPEN_WAITS.0;
        loop {
            let config = self.reloader.running().clone();
            let opened = Collector::open(
                &config,
                self.clock.clone(),
                "collect",
                Arc::clone(&self.observer),
            );
            let error = match self.meanwhile(opened).await {
                None => return Ok(None),
                Some(Ok(collector)) => return Ok(Some(self.in_service(collector, &config))),
                Some(Err(error)) => error,
            };
            if is_hopeless(&error) {
                return Err(Failure::of(error.kind(), &error));
            }
            tracing::error!(kind = %error.kind(), next_try_seconds = wait.as_secs(), error = %chain(&error), "the service cannot start to work yet");
            self.notifier.status(&format!("waiting: {error}"));
            self.monitor.waits(Failure::of(error.kind(), &error));
            if self.meanwhile(tokio::time::sleep(wait)).await.is_none() {
                return Ok(None);
            }
            wait = (wait * 2).min(OPEN_WAITS.1);
        }
    }

    /// Waits for something before there is any work, and does what signals ask for; `None` when told to stop meanwhile.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(something);
        loop {
            tokio::select! {
                done = &mut something => return Some(done),
                _ = self.pulse.tick() => self.beat(),
                signal = self.signals.next() => match signal {
                    ServiceSignal::Stop => return None,
                    ServiceSignal::Reload => {
                        if let Reloaded::Changed { config, .. } = self.reloader.reload() {
                            (self.on_reload)(&config);
                            self.live.send_replace(http::live(self.reloader.loaded()));
                        }
                    }
                },
            }
        }
    }

    /// A sign of life, for systemd and for whoever asks.
    fn beat(&self) {
        self.notifier.watchdog();
        self.monitor.beat();
    }

    fn in_service(&self, collector: Collector, config: &Config) -> Collector {
        // Across a reload too there is one page at a time.
        let pages = collector.pages();
        let pages = pages.unwrap_or_else(|| Arc::new(Pages::new(PAGE_PATIENCE)));
        collector.in_service(InService {
            delays: delays(config),
            pages,
            stopping: self.stopping.clone(),
        })
    }

    fn share(&self, collector: Collector) -> Arc<Shared> {
        Arc::new(Shared {
            policy: Policy::of(self.reloader.running()),
            config: self.reloader.running().clone(),
            clock: self.clock.clone(),
            collector,
            stopping: self.stopping.clone(),
            cut_short: self.cut_short.clone(),
            in_vain: InVain::default(),
            unserved: Unserved::default(),
            monitor: Arc::clone(&self.monitor),
        })
    }

    /// Waits for the next turn, for a job to end, or for a signal.
    async fn wait(&mut self, wake: Instant) -> Option<ServiceSignal> {
        if let Some(signal) = self.heard.take() {
            return Some(signal);
        }
        loop {
            tokio::select! {
                signal = self.signals.next() => return Some(signal),
                () = tokio::time::sleep_until(wake) => return None,
                Some(done) = self.tasks.join_next() => {
                    tell_panic(done);
                    return None;
                }
                _ = self.pulse.tick() => self.beat(),
            }
        }
    }

    /// One turn of the book; when to turn again. The watchdog is fed meanwhile: a database that lets us wait is no reason to
    /// be restarted.
    async fn turn(&mut self, book: &mut Book, shared: &Arc<Shared>) -> Instant {
        let now = self.clock.now();
        let catalog = shared.collector.store().catalog.clone();
        let turning = book.turn(&*catalog, now, Instant::now());
        let Some(round) = self.finish(turning).await else {
            return Instant::now();
        };
        match round {
            Ok(round) => {
                self.tell_back();
                self.start(round, shared, now)
            }
            Err(error) => {
                self.is_replaced = matches!(error, CatalogError::Replaced { .. });
                self.tell_refused(&error);
                Instant::now() + REFUSED_WAIT
            }
        }
    }

    /// Lets a turn end, since it may have started ticks already; `None` when told to stop and it does not end soon.
    async fn finish<T>(&mut self, turning: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(turning);
        let mut until = None;
        loop {
            tokio::select! {
                round = &mut turning => return Some(round),
                _ = self.pulse.tick() => self.beat(),
                signal = self.signals.next() => {
                    if signal == ServiceSignal::Stop {
                        until = Some(Instant::now() + TURN_ENDS);
                    }
                    let is_told = self.heard == Some(ServiceSignal::Stop);
                    self.heard = self.heard.filter(|_| is_told).or(Some(signal));
                }
                () = sleep_until(until) => return None,
            }
        }
    }

    fn start(&mut self, round: Round, shared: &Arc<Shared>, now: DateTime<Utc>) -> Instant {
        self.tell_breaker(&round.breaker);
        let is_stopping = self.heard == Some(ServiceSignal::Stop);
        for started in round.started {
            let shared = Arc::clone(shared);
            if is_stopping {
                self.tasks.spawn(tasks::put_back(shared, started));
            } else {
                self.tasks.spawn(tasks::carry_out(shared, started));
            }
        }
        let running = self.tasks.len();
        let next = round.wake.format("%H:%M:%S");
        self.notifier.status(&format!(
            "{running} jobs under way, next look at {next} UTC"
        ));
        Instant::now() + (round.wake - now).to_std().unwrap_or_default()
    }

    fn tell_refused(&mut self, error: &CatalogError) {
        if self.refused_since.is_none() {
            self.refused_since = Some(Instant::now());
            tracing::error!(kind = %error.kind(), error = %chain(error), "the database does not let the service plan; trying again");
        }
        self.notifier.status(&format!("database: {error}"));
    }

    fn tell_back(&mut self) {
        if let Some(since) = self.refused_since.take() {
            self.unusable = None;
            let seconds = since.elapsed().as_secs();
            tracing::info!(seconds, "the database is back");
        }
    }

    fn tell_breaker(&mut self, breaker: &Breaker) {
        let is_open = matches!(breaker, Breaker::Open { .. });
        match breaker {
            Breaker::Open {
                since, failures, ..
            } if !self.was_open => {
                tracing::error!(since = %since, failures, "the portal as a whole fails: it is asked by one careful probe at a time");
            }
            Breaker::Closed if self.was_open => {
                tracing::info!("the portal answers again");
            }
            _ => {}
        }
        self.was_open = is_open;
    }

    /// Reads the settings again. Jobs under way end by the old ones.
    fn reload(&mut self, book: &mut Book, shared: Arc<Shared>) -> Arc<Shared> {
        self.notifier.reloading();
        let taken = match self.reloader.reload() {
            Reloaded::Changed { config, .. } => self.take(&config, book, &shared),
            Reloaded::Same | Reloaded::Refused(_) => shared,
        };
        self.notifier.ready();
        taken
    }

    fn take(&self, config: &Config, book: &mut Book, shared: &Arc<Shared>) -> Arc<Shared> {
        match shared.collector.reconfigured(config) {
            Ok(collector) => {
                (self.on_reload)(config);
                self.live.send_replace(http::live(self.reloader.loaded()));
                book.reconfigure(Policy::of(config));
                let shared = self.share(self.in_service(collector, config));
                self.monitor.works_with(&shared);
                shared
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "settings not taken, the old ones go on");
                Arc::clone(shared)
            }
        }
    }

    /// No new work; what is under way ends, or is put back when time runs out.
    async fn stop(&mut self, shared: &Shared) {
        tracing::info!(jobs = self.tasks.len(), "stopping");
        self.notifier.stopping();
        self.stopping.cancel();
        let all = Duration::from_secs(shared.config.service.shutdown_seconds.into());
        let rest = CUT_SHORT + CLOSING + REST;
        let until = Instant::now() + all.saturating_sub(rest).max(all / 2);
        self.join_until(until).await;
        if !self.tasks.is_empty() {
            tracing::warn!(jobs = self.tasks.len(), "put back: there is no more time");
            self.cut_short.cancel();
            self.join_until(Instant::now() + CUT_SHORT.min(all / 2))
                .await;
        }
        self.tasks.shutdown().await;
        // A database that another program has locked is no reason to stay.
        let catalog = &shared.collector.store().catalog;
        let noting = self.monitor.note_end(&**catalog);
        let _ = tokio::time::timeout(CLOSING / 2, noting).await;
        if tokio::time::timeout(CLOSING / 2, catalog.close())
            .await
            .is_err()
        {
            tracing::warn!(
                "the database could not be closed in good order; the next start does it"
            );
        }
        tracing::info!("stopped");
    }

    async fn join_until(&mut self, until: Instant) {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                _ = self.pulse.tick() => self.beat(),
                done = self.tasks.join_next() => match done {
                    Some(done) => tell_panic(done),
                    None => return,
                },
            }
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// The cameras' names, for the log.
fn names(config: &Config) -> String {
    let names = config.stream_names.iter().map(ToString::to_string);
    names.collect::<Vec<_>>().join(", ")
}

fn tell_panic(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        tracing::error!(
            "a job ended by a mistake of ours; its lease runs out, and it is tried again"
        );
    }
}

/// What no waiting mends: settings, and a database that a newer draywatch wrote.
fn is_hopeless(error: &CollectError) -> bool {
    use crate::store::StoreError;
    match error {
        CollectError::Fetch(_) | CollectError::Store(StoreError::Url(_)) => true,
        CollectError::Store(StoreError::Catalog(error)) => matches!(
            error,
            CatalogError::NewerSchema { .. }
                | CatalogError::NotOurs { .. }
                | CatalogError::IsDirectory { .. }
        ),
        CollectError::Store(_) => false,
    }
}
