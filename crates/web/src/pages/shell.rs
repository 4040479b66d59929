//! What is around every page: navigation, health, who is logged in. Must not know what a page shows.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use draywatch_core::health::Status;

use super::assets;
use super::times::{Clock, Time};
use crate::access::Caller;
use crate::state::App;

/// The pages of the navigation in its order: name, and path below the base. A new one is a line here.
pub const PLACES: [(&str, &str); 7] = [
    ("Now", "/"),
    ("Day", "/day"),
    ("Timelapse", "/timelapse"),
    ("Coverage", "/coverage"),
    ("Runs", "/runs"),
    ("Health", "/health"),
    ("Settings", "/settings"),
];

/// A visit to a page: everything that its handler needs besides its own parameters.
#[derive(Clone)]
pub struct Visit {
    /// The program.
    pub app: App,
    /// Who visits.
    pub caller: Caller,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// What is around a page; every template has it as `shell`.
#[derive(Debug, Clone)]
pub struct Shell {
    /// What stands before every path of ours, such as `/gates`; empty for nothing.
    pub base: String,
    /// The page's own title.
    pub title: String,
    /// The navigation.
    pub places: Vec<Place>,
    /// Health as a word and a class.
    pub health: Badge,
    /// Who is logged in.
    pub user: Option<String>,
    /// Where styles and scripts are.
    pub assets: String,
    /// Scripts of this page.
    pub modules: Vec<&'static str>,
    /// The terminal's zone.
    pub zone: Tz,
    /// The moment at which the page was made.
    pub now: DateTime<Utc>,
    /// The version of draywatch.
    pub version: &'static str,
}

/// A page of the navigation.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// Its address.
    pub address: String,
    /// Whether it is the one that is shown.
    pub is_here: bool,
}

/// A state as a word, and the class that colours it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Badge {
    /// The word.
    pub word: &'static str,
    /// The class, such as `is-warning`.
    pub class: &'static str,
}

impl Visit {
    /// What is around a page of that title, which belongs to that place of the navigation (its name there; "" for none).
    #[must_use]
    pub fn shell(&self, place: &str, title: impl Into<String>) -> Shell {
        let base = self.app.settings().base_path.clone();
        let may_look = self.caller.right > crate::settings::Right::Nothing;
        let places = PLACES.iter().filter(|_| may_look);
        Shell {
            places: places
                .map(|(name, path)| Place {
                    name,
                    address: address(&base, path),
                    is_here: *name == place,
                })
                .collect(),
            health: if may_look {
                self.health()
            } else {
                Badge::default()
            },
            title: title.into(),
            user: self.caller.session.as_ref().map(|one| one.user.clone()),
            assets: assets::folder(&base),
            modules: Vec::new(),
            zone: self.app.settings().zone,
            now: self.now,
            version: env!("CARGO_PKG_VERSION"),
            base,
        }
    }

    /// Health; a report that is too old says nothing.
    fn health(&self) -> Badge {
        let snapshot = self.app.source().snapshot();
        if snapshot.report.expires < self.now {
            return Badge {
                word: "unknown",
                class: "is-unknown",
            };
        }
        snapshot.report.status.into()
    }
}

impl Shell {
    /// With a script of the assets.
    #[must_use]
    pub fn with(mut self, module: &'static str) -> Self {
        self.modules.push(module);
        self
    }

    /// The address of a path of ours, such as `/runs`.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        address(&self.base, path)
    }

    /// How times are shown here.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self.zone, self.now)
    }

    /// The moment at which the page was made.
    #[must_use]
    pub fn made(&self) -> Time {
        self.clock().time(self.now)
    }
}

impl From<Status> for Badge {
    fn from(status: Status) -> Self {
        let (word, class) = match status {
            Status::Healthy => ("healthy", "is-healthy"),
            Status::Warning => ("warning", "is-warning"),
            Status::Degraded => ("degraded", "is-degraded"),
            Status::Critical => ("critical", "is-critical"),
        };
        Self { word, class }
    }
}

/// A path below the base; the base itself has no slash at its end.
fn address(base: &str, path: &str) -> String {
    match (base, path) {
        ("", path) => path.to_owned(),
        (base, "/") => base.to_owned(),
        (base, path) => format!("{base}{path}"),
    }
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let app = App::from_ref(state);
        Ok(Self {
            caller: parts
                .extensions
                .get::<Caller>()
                .cloned()
                .unwrap_or_default(),
            now: app.now(),
            app,
        })
    }
}

#[cfg(test)]
pub(super) fn plain() -> Shell {
    Shell {
        base: "/gates".to_owned(),
        title: "<title>".to_owned(),
        places: Vec::new(),
        health: Status::Warning.into(),
        user: Some("\"><script>ann".to_owned()),
        assets: assets::folder("/gates"),
        modules: Vec::new(),
        zone: Tz::UTC,
        now: DateTime::UNIX_EPOCH,
        version: "0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_below_the_base() {
        for (base, path, whole) in [
            ("", "/", "/"),
            ("", "/day", "/day"),
            ("/gates", "/", "/gates"),
            ("/gates", "/day", "/gates/day"),
        ] {
            assert_eq!(address(base, path), whole);
        }
    }
}
