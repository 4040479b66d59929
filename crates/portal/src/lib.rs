//! What frames the portal offers: a real browser, guarded and driven over WebDriver, and readings of the page that must agree.
//!
//! This crate owns Chromium, chromedriver, selectors and the page's quirks. It must not fetch pictures, touch the archive or the
//! database.

pub mod browser;
mod discover;
pub mod guard;
mod listing;
mod page;
mod raw;
mod reading;
mod values;

pub use browser::{Browser, BrowserError, BrowserSettings, SessionJournal};
pub use discover::{Found, find_chromedriver, find_chromium};
pub use listing::{ListError, Listed, Lister, PortalSettings, ZoneState};
