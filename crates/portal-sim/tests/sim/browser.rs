//! The page in a real Chromium: what a visitor sees under each behaviour. Needs `chromium` and `chromedriver`.

mod visitor;

use std::time::Duration;

use crate::common::{at, evening, start};
use anyhow::{Context, Result, ensure};
use portal_sim::{ApiFailure, Behaviours, Config, EmptyDay};
use thirtyfour::prelude::*;
use visitor::{HISTORY, Visitor, chromedriver};

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_sees_what_the_behaviours_say() {
    // The workspace's HTTP client takes whichever TLS library the program names.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut chromedriver, url) = chromedriver().await.expect("chromedriver");
    let mut config: Config = at(evening());
    config.schedule.empty_days = vec![EmptyDay {
        camera: None,
        date: "2025-09-05".parse().expect("a date"),
    }];
    let portal = start(config).await;
    let profile = std::env::temp_dir().join(format!("portal-sim-chromium-{}", std::process::id()));
    let mut wishes = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,1000",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        wishes.add_arg(argument).expect("an argument");
    }
    let driver = WebDriver::new(&url, wishes).await.expect("a session");
    let visitor = Visitor {
        driver: driver.clone(),
        portal,
    };
    let outcome = visit(&visitor).await;
    driver.quit().await.expect("quit");
    chromedriver.kill().await.expect("kill");
    let _ = std::fs::remove_dir_all(profile);
    outcome.expect("everything as it should be");
}

async fn visit(visitor: &Visitor) -> Result<()> {
    good_day(visitor).await.context("good day")?;
    stale_and_neighbours(visitor)
        .await
        .context("stale and neighbours")?;
    lazy_and_endless(visitor)
        .await
        .context("lazy and endless")?;
    other_looks(visitor).await.context("other looks")?;
    blank(visitor).await.context("blank")?;
    expired(visitor).await.context("expired days")?;
    failures(visitor).await.context("failures")
}

async fn good_day(visitor: &Visitor) -> Result<()> {
    visitor.load(Behaviours::default()).await?;
    let today = visitor.expected(10)?;
    visitor.wait_for(HISTORY, today.len()).await?;
    ensure!(visitor.shown().await? == today, "today's pictures differ");
    ensure!(
        visitor.count("#camera-live img.live-picture").await? == 3,
        "live pictures"
    );
    ensure!(
        visitor
            .count("input.el-input__inner[placeholder='Pick a day']")
            .await?
            == 1,
        "the picker"
    );
    ensure!(
        visitor.count(".el-date-editor").await? == 1,
        "the picker's class"
    );
    let before = visitor.driver.current_url().await?;
    visitor.pick(8).await?;
    let picked = visitor.expected(8)?;
    visitor.wait_for(HISTORY, picked.len()).await?;
    ensure!(
        visitor.shown().await? == picked,
        "the picked day's pictures differ"
    );
    ensure!(
        visitor.driver.current_url().await? == before,
        "the address changed"
    );
    ensure!(
        visitor.count("td.disabled").await? > 0,
        "no day is disabled"
    );
    visitor.pick(5).await?;
    visitor.wait_for(".el-empty", 1).await?;
    ensure!(
        visitor.count(HISTORY).await? == 0,
        "pictures on an empty day"
    );
    Ok(())
}

async fn stale_and_neighbours(visitor: &Visitor) -> Result<()> {
    visitor
        .load(Behaviours {
            stale_ms: 1500,
            neighbours: 2,
            xhr: true,
            ..Behaviours::default()
        })
        .await?;
    let today = visitor.expected(10)?;
    visitor.wait_for(HISTORY, today.len() + 2).await?;
    visitor.pick(8).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(
        visitor.shown().await?.ends_with(&visitor.expected(9)?[..2]),
        "not stale"
    );
    let picked = visitor.expected(8)?;
    visitor.wait_for(HISTORY, picked.len() + 4).await?;
    let shown = visitor.shown().await?;
    ensure!(
        shown[2..shown.len() - 2] == picked,
        "the picked day is not among what is shown"
    );
    Ok(())
}

async fn lazy_and_endless(visitor: &Visitor) -> Result<()> {
    let total = visitor.expected(10)?.len();
    visitor
        .load(Behaviours {
            lazy: true,
            ..Behaviours::default()
        })
        .await?;
    visitor.wait_for("#camera-history .el-image", total).await?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let first = visitor.count(HISTORY).await?;
    ensure!(
        first > 0 && first < total / 2,
        "{first} of {total} before scrolling"
    );
    visitor.scroll_to_end().await?;
    tokio::time::sleep(Duration::from_millis(800)).await;
    let second = visitor.count(HISTORY).await?;
    ensure!(
        second > first && second < total,
        "{second} of {total} after scrolling"
    );
    visitor
        .load(Behaviours {
            endless: true,
            ..Behaviours::default()
        })
        .await?;
    visitor.wait_for(HISTORY, 24).await?;
    visitor
        .driver
        .execute("window.scrollTo(0, 1e6)", Vec::new())
        .await?;
    tokio::time::sleep(Duration::from_millis(400)).await;
    ensure!(
        visitor.count(HISTORY).await? == 24,
        "the window's scrolling fetched more"
    );
    for page in 2..=total.div_ceil(24) {
        visitor.scroll_to_end().await?;
        visitor.wait_for(HISTORY, total.min(page * 24)).await?;
    }
    ensure!(
        visitor.shown().await? == visitor.expected(10)?,
        "the pages do not add up"
    );
    Ok(())
}

async fn other_looks(visitor: &Visitor) -> Result<()> {
    let total = visitor.expected(10)?.len();
    visitor
        .load(Behaviours {
            renamed: true,
            no_heading: true,
            ..Behaviours::default()
        })
        .await?;
    visitor.wait_for("#q13 .dx-image__inner", total).await?;
    ensure!(
        visitor
            .count("[class^='el-'], [class*=' el-'], .camera-images, #camera-history")
            .await?
            == 0,
        "old class names"
    );
    ensure!(
        visitor.count("input[placeholder='Choose a date']").await? == 1,
        "the placeholder"
    );
    ensure!(visitor.count("#q13 h2").await? == 0, "the heading");
    visitor
        .load(Behaviours {
            readonly_picker: true,
            live_like_history: true,
            ..Behaviours::default()
        })
        .await?;
    visitor.wait_for(HISTORY, total).await?;
    ensure!(
        visitor.count("#camera-history input[readonly]").await? == 1,
        "one can type"
    );
    let live = visitor
        .count("#camera-live .camera-images img.el-image__inner[src*='-thumbnail']")
        .await?;
    ensure!(live == 3, "{live} live pictures look like history");
    Ok(())
}

async fn blank(visitor: &Visitor) -> Result<()> {
    let blank = Behaviours {
        blank_loads: 1,
        ..Behaviours::default()
    };
    visitor.load(blank).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(visitor.count("#app *").await? == 0, "not blank");
    visitor.driver.refresh().await?;
    visitor
        .wait_for(HISTORY, visitor.expected(10)?.len())
        .await?;
    let unreadable = Behaviours {
        unreadable: true,
        ..Behaviours::default()
    };
    visitor.load(unreadable).await?;
    visitor.wait_for("canvas", 1).await?;
    ensure!(visitor.count("img, input").await? == 0, "can still be read");
    Ok(())
}

async fn expired(visitor: &Visitor) -> Result<()> {
    let config = Config {
        history_days: 3,
        ..at(evening())
    };
    let visitor = Visitor {
        driver: visitor.driver.clone(),
        portal: start(config).await,
    };
    for (disable_expired, days) in [(false, 10), (true, 4)] {
        let ways = Behaviours {
            disable_expired,
            ..Behaviours::default()
        };
        visitor.load(ways).await?;
        visitor
            .wait_for(HISTORY, visitor.expected(10)?.len())
            .await?;
        visitor.pick(9).await?;
        visitor.wait_for("td.available", days).await?;
    }
    Ok(())
}

async fn failures(visitor: &Visitor) -> Result<()> {
    let failing = Behaviours {
        failing_api: Some(ApiFailure::ServerError),
        ..Behaviours::default()
    };
    visitor.load(failing.clone()).await?;
    visitor.wait_for("#camera-history .el-alert", 1).await?;
    ensure!(
        visitor.count("#camera-live img.live-picture").await? == 3,
        "live pictures"
    );
    visitor
        .load(Behaviours {
            swallow_errors: true,
            ..failing
        })
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(
        visitor.count(".el-alert, .el-empty").await? == 0,
        "a message"
    );
    ensure!(visitor.count(HISTORY).await? == 0, "pictures");
    swallowed(visitor).await
}

/// A pick that fails leaves the previous day's pictures, without a word.
async fn swallowed(visitor: &Visitor) -> Result<()> {
    let quiet = Behaviours {
        swallow_errors: true,
        ..Behaviours::default()
    };
    let today = visitor.expected(10)?;
    visitor.load(quiet.clone()).await?;
    visitor.wait_for(HISTORY, today.len()).await?;
    visitor.portal.set_behaviours(Behaviours {
        failing_api: Some(ApiFailure::ErrorBody),
        ..quiet
    });
    visitor.pick(8).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(visitor.shown().await? == today, "not what was there before");
    ensure!(visitor.count(".el-alert").await? == 0, "a message");
    Ok(())
}
