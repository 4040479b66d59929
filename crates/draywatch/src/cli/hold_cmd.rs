//! `draywatch hold`: stretches of time that no clean-up touches.

use draywatch_catalog::{Catalog, Hold};
use draywatch_core::Kind;
use draywatch_core::retention::HoldSpan;

use super::args::{HoldAddArgs, HoldArgs, HoldCommand};
use super::context::{CliError, Context, Status};
use super::look;
use super::table::{self, Side, Table};

/// Carries out `hold`.
///
/// # Errors
/// When a camera is unknown, the times are backwards, there is no such hold, or the database cannot be used.
pub async fn run(args: &HoldArgs, context: &Context) -> Result<Status, CliError> {
    let catalog = look::database(context).await?;
    let done = match &args.command {
        HoldCommand::Add(add_args) => add(add_args, context, &*catalog).await,
        HoldCommand::List => list(context, &*catalog).await,
        HoldCommand::Release { id } => release(*id, context, &*catalog).await,
    };
    catalog.close().await;
    done
}

async fn add(
    args: &HoldAddArgs,
    context: &Context,
    catalog: &dyn Catalog,
) -> Result<Status, CliError> {
    if let Some(camera) = &args.camera {
        look::cameras(context, std::slice::from_ref(camera), catalog).await?;
    }
    let (today, zone) = (context.today(), context.config.portal.time_zone);
    let span = HoldSpan {
        camera: args.camera.clone(),
        from: args.from.start(today, zone),
        to: args.to.end(today, zone),
    };
    if span.from >= span.to {
        let words = format!("--from {} is after --to {}", args.from, args.to);
        return Err(CliError::new(Kind::Configuration, words));
    }
    let now = context.clock.now();
    let id = catalog.add_hold(&span, &args.reason, now).await?;
    let hold = Hold {
        id,
        span,
        reason: args.reason.clone(),
        created_at: now,
    };
    context.tell(&hold);
    context.say(format!("hold {id} is made: {}", stretch(&hold, context)));
    Ok(Status::AllWell)
}

async fn list(context: &Context, catalog: &dyn Catalog) -> Result<Status, CliError> {
    let holds = catalog.holds().await?;
    context.tell(&holds);
    if holds.is_empty() {
        context.say("nothing is on hold");
        return Ok(Status::AllWell);
    }
    let mut table = Table::new(&[
        ("id", Side::Right),
        ("camera", Side::Left),
        ("from", Side::Left),
        ("to", Side::Left),
        ("made (UTC)", Side::Left),
        ("reason", Side::Left),
    ]);
    let zone = context.config.portal.time_zone;
    for hold in &holds {
        table.row([
            hold.id.to_string(),
            camera(hold),
            table::local(hold.span.from, zone),
            table::local(hold.span.to, zone),
            table::utc(hold.created_at),
            hold.reason.clone(),
        ]);
    }
    context.say(table);
    Ok(Status::AllWell)
}

async fn release(id: i64, context: &Context, catalog: &dyn Catalog) -> Result<Status, CliError> {
    let Some(hold) = catalog.release_hold(id).await? else {
        let words = format!("there is no hold {id}: `draywatch hold list` shows all");
        return Err(CliError::new(Kind::NotFound, words));
    };
    context.tell(&hold);
    context.say(format!(
        "hold {id} is released: {}",
        stretch(&hold, context)
    ));
    Ok(Status::AllWell)
}

fn camera(hold: &Hold) -> String {
    hold.span
        .camera
        .as_ref()
        .map_or_else(|| "all".to_owned(), ToString::to_string)
}

fn stretch(hold: &Hold, context: &Context) -> String {
    let zone = context.config.portal.time_zone;
    let (from, to) = (
        table::local(hold.span.from, zone),
        table::local(hold.span.to, zone),
    );
    format!("{}, {from} to {to} ({})", camera(hold), hold.reason)
}
