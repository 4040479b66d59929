//! A portal that publishes while it is watched, and a home with settings for the service. Must not run or judge the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use draywatch_core::Clock;
use portal_sim::{Behaviours, Config, Portal, Schedule, TruthFrame};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::alarm::Alarm;
use crate::store;

/// Seconds between two frames of a camera, and between two collections.
pub const EVERY: u32 = 10;
/// How long something may take on a machine that others use, too.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// Services that run at the same time: each has a browser.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Whether outages last as long as in life.
pub fn is_full() -> bool {
    std::env::var_os("DRAYWATCH_TEST_FULL").is_some_and(|value| value == "1")
}

/// A portal and a home for the service.
pub struct World {
    pub portal: Portal,
    pub home: Home,
    /// Who is told of its alerts.
    pub alarm: Alarm,
    pub since: DateTime<Utc>,
    cameras: Vec<String>,
    _place: SemaphorePermit<'static>,
}

/// A folder that the service works in, and its settings.
pub struct Home {
    folder: TempDir,
    database: PathBuf,
    settings: BTreeMap<String, String>,
}

impl World {
    /// A portal with a few frames of these cameras until now, and a new one every ten seconds.
    pub async fn new(cameras: &[&str]) -> Self {
        Self::with_past(cameras, TimeDelta::seconds(i64::from(EVERY) * 6)).await
    }

    /// The same with frames of so long.
    pub async fn with_past(cameras: &[&str], past: TimeDelta) -> Self {
        let now = Clock::system().now();
        let since = now - past;
        let schedule = Schedule {
            interval_seconds: EVERY,
            jitter_seconds: 1,
            drift_seconds: 1,
            publish_delay_seconds: 1,
            publish_jitter_seconds: 1,
            since: Some(since),
            ..Schedule::default()
        };
        let config = Config {
            cameras: cameras.iter().map(ToString::to_string).collect(),
            timezone: far_from_midnight(now),
            schedule,
            history_days: 2,
            ..Config::default()
        };
        Self::with(config, since).await
    }

    /// A portal of that kind.
    pub async fn with(config: Config, since: DateTime<Utc>) -> Self {
        let place = PLACES.acquire().await.expect("it is never closed");
        let (cameras, zone) = (config.cameras.clone(), config.timezone);
        let portal = Portal::start(config)
            .await
            .expect("the simulated portal starts (run `make test`, which installs its page)");
        let alarm = Alarm::start().await;
        let mut home = Home::new(&portal, &cameras, zone);
        home.set("alerts.webhook_url", &format!("{:?}", alarm.address()));
        Self {
            portal,
            home,
            alarm,
            since,
            cameras,
            _place: place,
        }
    }

    /// Switches some of the portal's ways.
    pub fn change(&self, change: impl FnOnce(&mut Behaviours)) {
        let mut ways = self.portal.behaviours();
        change(&mut ways);
        self.portal.set_behaviours(ways);
    }

    /// Every frame that had appeared by then, with its hashes.
    pub async fn truth(&self, until: DateTime<Utc>) -> Vec<TruthFrame> {
        let mut truth = Vec::new();
        for camera in &self.cameras {
            let frames = self.portal.truth_between(camera, self.since, until, true);
            truth.extend(frames.await.expect("the truth"));
        }
        truth.retain(|frame| frame.appears_at <= until);
        truth
    }

    /// Frames that had appeared by then, and of which row or file are not there or not right.
    pub async fn missing(&self, until: DateTime<Utc>) -> Vec<String> {
        let held = self.held().await;
        let mut missing = self.truth(until).await;
        missing.retain(|frame| held.get(&frame.url) != frame.sha256.as_ref());
        missing.into_iter().map(|frame| frame.url).collect()
    }

    /// Whether the database is made: its file is there before its tables.
    async fn has_tables(&self) -> bool {
        if !self.home.database().exists() {
            return false;
        }
        let mut database = store::connect(&self.home.database()).await;
        let sql = "SELECT 1 FROM sqlite_master WHERE name = 'images'";
        let found = sqlx::query(sql).fetch_optional(&mut database).await;
        found.expect(sql).is_some()
    }

    /// The hash of every picture that is there by its row, by address. Each row must have its file.
    pub async fn held(&self) -> BTreeMap<String, String> {
        if !self.has_tables().await {
            return BTreeMap::new();
        }
        let rows = store::images(&self.home).await;
        let hash = |row: store::Image| {
            let file = self.home.path().join(&row.path);
            let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{row:?}: {error}"));
            let hash = store::sha256(&bytes);
            assert_eq!(hash, row.sha256, "{row:?}");
            (row.url, hash)
        };
        rows.into_iter().map(hash).collect()
    }

    /// Waits until every frame that has appeared by now is there; how long it took.
    pub async fn complete(&self, log: &Path) -> Duration {
        let (begun, until) = (Instant::now(), self.portal.now());
        loop {
            let missing = self.missing(until).await;
            if missing.is_empty() {
                return begun.elapsed();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "not complete after {PATIENCE:?}: {missing:#?}\n{}",
                fs::read_to_string(log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// A zone in which no day ends while a test runs; or the one that `DRAYWATCH_TEST_ZONE` names, to see a day end.
pub fn far_from_midnight(now: DateTime<Utc>) -> Tz {
    if let Ok(name) = std::env::var("DRAYWATCH_TEST_ZONE") {
        let named = name.parse();
        return named.expect("DRAYWATCH_TEST_ZONE names a zone, such as Etc/GMT-7");
    }
    if (2..21).contains(&now.hour()) {
        Tz::Etc__UTC
    } else {
        Tz::Etc__GMTMinus6
    }
}

impl Home {
    fn new(portal: &Portal, cameras: &[String], zone: Tz) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("draywatch-service-")
            .tempdir()
            .expect("a folder");
        fs::create_dir(folder.path().join("tmp")).expect("a folder");
        let database = folder.path().join("data/database.db");
        let text = |text: &str| format!("{text:?}");
        let settings = [
            ("stream_names", format!("{cameras:?}")),
            ("portal.page_url", text(&portal.page_url())),
            ("portal.image_url", text(&portal.image_url())),
            ("portal.time_zone", text(zone.name())),
            ("portal.image_time", text("utc")),
            ("portal.pause_between_days_seconds", "0".into()),
            ("service.recover_days", "2".into()),
            ("max_retries", "2".into()),
            ("retry_delay_seconds", "2".into()),
            ("max_retry_delay_seconds", "4".into()),
            ("timeout", "10".into()),
            ("enable_health_check", "false".into()),
            // How full the disk of this machine is, is not the matter here.
            ("health.disk_warning_percent", "100.0".into()),
            ("health.disk_critical_percent", "100.0".into()),
            ("health.look_seconds", "1".into()),
            // Looks are thirty times as frequent as in life, frames sixty times.
            ("alerts.recover_after", "15".into()),
            ("alerts.max_per_day", "100".into()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let mut home = Self {
            folder,
            database,
            settings: settings.into(),
        };
        home.write();
        home
    }

    /// Another home at the same portal.
    pub fn beside(world: &World) -> Self {
        Self::new(
            &world.portal,
            &world.cameras,
            far_from_midnight(world.portal.now()),
        )
    }

    /// Changes a setting, its value as TOML.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
        self.write();
    }

    /// Puts the database elsewhere.
    pub fn move_database(&mut self, path: &Path) {
        path.clone_into(&mut self.database);
        let address = format!("\"sqlite:///{}\"", path.display());
        self.set("database_url", &address);
    }

    fn write(&mut self) {
        let lines = self.settings.iter();
        let text: String = lines
            .map(|(name, value)| format!("{name} = {value}\n"))
            .collect();
        fs::write(self.file(), text).expect("the settings");
    }

    /// The file of settings.
    pub fn file(&self) -> PathBuf {
        self.path().join("draywatch.toml")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn images(&self) -> PathBuf {
        self.path().join("data/images")
    }

    pub fn database(&self) -> PathBuf {
        self.database.clone()
    }

    /// The folder for temporary files of the service and its browser.
    pub fn temporary(&self) -> PathBuf {
        self.path().join("tmp")
    }
}
