//! The settings at the top level of the file: the names that users know.

use std::path::PathBuf;
use std::time::Duration;

use draywatch_catalog::DatabaseUrl;
use draywatch_core::CameraId;

use super::alerts::AlertsConfig;
use super::browser::BrowserConfig;
use super::health::HealthConfig;
use super::log::LogConfig;
use super::portal::PortalConfig;
use super::retention::{Retention, RetentionConfig};
use super::service::ServiceConfig;
use super::setting::{Spec, section};
use super::web::WebConfig;

section! {
    /// The whole configuration: where everything is and how often it happens.
    Config = "", |config| config;

    /// The cameras to collect ("streams" in the portal's words).
    stream_names: Vec<CameraId> => Spec::default(r#"["in_gate", "out_gate"]"#);
    /// The folder that holds the pictures. A relative path counts from the working directory, and stays
    /// relative in the database.
    download_dir: PathBuf => Spec::default(r#""data/images""#).at_restart();
    /// The database, by SQLAlchemy's rule: three slashes before a relative path, four before an absolute one.
    database_url: String => Spec::default(r#""sqlite:///data/database.db""#)
        .check("a database address such as \"sqlite:///data/database.db\"", database)
        .at_restart();
    /// Minutes between two collections of a camera by the service.
    download_interval_minutes: u32 => Spec::default("10").at_least(5);
    /// Hours between two rounds of cleaning up by the service.
    cleanup_interval_hours: u32 => Spec::default("24").within(1, 8760);
    /// How long pictures are kept: `"forever"`, or a number of days. A number counts for all pictures, also for those
    /// that were adopted or that other programs put there; lack of room (`[retention]`) never takes these.
    retention_days: Retention => Spec::default(r#""forever""#).within(1, 100_000);
    /// Attempts in all at one request within one collection, with a short pause of seconds between them.
    max_retries: u32 => Spec::default("3").at_least(1);
    /// Seconds until the service tries a failed collection, or a frame that could not be fetched, again. An
    /// explicit `fetch` does not wait.
    retry_delay_seconds: u32 => Spec::default("60").at_least(1);
    /// Whether that delay grows from one failure to the next.
    exponential_backoff: bool => Spec::default("true");
    /// The factor by which it grows.
    backoff_multiplier: f64 => Spec::default("2.0").above(1.0);
    /// The longest delay that it grows to, in seconds.
    max_retry_delay_seconds: u32 => Spec::default("600").at_least(1);
    /// Frames that are handed on and committed together.
    batch_size: u32 => Spec::default("50").within(1, 1000);
    /// Pictures that are downloaded at the same time. The portal is a public service: keep this low.
    concurrent_downloads: u32 => Spec::default("3").within(1, 100);
    /// Minutes after which the collection of one camera's day is broken off; what is missing stays in the ledger.
    collection_deadline_minutes: u32 => Spec::default("10").within(1, 1440);
    /// Whether the service listens at all: for health checks, metrics, pages and the API.
    enable_health_check: bool => Spec::default("true").at_restart();
    /// The port of health checks, metrics, pages and the API; 0 takes any free one.
    health_check_port: u16 => Spec::default("8080").within(0, 65535).at_restart();
    /// Where alerts are mailed to, by the server in `[alerts]`.
    alert_email: Option<String> => Spec::unset(r#""you@example.com""#)
        .check("a mail address such as \"you@example.com\"", email);
    /// Whether the browser works without a window.
    headless: bool => Spec::default("true");
    /// Seconds to wait for a page or for a picture.
    timeout: u32 => Spec::default("30").at_least(1);

    @section
    /// Where the portal is and how it is read: `[portal]`.
    portal: PortalConfig;
    @section
    /// The browser that reads the portal's page: `[browser]`.
    browser: BrowserConfig;
    @section
    /// What is removed for lack of room: `[retention]`.
    retention: RetentionConfig;
    @section
    /// How the service keeps time and keeps going: `[service]`.
    service: ServiceConfig;
    @section
    /// Where the pages and the API are served, and who may do what there: `[web]`.
    web: WebConfig;
    @section
    /// Over which channels people hear of trouble, and when: `[alerts]`.
    alerts: AlertsConfig;
    @section
    /// From where on things are not well: `[health]`.
    health: HealthConfig;
    @section
    /// What the service writes about itself: `[log]`.
    log: LogConfig;
    @hidden
    /// The interval that a test asked for, by `DRAYWATCH_TEST_INTERVAL_SECONDS`.
    test_interval: Option<Duration>;
}

/// The catalog knows which databases there are.
fn database(text: &str) -> Result<(), String> {
    DatabaseUrl::parse(text)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// One `@` with something on either side; more only the mail server can tell.
pub(super) fn email(text: &str) -> Result<(), String> {
    let Some((name, domain)) = text.split_once('@') else {
        return Err("there is no @ in it".to_owned());
    };
    if name.is_empty() || domain.is_empty() || domain.contains('@') {
        return Err("it must have one @, with something on either side".to_owned());
    }
    if text.contains(char::is_whitespace) {
        return Err("there is a space in it".to_owned());
    }
    Ok(())
}
