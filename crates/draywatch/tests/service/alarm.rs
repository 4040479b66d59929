//! Who is told of alerts in the tests: a webhook that remembers what came and when. Must not judge it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::PATIENCE;

/// A message, and when it came.
pub type Heard = (Instant, Value);

/// A webhook.
pub struct Alarm {
    address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Alarm {
    /// One that listens from now on.
    pub async fn start() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let take = move |axum::Json(message): axum::Json<Value>| async move {
            let mut heard = ear.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push((Instant::now(), message));
        };
        let router = axum::Router::new().route("/alerts", axum::routing::post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address: format!("http://127.0.0.1:{port}/alerts"),
            heard,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Everything that came, but for the first `mark` messages.
    pub fn since(&self, mark: usize) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().skip(mark).cloned().collect()
    }

    /// How many messages came until now.
    pub fn mark(&self) -> usize {
        self.since(0).len()
    }

    /// Waits for a message of one of those kinds after the first `mark`; the first one.
    pub async fn hears(&self, mark: usize, events: &[&str]) -> Heard {
        let begun = Instant::now();
        loop {
            let heard = self.since(mark);
            let is_wanted = |message: &Value| events.iter().any(|event| message["event"] == *event);
            if let Some(found) = heard.iter().find(|(_, message)| is_wanted(message)) {
                return found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no {events:?} in {heard:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until every alert that was raised is over.
    pub async fn is_quiet(&self) {
        let begun = Instant::now();
        loop {
            let heard = self.since(0);
            let of = |event: &str| -> Vec<Value> {
                let found = heard
                    .iter()
                    .filter(|(_, message)| message["event"] == event);
                found.map(|(_, message)| message["alert"].clone()).collect()
            };
            let over = of("resolve");
            if of("raise").iter().all(|alert| over.contains(alert)) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "never over: {heard:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
