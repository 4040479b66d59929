//! Coverage, runs, health and settings as people use them: a real Chromium over frames that were really collected.

use draywatch_catalog::NewRun;

use crate::browser::{Browser, visit};
use crate::collected::{Collected, collected};
use crate::site::{Site, home, problem};
use crate::support::{at, camera};

/// What a page has of an element, one line for each.
async fn lines(browser: &Browser, selector: &str) -> Vec<String> {
    let script =
        format!("return [...document.querySelectorAll({selector:?})].map((one) => one.innerText)");
    let found = browser.eval(&script).await;
    let lines = found.as_array().unwrap().iter();
    lines.map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_collected_is_told() {
    let world = collected().await;
    visit(async |browser: &Browser| {
        coverage(browser, &world).await;
        runs(browser, &world).await;
        health(browser, &world).await;
        settings(browser, &world).await;
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

async fn coverage(browser: &Browser, world: &Collected) {
    let (base, day) = (&world.site.server.base, world.yesterday);
    browser
        .open(&format!("{base}/coverage?camera=out_gate"))
        .await;
    let head = browser.text("main h2").await;
    assert!(
        head.starts_with("out_gate in 20") && head.ends_with('%'),
        "{head}"
    );
    let legend = browser.text(".legend").await;
    for word in ["stored", "camera offline", "not downloaded"] {
        assert!(legend.contains(word), "{word}: {legend}");
    }
    let rows = lines(browser, "table tbody tr").await;
    let is_told = |reason: &str| {
        rows.iter()
            .any(|row| row.contains(&day.to_string()) && row.contains(reason))
    };
    assert!(is_told("camera offline"), "{rows:?}");
    assert!(is_told("not downloaded: http 404"), "{rows:?}");
    // A click on a day of the map leads there.
    browser
        .click(&format!(".map a[href$='/day/out_gate/{day}'] rect"))
        .await;
    browser
        .wait(&format!("location.pathname === '/day/out_gate/{day}'"))
        .await;
}

async fn runs(browser: &Browser, world: &Collected) {
    let base = &world.site.server.base;
    browser.open(&format!("{base}/runs")).await;
    assert_eq!(browser.count("tbody tr").await, 4);
    browser
        .eval("document.querySelector('#camera').value = 'in_gate'")
        .await;
    browser.click("main form button").await;
    browser.wait("location.search.includes('in_gate')").await;
    let rows = lines(browser, "tbody tr").await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains("in_gate")), "{rows:?}");
    // Yesterday's, which came first; early in the day today may have no frame that is missing.
    let yesterday = world.yesterday.to_string();
    assert!(
        rows[1].contains(&yesterday) && rows[1].contains("incomplete"),
        "{rows:?}"
    );
    browser.click("tbody tr:last-child a").await;
    browser.wait("location.pathname.startsWith('/runs/')").await;
    let (listed, text) = (
        world
            .site
            .home
            .number("SELECT listed FROM runs WHERE camera_id = 'in_gate' ORDER BY id LIMIT 1")
            .await,
        browser.text("main").await,
    );
    assert!(text.contains(&format!("Listed\n{listed}")), "{text}");
    assert!(
        text.contains("http_404") && text.contains("Known to be all"),
        "{text}"
    );
}

async fn health(browser: &Browser, world: &Collected) {
    let base = &world.site.server.base;
    browser.open(&format!("{base}/health")).await;
    assert_eq!(browser.count(".history li").await, 30);
    let text = browser.text("main").await;
    assert!(text.contains("no service has run here yet"), "{text}");
    assert!(text.contains("Database\nok"), "{text}");
}

async fn settings(browser: &Browser, world: &Collected) {
    let base = &world.site.server.base;
    browser.open(&format!("{base}/settings")).await;
    let row = browser.text("[id='health_check_port']").await;
    assert!(row.contains('0') && row.contains("draywatch.toml"), "{row}");
    let row = browser.text("[id='max_retries']").await;
    assert!(row.ends_with("default"), "{row}");
}

/// On a phone values were broken letter by letter, in a column as narrow as that, beside one that nobody saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_on_any_screen() {
    let hosts = (1..9).map(|nth| format!("\"cameras-{nth}.terminal.example.org\""));
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    let settings = format!("web.open_to_everyone = \"read\"\nweb.allowed_hosts = [{hosts}]");
    let site = Site::with(home(0), &settings).await;
    let broken = "return [...document.querySelectorAll('.settings tbody td code')] \
        .filter((one) => one.getClientRects().length > Math.ceil(one.textContent.length / 16)).map((one) => one.innerText)";
    let hidden = "return [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).length";
    visit(async |browser: &Browser| {
        for width in [320, 390, 700, 1000, 1600] {
            browser.screen(width, false).await;
            browser
                .open(&format!("{}/settings", site.server.base))
                .await;
            let none = serde_json::json!([]);
            assert_eq!(browser.eval(broken).await, none, "{width} wide");
            assert_eq!(browser.eval(hidden).await, 0, "{width} wide");
        }
        assert_eq!(browser.errors().await, Vec::<String>::new());
    })
    .await;
}

/// A run of a process that has died, over a database that nobody has collected into since.
async fn of_the_dead(site: &Site) -> i64 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let dead = child.id();
    child.wait().unwrap();
    let mine = draywatch::lease::this_process();
    let place = mine.rsplitn(3, '/').last().unwrap();
    let catalog = site.home.catalog().await;
    let run = NewRun {
        command: "fetch".into(),
        camera: camera(),
        date: None,
        started_at: at(3600),
        pid: dead,
    };
    let job = draywatch::collect::job_name(&camera());
    let lease = catalog
        .take_lease(&job, &format!("{place}/{dead}/1"), None, at(3600))
        .await;
    assert!(lease.unwrap().is_some());
    let id = catalog.start_run(&run).await.unwrap();
    catalog.close().await;
    id
}

/// Only the commands told that such a run has ended; pages and API had it under way for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_the_dead_is_told_as_the_commands_tell_it() {
    let site = Site::new_with_token(home(1)).await;
    let id = of_the_dead(&site).await;
    let commands = site.home.run(&["runs", "--json"]).json();
    assert_eq!(commands[0]["outcome"], "interrupted", "{commands}");
    let of_commands =
        site.home
            .run(&["runs", "--json", "--outcome", "interrupted", "--limit", "1"]);
    assert_eq!(of_commands.json()[0]["id"], id);
    let one = site.json(&format!("/api/v1/runs/{id}")).await;
    for path in ["/api/v1/runs", "/api/v1/runs?outcome=interrupted&limit=1"] {
        let listed = site.json(path).await;
        let run = &listed["items"][0];
        assert_eq!((&run["id"], &run["outcome"]), (&one["id"], &one["outcome"]));
    }
    assert_eq!(one["outcome"], "interrupted");
    assert_eq!(one["errors"][0], commands[0]["errors"][0], "{one}");
    assert!(one["finished_at"].is_string(), "{one}");
    for path in ["/runs", "/runs?outcome=interrupted", "/runs/1"] {
        let page = site.get(path).await.text().await.unwrap();
        assert!(
            page.contains("badge is-degraded\">interrupted") && !page.contains("under way"),
            "{path}: {page}"
        );
    }
    let failed = site.json("/api/v1/runs?outcome=failed").await;
    assert_eq!(failed["items"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_hidden_and_nonsense_is_refused() {
    let site = Site::new(3).await;
    let page = site.get("/settings").await;
    assert_eq!(page.status(), 200);
    let text = page.text().await.unwrap();
    assert!(text.contains("web.token") && !text.contains(crate::site::TOKEN));
    for (path, code) in [
        ("/coverage?camera=nobody", 404),
        ("/coverage?camera=../etc", 404),
        ("/coverage?year=2999", 400),
        ("/coverage?year=now", 400),
        ("/coverage?colour=red", 400),
        ("/runs?camera=nobody", 404),
        ("/runs?camera=%3Cb%3E", 400),
        ("/runs?outcome=fine", 400),
        ("/runs?cursor=1-zz", 400),
        ("/runs/0", 404),
        ("/runs/none", 400),
    ] {
        problem(site.get(path).await, code).await;
    }
    let bare = site.bare(reqwest::Method::GET, "/settings").send().await;
    assert_eq!(bare.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_nothing_say_so() {
    let site = Site::with(home(0), "").await;
    for (path, words) in [
        ("/coverage", "in_gate in 20"),
        ("/runs", "Nothing has been collected yet."),
        ("/health", "The last 30 days"),
        ("/settings", "stream_names"),
    ] {
        let answer = site.bare(reqwest::Method::GET, path).send().await;
        let text = answer.unwrap().text().await.unwrap();
        assert!(text.contains(words), "{path}: {text}");
    }
}
