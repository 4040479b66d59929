//! `draywatch placeholder`: the cards that cameras send when they have no picture.

use std::path::Path;

use draywatch_catalog::{Catalog, Placeholder};
use draywatch_core::Kind;
use draywatch_picture::Limits;

use super::args::{PlaceholderArgs, PlaceholderCommand};
use super::context::{CliError, Context, Status};
use super::look;
use super::table::{self, Side, Table};

/// Carries out `placeholder`.
///
/// # Errors
/// When a file is no whole picture, there is no card of that name, or the database cannot be used.
pub async fn run(args: &PlaceholderArgs, context: &Context) -> Result<Status, CliError> {
    let catalog = look::database(context).await?;
    let done = match &args.command {
        PlaceholderCommand::Add { file, name } => add(file, name, context, &*catalog).await,
        PlaceholderCommand::List => list(context, &*catalog).await,
        PlaceholderCommand::Remove { name } => remove(name, context, &*catalog).await,
    };
    catalog.close().await;
    done
}

async fn add(
    file: &Path,
    name: &str,
    context: &Context,
    catalog: &dyn Catalog,
) -> Result<Status, CliError> {
    let refused = |why: String| {
        let words = format!("{} cannot be a placeholder: {why}", file.display());
        CliError::new(Kind::Corrupt, words)
    };
    let length = std::fs::metadata(file).map_err(|error| refused(error.to_string()))?;
    if !length.is_file() || length.len() > Limits::default().max_bytes as u64 {
        return Err(refused("it is no file of the size of a picture".to_owned()));
    }
    let picture = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
    let verified = draywatch_picture::verify(&picture, None);
    let verified = verified.map_err(|refusal| refused(refusal.to_string()))?;
    let card = Placeholder {
        name: name.to_owned(),
        sha256: verified.sha256.to_string(),
        added_at: context.clock.now(),
    };
    let is_new = catalog.add_placeholder(&card, &picture).await?;
    context.tell(&card);
    context.say(if is_new {
        format!(
            "pictures like {} are placeholders from now on; `draywatch examine --again` looks at older ones again",
            file.display()
        )
    } else {
        format!("that picture is a placeholder of the name \"{name}\" already")
    });
    Ok(Status::AllWell)
}

async fn list(context: &Context, catalog: &dyn Catalog) -> Result<Status, CliError> {
    let cards = catalog.placeholders().await?;
    context.tell(&cards);
    if cards.is_empty() {
        context.say("no placeholders are known but by draywatch's own rules");
        return Ok(Status::AllWell);
    }
    let mut table = Table::new(&[
        ("name", Side::Left),
        ("added (UTC)", Side::Left),
        ("sha256", Side::Left),
    ]);
    for card in &cards {
        let start: String = card.sha256.chars().take(16).collect();
        table.row([card.name.clone(), table::utc(card.added_at), start]);
    }
    context.say(table);
    Ok(Status::AllWell)
}

async fn remove(name: &str, context: &Context, catalog: &dyn Catalog) -> Result<Status, CliError> {
    let gone = catalog.remove_placeholders(name).await?;
    if gone.is_empty() {
        let words = format!(
            "there is no placeholder of the name \"{name}\": `draywatch placeholder list` shows all"
        );
        return Err(CliError::new(Kind::NotFound, words));
    }
    context.tell(&gone);
    context.say(format!(
        "{} placeholders are removed; `draywatch examine --again` looks at older pictures again",
        gone.len()
    ));
    Ok(Status::AllWell)
}
