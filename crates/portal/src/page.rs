//! The portal's page in a browser: opened for a camera, a day picked, looked at. Must not judge what it shows.

use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use draywatch_core::CameraId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::browser::{Browser, BrowserError};
use crate::raw::{RawPick, RawReading};
use crate::reading::{Answer, Picks};

/// Everything that runs in the page, in the order in which it must be defined.
const SCRIPTS: [&str; 5] = [
    include_str!("js/watch.js"),
    include_str!("js/page.js"),
    include_str!("js/choices.js"),
    include_str!("js/pick.js"),
    include_str!("js/read.js"),
];

/// For how many picks the page's answers are kept: pages fetch days ahead and show them again without asking.
const REMEMBERED: u64 = 12;

const READ: &str = "return window.__draywatch.read(args)";
const LEAP: &str = "return window.__draywatch.leap(args)";

/// How carefully a reading scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A drawn frame for every step: enough for lists that are there.
    Quick,
    /// At once to the ends of what can be scrolled, and a look whether more comes within that time: for lists that seem whole.
    Leap(Duration),
    /// A third of a second for every step and a rest at the end: for lists that load as they are scrolled.
    Patient,
    /// The same, and what brings more is pressed: a button that says so, the next page's number, what is folded away, hours to choose from.
    Pressing,
    /// The same, and a button below the pictures is pressed whatever it says, and everything that can be chosen is: for lists of which
    /// there must be more.
    Insistent,
}

impl Pace {
    /// Whether what is slow is waited for.
    #[must_use]
    pub fn is_patient(self) -> bool {
        matches!(self, Self::Patient) || self.presses()
    }

    /// Whether buttons are pressed.
    #[must_use]
    pub fn presses(self) -> bool {
        matches!(self, Self::Pressing | Self::Insistent)
    }
}

/// The page, open for one camera.
pub struct Page {
    /// The camera it shows.
    pub camera: CameraId,
    /// What its own requests were answered since it was opened.
    pub answers: Vec<Answer>,
    /// Which day each phase shows.
    pub picks: Picks,
    /// The present phase.
    pub phase: u64,
    /// What relative addresses are relative to.
    pub base: Option<Url>,
}

/// Registers the watcher with the browser, once per session. `false` when it can only be loaded after the page.
pub async fn install(browser: &Browser) -> bool {
    browser.at_document_start(SCRIPTS[0]).await
}

impl Page {
    /// Opens the page for `camera` and waits until it can be used, at most `limit`.
    ///
    /// # Errors
    /// When the browser fails, or the address does not answer.
    pub async fn open(
        browser: &Browser,
        page_url: &Url,
        camera: &CameraId,
        limit: Duration,
    ) -> Result<(Self, RawReading), BrowserError> {
        let mut address = page_url.clone();
        let kept: Vec<(String, String)> = address
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| name != "streamName")
            .collect();
        address
            .query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("streamName", camera.as_str());
        browser.open(&address).await?;
        // Where the watcher could not be registered it comes late: then only later requests are seen.
        browser
            .run("read the page", &SCRIPTS.join("\n"), Value::Null)
            .await?;
        let mut page = Self {
            camera: camera.clone(),
            answers: Vec::new(),
            picks: Picks::new(),
            phase: 0,
            base: None,
        };
        let reading: RawReading = parsed(
            browser
                .run(
                    "read the page",
                    "return window.__draywatch.ready(args)",
                    millis(limit),
                )
                .await?,
        )?;
        page.absorb(&reading);
        Ok((page, reading))
    }

    /// Picks a day. The answer tells whether and how.
    ///
    /// # Errors
    /// When the browser fails.
    pub async fn pick(
        &mut self,
        browser: &Browser,
        date: NaiveDate,
    ) -> Result<RawPick, BrowserError> {
        let day = json!({ "year": date.year(), "month": date.month(), "day": date.day() });
        let begun = std::time::Instant::now();
        let pick: RawPick = parsed(
            browser
                .run("pick a day", "return window.__draywatch.pick(args)", day)
                .await?,
        )?;
        tracing::trace!(took = ?begun.elapsed(), ?pick, "pick");
        if pick.phase != self.phase {
            self.phase = pick.phase;
            // A page that stays open for months must not cost ever more.
            self.answers
                .retain(|answer| answer.phase == 0 || answer.phase + REMEMBERED >= pick.phase);
            self.picks.insert(pick.phase, date);
        }
        Ok(pick)
    }

    /// Waits until the pick is answered and drawn, at most `limit`, and looks.
    ///
    /// # Errors
    /// When the browser fails.
    pub async fn settle(
        &mut self,
        browser: &Browser,
        limit: Duration,
    ) -> Result<RawReading, BrowserError> {
        let options = json!({ "limit": millis(limit), "silence": 1200 });
        self.look(browser, "return window.__draywatch.settle(args)", options)
            .await
    }

    /// Scrolls through everything and looks.
    ///
    /// # Errors
    /// When the browser fails.
    pub async fn read(
        &mut self,
        browser: &Browser,
        pace: Pace,
        limit: Duration,
    ) -> Result<RawReading, BrowserError> {
        let limit = millis(limit);
        let (script, options) = match pace {
            Pace::Quick => (READ, json!({ "pause": 0, "quiet": 0, "limit": limit })),
            Pace::Patient | Pace::Pressing | Pace::Insistent => {
                let (presses, insists) = (pace.presses(), pace == Pace::Insistent);
                let patience = json!({ "pause": 260, "quiet": 500, "limit": limit, "presses": presses, "insists": insists });
                (READ, patience)
            }
            Pace::Leap(quiet) => (LEAP, json!({ "quiet": millis(quiet), "limit": limit })),
        };
        self.look(browser, script, options).await
    }

    /// Whether the page asked for anything since the pick.
    #[must_use]
    pub fn has_asked(&self, read: &RawReading) -> bool {
        self.answers.iter().any(|answer| answer.phase == self.phase)
            || read.open.iter().any(|entry| entry.phase == self.phase)
    }

    /// Presses a button that confirms a pick, if the page has one.
    ///
    /// # Errors
    /// When the browser fails.
    pub async fn confirm(&self, browser: &Browser) -> Result<(), BrowserError> {
        browser
            .run(
                "confirm the day",
                "return window.__draywatch.confirm()",
                Value::Null,
            )
            .await
            .map(|_| ())
    }

    /// Waits for the page to change by itself, at most `limit`.
    ///
    /// # Errors
    /// When the browser fails.
    pub async fn wait_for_change(
        &self,
        browser: &Browser,
        limit: Duration,
    ) -> Result<(), BrowserError> {
        browser
            .run(
                "wait for the page",
                "return window.__draywatch.change(args)",
                millis(limit),
            )
            .await
            .map(|_| ())
    }

    async fn look(
        &mut self,
        browser: &Browser,
        script: &str,
        options: Value,
    ) -> Result<RawReading, BrowserError> {
        let begun = std::time::Instant::now();
        let told = options.to_string();
        let reading: RawReading = parsed(browser.run("read the page", script, options).await?)?;
        tracing::trace!(took = ?begun.elapsed(), script, options = told, pictures = reading.pictures.len(), told = reading.told.len(), "look");
        self.absorb(&reading);
        Ok(reading)
    }

    fn absorb(&mut self, reading: &RawReading) {
        for entry in &reading.told {
            tracing::trace!(
                entry.phase,
                entry.status,
                entry.error,
                entry.url,
                "asked for"
            );
        }
        self.answers.extend(reading.told.iter().map(Answer::of));
        self.base = Url::parse(&reading.base).ok();
    }
}

fn millis(limit: Duration) -> Value {
    json!(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
}

/// What a script answered, as the type it should have. Anything else means that the page tampers with us, or a mistake of ours.
fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, BrowserError> {
    serde_json::from_value(value).map_err(|error| {
        BrowserError::Start(format!("the page's scripts answered nonsense: {error}"))
    })
}
