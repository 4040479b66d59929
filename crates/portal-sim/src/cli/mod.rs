//! Owns the command line of the binary: flags over a configuration file over the defaults. It must not start
//! anything.

mod behaviours;
mod values;
mod world;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use portal_sim::{Behaviours, Config};

use behaviours::{ApiFlags, PageFlags};
use values::json;
use world::WorldFlags;

/// A simulated camera portal: page, history API and CDN on loopback, failing on demand.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Configuration as JSON; flags win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Exit when standard input closes.
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
    /// Draw the last so many local days of all cameras before being ready.
    #[arg(long, value_name = "DAYS")]
    pub(crate) prewarm: Option<u32>,
    #[command(flatten)]
    world: WorldFlags,
    #[command(flatten)]
    page: PageFlags,
    #[command(flatten)]
    api: ApiFlags,
}

impl Cli {
    /// The configuration that file and flags add up to.
    pub(crate) fn into_config(self) -> Result<Config> {
        let mut config = match &self.config {
            None => Config::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_str(&text)
                    .with_context(|| format!("{} is wrong", path.display()))?
            }
        };
        if let Some(text) = &self.page.all {
            config.behaviours = json::<Behaviours>(text)?;
        }
        self.world.apply(&mut config)?;
        self.page.apply(&mut config.behaviours);
        self.api.apply(&mut config.behaviours);
        Ok(config)
    }
}
