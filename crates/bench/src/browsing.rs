//! Listing a day beside the portal showing it: draywatch's lister in its session, and in a second session of the same kind
//! a plain script that picks the day and waits until the last of its pictures is in the document.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chrono::{Datelike, NaiveDate};
use draywatch_core::zone::ImageTimeSetting;
use draywatch_core::{CameraId, Clock};
use draywatch_portal::{Browser, BrowserSettings, Lister, PortalSettings, ZoneState};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::stats::median;
use crate::{Bench, CAMERA};

const ZONE: chrono_tz::Tz = chrono_tz::America::Los_Angeles;
const LIMIT: Duration = Duration::from_secs(30);
const REFERENCE: &str = include_str!("reference.js");

/// Seconds for one day.
#[derive(Debug, Default, Serialize)]
pub struct Visit {
    /// draywatch's listing, as its caller sees it.
    pub listing: f64,
    /// Of it, from the pick to the portal's last answer, as draywatch saw it.
    pub portal_answered: f64,
    /// The reference: from the pick to the last picture's element in the document.
    pub portal_showed: f64,
    /// The reference in all, with opening the calendar (and for a cold one browser and page).
    pub reference: f64,
}

/// Listing, cold and warm.
#[derive(Debug, Default, Serialize)]
pub struct Listings {
    /// The first day, with the start of browser and page.
    pub cold: Visit,
    /// The days after it: medians.
    pub warm: Visit,
    /// What a warm listing takes beyond what the portal takes to show the day; median.
    pub beyond: f64,
    /// Each of those days.
    pub days: Vec<Visit>,
}

/// The two sessions.
struct Sessions {
    lister: Lister,
    reference: Option<Browser>,
    camera: CameraId,
    settings: BrowserSettings,
    page: Url,
}

/// One cold day, then warm ones, each by both.
pub async fn measure(bench: &Bench) -> Result<Listings> {
    bench.sim.set_latency(0).await?;
    let mut sessions = Sessions::new(bench)?;
    let mut visits = Vec::new();
    let mut failure = None;
    for (nth, day) in bench
        .sim
        .days(bench.cli.days() + 1)
        .await?
        .into_iter()
        .enumerate()
    {
        match sessions.visit(bench, day, nth % 2 == 1).await {
            Ok(visit) => visits.push(visit),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    sessions.close().await;
    if let Some(failure) = failure {
        return Err(failure);
    }
    let days = visits.split_off(1);
    let middle = |of: fn(&Visit) -> f64| median(days.iter().map(of));
    Ok(Listings {
        cold: visits.pop().unwrap_or_default(),
        warm: Visit {
            listing: middle(|visit| visit.listing),
            portal_answered: middle(|visit| visit.portal_answered),
            portal_showed: middle(|visit| visit.portal_showed),
            reference: middle(|visit| visit.reference),
        },
        beyond: middle(|visit| visit.listing - visit.portal_showed),
        days,
    })
}

impl Sessions {
    fn new(bench: &Bench) -> Result<Self> {
        let settings = BrowserSettings {
            webdriver_url: None,
            chromium: std::env::var_os("DRAYWATCH_BROWSER__CHROMIUM").map(Into::into),
            chromedriver: std::env::var_os("DRAYWATCH_BROWSER__CHROMEDRIVER").map(Into::into),
            headless: true,
            guard: bench.programs.draywatch.clone(),
            user_agent_suffix: "draywatch-bench".into(),
            time_zone: ZONE.name().into(),
            command_timeout: LIMIT * 2,
            page_load_timeout: LIMIT,
        };
        let portal = PortalSettings {
            page_url: bench.sim.page_url.clone(),
            time_zone: ZONE,
            image_time: ImageTimeSetting::Auto,
            page_timeout: LIMIT,
            attempts: 1,
        };
        let mut page = bench.sim.page_url.clone();
        page.query_pairs_mut().append_pair("streamName", CAMERA);
        Ok(Self {
            lister: Lister::new(portal, settings.clone(), None, Clock::system()),
            reference: None,
            camera: CameraId::new(CAMERA).ok().context("no such camera")?,
            settings,
            page,
        })
    }

    /// One day by both; who begins changes from day to day.
    async fn visit(
        &mut self,
        bench: &Bench,
        day: NaiveDate,
        reference_first: bool,
    ) -> Result<Visit> {
        let frames = bench.sim.day(day, false).await?;
        let thumbnails: Vec<String> = frames
            .into_iter()
            .map(|frame| frame.thumbnail_url)
            .collect();
        let mut visit = Visit::default();
        if reference_first {
            self.look(day, &thumbnails, &mut visit).await?;
        }
        self.list(day, thumbnails.len(), &mut visit).await?;
        if !reference_first {
            self.look(day, &thumbnails, &mut visit).await?;
        }
        Ok(visit)
    }

    async fn list(&mut self, day: NaiveDate, frames: usize, visit: &mut Visit) -> Result<()> {
        let deadline = tokio::time::Instant::now() + LIMIT * 3;
        let begun = Instant::now();
        let listed = self
            .lister
            .list(&self.camera, day, &ZoneState::default(), deadline)
            .await;
        visit.listing = begun.elapsed().as_secs_f64();
        let listing = listed
            .with_context(|| format!("{day} cannot be listed"))?
            .listing;
        visit.portal_answered = listing.portal_took.as_secs_f64();
        let found = listing.frames.len();
        ensure!(
            found == frames,
            "{found} of {frames} frames of {day} were listed"
        );
        Ok(())
    }

    /// The reference.
    async fn look(
        &mut self,
        day: NaiveDate,
        thumbnails: &[String],
        visit: &mut Visit,
    ) -> Result<()> {
        let begun = Instant::now();
        let browser = if let Some(browser) = &self.reference {
            browser
        } else {
            let browser = Browser::start(&self.settings, None).await?;
            let browser = self.reference.insert(browser);
            browser.open(&self.page).await?;
            browser
        };
        let wanted = json!({
            "year": day.year(), "month": day.month(), "day": day.day(), "thumbnails": thumbnails,
            "limit": u64::try_from(LIMIT.as_millis()).unwrap_or(30_000),
        });
        let answer = browser.run("show a day", REFERENCE, wanted).await?;
        visit.reference = begun.elapsed().as_secs_f64();
        let Some(milliseconds) = answer.get("shown").and_then(Value::as_f64) else {
            bail!("the reference could not show {day}: {answer}");
        };
        visit.portal_showed = milliseconds / 1e3;
        Ok(())
    }

    async fn close(mut self) {
        self.lister.close().await;
        if let Some(browser) = self.reference {
            browser.quit().await;
        }
    }
}
