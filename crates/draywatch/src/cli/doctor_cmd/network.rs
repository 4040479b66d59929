//! The portal's page, the host of the pictures, and what the portal's clock says of ours. One request each.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::error::chain;
use reqwest::Response;
use reqwest::header::DATE;

use super::Check;
use crate::cli::context::Context;
use crate::cli::table::span;
use crate::collect::fetch_settings;
use crate::config::Config;

/// How long a server may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// How far our clock may be from the portal's.
const CLOCK_LIMIT: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn checks(context: &Context, offline: bool) -> Vec<Check> {
    if offline {
        return ["portal", "pictures", "clock"]
            .map(|check| Check::skipped(check, "--offline"))
            .to_vec();
    }
    let config = &context.config;
    let page = get(config, config.portal.page_url.as_str()).await;
    let now = context.clock.now();
    let clock = clock(page.as_ref().ok().and_then(date), now);
    vec![portal(config, page), pictures(config).await, clock]
}

/// One GET; the error in words.
pub(super) async fn get(config: &Config, address: &str) -> Result<Response, String> {
    let client = reqwest::Client::builder()
        .user_agent(fetch_settings(config).user_agent)
        .timeout(LIMIT)
        .build();
    let client = client.map_err(|error| chain(&error.without_url()))?;
    client.get(address).send().await.map_err(|error| {
        if error.is_timeout() {
            format!("no answer within {} s", LIMIT.as_secs())
        } else {
            chain(&error.without_url())
        }
    })
}

fn portal(config: &Config, page: Result<Response, String>) -> Check {
    let address = &config.portal.page_url;
    match page {
        Ok(answer) if answer.status().is_success() => {
            Check::ok("portal", format!("{address} answers ({})", answer.status()))
        }
        Ok(answer) => {
            let detail = format!("{address} answers {}", answer.status());
            Check::fail(
                "portal",
                detail,
                "open it in a browser: the portal may be down, or portal.page_url wrong",
            )
        }
        Err(why) => {
            let mend =
                "check the network, a proxy (HTTPS_PROXY), the firewall, and portal.page_url";
            Check::fail("portal", format!("{address} does not answer: {why}"), mend)
        }
    }
}

/// Any answer will do: nobody but the portal knows an address of a picture.
async fn pictures(config: &Config) -> Check {
    let address = &config.portal.image_url;
    match get(config, address.as_str()).await {
        Ok(_) => Check::ok("pictures", format!("the host of {address} answers")),
        Err(why) => {
            let mend =
                "check the network, a proxy (HTTPS_PROXY), the firewall, and portal.image_url";
            Check::fail(
                "pictures",
                format!("the host of {address} does not answer: {why}"),
                mend,
            )
        }
    }
}

/// The time in an answer's `Date` header.
fn date(answer: &Response) -> Option<DateTime<Utc>> {
    let text = answer.headers().get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok().map(Into::into)
}

fn clock(theirs: Option<DateTime<Utc>>, ours: DateTime<Utc>) -> Check {
    let Some(theirs) = theirs else {
        return Check::skipped("clock", "the portal's answer names no time to compare with");
    };
    let off = (ours - theirs).abs();
    if off <= CLOCK_LIMIT {
        return Check::ok(
            "clock",
            format!(
                "within {} of the portal's",
                span(off.max(TimeDelta::seconds(1)))
            ),
        );
    }
    let side = if ours > theirs { "ahead of" } else { "behind" };
    let detail = format!("this machine's clock is {} {side} the portal's", span(off));
    Check::warn(
        "clock",
        detail,
        "set the clock (`timedatectl set-ntp true`): picture times are held against it",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_named() {
        let now = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        assert_eq!(
            clock(Some(now + TimeDelta::seconds(90)), now).status,
            Health::Ok
        );
        assert_eq!(clock(None, now).status, Health::Skipped);
        let behind = clock(Some(now + TimeDelta::minutes(3)), now);
        assert_eq!(behind.status, Health::Warn);
        assert!(behind.detail.contains("3 min behind"), "{}", behind.detail);
    }
}
