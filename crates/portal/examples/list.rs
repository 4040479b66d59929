//! Lists days of a portal, for looking at by hand: `list PAGE_URL GUARD CAMERA IMAGE_TIME DATE...`

use std::time::Duration;

use draywatch_core::zone::ImageTimeSetting;
use draywatch_core::{CameraId, Clock};
use draywatch_portal::{BrowserSettings, Lister, PortalSettings, ZoneState};

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_env_filter(std::env::var("LOG").unwrap_or_default())
        .with_writer(std::io::stderr)
        .init();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let image_time = match args[3].as_str() {
        "utc" => ImageTimeSetting::Utc,
        "local" => ImageTimeSetting::Local,
        _ => ImageTimeSetting::Auto,
    };
    let settings = PortalSettings {
        page_url: args[0].parse().unwrap(),
        time_zone: chrono_tz::America::Los_Angeles,
        image_time,
        page_timeout: Duration::from_secs(20),
        attempts: 3,
    };
    let browser = BrowserSettings {
        webdriver_url: None,
        chromium: None,
        chromedriver: None,
        headless: true,
        guard: args[1].clone().into(),
        user_agent_suffix: "draywatch".into(),
        time_zone: "America/Los_Angeles".into(),
        command_timeout: Duration::from_secs(60),
        page_load_timeout: Duration::from_secs(30),
    };
    let mut lister = Lister::new(settings, browser, None, Clock::system());
    let camera = CameraId::new(&args[2]).unwrap();
    for date in &args[4..] {
        let date = if date == "today" {
            lister.today()
        } else {
            date.parse().unwrap()
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(200);
        let begun = std::time::Instant::now();
        match lister
            .list(&camera, date, &ZoneState::default(), deadline)
            .await
        {
            Ok(listed) => {
                println!(
                    "{date}: {} frames, {:?}, {:.2?} (portal {:.2?}), {:?}, first {:?}",
                    listed.listing.frames.len(),
                    listed.listing.confirmation,
                    begun.elapsed(),
                    listed.listing.portal_took,
                    listed.reading,
                    listed.listing.frames.first()
                );
            }
            Err(error) => println!(
                "{date}: {} {:?}",
                error.kind(),
                draywatch_core::error::chain(&error)
            ),
        }
    }
    lister.close().await;
}
