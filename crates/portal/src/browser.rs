//! A browser session: started when needed, guarded, ended for certain. Must not know anything of the portal's page.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use draywatch_core::Kind;
use serde_json::{Value, json};
use thirtyfour::WebDriver;
use thirtyfour::common::command::{Command as WebDriverCommand, ExtensionCommand};
use thirtyfour::error::WebDriverError;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use url::Url;

use crate::discover::{find_chromedriver, find_chromium};
use crate::guard;

/// How browsers are started.
#[derive(Debug, Clone)]
pub struct BrowserSettings {
    /// A WebDriver server that is there already (a Selenium Grid); then nothing is started here.
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
}

/// Keeps a record of sessions on a remote server, so that the next start can delete those that a crash left.
#[async_trait]
pub trait SessionJournal: Send + Sync {
    /// A session was opened.
    async fn opened(&self, server: &str, session: &str);
    /// It was deleted.
    async fn closed(&self, server: &str, session: &str);
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
    /// A remote WebDriver server does not answer as one.
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
        Kind::Browser
    }
}

/// A living browser session.
pub struct Browser {
    driver: Option<WebDriver>,
    guard: Option<Guard>,
    journal: Option<(Arc<dyn SessionJournal>, String)>,
    limit: Duration,
}

/// The guard process; its standard input is our life line to it.
struct Guard {
    child: Child,
    life_line: Option<ChildStdin>,
    port: u16,
    profile: PathBuf,
}

impl Browser {
    /// Starts a browser here, or opens a session on the remote server that the settings name.
    ///
    /// # Errors
    /// When a program is missing, does not start in time, or the server refuses.
    pub async fn start(settings: &BrowserSettings, journal: Option<Arc<dyn SessionJournal>>) -> Result<Self, BrowserError> {
        let browser = match &settings.webdriver_url {
            Some(server) => Self::start_remote(settings, server, journal).await?,
            None => Self::start_local(settings).await?,
        };
        browser.prepare(settings).await?;
        Ok(browser)
    }

    async fn start_local(settings: &BrowserSettings) -> Result<Self, BrowserError> {
        let chromium = find_chromium(settings.chromium.as_deref()).map_err(BrowserError::Missing)?;
        let chromedriver = find_chromedriver(settings.chromedriver.as_deref()).map_err(BrowserError::Missing)?;
        let guard = tokio::time::timeout(settings.command_timeout, Guard::start(settings, &chromedriver.path, &chromium.path))
            .await
            .map_err(|_| BrowserError::Hangs { action: "start its driver", limit: settings.command_timeout })??;
        let server = format!("http://127.0.0.1:{}", guard.port);
        let capabilities = capabilities(settings, Some(&guard.profile));
        let connected = connect(&server, capabilities, settings.command_timeout, true).await;
        match connected {
            Ok(driver) => Ok(Self { driver: Some(driver), guard: Some(guard), journal: None, limit: settings.command_timeout }),
            Err(error) => {
                guard.end().await;
                Err(match error {
                    ConnectError::TimedOut => BrowserError::Hangs { action: "open a session", limit: settings.command_timeout },
                    ConnectError::WebDriver(error) => BrowserError::Start(short(&error.to_string())),
                })
            }
        }
    }

    async fn start_remote(
        settings: &BrowserSettings,
        server: &Url,
        journal: Option<Arc<dyn SessionJournal>>,
    ) -> Result<Self, BrowserError> {
        let driver = connect(server.as_str(), capabilities(settings, None), settings.command_timeout, false)
            .await
            .map_err(|error| match error {
                ConnectError::TimedOut => BrowserError::Hangs { action: "open a session", limit: settings.command_timeout },
                ConnectError::WebDriver(source) => BrowserError::Remote { server: redacted(server), source: Box::new(source) },
            })?;
        if let Some(journal) = &journal {
            journal.opened(server.as_str(), &driver.session_id().to_string()).await;
        }
        let journal = journal.map(|journal| (journal, server.to_string()));
        Ok(Self { driver: Some(driver), guard: None, journal, limit: settings.command_timeout })
    }

    /// Zone, user agent and focus, through DevTools where the browser has them; a browser without goes on without.
    async fn prepare(&self, settings: &BrowserSettings) -> Result<(), BrowserError> {
        let version = self.devtools("Browser.getVersion", json!({})).await;
        let Ok(version) = version else {
            tracing::warn!("the browser has no DevTools: its zone and user agent stay as they are");
            return Ok(());
        };
        let own = version.get("userAgent").and_then(Value::as_str).unwrap_or("Mozilla/5.0").to_owned();
        let agent = format!("{own} {}", settings.user_agent_suffix);
        self.devtools("Network.setUserAgentOverride", json!({ "userAgent": agent })).await?;
        self.devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": settings.time_zone })).await?;
        self.devtools("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        Ok(())
    }

    /// Runs `source` in every document before its own scripts. `false` where the browser cannot do that.
    pub async fn at_document_start(&self, source: &str) -> bool {
        let enabled = self.devtools("Page.enable", json!({})).await.is_ok();
        enabled && self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await.is_ok()
    }

    /// Opens an address and returns when the document is there (not its pictures).
    ///
    /// # Errors
    /// When the browser fails or hangs. An address that does not answer is an error too.
    pub async fn open(&self, address: &Url) -> Result<(), BrowserError> {
        let driver = self.driver()?;
        self.within("open a page", driver.goto(address.as_str())).await
    }

    /// Runs `await`-able JavaScript and returns what it gives; `arguments` reaches it as `args`.
    ///
    /// # Errors
    /// When the browser fails or hangs, or the script throws.
    pub async fn run(&self, action: &'static str, script: &str, arguments: Value) -> Result<Value, BrowserError> {
        let whole = format!(
            "const done = arguments[arguments.length - 1], args = arguments[0];\
             (async () => {{ {script} }})().then((value) => done({{ value }}), (error) => done({{ error: String(error && error.stack || error) }}));"
        );
        let driver = self.driver()?;
        let answer = self.within(action, driver.execute_async(whole, vec![arguments])).await?;
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
        self.guard.as_ref().and_then(|guard| guard.child.id())
    }

    /// Ends the session and everything that was started for it.
    pub async fn quit(mut self) {
        let Some(driver) = self.driver.take() else { return };
        let session = driver.session_id().to_string();
        if self.guard.is_some() {
            // The guard ends driver and browser faster and more surely than the driver would.
            let _ = driver.leak();
        } else if let Err(error) = tokio::time::timeout(self.limit, driver.quit()).await.unwrap_or(Ok(())) {
            tracing::warn!(%error, session, "the remote session could not be deleted; it is recorded and deleted at the next start");
            return;
        }
        if let Some((journal, server)) = self.journal.take() {
            journal.closed(&server, &session).await;
        }
        if let Some(guard) = self.guard.take() {
            guard.end().await;
        }
    }

    fn driver(&self) -> Result<&WebDriver, BrowserError> {
        self.driver.as_ref().ok_or(BrowserError::Start("the session was closed".into()))
    }

    async fn devtools(&self, method: &str, parameters: Value) -> Result<Value, BrowserError> {
        let driver = self.driver()?;
        let command = WebDriverCommand::ExtensionCommand(Box::new(DevTools { method: method.to_owned(), parameters }));
        let answer = self.within("set up DevTools", driver.cmd(command)).await?;
        answer.value_json().map_err(|source| BrowserError::Command { action: "set up DevTools", source: Box::new(source) })
    }

    async fn within<T>(
        &self,
        action: &'static str,
        work: impl Future<Output = Result<T, WebDriverError>>,
    ) -> Result<T, BrowserError> {
        tokio::time::timeout(self.limit, work)
            .await
            .map_err(|_| BrowserError::Hangs { action, limit: self.limit })?
            .map_err(|source| BrowserError::Command { action, source: Box::new(source) })
    }
}

impl Drop for Browser {
    /// Dropping a session without [`Browser::quit`] must not block: the guard's life line breaks with it.
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = driver.leak();
        }
    }
}

impl Guard {
    /// Starts the guard, which starts the driver, and waits for the driver's port.
    async fn start(settings: &BrowserSettings, chromedriver: &Path, chromium: &Path) -> Result<Self, BrowserError> {
        let arguments: [OsString; 3] = [guard::GUARD.into(), chromedriver.into(), chromium.into()];
        let mut child = Command::new(&settings.guard)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| BrowserError::Start(format!("{}: {error}", settings.guard.display())))?;
        let life_line = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| BrowserError::Start("the guard has no output".into()))?;
        let line = BufReader::new(stdout).lines().next_line().await.ok().flatten().unwrap_or_default();
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next().and_then(|port| port.parse().ok()), words.next()) {
            (Some("ready"), Some(port), Some(profile)) => {
                Ok(Self { child, life_line, port, profile: profile.into() })
            }
            _ => {
                let why = line.strip_prefix("error ").unwrap_or("the driver ended before it was ready");
                Err(BrowserError::Start(format!("{}: {why}", chromedriver.display())))
            }
        }
    }

    /// Breaks the life line and waits until the guard has cleaned up.
    async fn end(mut self) {
        drop(self.life_line.take());
        if tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.is_err() {
            tracing::error!(pid = self.child.id(), "the browser guard does not end; its leftovers are swept at the next start");
        }
    }
}

/// Deletes sessions that an earlier process left on remote servers. Those that could not be reached are kept for later.
pub async fn delete_remote_sessions(sessions: &[(String, String)], journal: &dyn SessionJournal) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
    let Ok(client) = client else { return };
    for (server, session) in sessions {
        let address = format!("{}/session/{session}", server.trim_end_matches('/'));
        match client.delete(&address).send().await {
            // 404: the server has forgotten it by itself.
            Ok(answer) if answer.status().is_success() || answer.status() == 404 => journal.closed(server, session).await,
            Ok(answer) => tracing::warn!(session, status = %answer.status(), "a left-over remote session could not be deleted"),
            Err(error) => tracing::warn!(session, %error, "a left-over remote session could not be deleted"),
        }
    }
}

enum ConnectError {
    TimedOut,
    WebDriver(WebDriverError),
}

/// Opens a session. A driver on this machine is never asked through a proxy.
async fn connect(server: &str, capabilities: Value, limit: Duration, local: bool) -> Result<WebDriver, ConnectError> {
    let mut client = reqwest::Client::builder().timeout(limit);
    if local {
        client = client.no_proxy();
    }
    let client = client
        .build()
        .map_err(|error| ConnectError::WebDriver(WebDriverError::FatalError(error.to_string())))?;
    let capabilities = match capabilities {
        Value::Object(map) => thirtyfour::Capabilities::from(map),
        _ => thirtyfour::Capabilities::new(),
    };
    let connecting = WebDriver::builder(server, capabilities).client(client).connect();
    tokio::time::timeout(limit, connecting).await.map_err(|_| ConnectError::TimedOut)?.map_err(ConnectError::WebDriver)
}

/// What we ask of the browser. `profile` is the guard's folder for a browser started here.
fn capabilities(settings: &BrowserSettings, profile: Option<&Path>) -> Value {
    let mut arguments = vec![
        "--window-size=1400,2000".to_owned(),
        // Pictures are not needed to be listed; elements keep their addresses.
        "--blink-settings=imagesEnabled=false".to_owned(),
        "--lang=en-US".to_owned(),
        "--no-first-run".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--disable-extensions".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-timer-throttling".to_owned(),
        "--disable-backgrounding-occluded-windows".to_owned(),
        "--disable-renderer-backgrounding".to_owned(),
        "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider".to_owned(),
    ];
    if settings.headless {
        arguments.push("--headless=new".to_owned());
    }
    let mut options = json!({ "prefs": { "profile.managed_default_content_settings.images": 2, "intl.accept_languages": "en-US,en" } });
    if let Some(profile) = profile {
        if rustix::process::geteuid().is_root() {
            // Chromium refuses to run as root with its sandbox; any other user keeps it.
            arguments.push("--no-sandbox".to_owned());
        }
        arguments.push(format!("--user-data-dir={}", profile.join("profile").display()));
        arguments.push(format!("--crash-dumps-dir={}", profile.join("crashes").display()));
        options["binary"] = json!(profile.join("browser"));
    }
    options["args"] = json!(arguments);
    let milliseconds = u64::try_from(settings.command_timeout.as_millis()).unwrap_or(30_000);
    json!({
        "browserName": "chrome",
        "pageLoadStrategy": "eager",
        "timeouts": { "script": milliseconds, "pageLoad": milliseconds, "implicit": 0 },
        "goog:chromeOptions": options,
    })
}

/// A DevTools command by way of the driver.
#[derive(Debug)]
struct DevTools {
    method: String,
    parameters: Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({ "cmd": self.method, "params": self.parameters }))
    }

    fn method(&self) -> reqwest::Method {
        reqwest::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}

/// The first line of a driver's long-winded message.
fn short(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.chars().take(400).collect()
}

/// A server's address without user and password.
fn redacted(server: &Url) -> String {
    let mut server = server.clone();
    let _ = server.set_username("");
    let _ = server.set_password(None);
    server.to_string()
}
