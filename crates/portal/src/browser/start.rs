//! How a session comes to be, here or on a remote server. What fails or is given up on the way leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use thirtyfour::WebDriver;
use thirtyfour::error::WebDriverError;
use tokio::sync::oneshot;
use url::Url;

use super::capabilities::capabilities;
use super::guarded::Guarded;
use super::remote::RemoteSession;
use super::{Browser, BrowserError, BrowserSettings, Keeper, SessionJournal, short};
use crate::discover::{find_chromedriver, find_chromium};

/// How long an answer to the opening of a remote session is awaited after we gave it up: only to delete that session.
const LATE: Duration = Duration::from_mins(5);

/// How much later than our own limits the HTTP client gives up.
const MARGIN: Duration = Duration::from_secs(5);

impl Browser {
    /// Starts a browser here, or opens a session on the remote server that the settings name.
    ///
    /// # Errors
    /// When a program is missing, does not start in time, or the server refuses. Then nothing is left.
    pub async fn start(
        settings: &BrowserSettings,
        journal: Option<Arc<dyn SessionJournal>>,
    ) -> Result<Self, BrowserError> {
        match &settings.webdriver_url {
            Some(server) => Self::start_remote(settings, server, journal).await,
            None => Self::start_local(settings).await?.prepared(settings).await,
        }
    }

    /// One that ends as soon as it is started may do so by chance (chromedriver looks for a free port, and another program may be
    /// the first to take it): it is started once more.
    async fn start_local(settings: &BrowserSettings) -> Result<Self, BrowserError> {
        match Self::try_local(settings).await {
            Err(BrowserError::Start(why)) => {
                tracing::warn!(why, "the browser did not start, trying once more");
                Self::try_local(settings).await
            }
            result => result,
        }
    }

    async fn try_local(settings: &BrowserSettings) -> Result<Self, BrowserError> {
        let chromium =
            find_chromium(settings.chromium.as_deref()).map_err(BrowserError::Missing)?;
        let chromedriver =
            find_chromedriver(settings.chromedriver.as_deref()).map_err(BrowserError::Missing)?;
        let guarded = Guarded::start(settings, &chromedriver.path, &chromium.path).await?;
        let limit = settings.command_timeout;
        let wanted = capabilities(settings, Some(&guarded));
        match connect(&guarded.server(), wanted, limit, true).await {
            Ok(driver) => Ok(Self {
                driver: Some(driver),
                keeper: Some(Keeper::Here(Box::new(guarded))),
                limit,
                page_load_timeout: settings.page_load_timeout,
            }),
            Err(error) => {
                let words = guarded.last_words().await;
                guarded.end().await;
                Err(match error {
                    None => BrowserError::Hangs {
                        action: "open a session",
                        limit,
                    },
                    Some(error) => {
                        BrowserError::Start(format!("{}{words}", short(&error.to_string())))
                    }
                })
            }
        }
    }

    /// Opens a session in a task of its own: whoever asked may be gone when the server answers, and the session must not stay.
    async fn start_remote(
        settings: &BrowserSettings,
        server: &Url,
        journal: Option<Arc<dyn SessionJournal>>,
    ) -> Result<Self, BrowserError> {
        let limit = settings.command_timeout;
        let (sender, started) = oneshot::channel();
        let (settings, server) = (settings.clone(), server.clone());
        tokio::spawn(async move {
            let result = Self::open_remote(&settings, &server, journal).await;
            if let Err(Ok(unwanted)) = sender.send(result) {
                unwanted.quit().await;
            }
        });
        match tokio::time::timeout(limit, started).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(BrowserError::Start("the attempt was given up".into())),
            Err(_) => Err(BrowserError::Hangs {
                action: "open a session",
                limit,
            }),
        }
    }

    async fn open_remote(
        settings: &BrowserSettings,
        server: &Url,
        journal: Option<Arc<dyn SessionJournal>>,
    ) -> Result<Self, BrowserError> {
        let limit = settings.command_timeout;
        let wanted = capabilities(settings, None);
        let driver = connect(server.as_str(), wanted, limit + LATE, false)
            .await
            .map_err(|error| match error {
                None => BrowserError::Hangs {
                    action: "open a session",
                    limit,
                },
                Some(error) => BrowserError::Remote {
                    server: redacted(server),
                    source: Box::new(error),
                },
            })?;
        let session = driver.session_id().to_string();
        let session = RemoteSession::record(server.as_str(), session, journal).await;
        let browser = Self {
            driver: Some(driver),
            keeper: Some(Keeper::Remote(session)),
            limit,
            page_load_timeout: settings.page_load_timeout,
        };
        browser.prepared(settings).await
    }

    /// The session made ready, or ended.
    async fn prepared(self, settings: &BrowserSettings) -> Result<Self, BrowserError> {
        match self.prepare(settings).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.quit().await;
                Err(error)
            }
        }
    }
}

/// Opens a session, waiting at most `patience`. `None` as error: no answer in time. A driver on this
/// machine is never asked through a proxy.
async fn connect(
    server: &str,
    wanted: Value,
    patience: Duration,
    local: bool,
) -> Result<WebDriver, Option<WebDriverError>> {
    // Commands and the start have their own limits, and these tell which was passed: the client's comes later.
    let mut client = reqwest::Client::builder().timeout(patience + MARGIN);
    if local {
        client = client.no_proxy();
    }
    let client = client
        .build()
        .map_err(|error| Some(WebDriverError::FatalError(error.to_string())))?;
    let wanted = match wanted {
        Value::Object(map) => thirtyfour::Capabilities::from(map),
        _ => thirtyfour::Capabilities::new(),
    };
    let connecting = WebDriver::builder(server, wanted).client(client).connect();
    tokio::time::timeout(patience, connecting)
        .await
        .map_err(|_| None)?
        .map_err(Some)
}

/// A server's address without user and password.
fn redacted(server: &Url) -> String {
    let mut server = server.clone();
    let _ = server.set_username("");
    let _ = server.set_password(None);
    server.to_string()
}
