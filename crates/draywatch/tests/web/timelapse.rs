//! The page that plays a stretch: a real Chromium over stored frames.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::browser::{Browser, visit};
use crate::site::{PATIENCE, Site, TOKEN, home, problem};

/// Thirty frames ten minutes apart, from 2025-09-07 10:00 UTC, which is 3 h in Los Angeles, the fourth frozen and the tenth dark; none from the 16th to the 20th.
async fn site(settings: &str) -> Site {
    let home = home(30);
    home.sql("UPDATE images SET verdict = 'frozen' WHERE id = 4")
        .await;
    home.sql("UPDATE images SET verdict = 'dark' WHERE id = 10")
        .await;
    home.sql("DELETE FROM images WHERE id BETWEEN 16 AND 20")
        .await;
    Site::with(home, settings).await
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
    let site = site("").await;
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
        // The command that is shown makes the film that the page makes.
        let command = "return document.getElementById('command').textContent";
        let begin = "draywatch timelapse --camera in_gate --from 2025-09-06T14:51:00Z --to 2025-09-07T14:50:59Z --thumbnails";
        let shown = browser.eval(command).await;
        let bad = "--skip frozen --skip placeholder --skip blank --skip dark";
        assert_eq!(shown, format!("{begin} --fps 12 {bad} --output in_gate.mp4"));
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
        let shown = browser.eval(command).await;
        assert_eq!(shown, format!("{begin} --fps 12 --all --by-day --output in_gate.mp4"));
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

/// The stretch of all thirty frames.
fn wanted(more: &Value) -> Value {
    let mut wanted =
        json!({"camera": "in_gate", "from": "2025-09-07T00:00:00Z", "to": "2025-09-08T00:00:00Z"});
    let more = more.as_object().unwrap().clone();
    wanted.as_object_mut().unwrap().extend(more);
    wanted
}

/// Waits until the video has ended, well or not.
async fn ended(site: &Site, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let told = site.json(&format!("/api/v1/timelapses/{id}")).await;
        if told["state"] == "done" || told["state"] == "failed" {
            return told;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn videos(site: &Site) -> usize {
    let folder = site.home.at("data/images/.draywatch/thumbnails/videos");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_video_is_made_watched_fetched_and_removed() {
    let site = site(&format!("web.token = \"{TOKEN}\"")).await;
    for (more, codec, frames) in [
        (json!({"skip_bad": true}), "h264", "23"),
        (
            json!({"form": "webm", "fps": 60, "skip_nights": true}),
            "vp9",
            // From 6 h there on, which is the 19th, and up to the 20th there are none.
            "10",
        ),
    ] {
        let (code, told) = site.post("/api/v1/timelapses", wanted(&more)).await;
        assert_eq!(code, 202, "{told}");
        let id = told["id"].as_str().unwrap();
        let done = ended(&site, id).await;
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(done["total"].to_string(), frames);
        let address = done["file"].as_str().unwrap();
        let answer = site.get(address).await;
        let headers = answer.headers().clone();
        let form = if codec == "h264" { "mp4" } else { "webm" };
        assert_eq!(headers["content-type"], format!("video/{form}"));
        let name = format!("attachment; filename=\"in_gate_20250906T170000.{form}\"");
        assert_eq!(headers["content-disposition"], name);
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(done["bytes"], bytes.len());
        let part = site.ask(Method::GET, address).header("range", "bytes=0-9");
        let part = part.send().await.unwrap();
        assert_eq!(
            (part.status().as_u16(), part.bytes().await.unwrap()),
            (206, bytes.slice(..10))
        );
        site.home.write("video", &bytes);
        let output = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-count_frames",
                "-of",
                "csv=p=0",
                "-show_entries",
            ])
            .arg("stream=codec_name,nb_read_frames")
            .arg(site.home.at("video"))
            .output()
            .expect("ffprobe: run scripts/setup test");
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!(found.trim(), format!("{codec},{frames}"));
        assert_eq!(videos(&site), 1);
        let gone = site.ask(Method::DELETE, &format!("/api/v1/timelapses/{id}"));
        assert_eq!(gone.send().await.unwrap().status(), 204);
        problem(site.get(address).await, 404).await;
        assert_eq!(videos(&site), 0);
    }
}

#[tokio::test]
async fn a_video_that_cannot_be_made_says_why_and_leaves_nothing() {
    let site = site(&format!("web.token = \"{TOKEN}\"")).await;
    for (wanted, code) in [
        (wanted(&json!({"camera": "nobody"})), 404),
        (wanted(&json!({"to": "2025-09-06T00:00:00Z"})), 404),
        (wanted(&json!({"to": "2025-12-06T00:00:00Z"})), 409),
        (wanted(&json!({"fps": 0})), 400),
        (wanted(&json!({"form": "gif"})), 400),
        (wanted(&json!({"path": "/etc/passwd"})), 400),
        (json!({}), 400),
    ] {
        let (found, told) = site.post("/api/v1/timelapses", wanted.clone()).await;
        assert_eq!(found, code, "{wanted} {told}");
    }
    let past = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"});
    let (_, told) = site.post("/api/v1/timelapses", wanted(&past)).await;
    let id = told["id"].as_str().unwrap();
    let failed = ended(&site, id).await;
    assert_eq!(failed["state"], "failed");
    assert!(
        failed["problem"]
            .as_str()
            .unwrap()
            .contains("no frame to play")
    );
    problem(
        site.get(&format!("/api/v1/timelapses/{id}/file")).await,
        404,
    )
    .await;
    // Stopped at once, whatever it was at.
    let (_, told) = site.post("/api/v1/timelapses", wanted(&json!({}))).await;
    let address = format!("/api/v1/timelapses/{}", told["id"].as_str().unwrap());
    let stopped = site.ask(Method::DELETE, &address).send().await.unwrap();
    assert_eq!(stopped.status(), 204);
    problem(site.get(&address).await, 404).await;
    let begun = Instant::now();
    while videos(&site) > 0 {
        assert!(begun.elapsed() < PATIENCE, "what was begun is removed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_has_a_video_made_and_hands_it_over() {
    let site = site("").await;
    let base = &site.server.base;
    visit(async |browser: &Browser| {
        let stretch = "camera=in_gate&from=2025-09-07T00:00&to=2025-09-08T00:00";
        browser.open(&format!("{base}/timelapse?{stretch}")).await;
        is_at(browser, 1).await;
        browser.click("#save summary").await;
        browser.click("#make").await;
        browser
            .wait("!document.getElementById('fetch').hidden")
            .await;
        let told = browser.text("#how").await;
        assert!(told.starts_with("23 frames, "), "{told}");
        let is_seen = "return document.getElementById('stop').checkVisibility()";
        assert_eq!(browser.eval(is_seen).await, false, "nothing to be stopped");
        let address = browser
            .eval("return document.getElementById('fetch').getAttribute('href')")
            .await;
        let fetched = site.bare(Method::GET, address.as_str().unwrap());
        assert_eq!(fetched.send().await.unwrap().status(), 200);
        for (width, is_dark) in [(390, false), (1600, true)] {
            browser.screen(width, is_dark).await;
            browser
                .eval("document.getElementById('save').scrollIntoView()")
                .await;
            browser.shoot(&format!("video-{width}.png")).await;
            assert_eq!(browser.violations().await, Vec::<String>::new());
        }
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn who_may_only_read_has_no_video_made() {
    let settings = format!("web.token = \"{TOKEN}\"\nweb.read_token = \"only-to-read-123456\"");
    let site = site(&settings).await;
    let read = |method, path: &str| site.bare(method, path).bearer_auth("only-to-read-123456");
    let body = wanted(&json!({})).to_string();
    let refused = read(Method::POST, "/api/v1/timelapses").body(body);
    let refused = refused.header("content-type", "application/json");
    problem(refused.send().await.unwrap(), 403).await;
    for (token, has) in [(TOKEN, true), ("only-to-read-123456", false)] {
        let page = site.bare(Method::GET, "/timelapse").bearer_auth(token);
        let page = page.send().await.unwrap().text().await.unwrap();
        assert_eq!(page.contains("id=\"make\""), has);
        assert_eq!(page.contains("you may read"), !has);
    }
}
