//! `draywatch alert test` by the real program: over TLS, with a user, and what it says of channels that fail.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::servers::{Endpoint, MailServer, dead_port};
use crate::tls_front::Tls;

struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Done {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    fn says(&self, words: &str) -> bool {
        self.out.contains(words)
    }
}

/// Runs it in `folder` with these settings and a log that says everything.
async fn alert_test(folder: &Path, json: bool, variables: &[(&str, String)]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_draywatch"));
    command.args(["alert", "test", "-vv"]).current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DRAYWATCH_")) {
        command.env_remove(name);
    }
    for (name, value) in variables {
        match name.strip_prefix('+') {
            Some(name) => command.env(name, value),
            None => command.env(format!("DRAYWATCH_{name}"), value),
        };
    }
    if json {
        command.arg("--json");
    }
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.expect("a thread").expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Done {
        status: output.status.code().expect("an exit status"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Settings for a mail server that is believed, with user and password.
fn mail(server: &MailServer, tls: &str) -> Vec<(&'static str, String)> {
    vec![
        ("ALERT_EMAIL", "ops@example.com".to_owned()),
        ("ALERTS__MAIL_FROM", "draywatch@example.com".to_owned()),
        ("ALERTS__SMTP_HOST", "127.0.0.1".to_owned()),
        ("ALERTS__SMTP_PORT", server.port.to_string()),
        ("ALERTS__SMTP_TLS", tls.to_owned()),
        ("ALERTS__SMTP_USER", "draywatch".to_owned()),
        ("ALERTS__SMTP_PASSWORD", "correct horse".to_owned()),
        ("+SSL_CERT_FILE", server.certificate.display().to_string()),
    ]
}

/// The same with another value.
fn with(
    variables: &[(&'static str, String)],
    name: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    let rest = variables.iter().filter(|(one, _)| *one != name).cloned();
    rest.chain([(name, value.to_owned())]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_over_starttls_and_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    for mode in ["starttls", "tls"] {
        let server = MailServer::start(mode, folder.path());
        let done = alert_test(folder.path(), false, &mail(&server, mode)).await;
        assert_eq!(done.status, 0, "{}{}", done.out, done.err);
        assert!(
            done.says("ok    email") && done.says("ops@example.com"),
            "{}",
            done.out
        );
        assert!(
            !done.out.contains("horse") && !done.err.contains("horse"),
            "the password is nowhere"
        );
        let mail = server.mail();
        let told = (
            &mail["secret"],
            &mail["user"],
            &mail["from"],
            &mail["to"][0],
        );
        let (user, from, to) = ("draywatch", "draywatch@example.com", "ops@example.com");
        assert_eq!(
            told,
            (&true.into(), &user.into(), &from.into(), &to.into()),
            "{mail}"
        );
        assert!(
            mail["headers"]["subject"]
                .as_str()
                .expect("a subject")
                .starts_with("[draywatch] test")
        );
        assert!(
            mail["body"]
                .as_str()
                .expect("a body")
                .contains("alerts arrive here"),
            "{mail}"
        );
        assert!(server.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_may_lie_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = MailServer::start("starttls", folder.path());
    let file = folder.path().join("password");
    std::fs::write(&file, "correct horse\n").expect("a file");
    let by_file = with(&mail(&server, "starttls"), "ALERTS__SMTP_PASSWORD", "");
    let by_file = with(
        &by_file,
        "ALERTS__SMTP_PASSWORD_FILE",
        &file.display().to_string(),
    );
    let done = alert_test(folder.path(), false, &by_file).await;
    assert_eq!(
        (done.status, server.mail()["user"].as_str()),
        (0, Some("draywatch")),
        "{}",
        done.out
    );
    std::fs::remove_file(&file).expect("it is there");
    let done = alert_test(folder.path(), false, &by_file).await;
    assert!(
        done.status == 1 && done.says("smtp_password_file"),
        "{}",
        done.out
    );
    let none = with(&by_file, "ALERTS__SMTP_PASSWORD_FILE", "");
    let done = alert_test(folder.path(), false, &none).await;
    assert!(
        done.status == 1 && done.says("DRAYWATCH_ALERTS__SMTP_PASSWORD"),
        "{}",
        done.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_mail_server_refuses_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let (safe, plain) = (
        MailServer::start("starttls", folder.path()),
        MailServer::start("none", folder.path()),
    );
    let good = mail(&safe, "starttls");
    let nobody = folder.path().join("nobody.pem");
    std::fs::write(&nobody, "").expect("a file");
    for (variables, words) in [
        (
            with(&good, "ALERTS__SMTP_PASSWORD", "battery staple"),
            "refuses it",
        ),
        (
            with(&good, "ALERT_EMAIL", "nobody@example.com"),
            "no such mailbox",
        ),
        (
            with(&good, "+SSL_CERT_FILE", &nobody.display().to_string()),
            "safe connection",
        ),
        (with(&good, "ALERTS__SMTP_TLS", "none"), "alerts.smtp_tls"),
        (mail(&plain, "starttls"), "cannot be spoken to"),
        (
            with(&good, "ALERTS__SMTP_PORT", &dead_port().to_string()),
            "does not answer",
        ),
    ] {
        let done = alert_test(folder.path(), false, &variables).await;
        assert_eq!(done.status, 1, "{words}: {}", done.out);
        assert!(
            done.says("FAIL  email") && done.says(words),
            "{words}: {}",
            done.out
        );
        assert!(!done.out.contains("staple") && !done.err.contains("staple"));
    }
    assert!(
        safe.is_empty() && plain.is_empty(),
        "no mail without its safety"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_is_tried_and_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hook, heart) = (Endpoint::start().await, Endpoint::start().await);
    let both = [
        (
            "ALERTS__WEBHOOK_URL",
            format!("{}/T0/secret-token", hook.url),
        ),
        ("ALERTS__WEBHOOK_FORM", "slack".to_owned()),
        (
            "ALERTS__HEARTBEAT_URL",
            format!("{}/secret-ping", heart.url),
        ),
    ];
    let done = alert_test(folder.path(), false, &both).await;
    assert_eq!(done.status, 0, "{}{}", done.out, done.err);
    assert!(
        done.says("ok    webhook") && done.says("ok    heartbeat"),
        "{}",
        done.out
    );
    assert!(hook.requests()[0].body.contains("[draywatch] test"));
    assert_eq!(heart.requests()[0].path, "/secret-ping");
    hook.answer(&[403]);
    let done = alert_test(folder.path(), true, &both).await;
    let json = done.json();
    assert_eq!(
        (done.status, &json[0]["ok"], &json[1]["ok"]),
        (1, &false.into(), &true.into())
    );
    assert_eq!(json[0]["error"]["kind"], "forbidden", "{json}");
    for text in [&done.out, &done.err] {
        assert!(
            !text.contains("secret-token") && !text.contains("secret-ping"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook_and_heartbeat_go_by_https_to_who_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let behind = Endpoint::start().await;
    let host = behind.url.strip_prefix("http://").expect("an address");
    let front = Tls::before(host.to_owned()).await;
    let (known, unknown) = (
        folder.path().join("known.pem"),
        folder.path().join("no.pem"),
    );
    std::fs::write(&known, &front.certificate).expect("a file");
    std::fs::write(&unknown, "").expect("a file");
    let url = format!("https://{}", front.address);
    for (certificates, status) in [(&known, 0), (&unknown, 1)] {
        let both = [
            ("ALERTS__WEBHOOK_URL", format!("{url}/T0/secret-token")),
            ("ALERTS__HEARTBEAT_URL", format!("{url}/secret-ping")),
            ("+SSL_CERT_FILE", certificates.display().to_string()),
            (
                "+SSL_CERT_DIR",
                folder.path().join("none").display().to_string(),
            ),
        ];
        let done = alert_test(folder.path(), true, &both).await;
        assert_eq!(done.status, status, "{}{}", done.out, done.err);
        for channel in done.json().as_array().expect("channels") {
            assert_eq!(channel["ok"], status == 0, "{channel}");
        }
        assert_eq!(behind.requests().len(), if status == 0 { 2 } else { 0 });
        assert!(
            !done.out.contains("secret-") && !done.err.contains("secret-"),
            "{}",
            done.err
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_channel_there_is_nothing_to_test() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = alert_test(folder.path(), false, &[]).await;
    assert_eq!(done.status, 2);
    assert!(
        done.err.contains("alert_email") && done.err.contains("webhook_url"),
        "{}",
        done.err
    );
}
