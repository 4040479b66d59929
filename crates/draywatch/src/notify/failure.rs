//! How a channel can fail. Words must not hold secrets: of an address only the host is named.

use std::error::Error;
use std::fmt;

use draywatch_core::Kind;
use draywatch_core::error::chain;
use serde::{Deserialize, Serialize};

/// A way to people, or what alerts are remembered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// `alert_email`.
    Email,
    /// `alerts.webhook_url`.
    Webhook,
    /// `alerts.heartbeat_url`.
    Heartbeat,
    /// The file that remembers what was told.
    State,
}

impl Channel {
    /// The name as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Heartbeat => "heartbeat",
            Self::State => "state",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A channel that failed, for health to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{channel}: {message}")]
pub struct ChannelFailure {
    /// Which.
    pub channel: Channel,
    /// What kind of failure it was.
    pub kind: Kind,
    /// What failed, and what to do.
    pub message: String,
    /// How many messages wait for it.
    pub waiting: usize,
}

impl ChannelFailure {
    pub(super) fn new(channel: Channel, error: &SendError, waiting: usize) -> Self {
        Self {
            channel,
            kind: error.kind(),
            message: chain(error),
            waiting,
        }
    }

    pub(super) fn of_state(kind: Kind, message: String) -> Self {
        Self {
            channel: Channel::State,
            kind,
            message,
            waiting: 0,
        }
    }
}

/// Why one message could not be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(
        "{0} is no address that mail can be sent to or from: correct alert_email and alerts.mail_from"
    )]
    Address(String, #[source] lettre::address::AddressError),
    #[error("the mail could not be put together")]
    Mail(#[from] lettre::error::Error),
    #[error("the password in {path} cannot be read (alerts.smtp_password_file)")]
    Password {
        path: String,
        #[source]
        error: std::io::Error,
    },
    #[error(
        "alerts.smtp_user has no password: set DRAYWATCH_ALERTS__SMTP_PASSWORD or alerts.smtp_password_file"
    )]
    NoPassword,
    #[error("the mail server {server} {}", smtp_words(.error))]
    Smtp {
        server: String,
        #[source]
        error: lettre::transport::smtp::Error,
    },
    #[error("{host} cannot be asked: is alerts.{setting} right, and can this machine reach it?")]
    Http {
        host: String,
        setting: &'static str,
        #[source]
        error: reqwest::Error,
    },
    #[error("{host} answered {status}: look whether alerts.{setting} is right")]
    Refused {
        host: String,
        setting: &'static str,
        status: reqwest::StatusCode,
    },
    #[error("alerts.webhook_url names no topic: the form \"ntfy\" wants https://host/topic")]
    Topic,
}

impl SendError {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Address(..)
            | Self::Mail(_)
            | Self::Password { .. }
            | Self::NoPassword
            | Self::Topic => Kind::Configuration,
            Self::Smtp { error, .. }
                if error.is_permanent() || error.is_client() || is_tls(error) =>
            {
                Kind::Configuration
            }
            Self::Smtp { .. } | Self::Http { .. } => Kind::Transient,
            Self::Refused { status, .. } => match status.as_u16() {
                429 => Kind::RateLimited,
                401 | 403 => Kind::Forbidden,
                408 | 500.. => Kind::Transient,
                _ => Kind::Configuration,
            },
        }
    }
}

fn smtp_words(error: &lettre::transport::smtp::Error) -> &'static str {
    if error.is_permanent() {
        "refuses it: look at alerts.smtp_user, its password, alerts.mail_from and alert_email"
    } else if error.is_transient() {
        "does not take it now"
    } else if is_tls(error) {
        "gives no safe connection: look at alerts.smtp_tls, and whether its certificate is believed here"
    } else if error.is_client() {
        "cannot be spoken to as alerts.smtp_tls and alerts.smtp_user say"
    } else {
        "does not answer: is it running, and are alerts.smtp_host, smtp_port and smtp_tls right?"
    }
}

/// Whether the two sides did not come to a safe connection. lettre calls that a failed connection like any other, so it is
/// looked for in what lies below.
fn is_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut below: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = below {
        if error.is::<rustls::Error>() {
            return true;
        }
        let io = error.downcast_ref::<std::io::Error>();
        if let Some(inner) = io.and_then(std::io::Error::get_ref)
            && inner.is::<rustls::Error>()
        {
            return true;
        }
        below = error.source();
    }
    error.is_tls()
}
