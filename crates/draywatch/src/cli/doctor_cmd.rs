//! `draywatch doctor`: is everything here that is needed? One line a check, and how to mend what is not well. It makes and
//! changes nothing (but opening an older database adopts or migrates it, as every command does).

mod browser;
mod network;
mod storage;

use serde::Serialize;

use super::args::DoctorArgs;
use super::context::{CliError, Context, Status};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All well.
    Ok,
    /// It works, but should be looked at.
    Warn,
    /// It needs mending.
    Fail,
    /// Not looked at, for the reason given.
    Skipped,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// How it went.
    pub status: Health,
    /// What was found.
    pub detail: String,
    /// How to mend it, where there is something to mend.
    pub mend: Option<String>,
}

impl Check {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Ok,
            detail: detail.into(),
            mend: None,
        }
    }

    fn skipped(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Skipped,
            detail: detail.into(),
            mend: None,
        }
    }

    fn warn(check: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Warn,
            detail: detail.into(),
            mend: Some(mend.into()),
        }
    }

    fn fail(check: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Fail,
            detail: detail.into(),
            mend: Some(mend.into()),
        }
    }
}

/// Carries out `doctor`.
///
/// # Errors
/// None of its own: what is wrong is a check that failed.
pub async fn run(args: &DoctorArgs, context: &Context) -> Result<Status, CliError> {
    let mut checks = vec![configuration(context)];
    checks.extend(storage::checks(context).await);
    checks.extend(browser::checks(context).await);
    checks.extend(network::checks(context, args.offline).await);
    context.tell(&checks);
    for check in &checks {
        context.say(format!(
            "{:<7}  {:<12}  {}",
            check.status.as_str(),
            check.check,
            check.detail
        ));
        if let Some(mend) = &check.mend {
            context.say(format!("{:<7}  {:<12}  -> {mend}", "", ""));
        }
    }
    let failed = checks
        .iter()
        .filter(|check| check.status == Health::Fail)
        .count();
    context.say(match failed {
        0 => "all is here that is needed".to_owned(),
        1 => "1 check failed".to_owned(),
        failed => format!("{failed} checks failed"),
    });
    Ok(if failed == 0 {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

/// The configuration was read and held against all rules before this command began.
fn configuration(context: &Context) -> Check {
    let config = &context.config;
    let cameras: Vec<&str> = config
        .stream_names
        .iter()
        .map(draywatch_core::CameraId::as_str)
        .collect();
    let found = format!(
        "valid; cameras {}; days are those of {}",
        cameras.join(", "),
        config.portal.time_zone
    );
    if config.portal.contact.is_some() {
        return Check::ok("configuration", found);
    }
    let detail = format!("{found}; no contact address is set");
    let mend =
        "set portal.contact to a mail or web address, so that the portal's operator can reach you";
    Check::warn("configuration", detail, mend)
}
