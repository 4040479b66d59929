//! The configuration as the channels want it. Must not hold rules.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use draywatch_core::alert::Policy;
use draywatch_core::retry::RetryPolicy;
use url::Url;

use super::Channel;
use crate::config::{Config, Secret, SmtpTls, WebhookForm};

/// Where the state lies in the archive, unless a setting says otherwise.
const STATE_FILE: &str = "alerts.json";

/// The archive's folder for what is no picture; the archive makes it.
pub(super) const CONTROL_FOLDER: &str = ".draywatch";

/// All that the notifier wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifySettings {
    /// E-mail, if there is an address.
    pub smtp: Option<SmtpSettings>,
    /// The webhook, if there is one.
    pub webhook: Option<WebhookSettings>,
    /// The heartbeat and its time-out, if there is one.
    pub heartbeat: Option<(Url, Duration)>,
    /// When to speak.
    pub policy: Policy,
    /// How one message is tried again at once.
    pub retry: RetryPolicy,
    /// The terminal's time zone, in which times are given beside UTC.
    pub zone: Tz,
    /// The file that remembers what was told.
    pub state_file: PathBuf,
}

/// How mails are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SmtpSettings {
    /// Where to.
    pub to: String,
    /// From whom.
    pub from: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: SmtpTls,
    /// The user there.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// A file with it, where it is not set itself.
    pub password_file: Option<PathBuf>,
    /// Until a step counts as failed.
    pub timeout: Duration,
}

/// How alerts are posted.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// Where to.
    pub url: Url,
    /// In which form.
    pub form: WebhookForm,
    /// Until it counts as failed.
    pub timeout: Duration,
}

impl NotifySettings {
    /// What the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let alerts = &config.alerts;
        let timeout = Duration::from_secs(alerts.timeout_seconds.into());
        let webhook = alerts.webhook_url.clone().map(|url| WebhookSettings {
            url,
            form: alerts.webhook_form,
            timeout,
        });
        let state_file = alerts.state_file.clone();
        Self {
            smtp: smtp(config, timeout),
            webhook,
            heartbeat: alerts.heartbeat_url.clone().map(|url| (url, timeout)),
            policy: policy(config),
            retry: RetryPolicy {
                attempts: 3,
                first_wait: Duration::from_secs(1),
                multiplier: 2.0,
                longest: Duration::from_secs(4),
            },
            zone: config.portal.time_zone,
            state_file: state_file
                .unwrap_or_else(|| config.download_dir.join(CONTROL_FOLDER).join(STATE_FILE)),
        }
    }

    /// The channels that are set up.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        let all = [
            (Channel::Email, self.smtp.is_some()),
            (Channel::Webhook, self.webhook.is_some()),
            (Channel::Heartbeat, self.heartbeat.is_some()),
        ];
        let there = all.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(channel, _)| channel).collect()
    }
}

fn smtp(config: &Config, timeout: Duration) -> Option<SmtpSettings> {
    let to = config.alert_email.clone()?;
    let alerts = &config.alerts;
    let usual = match alerts.smtp_tls {
        SmtpTls::Starttls => 587,
        SmtpTls::Tls => 465,
        SmtpTls::None => 25,
    };
    Some(SmtpSettings {
        from: alerts.mail_from.clone().unwrap_or_else(|| to.clone()),
        to,
        host: alerts.smtp_host.clone(),
        port: alerts.smtp_port.unwrap_or(usual),
        tls: alerts.smtp_tls,
        user: alerts.smtp_user.clone(),
        password: alerts.smtp_password.clone(),
        password_file: alerts.smtp_password_file.clone(),
        timeout,
    })
}

fn policy(config: &Config) -> Policy {
    let alerts = &config.alerts;
    Policy {
        raise_after: alerts.raise_after,
        recover_after: alerts.recover_after,
        from: alerts.from_status.0,
        raises_per_day: alerts.max_per_day,
        settle: TimeDelta::minutes(alerts.settle_minutes.into()),
    }
}
