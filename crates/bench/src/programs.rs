//! Which programs are measured and where they lie. Must not start any.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::Cli;

/// The programs.
pub struct Programs {
    /// The product.
    pub draywatch: PathBuf,
    /// The simulated portal.
    pub portal_sim: PathBuf,
}

impl Programs {
    /// Those that were built together with this one.
    pub fn find(cli: &Cli) -> Result<Self> {
        let programs = Self::beside()?;
        if cfg!(debug_assertions) && !cli.quick {
            bail!(
                "these programs are not optimised: run with `cargo run --release`, or with --quick"
            );
        }
        if std::process::Command::new("curl")
            .arg("--version")
            .output()
            .is_err()
        {
            bail!("there is no curl here, with which draywatch is compared: apt-get install curl");
        }
        Ok(programs)
    }

    /// Those that lie beside this one.
    pub fn beside() -> Result<Self> {
        let own = std::env::current_exe().context("cannot tell where this program lies")?;
        let beside = own.parent().unwrap_or(Path::new("."));
        let programs = Self {
            draywatch: beside.join("draywatch"),
            portal_sim: beside.join("portal-sim"),
        };
        for program in [&programs.draywatch, &programs.portal_sim] {
            if !program.is_file() {
                bail!(
                    "{} is not there: run `cargo build --release -p draywatch -p portal-sim` first (`make bench` does)",
                    program.display()
                );
            }
        }
        Ok(programs)
    }

    /// Copies of them in a folder: a build that goes on beside a long run does not touch it.
    pub fn copied(&self, folder: &Path) -> Result<Self> {
        let copy = |program: &Path, name: &str| {
            let to = folder.join(name);
            std::fs::copy(program, &to).with_context(|| format!("cannot copy {name}"))?;
            anyhow::Ok(to)
        };
        Ok(Self {
            draywatch: copy(&self.draywatch, "draywatch")?,
            portal_sim: copy(&self.portal_sim, "portal-sim")?,
        })
    }

    /// A temporary folder for everything, on the disk that is measured.
    pub fn folder(&self, cli: &Cli) -> Result<tempfile::TempDir> {
        let beside = self.draywatch.parent().unwrap_or(Path::new("."));
        let parent = cli.folder.as_deref().unwrap_or(beside);
        let made = tempfile::Builder::new().prefix("bench-").tempdir_in(parent);
        made.with_context(|| format!("no folder can be made in {}", parent.display()))
    }
}
