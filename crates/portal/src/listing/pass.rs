//! One pass over the page for one day: pick, wait, read until the readings agree or time is up. Must not reload the page to confirm.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::address::Address;
use draywatch_core::listing::ListedFrame;
use draywatch_core::zone::{self, ImageTime};
use url::Url;

use super::gone::{GONE, GONE_TO_CONFIRM, Turn, until_gone};
use super::looking::{CONVERGENCE, Looking, Verdict};
use super::{ListError, Lister, ZoneState, is_whole};
use crate::Browser;
use crate::page::{Pace, Page};
use crate::raw::{RawReading, Signs};
use crate::reading::Wanted;

/// The longest wait for a page to show anything at all.
const BLANK_LIMIT: Duration = Duration::from_secs(15);

/// What one pass saw.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The day's frames in time order.
    pub frames: Vec<ListedFrame>,
    /// Why this pass alone is not enough; `None` when independent readings agreed.
    pub doubt: Option<String>,
    /// Whether the readings contradicted each other, which no second pass mends.
    pub is_contradictory: bool,
    /// Whether the order of the frames tells the passes of a doubled hour apart, where the day has one.
    pub is_order_clear: bool,
    /// Whether most of what the page showed of the day came with the pick: else it may be what it showed before.
    pub is_new: bool,
    /// How addresses were read.
    pub reading: ImageTime,
    /// The newest address time seen.
    pub newest: Option<String>,
    /// When the last look was taken.
    pub observed_at: DateTime<Utc>,
    /// How long the portal took to answer.
    pub portal_took: Duration,
}

impl Lister {
    /// One pass over the page; from `far`, a day at some distance is shown and read before the wanted one.
    pub(super) async fn pass(
        &mut self,
        camera: &CameraId,
        date: NaiveDate,
        zone: &ZoneState,
        far: bool,
    ) -> Result<Pass, ListError> {
        self.open(camera, date).await?;
        let reading = self.decide(camera, zone).await?;
        let wanted = Wanted {
            camera: camera.clone(),
            date,
            zone: self.settings.time_zone,
            reading,
        };
        let mut shown_before = if far {
            self.read_a_far_day(&wanted).await?
        } else {
            Vec::new()
        };
        self.show_another_day(&wanted).await?;
        self.pick(camera, date).await?;
        let timeout = self.settings.page_timeout;
        let (browser, page) = self.opened()?;
        let settled = page.settle(browser, timeout).await?;
        let portal_took =
            Duration::try_from_secs_f64((settled.portal_took / 1e3).max(0.0)).unwrap_or_default();
        shown_before.extend_from_slice(&settled.shown_before);
        let mut looking = Looking::new(wanted, timeout, page, &shown_before);
        let (doubt, is_contradictory) = self.converge(&mut looking, settled).await?;
        let now = self.clock.now();
        let (_, page) = self.opened()?;
        let network = looking.network(page);
        let wanted = &looking.wanted;
        let is_order_clear = wanted.passes_are_clear(&network.frames, &looking.elements);
        let frames = wanted.frames(&network.frames, &looking.elements);
        refuse_future(&frames, reading, now)?;
        let newest = self.newest(camera).map(|time| time.to_string());
        Ok(Pass {
            frames,
            doubt,
            is_contradictory,
            is_order_clear,
            is_new: looking.is_new(),
            reading,
            newest,
            observed_at: now,
            portal_took,
        })
    }

    pub(super) fn opened(&mut self) -> Result<(&Browser, &mut Page), ListError> {
        match (&self.browser, &mut self.page) {
            (Some(browser), Some(page)) => Ok((browser, page)),
            _ => Err(ListError::NoBrowser),
        }
    }

    /// Opens the page for the camera, unless it is open. One that was opened while the day grew may hold it as it was then.
    async fn open(&mut self, camera: &CameraId, date: NaiveDate) -> Result<(), ListError> {
        if self.browser.is_some()
            && is_whole(date, self.settings.time_zone, self.opened_at)
            && self
                .page
                .as_ref()
                .is_some_and(|page| page.camera == *camera)
        {
            return Ok(());
        }
        self.page = None;
        self.opened_at = self.clock.now();
        let url = self.settings.page_url.clone();
        let limit = self.settings.page_timeout.min(BLANK_LIMIT);
        let today = self.today();
        let browser = self.browser().await?;
        let (mut page, reading) = Page::open(browser, &url, camera, limit).await?;
        page.picks.insert(0, today);
        let names_frames = |text: &String| Address::parse(text).is_some();
        let elsewhere = landed_elsewhere(&url, &reading);
        let is_another =
            elsewhere.is_some() && !reading.days && !reading.pictures.iter().any(names_frames);
        if reading.picker && !is_another {
            self.page = Some(page);
            self.first_look = reading.pictures;
            return Ok(());
        }
        let camera = camera.clone();
        let landed = elsewhere.map_or_else(
            || url.to_string(),
            |there| format!("{url}, which leads to {there}"),
        );
        Err(match reading.signs {
            _ if reading.status >= 400 => ListError::Page {
                camera,
                url: landed,
                status: reading.status,
            },
            Signs { content: false, .. } => ListError::Blank {
                camera,
                url: url.to_string(),
            },
            Signs { trouble, .. } if !trouble.is_empty() => ListError::Trouble {
                camera,
                url: url.to_string(),
                words: trouble,
            },
            _ => ListError::NoPicker {
                camera,
                url: landed,
            },
        })
    }

    /// Shows a day so far from the wanted one that its list has no frame of that, not even at an edge, and reads all that the page
    /// then shows: a page that ignores picks is found out by it. Nothing where the calendar has no such day.
    async fn read_a_far_day(&mut self, wanted: &Wanted) -> Result<Vec<String>, ListError> {
        let limit = self.settings.page_timeout;
        let (browser, page) = self.opened()?;
        for days in [-4, 4, -2, 2] {
            let Some(other) = wanted.date.checked_add_signed(TimeDelta::days(days)) else {
                continue;
            };
            if page.pick(browser, other).await?.how.is_some() {
                let settled = until_gone(
                    browser,
                    page,
                    &Turn::new(wanted, other),
                    limit,
                    GONE_TO_CONFIRM,
                )
                .await?;
                let read = page
                    .read(browser, Pace::Pressing, limit.max(CONVERGENCE))
                    .await?;
                return Ok([settled.pictures, read.pictures].concat());
            }
        }
        Ok(Vec::new())
    }

    /// Picking the day that is shown changes nothing, so another day is picked first.
    async fn show_another_day(&mut self, wanted: &Wanted) -> Result<(), ListError> {
        let limit = self.settings.page_timeout;
        let date = wanted.date;
        let (browser, page) = self.opened()?;
        if page.picks.get(&page.phase) != Some(&date) {
            return Ok(());
        }
        for other in [date.pred_opt(), date.succ_opt()].into_iter().flatten() {
            let pick = page.pick(browser, other).await?;
            if pick.how.is_some() {
                until_gone(browser, page, &Turn::new(wanted, other), limit, GONE).await?;
                return Ok(());
            }
        }
        tracing::debug!(camera = %wanted.camera, date = %date, "no other day can be picked first");
        Ok(())
    }

    async fn pick(&mut self, camera: &CameraId, date: NaiveDate) -> Result<(), ListError> {
        let (browser, page) = self.opened()?;
        let pick = page.pick(browser, date).await?;
        if pick.how.is_some() {
            return Ok(());
        }
        let camera = camera.clone();
        Err(if pick.disabled {
            ListError::NotOffered { camera, date }
        } else {
            ListError::Pick {
                camera,
                date,
                trouble: pick.trouble.unwrap_or_default(),
            }
        })
    }

    /// Looks again and again until the readings agree, or it is clear that they will not.
    async fn converge(
        &mut self,
        looking: &mut Looking,
        settled: RawReading,
    ) -> Result<(Option<String>, bool), ListError> {
        let clock = self.clock.clone();
        let (browser, page) = self.opened()?;
        let mut read = settled;
        let mut tempo = Pace::Quick;
        loop {
            looking.take(page, &read, tempo);
            match looking.judge(page, &read, clock.now()) {
                Verdict::Sure => return Ok((None, false)),
                Verdict::Doubt(why, contradictory) => return Ok((Some(why), contradictory)),
                Verdict::Fail(error) => return Err(error),
                Verdict::Again => {}
                Verdict::Leap(quiet) => {
                    tempo = Pace::Leap(quiet);
                    read = page.read(browser, tempo, looking.timeout).await?;
                    continue;
                }
            }
            if tempo.is_patient() {
                page.wait_for_change(browser, Duration::from_millis(400))
                    .await?;
            }
            let is_asked = looking.awaits_an_answer(page, &read);
            let confirms = looking.looks == 2 && !is_asked && !page.has_asked(&read);
            if confirms {
                // Nothing was asked for: perhaps the pick has to be confirmed.
                page.confirm(browser).await?;
            }
            // What comes with a button proves nothing of the pick; so that is waited for before one is pressed.
            tempo = if looking.looks == 1 || confirms || is_asked {
                Pace::Quick
            } else if looking.waits_for_the_pick(tempo) {
                Pace::Patient
            } else if looking.expects_more(page, clock.now()) {
                Pace::Insistent
            } else {
                Pace::Pressing
            };
            read = page
                .read(browser, tempo, looking.timeout.max(CONVERGENCE))
                .await?;
        }
    }
}

/// Where the page's address led if that is elsewhere: to a log-in, for one.
fn landed_elsewhere(url: &Url, reading: &RawReading) -> Option<String> {
    let there = Url::parse(&reading.location).ok()?;
    if !there.scheme().starts_with("http") {
        // A page of the browser's own, about an answer without one.
        return None;
    }
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let is_there = there.origin() == url.origin() && path(&there) == path(url);
    (!is_there).then(|| format!("{}{}", there.origin().ascii_serialization(), there.path()))
}

/// Frames in the future contradict any reading of addresses.
fn refuse_future(
    frames: &[ListedFrame],
    reading: ImageTime,
    now: DateTime<Utc>,
) -> Result<(), ListError> {
    let Some(ahead) = frames
        .iter()
        .rfind(|frame| frame.instant > now + zone::FUTURE_TOLERANCE)
    else {
        return Ok(());
    };
    let address = Address::parse(&ahead.url)
        .map_or_else(|| ahead.url.clone(), |address| address.time.to_string());
    Err(ListError::Zone(zone::ZoneError::Contradiction {
        reading,
        address,
        instant: format!("{}, in the future", ahead.instant),
        now,
        hint: String::new(),
    }))
}
