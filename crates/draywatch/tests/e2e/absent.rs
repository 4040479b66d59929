//! What the program needs and does not find: browser, driver, portal. The message names it, and nothing is lost.

use std::net::TcpListener;

use crate::harness::World;
use crate::input::settled;
use crate::store;

/// `fetch` of a day that cannot be listed: a report that says so, and nothing else changed.
async fn unlisted(world: &World, kind: &str, words: &[&str]) {
    let (content, pictures) = (
        store::content(&world.home).await,
        store::pictures(&world.home),
    );
    let date = world.yesterday().to_string();
    let run = world
        .run(&[
            "fetch",
            "--camera",
            "in_gate",
            "--date",
            &date,
            "--timeout",
            "5",
        ])
        .await;
    run.expect(1).says(words);
    assert_eq!(
        (run.kinds(), run.report()["outcome"].as_str()),
        (vec![kind.to_owned()], Some("failed")),
        "{}",
        run.words()
    );
    assert_eq!(
        (
            store::content(&world.home).await,
            store::pictures(&world.home)
        ),
        (content, pictures)
    );
    assert_eq!(
        store::outcomes(&world.home)
            .await
            .1
            .last()
            .map(String::as_str),
        Some("failed")
    );
    assert_eq!(world.portal.stats().cdn.requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_browser_is_named() {
    let (mut world, _) = settled("input: missing browser and driver").await;
    world.home.set("BROWSER__CHROMIUM", "/nonexistent/chromium");
    unlisted(&world, "browser", &["/nonexistent/chromium"]).await;
    world.home.unset("BROWSER__CHROMIUM");
    world
        .home
        .set("BROWSER__CHROMEDRIVER", "/nonexistent/chromedriver");
    unlisted(&world, "browser", &["/nonexistent/chromedriver"]).await;
    world.home.unset("BROWSER__CHROMEDRIVER");
    let closed = closed_port();
    world.home.set("BROWSER__WEBDRIVER_URL", &closed);
    unlisted(&world, "browser", &[closed.trim_end_matches('/')]).await;
}

/// An address where nobody answers.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}/", listener.local_addr().expect("an address"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_is_not_there_is_told() {
    let (mut world, good) = settled("input: no portal, page not found").await;
    let page = world.portal.page_url();
    let closed = closed_port();
    world.home.set("PORTAL__PAGE_URL", &closed);
    unlisted(&world, "transient", &[closed.trim_end_matches('/')]).await;
    world.home.set(
        "PORTAL__PAGE_URL",
        &format!(
            "{}/nothing",
            page.split("/terminal").next().expect("an origin")
        ),
    );
    unlisted(
        &world,
        "portal_changed",
        &["/nothing)", "HTTP 404", "portal.page_url"],
    )
    .await;
    world.home.set("PORTAL__PAGE_URL", &page);
    // The same for pictures: the frame stays owed.
    let origin = world.portal.image_url();
    let origin = origin.split("/apm").next().expect("an origin");
    let lost = good
        .lines()
        .next()
        .expect("a frame")
        .replace(origin, closed.trim_end_matches('/'));
    let run = world.frames(&lost, &[]).await;
    run.expect(1).says(&[&lost]);
    assert_eq!(
        (run.count("missing"), run.kinds()),
        (1, vec!["transient".to_owned()])
    );
}
