//! `draywatch gaps`: the times without a picture, and why each is missing.

use chrono_tz::Tz;
use draywatch_core::coverage::Stretch;
use draywatch_core::{CameraId, Kind};
use serde_json::{Value, json};

use super::args::GapsArgs;
use super::context::{CliError, Context, Status};
use super::look;
use super::table::{self, Side, Table};
use crate::config::select_cameras;
use crate::maintain::gaps;

/// Carries out `gaps`.
///
/// # Errors
/// When a camera is unknown, the days are backwards, or the database cannot be read.
pub async fn run(args: &GapsArgs, context: &Context) -> Result<Status, CliError> {
    let cameras = select_cameras(&context.config, &args.cameras.cameras)?;
    let days = args.range(context.today());
    let days = days.map_err(|error| CliError::new(Kind::Configuration, error.to_string()))?;
    let (zone, now) = (context.config.portal.time_zone, context.clock.now());
    let catalog = look::database(context).await?;
    let gaps = gaps::gaps(&*catalog, &cameras, days, zone, now).await?;
    catalog.close().await;
    let found: Vec<_> = cameras.into_iter().zip(gaps).collect();
    let list: Vec<Value> = found
        .iter()
        .flat_map(|(camera, gaps)| gaps.iter().map(move |gap| to_json(camera, gap)))
        .collect();
    let status = if list.is_empty() {
        Status::AllWell
    } else {
        Status::SomethingMissing
    };
    context.tell(&list);
    say(context, &found, zone);
    Ok(status)
}

fn to_json(camera: &CameraId, gap: &Stretch) -> Value {
    json!({
        "camera_id": camera,
        "from": gap.from,
        "to": gap.to,
        "slots": gap.slots,
        "answer": gap.answer.as_str(),
        "reason": gaps::reason_code(&gap.answer),
        "words": gaps::in_words(&gap.answer),
    })
}

fn say(context: &Context, found: &[(CameraId, Vec<Stretch>)], zone: Tz) {
    let mut table = Table::new(&[
        ("camera", Side::Left),
        ("from", Side::Left),
        ("to", Side::Left),
        ("slots", Side::Right),
        ("answer", Side::Left),
        ("why", Side::Left),
    ]);
    for (camera, gaps) in found {
        for gap in gaps {
            table.row([
                camera.to_string(),
                table::local(gap.from, zone),
                table::local(gap.to, zone),
                gap.slots.to_string(),
                gap.answer.as_str().to_owned(),
                gaps::in_words(&gap.answer),
            ]);
        }
    }
    if found.iter().any(|(_, gaps)| !gaps.is_empty()) {
        context.say(table);
    }
    for (camera, gaps) in found {
        let slots = gaps::slots(gaps);
        context.say(match slots {
            0 => format!("{camera}: nothing is missing"),
            slots => format!(
                "{camera}: {slots} slots of ten minutes ({}) without a full picture",
                gaps::length(slots)
            ),
        });
    }
}
