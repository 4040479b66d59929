//! The page that plays a stretch: a real Chromium over stored frames.

use thirtyfour::Key;

use crate::browser::{Browser, visit};
use crate::site::{Site, home, problem};

/// Thirty frames ten minutes apart, from 2025-09-07 10:00 UTC, which is 3 h in Los Angeles, the fourth frozen and the tenth dark; none from the 16th to the 20th.
async fn site() -> Site {
    let home = home(30);
    home.sql("UPDATE images SET verdict = 'frozen' WHERE id = 4")
        .await;
    home.sql("UPDATE images SET verdict = 'dark' WHERE id = 10")
        .await;
    home.sql("DELETE FROM images WHERE id BETWEEN 16 AND 20")
        .await;
    Site::with(home, "").await
}

async fn is_at(browser: &Browser, id: u32) {
    browser
        .wait(&format!(
            "document.getElementById('screen').dataset.shown === '{id}'"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stretch_is_played_scrubbed_and_skipped_through() {
    let site = site().await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        browser.open(&format!("{base}/timelapse")).await;
        is_at(browser, 1).await;
        assert_eq!(
            browser.text("#place").await,
            "1 of 23",
            "without the bad ones"
        );
        assert!(browser.text("#when").await.contains("7 Sep"));
        assert_eq!(
            browser
                .eval("return document.getElementById('when').title")
                .await,
            "2025-09-07 10:00:00 UTC"
        );
        assert_eq!(browser.count("#gaps rect").await, 1);
        browser
            .eval("document.getElementById('scrub').focus()")
            .await;
        for _ in 0..3 {
            browser.keys(Key::Right).await;
        }
        is_at(browser, 5).await;
        let address = browser
            .eval("return document.getElementById('open').getAttribute('href')")
            .await;
        assert_eq!(address, "/day/in_gate/2025-09-07/5");
        browser.keys(Key::End).await;
        is_at(browser, 30).await;
        browser.keys(Key::Home).await;
        is_at(browser, 1).await;
        browser.click("#bad").await;
        browser
            .wait("document.getElementById('place').innerText === '1 of 25'")
            .await;
        browser.click("#nights").await;
        // From 6 h on it is day.
        is_at(browser, 21).await;
        browser.click("#nights").await;
        browser
            .eval("document.getElementById('scrub').focus()")
            .await;
        browser.keys(Key::Home).await;
        is_at(browser, 1).await;
        browser.keys("+").await;
        assert_eq!(browser.text("#rate").await, "13");
        browser.keys(" ").await;
        browser
            .wait("document.getElementById('play').innerText === 'Pause'")
            .await;
        is_at(browser, 30).await;
        browser
            .wait("document.getElementById('play').innerText === 'Play'")
            .await;
        browser.click("#loop").await;
        browser.click("#play").await;
        is_at(browser, 5).await;
        browser.click("#play").await;
        browser
            .wait("document.getElementById('play').innerText === 'Play'")
            .await;
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_to_be_played_is_told() {
    let site = Site::with(home(3), "").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        let stretch = "camera=in_gate&from=2020-01-01T00:00&to=2020-01-02T00:00";
        browser.open(&format!("{base}/timelapse?{stretch}")).await;
        browser
            .wait("document.getElementById('told').innerText === 'There is no frame in this stretch.'")
            .await;
        assert!(browser.text("#save code:last-of-type").await.is_empty(), "folded");
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn stretches_that_make_no_sense_are_refused() {
    let site = Site::new(1).await;
    for (query, code) in [
        ("camera=nobody", 404),
        ("from=2025-09-07T08:00&to=2025-09-07T07:00", 400),
        ("from=2025-01-01T00:00&to=2025-09-07T07:00", 400),
        ("from=noon", 400),
        ("fps=0", 400),
        ("fps=61", 400),
        ("fps=fast", 400),
        ("speed=1", 400),
    ] {
        problem(site.get(&format!("/timelapse?{query}")).await, code).await;
    }
}
