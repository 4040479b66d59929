//! A home whose frames came by the real pipeline: the simulated portal, read by a real browser. Must not judge pages.

use std::sync::LazyLock;

use chrono::NaiveDate;
use portal_sim::{Config, Fault, FaultRule, Match, Portal, Schedule};

use crate::site::Site;
use crate::support::Home;

/// Both cameras with today and yesterday, some frames missing for several reasons.
pub struct Collected {
    pub site: Site,
    pub yesterday: NaiveDate,
}

/// What all tests that only look share the settings of.
static SCHEDULE: LazyLock<Schedule> = LazyLock::new(|| Schedule {
    skip_probability: 0.08,
    ..Schedule::default()
});

/// Collects, and serves what was collected.
pub async fn collected() -> Collected {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config {
        schedule: SCHEDULE.clone(),
        ..Config::default()
    };
    let portal = Portal::start(config)
        .await
        .expect("the simulated portal starts (run `make test`, which installs its page)");
    portal.set_faults(vec![FaultRule {
        matching: Match {
            every_nth: Some(23),
            ..Match::default()
        },
        fault: Fault::NotFoundBoth,
        times: None,
    }]);
    let home = Home::new();
    let yesterday = portal.today().pred_opt().unwrap();
    for date in [yesterday, portal.today()] {
        let mut command = home.command(&["fetch", "--date", &date.to_string()]);
        command
            .env("DRAYWATCH_PORTAL__PAGE_URL", portal.page_url())
            .env("DRAYWATCH_PORTAL__IMAGE_URL", portal.image_url())
            .env("DRAYWATCH_PORTAL__IMAGE_TIME", "utc")
            .env("DRAYWATCH_PORTAL__CONTACT", "tests@example.org")
            .env("DRAYWATCH_MAX_RETRIES", "2");
        let done = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        // Not everything could be had: that is what it says.
        assert!(
            matches!(done.status.code(), Some(0..=9)),
            "{:?}: {words}",
            done.status
        );
    }
    assert!(home.rows().await > 150, "{}", home.rows().await);
    Collected {
        site: Site::with(home, "").await,
        yesterday,
    }
}
