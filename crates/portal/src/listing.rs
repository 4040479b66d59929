//! A camera's day, listed beyond doubt or with an error that says why not. Must not fetch a picture or know the archive.

mod error;
mod evidence;
mod gone;
mod looking;
mod pass;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::listing::{Confirmation, DayListing, ListedFrame};
use draywatch_core::retry::LONGEST_WAIT;
use draywatch_core::zone::{ImageTime, ImageTimeSetting, day_bounds};
use draywatch_core::{CameraId, Clock};
use tokio::time::Instant;
use url::Url;

pub use error::ListError;

use pass::Pass;

use crate::browser::{Browser, BrowserSettings, SessionJournal};
use crate::page::{self, Page};

/// Two passes over a page that mixes them up agree all the same.
const HOUR_IS_UNCLEAR: &str = "the order of the page's pictures does not tell the two passes of the hour apart that comes twice, and nothing else does";

/// For how long after its end a day may still grow. Pages keep days that they were given, and show them again without asking.
const GROWS_ON: TimeDelta = TimeDelta::hours(3);

/// How the portal is read.
#[derive(Debug, Clone)]
pub struct PortalSettings {
    /// The page, without the camera.
    pub page_url: Url,
    /// The terminal's zone.
    pub time_zone: Tz,
    /// How times in addresses are read.
    pub image_time: ImageTimeSetting,
    /// The longest wait for the page to load, or for its answer to a pick.
    pub page_timeout: Duration,
    /// How often a day is tried from a fresh load when the page fails.
    pub attempts: u32,
}

/// What is on record about the zone of addresses.
#[derive(Debug, Clone, Default)]
pub struct ZoneState {
    /// The reading decided at an earlier collection.
    pub recorded: Option<ImageTime>,
    /// The newest address time that an earlier collection of this camera saw, as it is displayed.
    pub newest_seen: Option<String>,
}

/// A listing, and what it showed of the zone of addresses.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The listing.
    pub listing: DayListing,
    /// How addresses were read.
    pub reading: ImageTime,
    /// The newest address time that the page showed, as it is displayed.
    pub newest: Option<String>,
}

/// Lists days, one browser session for as many as it lives.
pub struct Lister {
    settings: PortalSettings,
    browser_settings: BrowserSettings,
    journal: Option<Arc<dyn SessionJournal>>,
    clock: Clock,
    browser: Option<Browser>,
    page: Option<Page>,
    /// Picture addresses that the page showed when it was opened.
    first_look: Vec<String>,
    /// When the page was opened.
    opened_at: DateTime<Utc>,
}

impl Lister {
    /// A lister that has not started a browser yet.
    #[must_use]
    pub fn new(
        settings: PortalSettings,
        browser_settings: BrowserSettings,
        journal: Option<Arc<dyn SessionJournal>>,
        clock: Clock,
    ) -> Self {
        Self {
            settings,
            browser_settings,
            journal,
            clock,
            browser: None,
            page: None,
            first_look: Vec::new(),
            opened_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Today, where the terminal is.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        draywatch_core::zone::local_date(self.clock.now(), self.settings.time_zone)
    }

    /// Process id of the living browser's guard, if one was started here.
    #[must_use]
    pub fn guard_pid(&self) -> Option<u32> {
        self.browser.as_ref().and_then(Browser::guard_pid)
    }

    /// Lists the frames of `camera` on the portal's day `date`, before `deadline`.
    ///
    /// # Errors
    /// When nothing could be said about the day, with the reason; a `Retry-After` of up to a minute is waited for first. A listing that was had but could not be confirmed is no
    /// error: it says so itself.
    pub async fn list(
        &mut self,
        camera: &CameraId,
        date: NaiveDate,
        zone: &ZoneState,
        deadline: Instant,
    ) -> Result<Listed, ListError> {
        let mut attempt = 1;
        let mut before = None;
        loop {
            let limit = deadline.saturating_duration_since(Instant::now());
            let error = match tokio::time::timeout(limit, self.attempt(camera, date, zone)).await {
                Ok(Ok(listed)) => return Ok(listed),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.close().await;
                    // What an attempt failed with says more than that there was no time for one more: the breaker asks for it.
                    return Err(before.unwrap_or(ListError::Deadline {
                        camera: camera.clone(),
                        date,
                    }));
                }
            };
            self.page = None;
            if error.breaks_browser() {
                self.close().await;
            }
            let wish = error.pause_wanted(self.clock.now());
            // A wish that can be waited for makes also a refusal worth another try; a longer one ends the collection.
            let is_worth_it = match wish {
                Some(wish) => wish <= LONGEST_WAIT,
                None => error.is_worth_retrying(),
            };
            if attempt >= self.settings.attempts || !is_worth_it {
                return Err(error);
            }
            let pause = wish
                .unwrap_or_default()
                .max(Duration::from_millis(700) * attempt);
            tracing::warn!(camera = %camera, date = %date, attempt, error = %draywatch_core::error::chain(&error), "listing failed, trying again from a fresh load");
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            attempt += 1;
            before = Some(error);
        }
    }

    /// Ends the browser session; the next listing starts another.
    pub async fn close(&mut self) {
        self.page = None;
        if let Some(browser) = self.browser.take() {
            browser.quit().await;
        }
    }

    /// One try: a pass over the page, and a second one from a fresh load where the first alone is not enough.
    async fn attempt(
        &mut self,
        camera: &CameraId,
        date: NaiveDate,
        zone: &ZoneState,
    ) -> Result<Listed, ListError> {
        let begun = Instant::now();
        let first = self.pass(camera, date, zone, false).await?;
        let Some(doubt) = first.doubt.clone() else {
            let confirmation = by_readings(&first);
            return Ok(listed(camera, date, first, confirmation, begun));
        };
        tracing::info!(camera = %camera, date = %date, doubt, "one reading is not enough: a second pass from a fresh load");
        self.page = None;
        let mut second = self.pass(camera, date, zone, true).await?;
        let confirmation = if second.doubt.is_none() {
            by_readings(&second)
        } else if !first.is_contradictory
            && !second.is_contradictory
            && second.is_new
            && agree(&first, &second)
        {
            if first.is_order_clear && second.is_order_clear {
                Confirmation::SecondPass
            } else {
                Confirmation::Unconfirmed(HOUR_IS_UNCLEAR.to_owned())
            }
        } else {
            second.frames = union(&first.frames, second.frames);
            Confirmation::Unconfirmed(second.doubt.clone().unwrap_or(doubt))
        };
        second.portal_took += first.portal_took;
        Ok(listed(camera, date, second, confirmation, begun))
    }

    /// The browser, started if there is none.
    async fn browser(&mut self) -> Result<&Browser, ListError> {
        if self.browser.is_none() {
            let browser = Browser::start(&self.browser_settings, self.journal.clone()).await?;
            if !page::install(&browser).await {
                tracing::warn!(
                    "the browser cannot watch a page from its start; requests before the first look are not seen"
                );
            }
            self.browser = Some(browser);
        }
        self.browser.as_ref().ok_or(ListError::NoBrowser)
    }
}

/// What readings that agree confirm: all but which pass of a doubled hour a frame is of, where nothing tells.
fn by_readings(pass: &Pass) -> Confirmation {
    if pass.is_order_clear {
        Confirmation::Readings
    } else {
        Confirmation::Unconfirmed(HOUR_IS_UNCLEAR.to_owned())
    }
}

/// A pass as the outcome of the whole listing.
fn listed(
    camera: &CameraId,
    date: NaiveDate,
    pass: Pass,
    confirmation: Confirmation,
    begun: Instant,
) -> Listed {
    let listing = DayListing {
        camera: camera.clone(),
        date,
        frames: pass.frames,
        confirmation,
        observed_at: pass.observed_at,
        took: begun.elapsed(),
        portal_took: pass.portal_took,
    };
    tracing::debug!(camera = %camera, date = %date, frames = listing.frames.len(), how = ?listing.confirmation, "listed");
    Listed {
        listing,
        reading: pass.reading,
        newest: pass.newest,
    }
}

/// Whether two passes saw the same: the second may have newer frames, since time went on between them.
fn agree(first: &Pass, second: &Pass) -> bool {
    let newest = first.frames.last().map(|frame| frame.instant);
    let is_news = |frame: &ListedFrame| {
        newest.is_none_or(|newest| frame.instant > newest)
            && is_recent(frame.instant, first.observed_at)
    };
    let mut rest = second.frames.iter().filter(|frame| {
        !first
            .frames
            .iter()
            .any(|known| known.instant == frame.instant && known.url == frame.url)
    });
    first
        .frames
        .iter()
        .all(|frame| second.frames.iter().any(|again| again.url == frame.url))
        && rest.all(is_news)
}

/// Whether a day grows no more at `now`, so that a page that was opened then has all of it.
fn is_whole(date: NaiveDate, zone: Tz, now: DateTime<Utc>) -> bool {
    day_bounds(date, zone).1 + GROWS_ON <= now
}

/// Whether a frame can have appeared since the first pass.
fn is_recent(instant: DateTime<Utc>, observed_at: DateTime<Utc>) -> bool {
    observed_at - instant < TimeDelta::minutes(20)
}

/// All frames that either pass saw. One of which a pass had only the portal's own key is what the other had the address of.
fn union(first: &[ListedFrame], mut second: Vec<ListedFrame>) -> Vec<ListedFrame> {
    let is_whole = |frame: &ListedFrame| frame.url.starts_with("http");
    for frame in first {
        let same = |known: &&mut ListedFrame| {
            known.url == frame.url
                || known.instant == frame.instant && !(is_whole(known) && is_whole(frame))
        };
        match second.iter_mut().find(same) {
            None => second.push(frame.clone()),
            Some(known) if !is_whole(known) => *known = frame.clone(),
            Some(_) => {}
        }
    }
    second.sort_by(|a, b| (a.instant, &a.url).cmp(&(b.instant, &b.url)));
    second
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_day_is_whole_three_hours_after_its_end_where_the_terminal_is() {
        let zone = chrono_tz::America::Los_Angeles;
        let is_whole = |day: &str, now: &str| {
            super::is_whole(day.parse().unwrap(), zone, now.parse().unwrap())
        };
        assert!(!is_whole("2025-09-09", "2025-09-09T20:00:00Z"));
        assert!(!is_whole("2025-09-09", "2025-09-10T09:59:59Z"));
        assert!(is_whole("2025-09-09", "2025-09-10T10:00:00Z"));
        // This one ends by winter time.
        assert!(!is_whole("2025-11-02", "2025-11-03T10:00:00Z"));
        assert!(is_whole("2025-11-02", "2025-11-03T11:00:00Z"));
    }
}
