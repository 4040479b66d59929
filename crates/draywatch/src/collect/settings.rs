//! The configuration as the adapters want it. Must not hold rules.

use std::time::Duration;

use draywatch_core::retry::RetryPolicy;
use draywatch_portal::{BrowserSettings, PortalSettings};

use crate::config::Config;
use crate::fetch::FetchSettings;

/// The largest body that is taken for a picture: a hundred times what the portal sends.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// How we call ourselves, with the contact address where one is set.
fn user_agent(config: &Config) -> String {
    let contact = config
        .portal
        .contact
        .as_deref()
        .filter(|contact| !contact.is_empty());
    let version = env!("CARGO_PKG_VERSION");
    contact.map_or_else(
        || format!("draywatch/{version}"),
        |contact| format!("draywatch/{version} (+{contact})"),
    )
}

/// How pictures are fetched.
#[must_use]
pub fn fetch_settings(config: &Config) -> FetchSettings {
    FetchSettings {
        concurrent_per_host: usize::try_from(config.concurrent_downloads).unwrap_or(usize::MAX),
        timeout: config.request_timeout(),
        retry: RetryPolicy {
            attempts: config.max_retries,
            first_wait: Duration::from_secs(1),
            multiplier: if config.exponential_backoff {
                config.backoff_multiplier
            } else {
                1.0
            },
            longest: Duration::from_secs(8),
        },
        max_bytes: MAX_BYTES,
        max_redirects: 5,
        user_agent: user_agent(config),
    }
}

/// How long a page is waited for: so short that a portal which never answers is found out, and told as such, before the time
/// of the whole collection is over.
fn page_timeout(config: &Config) -> Duration {
    config
        .request_timeout()
        .min(config.collection_deadline() / 3)
}

/// How the portal is read.
#[must_use]
pub fn portal_settings(config: &Config) -> PortalSettings {
    PortalSettings {
        page_url: config.portal.page_url.clone(),
        time_zone: config.portal.time_zone,
        image_time: config.portal.image_time,
        page_timeout: page_timeout(config),
        attempts: config.max_retries.clamp(1, 3),
    }
}

/// How browsers are started.
#[must_use]
pub fn browser_settings(config: &Config) -> BrowserSettings {
    BrowserSettings {
        webdriver_url: config.browser.webdriver_url.clone(),
        chromium: config.browser.chromium.clone(),
        chromedriver: config.browser.chromedriver.clone(),
        headless: config.headless,
        // draywatch is its own guard: this very program, also after an upgrade has put another in its file's place.
        guard: "/proc/self/exe".into(),
        user_agent_suffix: user_agent(config),
        time_zone: config.portal.time_zone.name().to_owned(),
        command_timeout: config.request_timeout() * 2 + Duration::from_secs(30),
        page_load_timeout: page_timeout(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the same time for both, a portal that never answers was no failure of the portal, and the breaker stayed closed.
    #[test]
    fn a_page_is_given_up_before_the_collection_is() {
        let mut config = Config::default();
        assert_eq!(page_timeout(&config), config.request_timeout());
        for (minutes, timeout) in [(1, 30), (1, 90), (5, 3600)] {
            (config.collection_deadline_minutes, config.timeout) = (minutes, timeout);
            let waits = [
                portal_settings(&config).page_timeout,
                browser_settings(&config).page_load_timeout,
            ];
            for wait in waits {
                assert!(wait * 3 <= config.collection_deadline(), "{wait:?}");
            }
        }
    }
}
