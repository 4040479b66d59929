//! A day of thumbnails in a real Chromium: from the navigation to the last one decoded. Must not change the page.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::pictures::Shown;
use super::server::Server;
use crate::stats::{median, share};

/// Navigations of each kind.
const ROUNDS: usize = 15;
/// How long a browser or a page may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Decodes every thumbnail of the page; how many there are, and the time since the navigation. On a busy machine the driver may come back
/// while the page still comes in.
const DECODED: &str = "if (document.readyState === 'loading') await new Promise((go) => document.addEventListener('DOMContentLoaded', go));
    const images = [...document.querySelectorAll('a.thumb img')];
    await Promise.all(images.map((image) => image.decode()));
    return [images.length, performance.now()];";

/// How long a day takes to be seen.
#[derive(Debug, Serialize)]
pub struct Look {
    /// What of it the browser knew.
    pub what: &'static str,
    /// Thumbnails on the page.
    pub thumbnails: u64,
    /// Milliseconds; the median.
    pub p50_ms: f64,
    /// What one in a hundred exceeds.
    pub p99_ms: f64,
    /// Each time.
    pub times: Vec<f64>,
}

/// Looks at the day as a browser that was never here, and as one that was.
pub async fn measure(server: &Server, shown: &Shown) -> Result<Vec<Look>> {
    let (mut driver, url) = chromedriver().await?;
    let profile = tempfile::tempdir()?;
    let session = WebDriver::new(&url, wishes(profile.path())?)
        .await
        .context("no Chromium could be started: `scripts/setup bench-web` installs it")?;
    let looked = look(&session, server, shown).await;
    let ended = session.quit().await;
    driver.kill().await?;
    let looked = looked?;
    ended.context("Chromium did not end")?;
    Ok(looked)
}

async fn look(session: &WebDriver, server: &Server, shown: &Shown) -> Result<Vec<Look>> {
    session.set_page_load_timeout(LIMIT).await?;
    let day = format!("{}/day/{}/{}", server.base, shown.camera, shown.date);
    let mut looks = Vec::new();
    for (what, is_new) in [
        ("nothing in the browser's cache", true),
        ("seen before", false),
    ] {
        let (mut times, mut thumbnails) = (Vec::new(), 0);
        for nth in 0..=ROUNDS {
            session.goto(&format!("{}/livez", server.base)).await?;
            if is_new {
                session.cdp().network().clear_browser_cache().await?;
            }
            session.goto(&day).await?;
            let found = session.execute(DECODED, Vec::new()).await?;
            let (images, took): (u64, f64) = found.convert()?;
            ensure!(images > 100, "{day} shows only {images} thumbnails");
            thumbnails = images;
            if nth > 0 {
                times.push(took);
            }
        }
        looks.push(Look {
            what,
            thumbnails,
            p50_ms: median(times.iter().copied()),
            p99_ms: share(times.iter().copied(), 0.99),
            times,
        });
    }
    Ok(looks)
}

fn wishes(profile: &std::path::Path) -> Result<ChromeCapabilities> {
    let folder = format!("--user-data-dir={}", profile.display());
    let mut wishes = DesiredCapabilities::chrome();
    let mut arguments = vec![
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1600,1000",
        &folder,
    ];
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox");
    }
    for argument in arguments {
        wishes.add_arg(argument)?;
    }
    Ok(wishes)
}

/// A chromedriver of our own on a free port; it ends with this.
async fn chromedriver() -> Result<(Child, String)> {
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
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("chromedriver cannot be started: `scripts/setup bench-web` installs it")?;
    let out = child.stdout.take().context("it says nothing")?;
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = tokio::time::timeout(LIMIT, lines.next_line()).await?? {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let port = port.trim_end_matches('.');
            return Ok(Some((child, format!("http://127.0.0.1:{port}"))));
        }
    }
    Ok(None)
}
