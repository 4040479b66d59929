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

/// What of its sheet each thumbnail shows is its own tile, all of it: 90 rows of 96 where the sheet is 160 wide.
async fn tiles(browser: &Browser) {
    let script = "return [...document.querySelectorAll('.thumb img[class^=tile-]')].map((one) => { \
        const scale = one.width / one.naturalWidth; \
        const share = parseFloat(getComputedStyle(one).objectPosition.split(' ')[1]) / 100; \
        const top = (one.naturalHeight * scale - one.height) * share / scale; \
        return [Number(one.className.at(-1)), Math.round(top), Math.round(one.height / scale), one.naturalHeight]; })";
    let found = browser.eval(script).await;
    let found = found.as_array().unwrap();
    assert!(found.len() > 100, "{found:?}");
    for tile in found {
        let nth = tile[0].as_u64().unwrap();
        assert_eq!(*tile, serde_json::json!([nth, 96 * nth + 3, 90, 576]));
    }
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
    for width in [390, 1600] {
        browser.screen(width, false).await;
        tiles(browser).await;
    }
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
    let tiles = browser.count(".grid .slot .tile").await;
    assert!(tiles > 200, "{tiles} in {}", browser.text(".grid").await);
    // A run tells which frames were refused, not only how many.
    browser.open(&format!("{base}/runs/1")).await;
    let owed = browser.text("section[aria-labelledby=owed] tbody").await;
    assert!(owed.contains("http 404"), "{owed}");
    // On a phone a run is a card that is not mostly empty, with its reason in sight.
    browser.screen(390, false).await;
    browser.open(&format!("{base}/runs")).await;
    let script = "return [...document.querySelectorAll('.runs tbody tr')].map((one) => [one.offsetHeight, one.scrollWidth])";
    for row in browser.eval(script).await.as_array().unwrap() {
        assert!(row[0].as_u64() < Some(150), "{row}");
        assert!(row[1].as_u64() <= Some(390), "{row}");
    }
    // Code is shown as code.
    for page in ["/settings", "/health", "/api/docs"] {
        browser.open(&format!("{base}{page}")).await;
        browser
            .wait("document.querySelector('summary code, main, .settings')")
            .await;
        let text = browser.text("body").await;
        assert!(!text.contains('`'), "{page}: {text}");
    }
    browser.wait("document.querySelector('summary')").await;
    assert!(!browser.text("body").await.contains('`'));
    browser.eval("document.querySelector('a').click()").await;
    browser.wait("location.pathname === '/'").await;
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

/// Shown were only days from the oldest frame that was left on: removed and failed ones vanished from the year.
#[tokio::test]
async fn coverage_tells_of_removed_days_when_no_frame_is_left() {
    let home = home(3);
    let pruned = home
        .command(&["prune"])
        .env("DRAYWATCH_RETENTION_DAYS", "9")
        .output()
        .unwrap();
    assert!(pruned.status.success(), "{pruned:?}");
    assert_eq!(home.rows().await, 0);
    let site = Site::new_with_token(home).await;
    let page = site.get("/coverage?camera=in_gate&year=2025").await;
    let page = page.text().await.unwrap();
    assert!(
        page.contains("removed <b>0 %</b> (3 slots)"),
        "the share: {page}"
    );
    let gap = page.split("<tbody>").nth(1).unwrap_or_default();
    assert!(
        gap.contains("2025-09-07 10:00:00 UTC") && gap.contains("removed"),
        "the gap: {gap}"
    );
    assert!(gap.contains("24:00"), "{gap}");
    let now = site.get("/coverage?camera=in_gate&year=").await;
    let now = now.text().await.unwrap();
    assert!(now.contains("<option value=\"2025\""), "{now}");
}

/// Six pages that listened took all of the browser's connections, also in tabs that nobody saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_pages_leave_room_for_another_and_all_are_kept_current() {
    let site = Site::with(home(2), "").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        let shows = |id: u32| {
            format!("document.querySelector('.picture img')?.src.includes('/images/{id}/')")
        };
        let mut seen = Vec::new();
        for nth in 0..7 {
            let page = match nth % 3 {
                0 => browser.driver.new_tab().await.unwrap(),
                _ => browser.driver.new_window().await.unwrap(),
            };
            browser.driver.switch_to_window(page.clone()).await.unwrap();
            browser.open(base).await;
            browser.wait(&shows(2)).await;
            seen.push(page);
        }
        let eighth = browser.driver.new_window().await.unwrap();
        browser.driver.switch_to_window(eighth).await.unwrap();
        browser.open(&format!("{base}/coverage")).await;
        browser
            .wait("document.readyState === 'complete' && document.querySelector('h1')")
            .await;
        site.home.store(&nth(40), &picture(40)).await;
        for page in seen {
            browser.driver.switch_to_window(page).await.unwrap();
            // By its own screen, whatever lies before it: what nobody sees need not be current.
            if browser.eval("return document.hidden").await == false {
                browser.wait(&shows(3)).await;
                assert_eq!(browser.text("#told").await, "");
            }
        }
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

/// A hidden page lets go of its stream, and catches up when it is seen again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_nobody_sees_does_not_listen() {
    let site = Site::with(home(2), "").await;
    visit(async |browser: &Browser| {
        browser.open(&site.server.base).await;
        browser.wait("document.querySelector('.picture img')?.src.includes('/images/2/')").await;
        let hide = |is: bool| {
            format!(
                "Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {is} }}); \
                 document.dispatchEvent(new Event('visibilitychange'))"
            )
        };
        browser.eval(&hide(true)).await;
        site.home.store(&nth(40), &picture(40)).await;
        browser.eval(&hide(false)).await;
        browser.wait("document.querySelector('.picture img')?.src.includes('/images/3/')").await;
        site.home.store(&nth(41), &picture(41)).await;
        browser.wait("document.querySelector('.picture img')?.src.includes('/images/4/')").await;
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

/// On a phone the map began in January, empty; its days could not be reached by keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_begins_at_its_newest_day_and_goes_by_keys() {
    let site = Site::with(home(3), "").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        browser.screen(390, false).await;
        browser.open(&format!("{base}/coverage?year=2025")).await;
        browser.wait("document.getElementById('map').scrollLeft > 0").await;
        let seen = "const map = document.getElementById('map').getBoundingClientRect(); \
                    const day = document.activeElement.closest('#map a') ?? document.querySelector('#map a[tabindex=\"0\"]'); \
                    const at = day.getBoundingClientRect(); return at.left > map.left && at.right < map.right";
        assert_eq!(browser.eval(seen).await, true);
        browser.eval("document.querySelector('#map a[tabindex=\"0\"]').focus()").await;
        for (key, date) in [
            (Key::Left, "2025-12-30"),
            (Key::Up, "2025-12-23"),
            (Key::PageUp, "2025-11-23"),
            (Key::Right, "2025-11-24"),
            (Key::Home, "2025-09-07"),
        ] {
            browser.keys(key).await;
            let here = browser.eval("return document.activeElement.getAttribute('href')").await;
            assert_eq!(here, format!("/day/in_gate/{date}"));
            assert_eq!(browser.eval(seen).await, true, "{date}");
            assert_eq!(browser.count("#map a[tabindex='0']").await, 1);
        }
        browser.keys(Key::Enter).await;
        browser.wait("location.pathname === '/day/in_gate/2025-09-07'").await;
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}
