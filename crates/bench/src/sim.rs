//! The simulated portal as a process of its own: started, warmed, told how slow to be, ended. Must not measure.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{Days, NaiveDate};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::CAMERA;
use crate::cli::Cli;
use crate::programs::Programs;

/// Pictures that verification is measured with.
const SAMPLE: usize = 32;

/// A frame as it really is.
#[derive(Debug, Deserialize)]
pub struct Frame {
    /// Address of the full picture.
    pub url: String,
    /// Address of the thumbnail.
    pub thumbnail_url: String,
}

/// The process. It ends with this one in any case, since its standard input does.
pub struct Simulator {
    child: Child,
    client: Client,
    /// The page, without the camera.
    pub page_url: Url,
    /// Where pictures lie.
    pub image_url: String,
    control: String,
}

#[derive(Deserialize)]
struct Ready {
    page_url: Url,
    image_url: String,
    control_url: String,
}

impl Simulator {
    /// Starts it with room for all pictures.
    pub async fn start(programs: &Programs, cli: &Cli) -> Result<Self> {
        let room = (cli.frames() + 600).to_string();
        Self::launch(&programs.portal_sim, &["--cached-pictures", &room]).await
    }

    /// Starts it with these flags.
    pub async fn launch(program: &Path, flags: &[&str]) -> Result<Self> {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../portal-sim/page");
        let mut child = Command::new(program)
            .args(["--until-stdin-closes", "--page-dir", page])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the simulated portal does not start")?;
        let stdout = child.stdout.take().context("it has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        let line = line.context("the simulated portal does not get ready")??;
        let line = line.context("the simulated portal ended at once (see above)")?;
        let Ready {
            page_url,
            image_url,
            control_url,
        } = serde_json::from_str(&line)?;
        let client = Client::builder().no_proxy().build()?;
        let control = control_url.trim_end_matches('/').to_owned();
        Ok(Self {
            child,
            client,
            page_url,
            image_url,
            control,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Has the pictures of the newest whole days drawn, as many as hold `count` frames, and tells these, oldest first.
    pub async fn warm(&self, count: usize) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut date = self.today().await?;
        while frames.len() < count {
            date = before(date)?;
            let mut day = self.day(date, true).await?;
            if day.is_empty() {
                bail!(
                    "the simulated portal has only {} frames before {date}",
                    frames.len()
                );
            }
            day.append(&mut frames);
            frames = day;
        }
        Ok(frames.split_off(frames.len() - count))
    }

    /// The frames of a day; drawn, if so wanted.
    pub async fn day(&self, date: NaiveDate, drawn: bool) -> Result<Vec<Frame>> {
        let hashes = u8::from(drawn);
        let path = format!("truth?camera={CAMERA}&date={date}&hashes={hashes}");
        Ok(serde_json::from_value(
            self.ask(Method::GET, &path, None).await?,
        )?)
    }

    /// The newest `count` days that are over, oldest first.
    pub async fn days(&self, count: usize) -> Result<Vec<NaiveDate>> {
        let mut days = vec![before(self.today().await?)?];
        while days.len() < count {
            days.push(before(*days.last().unwrap_or(&NaiveDate::MIN))?);
        }
        days.reverse();
        Ok(days)
    }

    /// Sets the time that the CDN takes for an answer.
    pub async fn set_latency(&self, milliseconds: u64) -> Result<()> {
        let wanted = json!({ "latency_ms": milliseconds });
        self.ask(Method::PUT, "behaviours", Some(wanted))
            .await
            .map(drop)
    }

    /// Forgets the requests so far, so that its memory does not grow.
    pub async fn forget(&self) -> Result<()> {
        let url = format!("{}/stats/reset", self.control);
        self.client.post(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// The bytes of some of the pictures.
    pub async fn some_pictures(&self, frames: &[Frame]) -> Result<Vec<Vec<u8>>> {
        let mut pictures = Vec::new();
        for frame in frames.iter().step_by((frames.len() / SAMPLE).max(1)) {
            let answer = self.client.get(&frame.url).send().await?;
            pictures.push(answer.error_for_status()?.bytes().await?.to_vec());
        }
        Ok(pictures)
    }

    /// Answers to a question of its control address.
    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        Ok(serde_json::from_value(
            self.ask(Method::GET, path, None).await?,
        )?)
    }

    /// Ends it.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        let ended = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        if ended.is_err() {
            let _ = self.child.kill().await;
        }
    }

    async fn today(&self) -> Result<NaiveDate> {
        let clock = self.ask(Method::GET, "clock", None).await?;
        let today = clock.get("today").and_then(Value::as_str);
        today
            .and_then(|text| text.parse().ok())
            .context("the simulated portal has no date")
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.control));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_str(&answer.text().await?)?)
    }
}

fn before(date: NaiveDate) -> Result<NaiveDate> {
    date.checked_sub_days(Days::new(1)).context("no such day")
}
