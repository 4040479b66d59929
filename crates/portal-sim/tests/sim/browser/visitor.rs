//! Owns a visitor: a Chromium of our own in front of the page. It must not judge what is seen.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use portal_sim::{Behaviours, Portal};
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The history's pictures.
pub const HISTORY: &str = "#camera-history .el-image__inner";

/// A chromedriver of our own on a free port.
pub async fn chromedriver() -> Result<(Child, String)> {
    // It looks for a port that is free by IPv4, and ends where another program has it by IPv6.
    for _ in 0..5 {
        if let Some(started) = try_chromedriver().await? {
            return Ok(started);
        }
    }
    anyhow::bail!("chromedriver did not start, five times")
}

/// One that listens, or nothing where it ends before that.
async fn try_chromedriver() -> Result<Option<(Child, String)>> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("chromedriver is needed")?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let port = port.trim_end_matches('.');
            return Ok(Some((child, format!("http://127.0.0.1:{port}"))));
        }
    }
    Ok(None)
}

/// A visitor in front of the page.
pub struct Visitor {
    pub driver: WebDriver,
    pub portal: Portal,
}

impl Visitor {
    /// Loads the page anew under these behaviours.
    pub async fn load(&self, behaviours: Behaviours) -> Result<()> {
        self.portal.set_behaviours(behaviours);
        self.driver.goto("about:blank").await?;
        self.driver
            .goto(format!(
                "{}?streamName=in_gate#camera-history",
                self.portal.page_url()
            ))
            .await?;
        Ok(())
    }

    pub async fn count(&self, selector: &str) -> Result<usize> {
        let script = format!("return document.querySelectorAll({selector:?}).length");
        Ok(self.driver.execute(script, Vec::new()).await?.convert()?)
    }

    pub async fn wait_for(&self, selector: &str, count: usize) -> Result<()> {
        for _ in 0..100 {
            if self.count(selector).await? == count {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!(
            "{selector}: {} instead of {count}",
            self.count(selector).await?
        )
    }

    /// Addresses of the history's pictures, as the page shows them.
    pub async fn shown(&self) -> Result<Vec<String>> {
        let script =
            format!("return [...document.querySelectorAll({HISTORY:?})].map(one => one.src)");
        Ok(self.driver.execute(script, Vec::new()).await?.convert()?)
    }

    /// Clicks a day of this month in the calendar.
    pub async fn pick(&self, day: u32) -> Result<()> {
        self.driver
            .find(By::Css("#camera-history input"))
            .await?
            .click()
            .await?;
        // While the calendar unfolds, a click meets another day.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let cell = format!("//td[contains(@class,'available')][normalize-space()='{day}']");
        for _ in 0..40 {
            if let Ok(cell) = self.driver.find(By::XPath(&cell)).await
                && cell.click().await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("no day {day} to click")
    }

    pub async fn scroll_to_end(&self) -> Result<()> {
        let script = "const box = document.querySelector('.history-scroll'); box.scrollTop = box.scrollHeight;";
        self.driver.execute(script, Vec::new()).await?;
        Ok(())
    }

    /// The thumbnails of a day of September 2025, newest first.
    pub fn expected(&self, day: u32) -> Result<Vec<String>> {
        let date = chrono::NaiveDate::from_ymd_opt(2025, 9, day).context("a date")?;
        let frames = self.portal.frames("in_gate", date)?;
        Ok(frames
            .iter()
            .rev()
            .map(|frame| self.portal.address(frame, true))
            .collect())
    }
}
