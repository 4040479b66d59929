//! Chromium and its driver, here or on a `WebDriver` server: found, of one version, and a session can be had.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use draywatch_core::error::chain;
use draywatch_portal::{
    Browser, BrowserError, BrowserSettings, Found, find_chromedriver, find_chromium,
};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::{Check, network};
use crate::cli::context::Context;
use crate::collect::browser_settings;

/// How long a program may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(10);
/// How long a session may take to start.
const SESSION_LIMIT: Duration = Duration::from_mins(1);

const CHROMIUM: &str = "chromium";
const DRIVER: &str = "chromedriver";
const SESSION: &str = "session";

pub(super) async fn checks(context: &Context) -> Vec<Check> {
    if let Some(server) = &context.config.browser.webdriver_url {
        return remote(context, server).await;
    }
    let settings = &context.config.browser;
    let chromium = program(
        CHROMIUM,
        "chromium",
        find_chromium(settings.chromium.as_deref()),
    )
    .await;
    let driver = program(
        DRIVER,
        "chromium-driver",
        find_chromedriver(settings.chromedriver.as_deref()),
    )
    .await;
    let is_startable = chromium.major.is_some() && driver.major.is_some();
    let mut checks = vec![chromium.check];
    checks.push(match (chromium.major, driver.major) {
        (Some(browser), Some(of_driver)) if browser != of_driver => {
            let detail = format!("{}; its major version is {of_driver}, Chromium's is {browser}", driver.check.detail);
            let mend = "install both in the same version (Debian/Ubuntu: apt install chromium chromium-driver)";
            Check::fail(DRIVER, detail, mend)
        }
        _ => driver.check,
    });
    checks.push(if is_startable {
        session(context).await
    } else {
        Check::skipped(SESSION, "needs Chromium and chromedriver")
    });
    checks
}

/// A program that was looked for.
struct Program {
    check: Check,
    major: Option<u32>,
}

async fn program(check: &'static str, package: &str, found: Result<Found, String>) -> Program {
    let mend = format!("install it (Debian/Ubuntu: apt install {package}), or set browser.{check}");
    let found = match found {
        Ok(found) => found,
        Err(words) => {
            return Program {
                check: Check::fail(check, words, mend),
                major: None,
            };
        }
    };
    let shown = found.path.display();
    let how = if found.is_set { "set" } else { "found" };
    match version(&found.path).await {
        Ok(text) => match major(&text) {
            Some(major) => Program {
                check: Check::ok(check, format!("{text} at {shown} ({how})")),
                major: Some(major),
            },
            None => Program {
                check: Check::fail(check, format!("{shown} calls itself {text:?}"), mend),
                major: None,
            },
        },
        Err(why) => Program {
            check: Check::fail(check, format!("{shown} does not run: {why}"), mend),
            major: None,
        },
    }
}

/// What a program prints when it is asked for its version, the first line of it.
async fn version(program: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(VERSION_LIMIT, command.output()).await;
    let output = output.map_err(|_| format!("no answer within {} s", VERSION_LIMIT.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // The driver adds a commit in brackets, and the browser the name of its distribution.
    let line = text.lines().next().unwrap_or_default();
    Ok(line
        .split(" (")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}

/// The major version in `Chromium 139.0.7258.127 built on ...`.
fn major(text: &str) -> Option<u32> {
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split('.').next()?.parse().ok()
}

/// Starts a real session and ends it.
async fn session(context: &Context) -> Check {
    let settings = BrowserSettings {
        command_timeout: SESSION_LIMIT,
        ..browser_settings(&context.config)
    };
    let mend = "run `chromium --headless --dump-dom about:blank` as draywatch's user and see what it says; \
                in a container, give it a /tmp it may write to";
    match timeout(SESSION_LIMIT, Browser::start(&settings, None)).await {
        Ok(Ok(browser)) => {
            browser.quit().await;
            Check::ok(SESSION, "a browser session starts and ends")
        }
        Ok(Err(error @ BrowserError::Remote { .. })) => Check::fail(
            SESSION,
            chain(&error),
            "see the server's log; it must offer Chrome or Chromium",
        ),
        Ok(Err(error)) => Check::fail(SESSION, chain(&error), mend),
        Err(_) => Check::fail(
            SESSION,
            format!("no browser session within {} s", SESSION_LIMIT.as_secs()),
            mend,
        ),
    }
}

/// A server that has the browsers: it answers, and a session can be had.
async fn remote(context: &Context, server: &Url) -> Vec<Check> {
    let shown = crate::config::hide_secrets(server.as_str());
    let mend = "start the server, or correct browser.webdriver_url; without that setting a browser is started here";
    let address = format!("{}/status", server.as_str().trim_end_matches('/'));
    let answer = match network::get(&context.config, &address).await {
        Ok(answer) => answer
            .json::<Value>()
            .await
            .map_err(|error| format!("no WebDriver server: {error}")),
        Err(why) => Err(why),
    };
    match answer.map(|answer| answer["value"]["ready"].as_bool()) {
        Ok(Some(true)) => {}
        Ok(Some(false)) => {
            let wait = "wait until it has a free slot, or give it more";
            return vec![Check::warn(
                "webdriver",
                format!("{shown} answers, but is not ready for a session"),
                wait,
            )];
        }
        Ok(None) => {
            return vec![Check::fail(
                "webdriver",
                format!("{shown} answers, but not as a WebDriver server"),
                mend,
            )];
        }
        Err(why) => {
            return vec![Check::fail(
                "webdriver",
                format!("{shown} does not answer: {why}"),
                mend,
            )];
        }
    }
    let ready = Check::ok("webdriver", format!("{shown} is ready"));
    vec![ready, session(context).await]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_read() {
        assert_eq!(
            major("Chromium 139.0.7258.127 built on Debian GNU/Linux 12"),
            Some(139)
        );
        assert_eq!(major("ChromeDriver 140.0.1"), Some(140));
        assert_eq!(major("Google Chrome 99"), Some(99));
        assert_eq!(major("nonsense"), None);
    }
}
