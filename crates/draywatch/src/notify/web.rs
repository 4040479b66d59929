//! A message by webhook, and the heartbeat's call. Must not choose the words, nor try again.

use std::time::Duration;

use chrono_tz::Tz;
use draywatch_core::alert::{Event, Message, Status};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use super::failure::SendError;
use super::settings::WebhookSettings;
use super::words;
use crate::config::WebhookForm;

/// Posts one message.
pub(super) async fn post(
    settings: &WebhookSettings,
    message: &Message,
    zone: Tz,
) -> Result<(), SendError> {
    let (url, body) = match settings.form {
        WebhookForm::Plain => (settings.url.clone(), plain(message, zone)),
        WebhookForm::Slack => (settings.url.clone(), slack(message, zone)),
        WebhookForm::Ntfy => ntfy(&settings.url, message, zone)?,
    };
    let ask = |client: Client| {
        let post = client.post(url.clone());
        post.header(CONTENT_TYPE, "application/json")
            .body(body.to_string())
    };
    ask_once(&settings.url, "webhook_url", settings.timeout, ask).await
}

/// Calls the heartbeat.
pub(super) async fn call(url: &Url, timeout: Duration) -> Result<(), SendError> {
    ask_once(url, "heartbeat_url", timeout, |client| {
        client.get(url.clone())
    })
    .await
}

async fn ask_once(
    url: &Url,
    setting: &'static str,
    timeout: Duration,
    ask: impl FnOnce(Client) -> RequestBuilder,
) -> Result<(), SendError> {
    let host = url.origin().ascii_serialization();
    // The address is the secret of a webhook, so errors go without it.
    let failed = |error: reqwest::Error| SendError::Http {
        host: host.clone(),
        setting,
        error: error.without_url(),
    };
    let client = Client::builder()
        .timeout(timeout)
        .user_agent(concat!("draywatch/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(failed)?;
    let answer = ask(client).send().await.map_err(failed)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    Err(SendError::Refused {
        host: host.clone(),
        setting,
        status,
    })
}

/// Every fact in a field of its own, and the words for people.
fn plain(message: &Message, zone: Tz) -> Value {
    json!({
        "subject": words::subject(message),
        "text": words::body(message, zone),
        "event": message.event,
        "alert": message.alert,
        "status": message.status,
        "at": message.at,
        "since": message.since,
        "about": message.about,
        "wrong": message.wrong,
        "over": message.over,
    })
}

/// Slack reads `<`, `>` and `&` as marks, so that a text could call everybody in the channel.
fn slack(message: &Message, zone: Tz) -> Value {
    let text = format!(
        "*{}*\n{}",
        words::subject(message),
        words::body(message, zone)
    );
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    json!({ "text": text })
}

/// ntfy takes JSON at its root, with the topic in it.
fn ntfy(url: &Url, message: &Message, zone: Tz) -> Result<(Url, Value), SendError> {
    let mut root = url.clone();
    let topic = url
        .path_segments()
        .and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    let topic = topic.ok_or(SendError::Topic)?.to_owned();
    if let Ok(mut parts) = root.path_segments_mut() {
        parts.pop_if_empty().pop();
    }
    let (priority, tag) = match (message.event, message.status) {
        (Event::Resolve, _) => (3, "white_check_mark"),
        (_, Status::Critical) => (5, "rotating_light"),
        (_, Status::Degraded) => (4, "warning"),
        _ => (3, "warning"),
    };
    let body = json!({
        "topic": topic,
        "title": words::subject(message),
        "message": words::body(message, zone),
        "priority": priority,
        "tags": [tag],
    });
    Ok((root, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::test_message;
    use draywatch_core::Clock;

    #[test]
    fn a_topic_of_ntfy_is_the_last_part_of_its_address() {
        let message = test_message(Clock::system().now());
        for (url, root) in [
            ("https://ntfy.example/gates", "https://ntfy.example/"),
            ("https://h/ntfy/gates/", "https://h/ntfy"),
        ] {
            let made = ntfy(&url.parse().unwrap(), &message, Tz::UTC).unwrap();
            assert_eq!((made.0.as_str(), &made.1["topic"]), (root, &json!("gates")));
        }
        let none = ntfy(&"https://ntfy.example/".parse().unwrap(), &message, Tz::UTC);
        assert!(matches!(none, Err(SendError::Topic)));
    }

    #[test]
    fn nobody_is_called_by_a_text_in_slack() {
        let mut message = test_message(Clock::system().now());
        message.wrong[0].message = "<!channel> & all".to_owned();
        let text = slack(&message, Tz::UTC)["text"].to_string();
        assert!(
            text.contains("&lt;!channel&gt; &amp; all") && !text.contains("<!"),
            "{text}"
        );
    }
}
