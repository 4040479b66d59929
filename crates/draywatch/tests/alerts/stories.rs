//! The notifier as the service calls it, on a clock of the test's own.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch::notify::{Channel, Notifier, NotifySettings};
use draywatch_core::alert::{Reason, Status};
use draywatch_core::{Clock, Kind};

use crate::servers::{Endpoint, MailServer, dead_port};
use crate::settings;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_240_220 + minutes * 60, 0).expect("an instant")
}

fn bad(id: &str) -> Reason {
    Reason {
        id: id.to_owned(),
        status: Status::Degraded,
        message: format!("{id} does not answer\r\nBcc: everybody@example.com"),
    }
}

/// Without the pauses of seconds between attempts.
fn hasty(mut settings: NotifySettings) -> NotifySettings {
    settings.retry.first_wait = std::time::Duration::from_millis(1);
    settings.retry.longest = std::time::Duration::from_millis(1);
    settings
}

async fn notifier(settings: NotifySettings) -> Notifier {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Notifier::open(hasty(settings), Clock::manual(at(0))).await
}

/// Subjects of what came by the webhook, in the form `plain`.
fn subjects(endpoint: &Endpoint) -> Vec<String> {
    let posts = endpoint.requests();
    let subject = |json: serde_json::Value| json["subject"].as_str().expect("a subject").to_owned();
    posts
        .iter()
        .map(|request| subject(request.json()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_mailed_and_posted_once_and_once_when_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, endpoint) = (
        MailServer::start("none", folder.path()),
        Endpoint::start().await,
    );
    let settings = settings(
        folder.path(),
        &[
            ("ALERT_EMAIL", "ops@example.com".to_owned()),
            ("ALERTS__SMTP_HOST", "127.0.0.1".to_owned()),
            ("ALERTS__SMTP_PORT", server.port.to_string()),
            ("ALERTS__SMTP_TLS", "none".to_owned()),
            ("ALERTS__SMTP_USER", "draywatch".to_owned()),
            ("ALERTS__SMTP_PASSWORD", "correct horse".to_owned()),
            ("ALERTS__WEBHOOK_URL", format!("{}/hook", endpoint.url)),
        ],
    );
    let mut notifier = notifier(settings).await;
    let cameras: Vec<Reason> = (0..60).map(|n| bad(&format!("camera:{n}"))).collect();
    for (step, minute) in (0..12).zip((0..).step_by(5)) {
        let mut reasons = vec![bad("portal")];
        reasons.extend_from_slice(&cameras[..step * 5]);
        assert_eq!(notifier.evaluate(at(minute), &reasons).await, []);
    }
    for step in 12..16 {
        assert_eq!(notifier.evaluate(at(step * 5), &[]).await, []);
    }
    let (raised, over) = (server.mail(), server.mail());
    assert!(server.is_empty(), "two mails in all");
    assert_eq!(
        raised["headers"]["subject"],
        "[draywatch] degraded: portal: portal does not answer  Bcc: everybody@example.com"
    );
    assert_eq!(raised["to"], serde_json::json!(["ops@example.com"]));
    assert!(raised["headers"].get("bcc").is_none(), "{raised}");
    assert_eq!(raised["headers"]["date"], "Sun, 07 Sep 2025 10:17:00 +0000");
    assert_eq!(
        over["headers"]["subject"],
        "[draywatch] over: portal (and 50 more)"
    );
    let posts = endpoint.requests();
    let events: Vec<_> = posts
        .iter()
        .map(|post| post.json()["event"].clone())
        .collect();
    assert_eq!(events, ["raise", "resolve"]);
    assert!(
        posts
            .iter()
            .all(|post| post.path == "/hook" && post.method == "POST")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flapping_camera_gives_at_most_the_promised_number_of_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start().await;
    let settings = settings(
        folder.path(),
        &[("ALERTS__WEBHOOK_URL", endpoint.url.clone())],
    );
    let promised = settings.policy.most_messages_per_day();
    let mut notifier = notifier(settings).await;
    // Ten minutes bad, ten minutes well, for 24 hours.
    for step in 0..288 {
        let reasons: &[Reason] = if step % 4 < 2 {
            &[bad("camera:in_gate")]
        } else {
            &[]
        };
        assert_eq!(notifier.evaluate(at(step * 5), reasons).await, []);
    }
    let came = subjects(&endpoint);
    assert_eq!(promised, 8);
    assert_eq!(came.len(), 6, "{came:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forms_are_those_of_their_services() {
    for (form, path) in [("slack", "/hook"), ("ntfy", "/gates"), ("plain", "/hook")] {
        let folder = tempfile::tempdir().expect("a folder");
        let endpoint = Endpoint::start().await;
        let url = format!("{}{path}", endpoint.url);
        let settings = settings(
            folder.path(),
            &[
                ("ALERTS__WEBHOOK_URL", url),
                ("ALERTS__WEBHOOK_FORM", form.to_owned()),
            ],
        );
        let mut notifier = notifier(settings).await;
        for minute in [0, 5] {
            assert_eq!(notifier.evaluate(at(minute), &[bad("disk")]).await, []);
        }
        let posts = endpoint.requests();
        let (post, json) = (&posts[0], posts[0].json());
        assert_eq!(posts.len(), 1);
        let words = match form {
            "slack" => &json["text"],
            "ntfy" => {
                assert_eq!(
                    (json["topic"].as_str(), json["priority"].as_u64()),
                    (Some("gates"), Some(4))
                );
                assert!(
                    json["title"]
                        .as_str()
                        .expect("a title")
                        .starts_with("[draywatch] degraded: disk")
                );
                &json["message"]
            }
            _ => {
                assert_eq!(
                    (json["status"].as_str(), json["wrong"][0]["id"].as_str()),
                    (Some("degraded"), Some("disk"))
                );
                &json["text"]
            }
        };
        assert!(
            words.as_str().expect("words").contains("What to do"),
            "{json}"
        );
        assert_eq!(post.path, if form == "ntfy" { "/" } else { "/hook" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_does_not_take_waits_for_it_across_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start().await;
    let settings = settings(
        folder.path(),
        &[
            (
                "ALERTS__WEBHOOK_URL",
                format!("{}/secret-token", endpoint.url),
            ),
            ("ALERT_EMAIL", "ops@example.com".to_owned()),
            ("ALERTS__SMTP_HOST", "127.0.0.1".to_owned()),
            ("ALERTS__SMTP_PORT", dead_port().to_string()),
        ],
    );
    let mut first = notifier(settings.clone()).await;
    assert_eq!(first.evaluate(at(0), &[bad("portal")]).await, []);
    endpoint.answer(&[500, 503, 429]);
    let failures = first.evaluate(at(5), &[bad("portal")]).await;
    let told: Vec<_> = failures
        .iter()
        .map(|one| (one.channel, one.kind, one.waiting))
        .collect();
    assert_eq!(
        told,
        [
            (Channel::Email, Kind::Transient, 1),
            (Channel::Webhook, Kind::RateLimited, 1)
        ]
    );
    assert!(
        !failures[1].to_string().contains("secret-token"),
        "{failures:?}"
    );
    assert!(
        failures[0].message.contains("alerts.smtp_host"),
        "{failures:?}"
    );
    assert_eq!(endpoint.requests().len(), 3, "three attempts");
    drop(first);
    // The outage ends before the channel is back: only its end is told, and the mail still waits.
    let mut second = notifier(settings).await;
    endpoint.answer(&[404, 404]);
    for minute in [10, 15] {
        let failures = second.evaluate(at(minute), &[]).await;
        assert_eq!(failures[1].kind, Kind::Configuration, "{failures:?}");
    }
    endpoint.requests();
    let failures = second.evaluate(at(20), &[]).await;
    assert_eq!(
        (failures.len(), failures[0].waiting),
        (1, 1),
        "{failures:?}"
    );
    assert_eq!(subjects(&endpoint), ["[draywatch] over: portal"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heart_beats_only_while_all_is_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heart, hook) = (Endpoint::start().await, Endpoint::start().await);
    let settings = settings(
        folder.path(),
        &[
            ("ALERTS__HEARTBEAT_URL", format!("{}/ping", heart.url)),
            ("ALERTS__WEBHOOK_URL", hook.url.clone()),
        ],
    );
    let mut notifier = notifier(settings).await;
    let warning = Reason {
        status: Status::Warning,
        ..bad("disk")
    };
    assert_eq!(notifier.evaluate(at(0), &[]).await, []);
    assert_eq!(notifier.evaluate(at(5), &[warning]).await, []);
    let beats = heart.requests();
    assert_eq!(beats.len(), 2, "a warning stops nothing");
    assert!(
        beats
            .iter()
            .all(|beat| beat.method == "GET" && beat.path == "/ping")
    );
    assert_eq!(notifier.evaluate(at(10), &[bad("portal")]).await, []);
    notifier.evaluate(at(15), &[bad("portal")]).await;
    assert_eq!(heart.requests().len(), 0, "degraded");
    notifier.evaluate(at(20), &[]).await;
    assert_eq!(heart.requests().len(), 1);
    hook.answer(&[404]);
    let failures = notifier.evaluate(at(25), &[]).await;
    assert_eq!(failures.len(), 1);
    assert_eq!(
        heart.requests().len(),
        0,
        "people were not told: not all is well"
    );
    heart.answer(&[404]);
    let failures = notifier.evaluate(at(30), &[]).await;
    assert_eq!(
        (failures.len(), failures[0].channel),
        (1, Channel::Heartbeat)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_comes_once_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = Endpoint::start().await;
    let settings = settings(
        folder.path(),
        &[("ALERTS__WEBHOOK_URL", endpoint.url.clone())],
    );
    let mut notifier = notifier(settings).await;
    let mut now = at(0);
    while now < at(3 * 24 * 60) {
        notifier.evaluate(now, &[bad("camera:in_gate")]).await;
        now += TimeDelta::minutes(10);
    }
    let words: Vec<String> = subjects(&endpoint)
        .iter()
        .map(|subject| subject[12..20].to_owned())
        .collect();
    assert_eq!(words, ["degraded", "still de", "still de"]);
}
