//! A folder with pictures, and the program that serves it. Must not judge what it answers.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use draywatch_core::FrameId;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::support::{Home, at, camera, full, path};

/// How long something may take on a machine that others use, too.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The token of the tests.
pub const TOKEN: &str = "a-token-of-the-tests";

/// A folder that is served.
pub struct Site {
    // It ends before its files go.
    pub server: Server,
    pub home: Home,
    pub client: Client,
}

/// The program while it serves; it ends with this.
pub struct Server {
    child: Child,
    log: PathBuf,
    pub base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let begun = Instant::now();
        let mut ended = None;
        while ended.is_none() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
            ended = self.child.try_wait().ok().flatten();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
        }
    }
}

/// The frame of that number, ten minutes apart.
pub fn nth(number: u16) -> FrameId {
    FrameId::first(camera(), at(i64::from(number) * 600))
}

/// Its picture.
pub fn picture(number: u16) -> Vec<u8> {
    full(u8::try_from(number % 250).unwrap())
}

/// A home with so many pictures, taken over by the program itself.
pub fn home(pictures: u16) -> Home {
    home_of(pictures, picture)
}

/// The same with other pictures.
pub fn home_of(pictures: u16, picture: fn(u16) -> Vec<u8>) -> Home {
    let home = Home::new();
    fs::create_dir_all(home.at("data/images")).unwrap();
    for number in 0..pictures {
        home.write(&path(&nth(number)), &picture(number));
    }
    let done = home.run(&["adopt", "data/images"]);
    assert_eq!(done.status, 0, "{done:?}");
    home
}

impl Server {
    /// Serves a home with these settings of `[web]`.
    pub async fn start(home: &Home, settings: &str) -> Self {
        let text = format!("health_check_port = 0\n{settings}\n");
        fs::write(home.at("draywatch.toml"), text).unwrap();
        let log = home.at("serve.log");
        let file = File::create(&log).unwrap();
        let child = home
            .command(&["serve"])
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            log,
            base: String::new(),
        };
        let address = server.says("health is served address=").await;
        server.base = format!("http://{address}");
        server
    }

    /// What stands behind these words in the log.
    async fn says(&mut self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&self.log).unwrap();
            if let Some((_, rest)) = text.split_once(words)
                && rest.contains('\n')
            {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{ended:?}: {text}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Site {
    /// So many pictures, served to who has the token.
    pub async fn new(pictures: u16) -> Self {
        Self::with(home(pictures), &format!("web.token = \"{TOKEN}\"")).await
    }

    /// A home that is there already, served to who has the token.
    pub async fn new_with_token(home: Home) -> Self {
        Self::with(home, &format!("web.token = \"{TOKEN}\"")).await
    }

    pub async fn with(home: Home, settings: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::start(&home, settings).await;
        let site = Self {
            client: Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            home,
            server,
        };
        site.is_ready().await;
        site
    }

    /// Waits until the database is open.
    pub async fn is_ready(&self) {
        let begun = Instant::now();
        loop {
            let answer = self.bare(Method::GET, "/readyz").send().await;
            if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", self.server.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A request without credentials.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.server.base))
    }

    /// A request with the token.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(TOKEN)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.ask(Method::POST, path);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status(), value(answer).await)
    }
}

/// The body as JSON.
pub async fn value(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

/// That the answer is a problem of that status, told as such; its detail.
pub async fn problem(answer: Response, code: u16) -> String {
    let (status, kind) = (
        answer.status(),
        answer.headers().get("content-type").cloned(),
    );
    let text = answer.text().await.unwrap();
    assert_eq!(status.as_u16(), code, "{text}");
    assert_eq!(kind.unwrap(), "application/problem+json", "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["status"], code);
    told["detail"].as_str().unwrap().to_owned()
}
