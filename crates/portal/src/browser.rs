//! A browser session: started when needed, guarded, ended for certain. Must not know anything of the portal's page.

mod capabilities;
mod devtools;
mod guarded;
mod remote;
mod start;

use std::path::PathBuf;
use std::time::Duration;

use draywatch_core::Kind;
use serde_json::{Value, json};
use thirtyfour::common::command::Command as WebDriverCommand;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use thirtyfour::{TimeoutConfiguration, WebDriver};
use url::Url;

use capabilities::FIRST_PAGE;
use devtools::DevTools;
use guarded::Guarded;
use remote::RemoteSession;

pub use remote::{SessionJournal, delete_remote_sessions};

/// How long a browser that loads no page may take to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// How browsers are started.
#[derive(Debug, Clone)]
pub struct BrowserSettings {
    /// A `WebDriver` server that is there already (a Selenium Grid); then nothing is started here.
    pub webdriver_url: Option<Url>,
    /// Chromium, when it should not be searched for.
    pub chromium: Option<PathBuf>,
    /// chromedriver, when it should not be searched for.
    pub chromedriver: Option<PathBuf>,
    /// Whether the browser has no window.
    pub headless: bool,
    /// The program that acts as guard: ourselves.
    pub guard: PathBuf,
    /// What we append to the browser's own user agent.
    pub user_agent_suffix: String,
    /// Zone that the page sees: the terminal's, as a visitor there has it.
    pub time_zone: String,
    /// The longest that one command to the driver may take.
    pub command_timeout: Duration,
    /// The longest that a page may take to load.
    pub page_load_timeout: Duration,
}

/// Why there is no browser, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// Chromium or chromedriver is not installed, or not where the settings say.
    #[error("{0}")]
    Missing(String),
    /// It does not start.
    #[error("the browser does not start: {0}")]
    Start(String),
    /// A remote `WebDriver` server does not answer as one.
    #[error("no browser session at {server} (setting browser.webdriver_url)")]
    Remote {
        /// The server's address, without password.
        server: String,
        /// What went wrong.
        #[source]
        source: Box<WebDriverError>,
    },
    /// It crashed, hangs, or lost its tab.
    #[error("the browser failed while it was asked to {action}")]
    Command {
        /// What it was asked.
        action: &'static str,
        /// What went wrong.
        #[source]
        source: Box<WebDriverError>,
    },
    /// It works, but the address does not answer.
    #[error("{address} cannot be reached: {why}; check the network and portal.page_url")]
    Unreachable {
        /// The address.
        address: String,
        /// The browser's word for it, such as `net::ERR_CONNECTION_REFUSED`.
        why: String,
    },
    /// It did not answer in time.
    #[error("the browser did not answer within {} s when asked to {action}", .limit.as_secs())]
    Hangs {
        /// What it was asked.
        action: &'static str,
        /// How long we waited.
        limit: Duration,
    },
}

impl BrowserError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. } => Kind::Transient,
            _ => Kind::Browser,
        }
    }
}

/// A living browser session.
pub struct Browser {
    driver: Option<WebDriver>,
    keeper: Option<Keeper>,
    limit: Duration,
    page_load_timeout: Duration,
}

/// Whose the browser is.
enum Keeper {
    /// Ours, by way of a guard.
    Here(Box<Guarded>),
    /// Another server's; the session alone is ours.
    Remote(RemoteSession),
}

impl Browser {
    /// Zone, user agent and focus, through `DevTools` where the browser has them; a browser without goes on without.
    async fn prepare(&self, settings: &BrowserSettings) -> Result<(), BrowserError> {
        self.bound(settings).await?;
        // Where it began is not always ours to say: a Grid may have another browser, a company its rules.
        self.within("open an empty page", self.driver()?.goto(FIRST_PAGE))
            .await?;
        let version = self.devtools("Browser.getVersion", json!({})).await;
        let Ok(version) = version else {
            tracing::warn!("the browser has no DevTools: its zone and user agent stay as they are");
            return Ok(());
        };
        let own = version
            .get("userAgent")
            .and_then(Value::as_str)
            .unwrap_or("Mozilla/5.0")
            .to_owned();
        let agent = format!("{own} {}", settings.user_agent_suffix);
        self.devtools(
            "Network.setUserAgentOverride",
            json!({ "userAgent": agent }),
        )
        .await?;
        self.devtools(
            "Emulation.setTimezoneOverride",
            json!({ "timezoneId": settings.time_zone }),
        )
        .await?;
        self.devtools(
            "Emulation.setFocusEmulationEnabled",
            json!({ "enabled": true }),
        )
        .await?;
        Ok(())
    }

    /// How long the driver waits for scripts and pages: `thirtyfour` sets limits of its own over those of the capabilities.
    async fn bound(&self, settings: &BrowserSettings) -> Result<(), BrowserError> {
        let (script, page) = (settings.command_timeout, settings.page_load_timeout);
        let limits = TimeoutConfiguration::new(Some(script), Some(page), None);
        let setting = self.driver()?.update_timeouts(limits);
        self.within("set its time limits", setting).await
    }

    /// Runs `source` in every document before its own scripts. `false` where the browser cannot do that.
    pub async fn at_document_start(&self, source: &str) -> bool {
        let enabled = self.devtools("Page.enable", json!({})).await.is_ok();
        enabled
            && self
                .devtools(
                    "Page.addScriptToEvaluateOnNewDocument",
                    json!({ "source": source }),
                )
                .await
                .is_ok()
    }

    /// Opens an address and returns when the document is there (not its pictures).
    ///
    /// # Errors
    /// When the browser fails or hangs. An address that does not answer is an error too.
    pub async fn open(&self, address: &Url) -> Result<(), BrowserError> {
        let driver = self.driver()?;
        let opened = self
            .within("open a page", driver.goto(address.as_str()))
            .await;
        let Err(error) = opened else { return Ok(()) };
        let why = match net_error(&error) {
            Some(why) => why,
            // A browser that does anything else is not what hangs.
            None if is_timeout(&error) && self.answers().await => {
                let limit = self.page_load_timeout.as_secs();
                format!("it did not answer within {limit} s")
            }
            None => return Err(error),
        };
        let address = address.to_string();
        Err(BrowserError::Unreachable { address, why })
    }

    /// Whether the browser runs a script.
    async fn answers(&self) -> bool {
        let answer = self.run("answer", "return true", Value::Null);
        let answer = tokio::time::timeout(SIGN_OF_LIFE, answer).await;
        answer.is_ok_and(|answer| answer.is_ok())
    }

    /// Runs `await`-able JavaScript and returns what it gives; `arguments` reaches it as `args`.
    ///
    /// # Errors
    /// When the browser fails or hangs, or the script throws.
    pub async fn run(
        &self,
        action: &'static str,
        script: &str,
        arguments: Value,
    ) -> Result<Value, BrowserError> {
        let whole = format!(
            "const done = arguments[arguments.length - 1], args = arguments[0];\
             (async () => {{ {script} }})().then((value) => done({{ value }}), (error) => done({{ error: String(error && error.stack || error) }}));"
        );
        let driver = self.driver()?;
        let answer = self
            .within(action, driver.execute_async(whole, vec![arguments]))
            .await?;
        let mut answer = answer.json().clone();
        if let Some(error) = answer.get("error") {
            let source = Box::new(WebDriverError::FatalError(short(&error.to_string())));
            return Err(BrowserError::Command { action, source });
        }
        Ok(answer.get_mut("value").map_or(Value::Null, Value::take))
    }

    /// Process id of the guard of a browser started here, for counts and drills.
    #[must_use]
    pub fn guard_pid(&self) -> Option<u32> {
        match &self.keeper {
            Some(Keeper::Here(guarded)) => Some(guarded.pid()),
            _ => None,
        }
    }

    /// Ends the session and everything that was started for it.
    pub async fn quit(mut self) {
        match self.keeper.take() {
            // The guard ends driver and browser faster and more surely than the driver would.
            Some(Keeper::Here(guarded)) => guarded.end().await,
            Some(Keeper::Remote(session)) => session.delete().await,
            None => {}
        }
    }

    fn driver(&self) -> Result<&WebDriver, BrowserError> {
        self.driver
            .as_ref()
            .ok_or(BrowserError::Start("the session was closed".into()))
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        let driver = self.driver()?;
        let command = WebDriverCommand::ExtensionCommand(Box::new(DevTools {
            method: method.to_owned(),
            parameters,
        }));
        let answer = self.within("set up DevTools", driver.cmd(command)).await?;
        answer.value_json().map_err(|source| BrowserError::Command {
            action: "set up DevTools",
            source: Box::new(source),
        })
    }

    async fn within<T>(
        &self,
        action: &'static str,
        work: impl Future<Output = Result<T, WebDriverError>>,
    ) -> Result<T, BrowserError> {
        tokio::time::timeout(self.limit, work)
            .await
            .map_err(|_| BrowserError::Hangs {
                action,
                limit: self.limit,
            })?
            .map_err(|source| BrowserError::Command {
                action,
                source: Box::new(source),
            })
    }
}

impl Drop for Browser {
    /// Must not block. The life line of a browser here breaks with it; a session elsewhere is deleted by a task, and where that
    /// does not come to it (the program ends), at the next start.
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = driver.leak();
        }
        if let (Some(Keeper::Remote(session)), Ok(runtime)) =
            (self.keeper.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(session.delete());
        }
    }
}

/// What a browser calls the reason why an address does not answer: `net::ERR_...`, in Firefox `about:neterror?e=...`.
fn net_error(error: &BrowserError) -> Option<String> {
    let BrowserError::Command { source, .. } = error else {
        return None;
    };
    let text = source.to_string();
    let at = text
        .find("net::ERR_")
        .or_else(|| text.find("about:neterror"))?;
    let word = text[at..].split_whitespace().next()?;
    Some(word.chars().take(80).collect())
}

/// Whether the driver waited in vain.
fn is_timeout(error: &BrowserError) -> bool {
    let BrowserError::Command { source, .. } = error else {
        return false;
    };
    matches!(
        source.as_inner(),
        WebDriverErrorInner::WebDriverTimeout(_) | WebDriverErrorInner::Timeout(_)
    )
}

/// What a driver's long-winded message says before it goes into its stack.
fn short(message: &str) -> String {
    let told = message
        .split_once("Additional info:")
        .map_or(message, |(_, told)| told);
    let lines = told.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.take_while(|line| {
        !["#", "Stacktrace", "Error:"]
            .iter()
            .any(|end| line.starts_with(end))
    });
    let text = lines.take(4).collect::<Vec<_>>().join(" ");
    text.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drivers_message_is_cut_to_what_it_tells() {
        let long = "Unable to create WebDriver session:\n  Status: 500\n  Additional info:\n  session not created: exited.\n#0 0x1\n";
        assert_eq!(short(long), "session not created: exited.");
        assert_eq!(short("tab crashed"), "tab crashed");
    }
}
