//! The same files by draywatch and by nginx, asked for by `wrk`, turn by turn. Must not tune one of the two for it.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde::Serialize;
use tokio::process::{Child, Command};

use super::pictures::Shown;
use super::server::Server;
use crate::stats::median;

/// Connections that `wrk` keeps open.
const CONNECTIONS: &str = "16";

/// Answers a second; medians.
#[derive(Debug, Serialize)]
pub struct Rate {
    /// Which files.
    pub what: String,
    /// By draywatch.
    pub draywatch: f64,
    /// By nginx.
    pub nginx: f64,
    /// Each turn of both.
    pub turns: Vec<(f64, f64)>,
}

impl Rate {
    /// The one by the other.
    pub fn of_nginx(&self) -> f64 {
        self.draywatch / self.nginx.max(f64::MIN_POSITIVE)
    }
}

/// How many answers of the API are given a second, by how much is in them.
pub async fn answers(server: &Server, shown: &Shown, seconds: u32) -> Result<Vec<(String, f64)>> {
    let work = tempfile::tempdir()?;
    let of_day = format!("camera={}&from={}T00:00:00Z", shown.camera, shown.date);
    let ids = shown.images.iter();
    let kinds = [
        (
            "one image",
            ids.map(|(id, _)| format!("/api/v1/images/{id}")).collect(),
        ),
        (
            "a hundred images",
            vec![format!("/api/v1/images?{of_day}&order=oldest&limit=100")],
        ),
        (
            "a week of coverage",
            vec![format!("/api/v1/coverage?camera={}", shown.camera)],
        ),
        ("health", vec!["/api/v1/health".to_owned()]),
    ];
    let mut rates = Vec::new();
    for (what, paths) in kinds {
        let paths: Vec<String> = paths;
        let asked = script(work.path(), "api.lua", &paths)?;
        let rate = wrk(&server.base, &asked, seconds).await?;
        eprintln!("bench: {what}: {rate:.0}/s");
        rates.push((what.to_owned(), rate));
    }
    Ok(rates)
}

/// Addresses of the same files on both servers.
struct Files {
    what: &'static str,
    ours: Vec<String>,
    theirs: Vec<String>,
}

/// An nginx as a distribution configures it, with as many workers as there are processors; it ends with this.
struct Nginx {
    child: Child,
    base: String,
}

/// Both servers with the pictures and with their thumbnails.
pub async fn measure(
    server: &Server,
    folder: &Path,
    shown: &Shown,
    seconds: u32,
    turns: usize,
) -> Result<Vec<Rate>> {
    let work = tempfile::tempdir()?;
    let kinds = [
        pictures(shown),
        thumbnails(server, folder, shown, 160).await?,
        thumbnails(server, folder, shown, 640).await?,
    ];
    let nginx = Nginx::start(folder, work.path()).await?;
    let mut rates = Vec::new();
    for kind in kinds {
        let ours = script(work.path(), "ours.lua", &kind.ours)?;
        let theirs = script(work.path(), "theirs.lua", &kind.theirs)?;
        let mut pairs = Vec::new();
        for _ in 0..turns.max(1) {
            let one = wrk(&server.base, &ours, seconds).await?;
            let other = wrk(&nginx.base, &theirs, seconds).await?;
            eprintln!(
                "bench: {}: draywatch {one:.0}/s, nginx {other:.0}/s",
                kind.what
            );
            pairs.push((one, other));
        }
        rates.push(Rate {
            what: kind.what.to_owned(),
            draywatch: median(pairs.iter().map(|pair| pair.0)),
            nginx: median(pairs.iter().map(|pair| pair.1)),
            turns: pairs,
        });
    }
    Ok(rates)
}

fn pictures(shown: &Shown) -> Files {
    let ours = shown
        .images
        .iter()
        .map(|(id, sha256)| format!("/api/v1/images/{id}/file?v={sha256}"));
    Files {
        what: "pictures",
        ours: ours.collect(),
        theirs: shown.files.iter().map(|file| format!("/{file}")).collect(),
    }
}

/// Asks for each thumbnail once, so that it is made, and writes what came beside the pictures for nginx.
async fn thumbnails(server: &Server, folder: &Path, shown: &Shown, width: u32) -> Result<Files> {
    let client = Client::builder().no_proxy().build()?;
    let small = folder.join(format!("thumbnails-{width}"));
    std::fs::create_dir_all(&small)?;
    let mut files = Files {
        what: if width == 160 {
            "thumbnails, 160 px"
        } else {
            "thumbnails, 640 px"
        },
        ours: Vec::new(),
        theirs: Vec::new(),
    };
    for (id, sha256) in &shown.images {
        let path = format!("/api/v1/images/{id}/thumbnails/{width}?v={sha256}");
        let answer = client.get(format!("{}{path}", server.base)).send().await?;
        let bytes = answer.error_for_status()?.bytes().await?;
        std::fs::write(small.join(format!("{id}.jpg")), &bytes)?;
        files.theirs.push(format!("/thumbnails-{width}/{id}.jpg"));
        files.ours.push(path);
    }
    Ok(files)
}

/// A script for `wrk` that asks for one path after the other.
fn script(work: &Path, name: &str, paths: &[String]) -> Result<PathBuf> {
    let mut text = String::from("local paths = {\n");
    for path in paths {
        writeln!(text, "  {path:?},")?;
    }
    text.push_str("}\nlocal nth = 0\nrequest = function()\n  nth = nth % #paths + 1\n");
    text.push_str("  return wrk.format('GET', paths[nth])\nend\n");
    // One line that is easy to read, and nothing that was answered with an error.
    text.push_str("done = function(summary, latency, requests)\n  local e = summary.errors\n");
    text.push_str("  io.write(string.format('RATE %f ERRORS %d\\n', summary.requests / summary.duration * 1e6, ");
    text.push_str("e.connect + e.read + e.write + e.status + e.timeout))\nend\n");
    let file = work.join(name);
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Answers a second.
async fn wrk(base: &str, script: &Path, seconds: u32) -> Result<f64> {
    let output = Command::new("wrk")
        .args([
            "-t",
            "1",
            "-c",
            CONNECTIONS,
            "-d",
            &format!("{seconds}s"),
            "-s",
        ])
        .arg(script)
        .arg(base)
        .kill_on_drop(true)
        .output()
        .await
        .context("wrk cannot be started: `scripts/setup bench` installs it")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RATE "));
    let (rate, errors) = line
        .and_then(|line| line.split_once(" ERRORS "))
        .with_context(|| format!("wrk said {text:?}"))?;
    ensure!(errors == "0", "{errors} answers were errors: {text}");
    Ok(rate.parse()?)
}

impl Nginx {
    async fn start(folder: &Path, work: &Path) -> Result<Self> {
        let root = folder.canonicalize()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let settings = format!(
            "worker_processes auto;\ndaemon off;\npid {work}/nginx.pid;\nerror_log stderr crit;\nuser {user};\n\
             events {{ worker_connections 768; }}\n\
             http {{\n  sendfile on;\n  tcp_nopush on;\n  access_log off;\n  types {{ image/jpeg jpg; }}\n  \
             client_body_temp_path {work}/body;\n  proxy_temp_path {work}/proxy;\n  fastcgi_temp_path {work}/fastcgi;\n  \
             uwsgi_temp_path {work}/uwsgi;\n  scgi_temp_path {work}/scgi;\n  \
             server {{ listen 127.0.0.1:{port}; root {root}; }}\n}}\n",
            work = work.display(),
            root = root.display(),
            user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned()),
        );
        let file = work.join("nginx.conf");
        std::fs::write(&file, settings)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(work)
            .args(["-e", "stderr"])
            .env("PATH", path_with_sbin())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("nginx cannot be started: `scripts/setup bench` installs it")?;
        let base = format!("http://127.0.0.1:{port}");
        let client = Client::builder().no_proxy().build()?;
        let begun = Instant::now();
        while client.get(&base).send().await.is_err() {
            ensure!(
                begun.elapsed() < Duration::from_secs(20),
                "nginx does not answer at {base}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { child, base })
    }
}

impl Drop for Nginx {
    /// Told to end, it ends its workers; killed, it would leave them. So it is waited for, a few seconds at most.
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Debian keeps it where only root looks.
fn path_with_sbin() -> String {
    format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}
