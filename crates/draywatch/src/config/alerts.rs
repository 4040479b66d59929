//! The section `[alerts]`: over which channels people hear of trouble, and when; where mails go to is `alert_email`.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use draywatch_core::alert::Status;
use url::Url;

use super::setting::{Spec, section};

section! {
    /// Over which channels people hear of trouble, and when.
    AlertsConfig = "alerts.", |config| config.alerts;

    /// The server that takes mail for alert_email.
    smtp_host: String => Spec::default(r#""localhost""#).check("the name or address of a mail server", host);
    /// The port of the mail server; by smtp_tls if it is not set: 587 for "starttls", 465 for "tls", 25 for "none".
    smtp_port: Option<u16> => Spec::unset("587").within(1, 65535);
    /// How the connection to the mail server is kept secret: `"starttls"` turns a plain one into a secret one or gives up,
    /// `"tls"` is secret from the start, `"none"` never is.
    smtp_tls: SmtpTls => Spec::default(r#""starttls""#);
    /// The user that the mail server knows; without one nobody logs in there.
    smtp_user: Option<String> => Spec::unset(r#""draywatch""#);
    /// The password of that user. Better in the environment or in smtp_password_file than in this file.
    smtp_password: Option<Secret> => Spec::unset(r#""in the environment""#).secret();
    /// A file with the password of that user and nothing else, which only the service may read.
    smtp_password_file: Option<PathBuf> => Spec::unset(r#""/etc/draywatch/smtp-password""#);
    /// The sender of mails; alert_email if it is not set.
    mail_from: Option<String> => Spec::unset(r#""draywatch@example.com""#)
        .check("a mail address such as \"draywatch@example.com\"", super::general::email);
    /// Where alerts are posted to as JSON. For the form "ntfy" the address of the topic.
    webhook_url: Option<Url> => Spec::unset(r#""https://example.com/alerts""#).secret();
    /// The form of what is posted: `"slack"` (also Mattermost and the like), `"ntfy"`, or `"plain"` with every fact in a
    /// field of its own.
    webhook_form: WebhookForm => Spec::default(r#""plain""#);
    /// An address that is called (GET) after each health check while all is well and no alert waits to be
    /// delivered: who watches it hears of a dead host, which cannot alert.
    heartbeat_url: Option<Url> => Spec::unset(r#""https://example.com/ping/draywatch""#).secret();
    /// Seconds until a channel counts as failed; there are three attempts at each message.
    timeout_seconds: u32 => Spec::default("10").within(1, 120);
    /// What is worth an alert: `"warning"`, `"degraded"` or `"critical"`, and what is graver than that.
    from_status: AlertFrom => Spec::default(r#""warning""#);
    /// Health checks in a row that must find the same thing bad before an alert is raised.
    raise_after: u32 => Spec::default("2").within(1, 100);
    /// Health checks in a row that must find it well before the alert is over.
    recover_after: u32 => Spec::default("2").within(1, 100);
    /// How often the same thing may raise or change an alert within 24 hours. It gives at most twice as many messages
    /// and two more: each end, and one of what began before.
    max_per_day: u32 => Spec::default("3").within(1, 100);
    /// Minutes within which what goes wrong belongs to the same alert, and after which it is told what is left of an
    /// outage whose cause is over.
    settle_minutes: u32 => Spec::default("30").within(1, 1440);
    /// The file that remembers what was told; `.draywatch/alerts.json` in download_dir if it is not set. On another disk
    /// than the pictures it also survives a restart while that one is full.
    state_file: Option<PathBuf> => Spec::unset(r#""/var/lib/draywatch/alerts.json""#);
}

/// How the connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Plain first, secret by STARTTLS before anything is sent; without it nothing is.
    Starttls,
    /// Secret from the start.
    Tls,
    /// Not at all.
    None,
}

/// The form of what is posted to the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookForm {
    /// What Slack and its kin take.
    Slack,
    /// What ntfy takes.
    Ntfy,
    /// Every fact in a field of its own.
    Plain,
}

/// What is worth an alert; healthy never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertFrom(pub Status);

/// A text that must never be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// The text itself, for whoever it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl AlertsConfig {
    /// What keeps alerts from being sent, as far as it can be told without sending one: the setting that each is about, and the
    /// words. A file that only the service may read is none.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.smtp_user.is_some()
            && self.smtp_password.is_none()
            && self.smtp_password_file.is_none()
        {
            let words = "has no password: set DRAYWATCH_ALERTS__SMTP_PASSWORD (also where `draywatch config check` is run) or \
                         alerts.smtp_password_file";
            faults.push(("alerts.smtp_user", words.to_owned()));
        }
        if let Some(file) = &self.smtp_password_file
            && self.smtp_password.is_none()
            && let Some(why) = unusable(file)
        {
            let words = format!(
                "names {}, which {why}: write the password into it, or set DRAYWATCH_ALERTS__SMTP_PASSWORD",
                file.display()
            );
            faults.push(("alerts.smtp_password_file", words));
        }
        let has_topic = |url: &Url| {
            let parts = url.path_segments();
            parts.is_some_and(|mut parts| parts.any(|part| !part.is_empty()))
        };
        if self.webhook_form == WebhookForm::Ntfy
            && self.webhook_url.as_ref().is_some_and(|url| !has_topic(url))
        {
            let words = "names no topic: the form \"ntfy\" wants https://host/topic";
            faults.push(("alerts.webhook_url", words.to_owned()));
        }
        faults
    }
}

/// Why there can be no password in that file, whoever reads it.
fn unusable(file: &Path) -> Option<&'static str> {
    match std::fs::metadata(file) {
        Ok(found) if found.is_dir() => Some("is a folder"),
        Ok(found) if found.len() == 0 && found.is_file() => Some("is empty"),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some("is not there")
        }
        Ok(_) | Err(_) => None,
    }
}

/// A name or an address, without port or scheme.
fn host(text: &str) -> Result<(), String> {
    url::Host::parse(text)
        .or_else(|error| text.parse().map(url::Host::Ipv6).map_err(|_| error))
        .map(|_| ())
        .map_err(|error| format!("{error}; the port is smtp_port"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::from_file;

    #[test]
    fn what_keeps_alerts_from_being_sent_is_told_to_who_starts_or_checks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let with_file = format!("smtp_user = 'a'\nsmtp_password_file = {file:?}");
        let ntfy = |url: &str| format!("webhook_form = 'ntfy'\nwebhook_url = '{url}'");
        for (text, words) in [
            ("smtp_user = 'a'", "DRAYWATCH_ALERTS__SMTP_PASSWORD"),
            (&with_file, "is not there"),
            (&ntfy("https://ntfy.example"), "names no topic"),
            (&ntfy("https://ntfy.example//"), "names no topic"),
        ] {
            let loaded = from_file(&format!("[alerts]\n{text}")).expect("other commands go on");
            let told = loaded.fit_for_service().unwrap_err().to_string();
            assert!(told.contains(words) && told.contains("alerts."), "{told}");
        }
        std::fs::write(&file, "correct horse\n").unwrap();
        for text in [
            "smtp_user = 'a'\nsmtp_password = 'b'",
            &with_file,
            &ntfy("https://ntfy.example/gates"),
            "webhook_url = 'https://example.com'",
        ] {
            let loaded = from_file(&format!("[alerts]\n{text}")).unwrap();
            loaded.fit_for_service().unwrap();
        }
    }
}
