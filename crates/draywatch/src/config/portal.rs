//! The section `[portal]`: where the portal is, how it is read, and how we behave there.

use chrono_tz::Tz;
use draywatch_core::zone::ImageTimeSetting;
use url::Url;

use super::setting::{Spec, section};

section! {
    /// Where the portal is and how it is read.
    PortalConfig = "portal.", |config| config.portal;

    /// The page with the cameras and the calendar of their pictures.
    page_url: Url => Spec::default(r#""https://app.draydog.com/terminal_cameras/apm""#);
    /// The address that all pictures lie under.
    image_url: Url => Spec::default(r#""https://cdn.draydog.com/apm""#);
    /// The terminal's time zone: the portal's calendar days are days there.
    time_zone: Tz => Spec::default(r#""America/Los_Angeles""#);
    /// How the times in picture addresses are read: `"utc"`, `"local"`, or `"auto"` to tell by the newest picture.
    image_time: ImageTimeSetting => Spec::default(r#""auto""#);
    /// How the portal's operator can reach you, a mail or web address: it is sent along with every request.
    contact: Option<String> => Spec::unset(r#""you@example.com""#)
        .check("plain ASCII text", header);
    /// Seconds of pause between two days of a backfill.
    pause_between_days_seconds: u32 => Spec::default("2").within(0, 3600);
}

/// What can stand in a `User-Agent` header.
fn header(text: &str) -> Result<(), String> {
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        Ok(())
    } else {
        Err("it is sent in the User-Agent header, which takes nothing else".to_owned())
    }
}
