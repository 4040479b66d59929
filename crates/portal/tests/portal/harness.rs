//! What the tests share: a lister on free ports, the truth beside what was listed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_core::zone::ImageTimeSetting;
use draywatch_core::{CameraId, Clock, Kind};
use draywatch_portal::{BrowserSettings, ListError, Listed, Lister, PortalSettings, ZoneState};
use tokio::time::Instant;

/// Installs what TLS needs and speaks up on failures when `LOG` is set.
pub fn set_up() {
    use std::sync::Once;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let filter = std::env::var("LOG").unwrap_or_else(|_| "off".into());
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .init();
    });
}

pub fn camera(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn browser_settings() -> BrowserSettings {
    BrowserSettings {
        webdriver_url: None,
        chromium: None,
        chromedriver: None,
        headless: true,
        guard: env!("CARGO_BIN_EXE_browser-guard").into(),
        user_agent_suffix: "draywatch/test (+tests@example.org)".into(),
        time_zone: "America/Los_Angeles".into(),
        command_timeout: Duration::from_secs(90),
        page_load_timeout: Duration::from_secs(60),
    }
}

pub fn portal_settings(page_url: &str) -> PortalSettings {
    PortalSettings {
        page_url: page_url.parse().unwrap(),
        time_zone: chrono_tz::America::Los_Angeles,
        image_time: ImageTimeSetting::Auto,
        page_timeout: Duration::from_secs(20),
        // As the product has it by default.
        attempts: 3,
    }
}

pub fn lister(page_url: &str) -> Lister {
    set_up();
    Lister::new(
        portal_settings(page_url),
        browser_settings(),
        None,
        Clock::system(),
    )
}

pub async fn list(
    lister: &mut Lister,
    camera: &CameraId,
    date: NaiveDate,
) -> Result<Listed, ListError> {
    let deadline = Instant::now() + Duration::from_secs(180);
    lister
        .list(camera, date, &ZoneState::default(), deadline)
        .await
}

/// A frame of the truth: instant in milliseconds, full-size address, thumbnail's address.
pub type True = (i64, String, String);

/// What a listing differs in from the truth, in words; `None` when it is the truth. Frames that appeared while it was listed
/// (`since` and `until` the truth was asked) may be there or not.
pub fn difference(listed: &Listed, before: &[True], after: &[True]) -> Option<String> {
    let got: Vec<True> = listed
        .listing
        .frames
        .iter()
        .map(|f| {
            (
                f.instant.timestamp_millis(),
                f.url.clone(),
                f.thumbnail_url.clone().unwrap_or_default(),
            )
        })
        .collect();
    let missing: Vec<_> = before
        .iter()
        .filter(|t| !got.iter().any(|g| (g.0, &g.1) == (t.0, &t.1)))
        .collect();
    let wrong: Vec<_> = got
        .iter()
        .filter(|g| {
            !after
                .iter()
                .any(|t| (g.0, &g.1) == (t.0, &t.1) && (g.2.is_empty() || g.2 == t.2))
        })
        .collect();
    if missing.is_empty() && wrong.is_empty() && listed.listing.confirmation.is_confirmed() {
        return None;
    }
    Some(format!(
        "listed {}, truth {}..{}; missing {}: {:?}; wrong {}: {:?}; {:?}",
        got.len(),
        before.len(),
        after.len(),
        missing.len(),
        missing.first(),
        wrong.len(),
        wrong.first(),
        listed.listing.confirmation
    ))
}

/// Asserts that listing failed with one of `kinds`.
#[track_caller]
pub fn assert_kind(result: &Result<Listed, ListError>, kinds: &[Kind]) {
    match result {
        Ok(listed) => panic!(
            "listed {} frames where an error was due",
            listed.listing.frames.len()
        ),
        Err(error) => assert!(kinds.contains(&error.kind()), "{}: {error}", error.kind()),
    }
}

/// The folder of Vue and Element Plus that the simulator's page installs.
pub fn node_modules() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal-sim/page/node_modules");
    assert!(
        folder.join("vue").is_dir(),
        "Vue is missing: run `npm ci --prefix crates/portal-sim/page` (make test does)"
    );
    folder
}
