//! One outage from before its beginning until everything is well again, and its line in the table. Must not switch it.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, World, is_full};
use crate::process::{Service, ask, names};
use crate::store;

/// How long an outage lasts beyond its first sign, in the full form.
const FULL: Duration = Duration::from_secs(60);
/// The width of the time in a log line.
const STAMP: usize = 28;
/// How much of a log line the table shows.
const WIDTH: usize = 170;

/// How an alert begins; it may have begun for a camera that was late when the outage came.
const NEWS: [&str; 2] = ["raise", "update"];

/// An outage.
pub struct Drill<'a> {
    world: &'a World,
    name: &'a str,
    mark: usize,
    /// What was there before.
    held: BTreeMap<String, String>,
    line: String,
    status: String,
    /// When it was about to begin.
    begun: Instant,
    /// How health was, and how soon.
    health: String,
    /// Alerts that had come before.
    heard: usize,
}

impl<'a> Drill<'a> {
    /// Before the outage: everything that has appeared is there.
    pub async fn begin(world: &'a World, service: &Service, name: &'a str) -> Self {
        world.complete(&service.log).await;
        world.alarm.is_quiet().await;
        Self {
            world,
            name,
            mark: service.mark(),
            held: world.held().await,
            line: String::new(),
            status: String::new(),
            health: String::new(),
            heard: world.alarm.mark(),
            begun: Instant::now(),
        }
    }

    /// Waits for the first sign of the outage in the log, and until `status` tells of it, too.
    pub async fn shows(&mut self, service: &mut Service, words: &[&str]) {
        self.line = service.says(self.mark, words).await;
        let begun = Instant::now();
        while self.ask().await != 1 {
            assert!(begun.elapsed() < PATIENCE, "{}", self.status);
        }
        self.lasts(service).await;
    }

    /// The same for an outage that only the log can tell of: the database takes nothing.
    pub async fn shows_in_the_log(&mut self, service: &mut Service, words: &[&str]) {
        self.line = service.says(self.mark, words).await;
        self.ask().await;
        self.lasts(service).await;
    }

    /// It goes on for as long as it takes to miss a frame, or longer.
    async fn lasts(&mut self, service: &mut Service) {
        self.is_unhealthy(service).await;
        self.world.alarm.hears(self.heard, &NEWS).await;
        if is_full() {
            tokio::time::sleep(FULL).await;
        }
        self.misses_a_frame().await;
        assert!(service.is_alive(), "{}", service.since(self.mark));
    }

    /// Waits until health tells of it.
    async fn is_unhealthy(&mut self, service: &mut Service) {
        let begun = Instant::now();
        loop {
            let told = ask(&self.world.home, &["health"]).await;
            let status = told.json["status"].as_str().unwrap_or("-");
            let reasons = told.json["reasons"].as_array().cloned().unwrap_or_default();
            if status != "healthy" {
                let ids: Vec<_> = reasons
                    .iter()
                    .filter_map(|reason| reason["id"].as_str())
                    .collect();
                let after = self.begun.elapsed().as_secs_f64();
                self.health = format!("{status} ({}) after {after:.1} s", ids.join(", "));
                return;
            }
            let is_alive = service.is_alive();
            assert!(
                is_alive && begun.elapsed() < PATIENCE,
                "alive: {is_alive}; healthy all the time: {}",
                told.json
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing is wrong any more.
    async fn is_healthy_again(&self) -> Duration {
        let begun = Instant::now();
        loop {
            let told = ask(&self.world.home, &["health"]).await;
            if told.json["status"] == "healthy" {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "{}", told.json);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits for the all clear; what was told, and how soon after the beginning. Without an outage that health saw, nothing is.
    async fn alerts(&self) -> String {
        if self.world.alarm.since(self.heard).is_empty() {
            assert!(self.health.is_empty(), "no alert, though {}", self.health);
            return "none".to_owned();
        }
        let first = self.world.alarm.hears(self.heard, &NEWS).await;
        let (over, _) = self.world.alarm.hears(self.heard, &["resolve"]).await;
        let heard = self.world.alarm.since(self.heard);
        let raised = heard
            .iter()
            .filter(|(_, message)| message["event"] == "raise");
        assert!(raised.count() <= 1, "one outage is one alert: {heard:?}");
        let after = |at: Instant| at.duration_since(self.begun).as_secs_f64();
        format!(
            "{} after {:.1} s, over after {:.1} s, {} messages",
            first.1["status"].as_str().unwrap_or("-"),
            after(first.0),
            after(over),
            heard.len()
        )
    }

    /// Takes down what `status` and `runs` say; the exit status of the first.
    pub async fn ask(&mut self) -> i32 {
        let status = ask(&self.world.home, &["status"]).await;
        let runs = ask(&self.world.home, &["runs", "--limit", "1"]).await;
        let (last, code) = (&runs.json[0], status.code);
        let outcome = last["outcome"].as_str().unwrap_or("under way");
        let kind = last["errors"][0]["kind"].as_str().unwrap_or("-");
        let tick = &status.json["cameras"][0]["failing"]["kind"];
        let tick = tick.as_str().unwrap_or("-");
        assert!(status.json["ok"].is_boolean(), "status: {}", status.json);
        self.status = format!("status {code}, tick {tick}, last run {outcome} ({kind})");
        code
    }

    /// Waits until a frame has appeared that only the time after the outage can bring.
    pub async fn misses_a_frame(&self) {
        loop {
            let truth = self.world.truth(self.world.portal.now()).await;
            if truth
                .iter()
                .any(|frame| !self.held.contains_key(&frame.url))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// The outage is over: waits until files, rows and truth are one again.
    pub async fn recovers(self, service: &mut Service) {
        let took = self.world.complete(&service.log).await;
        let now = self.world.held().await;
        for (url, hash) in &self.held {
            assert_eq!(now.get(url), Some(hash), "{url} was there before");
        }
        let removed = "SELECT COUNT(*) FROM tombstones";
        assert_eq!(count(self.world, removed).await, 0, "something was deleted");
        let quarantine = self.world.home.images().join(".draywatch/quarantine");
        assert_eq!(names(&quarantine), Vec::<String>::new());
        let well = self.is_well_again().await;
        let healthy = self.is_healthy_again().await;
        let alerts = self.alerts().await;
        let line: String = self.line.chars().skip(STAMP).take(WIDTH).collect();
        note(&format!(
            "| {} | {line} | {}, service alive | {} | {alerts} | {:.1} s (status 0 after {:.1} s, healthy after {:.1} s) |",
            self.name,
            self.status,
            self.health,
            took.as_secs_f64(),
            (took + well).as_secs_f64(),
            (took + well + healthy).as_secs_f64()
        ));
    }

    /// Waits until `status` says that all is well.
    async fn is_well_again(&self) -> Duration {
        let begun = Instant::now();
        loop {
            let status = ask(&self.world.home, &["status"]).await;
            if status.code == 0 {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "{}", status.json);
        }
    }
}

/// A number from the database.
pub async fn count(world: &World, sql: &'static str) -> i64 {
    let mut database = store::connect(&world.home.database()).await;
    let number = sqlx::query_scalar(sql).fetch_one(&mut database).await;
    number.expect(sql)
}

/// A line on standard error, which the test runner does not hold back.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
