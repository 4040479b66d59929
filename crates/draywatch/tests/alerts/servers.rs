//! The other side: a mail server (aiosmtpd), and an HTTP endpoint that keeps what it gets. Each on a free loopback port.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;

/// How long anything may take that comes within a second.
const SOON: Duration = Duration::from_secs(60);

/// A Python with aiosmtpd, made once in the target folder.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aiosmtpd-1.4.6");
        let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
        if !ready.exists() {
            let mut make = Command::new("python3");
            done(make.args(["-m", "venv", "--clear"]).arg(&venv));
            let pip = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ];
            done(Command::new(&python).args(pip).arg("aiosmtpd==1.4.6"));
            std::fs::write(&ready, "").expect("a mark that it is ready");
        }
        python
    })
}

fn done(command: &mut Command) {
    let told = "this test needs python3 with venv, and the Python package index";
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {told}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed; {told}:\n{words}"
    );
}

/// A mail server; it ends with its guard.
pub struct MailServer {
    child: Child,
    lines: Receiver<Value>,
    /// Its port.
    pub port: u16,
    /// The file with its certificate, which nobody believes unless told to.
    pub certificate: PathBuf,
}

impl MailServer {
    /// One that speaks `starttls`, `tls` or `none`, and knows the user `draywatch` with the password `correct horse`.
    pub fn start(mode: &str, folder: &Path) -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        let (certificate, key) = (
            folder.join(format!("{mode}.pem")),
            folder.join(format!("{mode}.key")),
        );
        std::fs::write(&certificate, cert.pem()).expect("a certificate's file");
        std::fs::write(&key, signing_key.serialize_pem()).expect("a key's file");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerts/mail_server.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(mode)
            .args([&certificate, &key])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("a line of JSON"));
            }
        });
        let port: Value = lines.recv_timeout(SOON).expect("the mail server's port");
        Self {
            child,
            lines,
            port: port
                .as_u64()
                .and_then(|port| port.try_into().ok())
                .expect("a port"),
            certificate,
        }
    }

    /// The next mail that it took.
    pub fn mail(&self) -> Value {
        self.lines.recv_timeout(SOON).expect("a mail")
    }

    /// That it took no other mail: all that was sent has been answered.
    pub fn is_empty(&self) -> bool {
        self.lines.try_recv().is_err()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    answers: VecDeque<u16>,
}

/// An HTTP endpoint that answers 200 unless told otherwise.
#[derive(Debug, Clone)]
pub struct Endpoint {
    seen: Arc<Mutex<Seen>>,
    pub url: String,
}

impl Endpoint {
    pub async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new().fallback(keep).with_state(Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { seen, url }
    }

    /// What came since this was asked last.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.seen.lock().expect("no panic").requests)
    }

    /// Answers the next requests so.
    pub fn answer(&self, statuses: &[u16]) {
        self.seen.lock().expect("no panic").answers.extend(statuses);
    }
}

async fn keep(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> StatusCode {
    let mut seen = seen.lock().expect("no panic");
    seen.requests.push(Request {
        method,
        path: uri.path().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let status = seen.answers.pop_front().unwrap_or(200);
    StatusCode::from_u16(status).expect("a status")
}

/// A port on which nobody listens.
pub fn dead_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
