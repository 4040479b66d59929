//! `draywatch health`: what the service wrote of itself last, as an exit status. Must not look for itself: a service that is dead
//! must not look well because the program that asks is alive.

use draywatch_core::error::chain;
use draywatch_core::health::Status as Health;
use draywatch_core::zone::FUTURE_TOLERANCE;
use draywatch_web::Report;
use serde_json::json;

use super::context::{Context, Status};
use super::table;
use crate::health;

/// Carries out `health`: 0 healthy or warning, 1 degraded, 2 critical, or nobody there who knows.
pub fn run(context: &Context) -> Status {
    let now = context.clock.now();
    match health::read(&context.config.download_dir) {
        Err(error) => unknown(context, &chain(&error)),
        Ok(report) if report.expires <= now => {
            let message = format!(
                "the service is dead or hangs: it last told of itself at {}, which was good until {}",
                table::utc(report.timestamp),
                table::utc(report.expires)
            );
            unknown(context, &message)
        }
        Ok(report) if report.timestamp > now + FUTURE_TOLERANCE => {
            let message = format!(
                "the service told of itself at {}, which is still to come: was the machine's clock set back?",
                table::utc(report.timestamp)
            );
            unknown(context, &message)
        }
        Ok(report) if health::is_of_dead(&report) => {
            let message = format!(
                "the service is dead: its process {} is gone; it last told of itself at {}",
                report.pid,
                table::utc(report.timestamp)
            );
            unknown(context, &message)
        }
        Ok(report) => known(context, &report),
    }
}

fn unknown(context: &Context, why: &str) -> Status {
    context.tell(&json!({
        "status": Health::Critical,
        "is_running": false,
        "reasons": [{"id": "service", "status": Health::Critical, "message": why}],
    }));
    context.say(format!("critical: {why}"));
    Status::Usage
}

fn known(context: &Context, report: &Report) -> Status {
    context.tell(report);
    context.say(format!(
        "{} at {}",
        report.status,
        table::utc(report.timestamp)
    ));
    for reason in &report.reasons {
        context.say(format!(
            "  {:8}  {}: {}",
            reason.status.as_str(),
            reason.id,
            reason.message
        ));
    }
    match report.status {
        Health::Healthy | Health::Warning => Status::AllWell,
        Health::Degraded => Status::SomethingMissing,
        Health::Critical => Status::Usage,
    }
}
