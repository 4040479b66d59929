//! A real Chromium in front of the pages, and what every page is held against: a clean console, axe, no scrolling sideways. Must not
//! know a page.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use futures::FutureExt;
use serde_json::{Value, json};
use thirtyfour::common::command::{Command as WebDriverCommand, ExtensionCommand};
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::site::PATIENCE;
use crate::support::is_root;

/// One at a time: a second one would be slower than waiting for the first.
static TURN: Mutex<()> = Mutex::const_new(());

/// Phones, desks and a wall: how wide, and whether dark.
const SCREENS: [(u32, bool); 5] = [
    (390, false),
    (390, true),
    (1600, false),
    (1600, true),
    (2560, true),
];

/// What judges pages; from npm.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/web/npm/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("axe is needed: run `scripts/setup test` (or `npm ci --prefix crates/draywatch/tests/web/npm`): {error}")
    })
});

/// A browser in front of the pages.
pub struct Browser {
    pub driver: WebDriver,
}

/// A command that the driver has for Chromium alone.
#[derive(Debug)]
struct Own {
    endpoint: &'static str,
    parameters: Value,
}

impl ExtensionCommand for Own {
    fn parameters_json(&self) -> Option<Value> {
        Some(self.parameters.clone())
    }

    fn method(&self) -> reqwest::Method {
        reqwest::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        self.endpoint.into()
    }
}

/// A chromedriver of our own on a free port.
async fn chromedriver() -> (Child, String) {
    // It looks for a port that is free by IPv4, and ends where another program has it by IPv6.
    for _ in 0..5 {
        if let Some(started) = try_chromedriver().await {
            return started;
        }
    }
    panic!("chromedriver did not start, five times")
}

/// One that listens, or nothing where it ends before that.
async fn try_chromedriver() -> Option<(Child, String)> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver is needed: run `scripts/setup test`");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let port = port.trim_end_matches('.');
            return Some((child, format!("http://127.0.0.1:{port}")));
        }
    }
    None
}

/// Has somebody look at pages; the browser ends with that, however it goes.
pub async fn visit(look: impl AsyncFnOnce(&Browser)) {
    let _turn = TURN.lock().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut child, url) = chromedriver().await;
    let profile = tempfile::tempdir().unwrap();
    let folder = format!("--user-data-dir={}", profile.path().display());
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
    if is_root() {
        arguments.push("--no-sandbox");
    }
    for argument in arguments {
        wishes.add_arg(argument).unwrap();
    }
    let logs = json!({"browser": "ALL"});
    wishes.set("goog:loggingPrefs", logs).unwrap();
    let driver = WebDriver::new(&url, wishes).await.expect("a session");
    let browser = Browser {
        driver: driver.clone(),
    };
    let ended = AssertUnwindSafe(look(&browser)).catch_unwind().await;
    let quit = driver.quit().await;
    child.kill().await.unwrap();
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
    quit.expect("the browser ends");
}

impl Browser {
    async fn own(&self, endpoint: &'static str, parameters: Value) -> Value {
        let command = Own {
            endpoint,
            parameters,
        };
        let command = WebDriverCommand::ExtensionCommand(Box::new(command));
        let answer = self.driver.cmd(command).await.unwrap();
        answer.value_json().unwrap_or_default()
    }

    /// A `DevTools` command.
    pub async fn tools(&self, method: &str, parameters: Value) {
        let body = json!({"cmd": method, "params": parameters});
        self.own("/goog/cdp/execute", body).await;
    }

    pub async fn open(&self, address: &str) {
        self.driver.goto(address).await.unwrap();
        // On a busy machine the driver may come back while the page still comes in.
        self.wait("document.readyState === 'complete'").await;
    }

    /// What a script returns.
    pub async fn eval(&self, script: &str) -> Value {
        let found = self.driver.execute(script, Vec::new()).await;
        found
            .unwrap_or_else(|error| panic!("{script}: {error}"))
            .json()
            .clone()
    }

    pub async fn count(&self, selector: &str) -> u64 {
        let script = format!("return document.querySelectorAll({selector:?}).length");
        self.eval(&script).await.as_u64().unwrap()
    }

    /// The text that people see there.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.innerText ?? ''");
        self.eval(&script).await.as_str().unwrap().to_owned()
    }

    pub async fn path(&self) -> String {
        let path = self
            .eval("return location.pathname + location.search + location.hash")
            .await;
        path.as_str().unwrap().to_owned()
    }

    /// Waits until a condition holds, also across pages; how long it took.
    pub async fn wait(&self, condition: &str) -> Duration {
        let begun = Instant::now();
        let script = format!("return Boolean({condition})");
        loop {
            let found = self.driver.execute(&script, Vec::new()).await;
            if found.is_ok_and(|found| found.json() == true) {
                return begun.elapsed();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{condition} at {}: {}",
                self.path().await,
                self.text("body").await
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until something is seen of the page: until then Chromium throws away what is typed.
    async fn is_painted(&self) {
        self.wait("performance.getEntriesByName('first-contentful-paint').length > 0")
            .await;
    }

    /// Types.
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        self.is_painted().await;
        let chain = self.driver.action_chain();
        chain.send_keys(keys).perform().await.unwrap();
    }

    pub async fn click(&self, selector: &str) {
        self.is_painted().await;
        let found = self.driver.find(By::Css(selector)).await;
        found
            .unwrap_or_else(|error| panic!("{selector}: {error}"))
            .click()
            .await
            .unwrap();
    }

    /// A screen of that size, light or dark.
    pub async fn screen(&self, width: u32, is_dark: bool) {
        let height = match width {
            0..600 => 844,
            600..2000 => 1000,
            _ => 1440,
        };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// Errors that browsers tell developers since the last look. That the page itself is one of a failure is none.
    pub async fn errors(&self) -> Vec<String> {
        let logs = self.own("/se/log", json!({"type": "browser"})).await;
        let logs = logs.as_array().cloned().unwrap_or_default();
        let severe = logs.iter().filter(|line| line["level"] == "SEVERE");
        let here = self.driver.current_url().await.unwrap();
        let itself = format!("{here} - Failed to load resource");
        let texts = severe.filter_map(|line| line["message"].as_str());
        let texts = texts.filter(|text| !text.starts_with(&itself));
        texts.map(str::to_owned).collect()
    }

    /// What axe finds that is serious or critical.
    pub async fn violations(&self) -> Vec<String> {
        self.driver.execute(AXE.as_str(), Vec::new()).await.unwrap();
        let script = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations), \
                      (error) => done([{impact: 'critical', id: String(error), nodes: []}]))";
        let found = self.driver.execute_async(script, Vec::new()).await.unwrap();
        let found = found.json().as_array().cloned().unwrap_or_default();
        let bad = found
            .iter()
            .filter(|one| one["impact"] == "serious" || one["impact"] == "critical");
        bad.map(|one| format!("{} ({}): {}", one["id"], one["help"], one["nodes"]))
            .collect()
    }

    /// Opens a page on every screen, light and dark: its console stays clean, axe finds nothing serious, nothing scrolls
    /// sideways. Screenshots go to `target/screenshots`.
    pub async fn inspect(&self, name: &str, address: &str) {
        self.errors().await;
        for (width, is_dark) in SCREENS {
            self.screen(width, is_dark).await;
            self.open(address).await;
            // Pictures further down are loaded when somebody gets there.
            self.wait("document.readyState === 'complete' && [...document.images].every((one) => one.complete || one.loading === 'lazy')")
                .await;
            let scheme = if is_dark { "dark" } else { "light" };
            let which = format!("{name} {width} {scheme}");
            self.shoot(&format!("{name}-{width}-{scheme}.png")).await;
            let wide = self
                .eval("return document.documentElement.scrollWidth")
                .await;
            assert!(
                wide.as_u64().unwrap() <= u64::from(width),
                "{which}: {wide} wide"
            );
            assert_eq!(self.violations().await, Vec::<String>::new(), "{which}");
            assert_eq!(self.errors().await, Vec::<String>::new(), "{which}");
        }
    }

    /// A picture of what is seen, in `target/screenshots`.
    pub async fn shoot(&self, file: &str) {
        // Beside the program itself, wherever it was built.
        let program = PathBuf::from(env!("CARGO_BIN_EXE_draywatch"));
        let folder = program.ancestors().nth(2).unwrap().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(file)).await.unwrap();
    }
}
