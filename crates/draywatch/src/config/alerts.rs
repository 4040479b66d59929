//! The section `[alerts]`: over which channels people hear of trouble, and when; where mails go to is `alert_email`.

use std::fmt;
use std::path::PathBuf;

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

/// A name or an address, without port or scheme.
fn host(text: &str) -> Result<(), String> {
    url::Host::parse(text)
        .or_else(|error| text.parse().map(url::Host::Ipv6).map_err(|_| error))
        .map(|_| ())
        .map_err(|error| format!("{error}; the port is smtp_port"))
}
