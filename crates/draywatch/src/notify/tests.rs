//! What stands in messages, and what becomes of a state that is broken. Real servers are in `tests/alerts`.

use chrono_tz::America::Los_Angeles;
use proptest::prelude::*;

use super::*;
use crate::config::Config;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_240_220 + minutes * 60, 0).unwrap()
}

fn line(id: &str, status: Status, message: &str) -> Line {
    Line {
        id: id.to_owned(),
        status,
        message: message.to_owned(),
        since: at(0),
    }
}

fn message(event: Event, about: &str, wrong: Vec<Line>, over: Vec<Line>) -> Message {
    Message {
        alert: 1,
        event,
        status: Status::Degraded,
        at: at(125),
        since: at(0),
        about: vec![about.to_owned()],
        wrong,
        over,
        is_last_for_now: false,
    }
}

#[test]
fn a_message_says_what_since_when_and_what_to_do() {
    let wrong = vec![
        line("camera:in_gate", Status::Degraded, "no frame for 25 min"),
        line("portal", Status::Degraded, "it does not answer"),
    ];
    let raised = message(Event::Raise, "portal", wrong, Vec::new());
    assert_eq!(
        words::subject(&raised),
        "[draywatch] degraded: portal: it does not answer (and 1 more)"
    );
    let body = words::body(&raised, Los_Angeles);
    for part in [
        "draywatch is degraded since 2025-09-07 10:17 UTC (03:17 PDT).",
        "- camera in_gate (degraded, since 2025-09-07 10:17 UTC (03:17 PDT)): no frame for 25 min",
        "What to do:\n- ",
        "draywatch doctor",
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    let over = vec![line("portal", Status::Healthy, "it does not answer")];
    let resolved = message(Event::Resolve, "portal", Vec::new(), over);
    assert_eq!(words::subject(&resolved), "[draywatch] over: portal");
    let body = words::body(&resolved, Los_Angeles);
    assert!(
        body.contains("2 h 5 min") && !body.contains("What to do"),
        "{body}"
    );
    // It once read "healthy, since", with the moment at which it went wrong.
    let line =
        "- portal (over; it went wrong 2025-09-07 10:17 UTC (03:17 PDT)): it does not answer";
    assert!(body.contains(line), "{body}");
}

/// The advice for channels once stood under ids that nothing has, and lying cameras had none.
#[test]
fn what_can_be_wrong_has_its_advice() {
    for (id, words) in [
        ("alerts:email", "draywatch alert test"),
        ("alerts:state", "draywatch alert test"),
        ("picture:in_gate", "draywatch placeholder add"),
        ("camera:in_gate", "draywatch gaps"),
        ("settings", "draywatch config check"),
        ("health_check_port", "Free the port"),
        ("job:collect:in_gate", "draywatch status"),
    ] {
        let wrong = vec![line(id, Status::Warning, "it is not well")];
        let raised = message(Event::Raise, id, wrong, Vec::new());
        let body = words::body(&raised, Los_Angeles);
        assert!(body.contains(words), "{id}: {body}");
    }
}

proptest! {
    #[test]
    fn no_text_from_outside_begins_a_line_or_a_header(id in "\\PC{0,20}[\r\n\u{85}\u{2028}]{0,2}Bcc: x@y", text in any::<String>()) {
        let text = format!("{text}\r\nBcc: everybody@example.com\n\n.\r\nEHLO");
        let wrong = vec![line(&id, Status::Critical, &text)];
        for event in [Event::Raise, Event::Update, Event::Remind] {
            let told = message(event, &id, wrong.clone(), Vec::new());
            let subject = words::subject(&told);
            prop_assert!(!subject.contains(char::is_control), "{subject:?}");
            prop_assert!(subject.chars().count() < 200);
            let body = words::body(&told, Los_Angeles);
            prop_assert!(!body.lines().any(|line| line.starts_with("Bcc") || line.starts_with('.')), "{body}");
            let built = lettre::Message::builder()
                .from("a@example.com".parse().unwrap())
                .to("b@example.com".parse().unwrap())
                .subject(subject)
                .body(body)
                .unwrap();
            let raw = String::from_utf8_lossy(&built.formatted()).into_owned();
            let head = raw.split("\r\n\r\n").next().unwrap_or_default();
            prop_assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
            prop_assert_eq!(built.envelope().to().len(), 1);
        }
    }
}

fn settings(folder: &std::path::Path) -> NotifySettings {
    NotifySettings {
        state_file: folder.join("alerts.json"),
        ..NotifySettings::of(&Config::default())
    }
}

fn portal() -> Vec<Reason> {
    vec![Reason {
        id: "portal".to_owned(),
        status: Status::Degraded,
        message: "it does not answer".to_owned(),
    }]
}

#[tokio::test]
async fn the_state_is_written_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(at(0));
    let mut first = Notifier::open(settings(folder.path()), clock.clone()).await;
    for minute in [0, 5] {
        assert_eq!(first.evaluate(at(minute), &portal()).await, []);
    }
    assert_eq!(first.rules().open_alerts(), 1);
    let second = Notifier::open(settings(folder.path()), clock).await;
    assert_eq!(second.rules(), first.rules());
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_broken_state_is_kept_aside_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.json");
    for broken in ["", "{", "[]", "{\"rules\": 1}", "\u{0}\u{0}"] {
        std::fs::write(&file, broken).unwrap();
        let mut notifier = Notifier::open(settings(folder.path()), Clock::manual(at(0))).await;
        let failures = notifier.evaluate(at(0), &portal()).await;
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert_eq!(
            (failures[0].channel, failures[0].kind),
            (Channel::State, draywatch_core::Kind::Corrupt)
        );
        assert!(
            failures[0]
                .message
                .contains("alerts.json.broken-20250907T101700000"),
            "{failures:?}"
        );
        let aside = folder.path().join("alerts.json.broken-20250907T101700000");
        assert_eq!(std::fs::read_to_string(aside).unwrap(), broken);
        assert_eq!(notifier.evaluate(at(5), &portal()).await, []);
        assert_eq!(notifier.rules().open_alerts(), 1);
    }
}

#[tokio::test]
async fn alerts_go_on_from_memory_where_the_state_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let gone = NotifySettings {
        state_file: folder.path().join("gone/alerts.json"),
        ..settings(folder.path())
    };
    let mut notifier = Notifier::open(gone, Clock::manual(at(0))).await;
    for minute in [0, 5] {
        let failures = notifier.evaluate(at(minute), &portal()).await;
        assert_eq!(failures.len(), 1);
        assert!(
            failures[0].message.contains("alerts.state_file"),
            "{failures:?}"
        );
    }
    assert_eq!(notifier.rules().open_alerts(), 1);
    // Where the archive has not been made yet there is nothing to be told, and nothing is made.
    let new = NotifySettings {
        state_file: folder.path().join("images/.draywatch/alerts.json"),
        ..settings(folder.path())
    };
    let mut notifier = Notifier::open(new, Clock::manual(at(0))).await;
    assert_eq!(notifier.evaluate(at(0), &portal()).await, []);
    assert!(!folder.path().join("images").exists());
}

#[tokio::test]
async fn the_state_is_written_only_when_it_is_another() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let mut notifier = Notifier::open(settings(folder.path()), Clock::manual(at(0))).await;
    for minute in [0, 5] {
        assert_eq!(notifier.evaluate(at(minute), &portal()).await, []);
    }
    // Written anew, it is another file.
    let inode = || {
        std::fs::metadata(folder.path().join("alerts.json"))
            .unwrap()
            .ino()
    };
    let before = inode();
    // While it is open, its number is not given to another file.
    let _open = std::fs::File::open(folder.path().join("alerts.json")).unwrap();
    assert_eq!(notifier.evaluate(at(6), &portal()).await, []);
    assert_eq!(inode(), before);
    for minute in [7, 8, 9, 60] {
        assert_eq!(notifier.evaluate(at(minute), &[]).await, []);
    }
    assert_ne!(inode(), before);
}

#[tokio::test]
async fn nothing_is_written_into_an_archive_that_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let control = folder.path().join(".draywatch");
    std::fs::create_dir(&control).unwrap();
    let inside = NotifySettings {
        state_file: control.join("alerts.json"),
        ..settings(folder.path())
    };
    let mut notifier = Notifier::open(inside, Clock::manual(at(0))).await;
    let archive = Reason::new("archive", Status::Critical, "belongs to another database");
    for minute in [0, 5] {
        assert_eq!(
            notifier
                .evaluate(at(minute), std::slice::from_ref(&archive))
                .await,
            []
        );
    }
    assert_eq!(notifier.rules().open_alerts(), 1);
    assert_eq!(std::fs::read_dir(&control).unwrap().count(), 0);
    assert_eq!(notifier.evaluate(at(6), &portal()).await, []);
    assert_eq!(std::fs::read_dir(&control).unwrap().count(), 1);
}
