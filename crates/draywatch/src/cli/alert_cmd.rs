//! `draywatch alert test`: do alerts arrive? A test message over every channel that is set up, and what came of it.

use draywatch_core::Kind;
use serde_json::json;

use super::args::{AlertArgs, AlertCommand};
use super::context::{CliError, Context, Status};
use crate::notify::{Channel, Notifier, NotifySettings};

/// Carries out `alert`.
///
/// # Errors
/// When no channel is set up.
pub async fn run(args: &AlertArgs, context: &Context) -> Result<Status, CliError> {
    match args.command {
        AlertCommand::Test => test(context).await,
    }
}

async fn test(context: &Context) -> Result<Status, CliError> {
    let settings = NotifySettings::of(&context.config);
    if settings.channels().is_empty() {
        let words =
            "no channel is set up: set alert_email, alerts.webhook_url or alerts.heartbeat_url";
        return Err(CliError::new(Kind::Configuration, words));
    }
    let done = Notifier::untouched(settings.clone(), context.clock.clone())
        .test()
        .await;
    let rows = done.iter().map(|(channel, result)| {
        json!({ "channel": channel, "ok": result.is_ok(), "error": result.as_ref().err() })
    });
    context.tell(&rows.collect::<Vec<_>>());
    for (channel, result) in &done {
        context.say(match result {
            Ok(()) => format!("ok    {channel:<9}  {}", what(*channel, &settings)),
            Err(failure) => format!("FAIL  {channel:<9}  {}", failure.message),
        });
    }
    Ok(if done.iter().all(|(_, result)| result.is_ok()) {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

/// What went well, without the secret part of any address.
fn what(channel: Channel, settings: &NotifySettings) -> String {
    let host = |url: &url::Url| url.origin().ascii_serialization();
    match (channel, settings) {
        (
            Channel::Email,
            NotifySettings {
                smtp: Some(smtp), ..
            },
        ) => {
            format!("{}:{} took a mail to {}", smtp.host, smtp.port, smtp.to)
        }
        (
            Channel::Webhook,
            NotifySettings {
                webhook: Some(webhook),
                ..
            },
        ) => {
            format!("{} took a message", host(&webhook.url))
        }
        (
            Channel::Heartbeat,
            NotifySettings {
                heartbeat: Some((url, _)),
                ..
            },
        ) => {
            format!("{} answered", host(url))
        }
        _ => String::new(),
    }
}
