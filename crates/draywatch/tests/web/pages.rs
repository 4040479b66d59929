//! The dashboard as people use it: a real Chromium over frames that were really stored.

use std::time::Instant;

use draywatch_core::{CameraId, FrameId};
use thirtyfour::Key;

use crate::browser::{Browser, visit};
use crate::collected::{Collected, collected};
use crate::site::{Site, home, nth, picture};
use crate::support::{at, full, image, path};

/// Every page by the name of its screenshots: a new one is a line here.
fn pages(world: &Collected) -> Vec<(&'static str, String)> {
    let day = world.yesterday;
    vec![
        ("now", "/".to_owned()),
        ("day", format!("/day/in_gate/{day}")),
        ("pair", format!("/day/in_gate/{day}?with=out_gate")),
        ("frame", format!("/day/in_gate/{day}/20")),
        ("frames", format!("/day/in_gate/{day}/20?with=out_gate")),
        ("timelapse", "/timelapse?camera=in_gate".to_owned()),
        ("coverage", "/coverage".to_owned()),
        ("runs", "/runs".to_owned()),
        ("run", "/runs/1".to_owned()),
        ("health", "/health".to_owned()),
        ("settings", "/settings".to_owned()),
        ("absent", "/nowhere".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_on_phones_and_desks_light_and_dark() {
    let world = collected().await;
    let base = &world.site.server.base;
    visit(async |browser: &Browser| {
        for (name, path) in pages(&world) {
            browser.inspect(name, &format!("{base}{path}")).await;
        }
        contents(browser, &world).await;
    })
    .await;
}

/// What was collected is what is shown.
async fn contents(browser: &Browser, world: &Collected) {
    let base = &world.site.server.base;
    browser.open(&format!("{base}/nowhere")).await;
    assert!(browser.text("h1").await.contains("Not Found"));
    assert_eq!(browser.count("nav.places a").await, 7);
    browser.open(base).await;
    assert_eq!(browser.count("article.camera .picture img").await, 2);
    assert_eq!(browser.count("article.camera svg.strip").await, 2);
    assert_eq!(browser.count("[aria-current=page]").await, 1);
    browser
        .open(&format!("{base}/day/in_gate/{}", world.yesterday))
        .await;
    let stored = "SELECT COUNT(*) FROM images WHERE camera_id = 'in_gate'";
    let stored = world.site.home.number(stored).await;
    let shown = browser.count(".grid .thumb").await;
    assert!(
        shown > 100 && i64::try_from(shown).unwrap() <= stored,
        "{shown} of {stored}"
    );
    let gaps = browser.eval("return [...document.querySelectorAll('.grid .gap')].map((one) => one.innerText).join('; ')").await;
    let gaps = gaps.as_str().unwrap();
    assert!(
        gaps.contains("camera offline") && gaps.contains("not downloaded"),
        "{gaps}"
    );
    browser
        .open(&format!(
            "{base}/day/in_gate/{}?with=out_gate",
            world.yesterday
        ))
        .await;
    assert!(browser.count(".grid .slot .tile").await > 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_cameras_fit_on_a_page() {
    let home = home(1);
    let catalog = home.catalog().await;
    for number in 0..59_u8 {
        let frame = FrameId::first(
            CameraId::new(&format!("gate_{number:02}")).unwrap(),
            at(number.into()),
        );
        let bytes = full(number);
        home.write(&path(&frame), &bytes);
        assert_eq!(
            catalog
                .adopt(&[image(&frame, &bytes)], at(0))
                .await
                .unwrap(),
            1
        );
    }
    catalog.close().await;
    let site = Site::with(home, "").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        browser.inspect("many", base).await;
        // in_gate and out_gate are collected; the latter has no frame.
        assert_eq!(browser.count("article.camera").await, 61);
        assert_eq!(browser.count("article.camera .picture img").await, 60);
        browser
            .inspect("all", &format!("{base}/day/in_gate/2025-09-07?with=all"))
            .await;
        assert_eq!(browser.count(".strips .strip").await, 6);
        assert!(
            browser
                .text(".frames")
                .await
                .contains("55 more cameras are left out")
        );
    })
    .await;
}

/// What judges the pages would find something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_judges_of_pages_have_eyes() {
    let site = Site::with(home(1), "").await;
    visit(async |browser: &Browser| {
        browser.open(&site.server.base).await;
        assert_eq!(browser.violations().await, Vec::<String>::new());
        browser.eval("document.documentElement.removeAttribute('lang')").await;
        assert_eq!(browser.violations().await.len(), 1);
        assert_eq!(browser.errors().await, Vec::<String>::new());
        browser.eval("document.querySelector('h1').setAttribute('style', 'color: red')").await;
        let errors = browser.errors().await;
        assert!(errors.len() == 1 && errors[0].contains("Content Security Policy"), "{errors:?}");
        browser.eval("const one = new Image(); one.src = '/nowhere.png'; return one.decode().catch(() => {})").await;
        assert_eq!(browser.errors().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_gone_through_by_keyboard() {
    let site = Site::with(home(30), "").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        browser.open(&format!("{base}/day")).await;
        assert_eq!(browser.path().await, "/day/in_gate/2025-09-07");
        assert_eq!(browser.count(".grid .thumb").await, 30);
        browser.keys(Key::Tab).await;
        assert_eq!(browser.eval("return document.activeElement.className").await, "skip");
        browser.keys(Key::Enter).await;
        browser.wait("document.activeElement.id === 'main'").await;
        browser.eval("document.querySelector('.calendar [aria-current]').focus()").await;
        browser.keys(Key::Down).await;
        browser.keys(Key::Left).await;
        browser.keys(Key::Enter).await;
        browser.wait("location.pathname === '/day/in_gate/2025-09-13'").await;
        browser.driver.back().await.unwrap();
        browser.wait("location.pathname === '/day/in_gate/2025-09-07'").await;
        browser.click("#f5").await;
        browser.wait("location.pathname === '/day/in_gate/2025-09-07/5' && document.getElementById('zoom')?.hidden === false").await;
        for (key, path) in [(Key::Right, 6), (Key::Right, 7), (Key::Left, 6)] {
            browser.keys(key).await;
            browser
                .wait(&format!("location.pathname.endsWith('/{path}') && document.getElementById('zoom')?.hidden === false"))
                .await;
        }
        browser.keys("+").await;
        browser.wait("document.querySelector('.stage img').style.transform.includes('scale(1.5)')").await;
        browser.keys(Key::Escape).await;
        browser.wait("document.querySelector('.stage img').style.transform === ''").await;
        let facts = browser.text(".facts").await;
        for word in ["UTC", "800 × 40", "SHA-256", "2025-09-07 10:50:00 UTC"] {
            assert!(facts.contains(word), "{word}: {facts}");
        }
        browser.keys(Key::Escape).await;
        browser.wait("location.hash === '#f6' && document.querySelector('.thumb:target')").await;
        assert_eq!(browser.errors().await, Vec::<String>::new());
        // An address by another day still leads to the frame.
        browser.open(&format!("{base}/day/out_gate/2020-01-01/6")).await;
        assert_eq!(browser.path().await, "/day/in_gate/2025-09-07/6");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_frame_comes_by_itself() {
    let site = Site::with(home(2), "").await;
    visit(async |browser: &Browser| {
        browser.open(&site.server.base).await;
        browser
            .wait("document.querySelector('.picture img')?.src.includes('/images/2/')")
            .await;
        assert!(browser.text(".when").await.contains("ago"));
        site.home.store(&nth(40), &picture(40)).await;
        let stored = Instant::now();
        browser
            .wait("document.querySelector('.picture img')?.src.includes('/images/3/')")
            .await;
        println!("shown {:?} after its row", stored.elapsed());
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}
