//! What we ask of the browser, as `WebDriver` capabilities. Must not open a session.

use std::path::Path;

use serde_json::{Value, json};

use super::BrowserSettings;
use super::guarded::Guarded;
use crate::guard::browser_program;

/// What a browser shows before it is told to open anything.
pub(super) const FIRST_PAGE: &str = "about:blank";

const ARGUMENTS: [&str; 16] = [
    "--window-size=1400,2000",
    // Pictures are not needed to be listed; elements keep their addresses.
    "--blink-settings=imagesEnabled=false",
    "--lang=en-US",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
];

/// For a browser that `guarded` starts here, or for one on a remote server.
pub(super) fn capabilities(settings: &BrowserSettings, guarded: Option<&Guarded>) -> Value {
    let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).into();
    if settings.headless {
        arguments.push("--headless=new".to_owned());
    }
    let mut options = json!({
        "prefs": {
            "profile.managed_default_content_settings.images": 2,
            "intl.accept_languages": "en-US,en",
            // The first page is an empty one: Chromium's own asks its maker for news, and a driver that is told to open a page
            // while that one's frames still come may wait for ever.
            "session.restore_on_startup": 4,
            "session.startup_urls": [FIRST_PAGE],
        },
    });
    if let Some(guarded) = guarded {
        let is_root = rustix::process::geteuid().is_root();
        arguments.extend(local_arguments(guarded.profile(), is_root));
        options["binary"] = json!(browser_program(guarded.pid()));
    }
    options["args"] = json!(arguments);
    json!({
        "browserName": "chrome",
        "pageLoadStrategy": "eager",
        "goog:chromeOptions": options,
    })
}

fn local_arguments(profile: &Path, is_root: bool) -> Vec<String> {
    let mut arguments = vec![
        format!("--user-data-dir={}", profile.join("profile").display()),
        format!("--crash-dumps-dir={}", profile.join("crashes").display()),
    ];
    if is_root {
        // Chromium refuses to run as root with its sandbox; any other user keeps it.
        arguments.push("--no-sandbox".to_owned());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_goes_without_the_sandbox() {
        let has = |is_root| {
            local_arguments(Path::new("/p"), is_root).contains(&"--no-sandbox".to_owned())
        };
        assert!(has(true));
        assert!(!has(false));
    }
}
