//! Reading the settings again while the service runs. It must not apply them: who uses a setting does.

use std::path::PathBuf;

use crate::config::{Change, Config, ConfigError, Loaded, Overrides, env};

/// What came of reading the settings again.
#[derive(Debug, Clone, PartialEq)]
pub enum Reloaded {
    /// Nothing has changed.
    Same,
    /// Something has.
    Changed {
        /// The settings that count from now on: the new ones, but the old ones where the service must be started again.
        config: Box<Config>,
        /// What changed in it.
        changed: Vec<Change>,
        /// What stays as it was until the service is started again.
        needs_restart: Vec<Change>,
    },
    /// Something is wrong with them; the old ones go on.
    Refused(ConfigError),
}

/// Reads the settings again from where they came from at the start.
#[derive(Debug)]
pub struct Reloader {
    file: Option<PathBuf>,
    overrides: Overrides,
    running: Loaded,
}

impl Reloader {
    /// Of a service that was started with these settings and flags.
    ///
    /// A file that was read at the start must be there again, also where nobody named it: without it the service would go on
    /// with the defaults, elsewhere perhaps.
    #[must_use]
    pub fn new(started: &Loaded, overrides: Overrides) -> Self {
        Self {
            file: started.file.clone(),
            overrides,
            running: started.clone(),
        }
    }

    /// The settings that count.
    #[must_use]
    pub fn running(&self) -> &Config {
        &self.running.config
    }

    /// The same, with where each comes from.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.running
    }

    /// Reads the settings again, and logs what came of it: callers need not.
    pub fn reload(&mut self) -> Reloaded {
        self.reload_with(env::environment())
    }

    /// As [`Reloader::reload`], with the environment given.
    fn reload_with(&mut self, env: Vec<(String, String)>) -> Reloaded {
        let loaded = Config::load(self.file.as_deref(), env, &self.overrides);
        let reloaded = match loaded.and_then(Loaded::fit_for_service) {
            Ok(loaded) => self.take(loaded),
            Err(error) => Reloaded::Refused(error),
        };
        reloaded.log();
        reloaded
    }

    /// Takes new settings as far as possible.
    fn take(&mut self, mut new: Loaded) -> Reloaded {
        let (needs_restart, changed): (Vec<Change>, Vec<Change>) = self
            .running
            .config
            .changes(&new.config)
            .into_iter()
            .partition(|change| change.needs_restart);
        if changed.is_empty() && needs_restart.is_empty() {
            return Reloaded::Same;
        }
        for kept in &needs_restart {
            match self.running.sources.get(kept.name) {
                Some(source) => new.sources.insert(kept.name, source.clone()),
                None => new.sources.remove(kept.name),
            };
        }
        new.config = new.config.for_running(&self.running.config);
        self.running = new;
        Reloaded::Changed {
            config: Box::new(self.running.config.clone()),
            changed,
            needs_restart,
        }
    }
}

impl Reloaded {
    fn log(&self) {
        match self {
            Self::Same => tracing::info!("settings read again: nothing has changed"),
            Self::Refused(error) => {
                tracing::error!("settings not taken, the old ones go on: {error}");
            }
            Self::Changed {
                changed,
                needs_restart,
                ..
            } => {
                for change in changed {
                    tracing::info!(setting = change.name, "setting changed: {change}");
                }
                for change in needs_restart {
                    tracing::warn!(
                        setting = change.name,
                        "setting stays as it was until the service is started again: {change}"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn started(file: &Path, text: &str, overrides: &Overrides) -> Reloader {
        fs::write(file, text).unwrap();
        let loaded = Config::load(Some(file), [], overrides).unwrap();
        Reloader::new(&loaded, overrides.clone())
    }

    fn names(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.name).collect()
    }

    #[test]
    fn a_good_file_is_taken_as_far_as_possible() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        let mut reloader = started(&file, "timeout = 40", &Overrides::none());
        assert_eq!(reloader.reload_with(Vec::new()), Reloaded::Same);

        fs::write(&file, "timeout = 50\ndownload_dir = 'elsewhere'").unwrap();
        let Reloaded::Changed {
            config,
            changed,
            needs_restart,
        } = reloader.reload_with(Vec::new())
        else {
            panic!("it has changed")
        };
        assert_eq!(
            (names(&changed), names(&needs_restart)),
            (vec!["timeout"], vec!["download_dir"])
        );
        assert_eq!(config.timeout, 50);
        assert_eq!(config.download_dir, Config::default().download_dir);
        assert_eq!(reloader.running(), &*config);

        // What waits for a restart is told again, what was taken is not.
        let Reloaded::Changed {
            changed,
            needs_restart,
            ..
        } = reloader.reload_with(Vec::new())
        else {
            panic!("something waits")
        };
        assert_eq!(
            (names(&changed), names(&needs_restart)),
            (vec![], vec!["download_dir"])
        );
        fs::write(&file, "timeout = 50").unwrap();
        assert_eq!(reloader.reload_with(Vec::new()), Reloaded::Same);
    }

    #[test]
    fn a_bad_file_or_none_is_refused_and_the_old_settings_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        let mut reloader = started(&file, "timeout = 40", &Overrides::none());
        fs::write(&file, "timeout = 0\ntimout = 1").unwrap();
        let at_start = Config::load(Some(&file), [], &Overrides::none()).unwrap_err();
        assert_eq!(
            reloader.reload_with(Vec::new()),
            Reloaded::Refused(at_start)
        );
        assert_eq!(reloader.running().timeout, 40);
        fs::remove_file(&file).unwrap();
        assert!(matches!(
            reloader.reload_with(Vec::new()),
            Reloaded::Refused(_)
        ));
        assert_eq!(reloader.running().timeout, 40);
        fs::write(&file, "timeout = 60").unwrap();
        assert!(matches!(
            reloader.reload_with(Vec::new()),
            Reloaded::Changed { .. }
        ));
        assert_eq!(reloader.running().timeout, 60);
    }

    #[test]
    fn flags_and_variables_still_win() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.toml");
        let overrides = Overrides::none().with("timeout", "--timeout", Some(70));
        let mut reloader = started(&file, "timeout = 40", &overrides);
        fs::write(&file, "timeout = 50\nbatch_size = 10").unwrap();
        let env = vec![("DRAYWATCH_BATCH_SIZE".to_owned(), "20".to_owned())];
        let Reloaded::Changed {
            config, changed, ..
        } = reloader.reload_with(env)
        else {
            panic!("it has changed")
        };
        assert_eq!((config.timeout, config.batch_size), (70, 20));
        assert_eq!(names(&changed), ["batch_size"]);
    }
}
