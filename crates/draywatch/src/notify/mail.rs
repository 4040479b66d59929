//! A message by e-mail. Must not choose the words, nor try again.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use draywatch_core::alert::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::failure::SendError;
use super::settings::SmtpSettings;
use super::words;
use crate::blocking::blocking;
use crate::config::SmtpTls;

/// Sends one mail over a connection of its own: alerts are rare, and servers close connections that are idle.
pub(super) async fn send(
    settings: &SmtpSettings,
    message: &Message,
    now: DateTime<Utc>,
    zone: Tz,
) -> Result<(), SendError> {
    let mail = lettre::Message::builder()
        .from(mailbox(&settings.from)?)
        .to(mailbox(&settings.to)?)
        .subject(words::subject(message))
        .date(now.into())
        .header(ContentType::TEXT_PLAIN)
        .body(words::body(message, zone))?;
    let failed = |error| SendError::Smtp {
        server: format!("{}:{}", settings.host, settings.port),
        error,
    };
    // Certificates and the password lie in files.
    let own = settings.clone();
    let transport = blocking(move || transport(&own)).await?;
    let sent = transport.build::<Tokio1Executor>().send(mail).await;
    sent.map(|_| ()).map_err(failed)
}

/// Only an address: what else would stand in a header stays out.
fn mailbox(address: &str) -> Result<Mailbox, SendError> {
    let parsed = address.trim().parse();
    let address = parsed.map_err(|error| SendError::Address(words::one_line(address), error))?;
    Ok(Mailbox::new(None, address))
}

fn transport(settings: &SmtpSettings) -> Result<AsyncSmtpTransportBuilder, SendError> {
    let failed = |error| SendError::Smtp {
        server: format!("{}:{}", settings.host, settings.port),
        error,
    };
    let tls = match settings.tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => {
            Tls::Required(TlsParameters::new(settings.host.clone()).map_err(failed)?)
        }
        SmtpTls::Tls => Tls::Wrapper(TlsParameters::new(settings.host.clone()).map_err(failed)?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .port(settings.port)
        .tls(tls)
        .timeout(Some(settings.timeout));
    Ok(match &settings.user {
        Some(user) => builder.credentials(Credentials::new(user.clone(), password(settings)?)),
        None => builder,
    })
}

fn password(settings: &SmtpSettings) -> Result<String, SendError> {
    if let Some(password) = &settings.password {
        return Ok(password.reveal().to_owned());
    }
    let Some(path) = &settings.password_file else {
        return Err(SendError::NoPassword);
    };
    let text = std::fs::read_to_string(path).map_err(|error| SendError::Password {
        path: path.display().to_string(),
        error,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
