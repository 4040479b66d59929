//! The way into the dashboard, and what it says when it fails.

use reqwest::Method;
use thirtyfour::Key;

use crate::access::{PASSWORD, hash};
use crate::browser::{Browser, visit};
use crate::site::{Site, home};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_by_a_plain_form() {
    let settings = format!(
        "web.base_path = \"/gates\"\nweb.user = \"ann\"\nweb.password_hash = \"{}\"",
        hash()
    );
    let site = Site::with(home(2), &settings).await;
    let base = &site.server.base;
    let path = "/gates/day/in_gate/2025-09-07?with=in_gate";
    visit(async |browser: &Browser| {
        browser.inspect("login", &format!("{base}/gates/login")).await;
        browser.open(&format!("{base}{path}")).await;
        assert!(browser.path().await.starts_with("/gates/login?next="));
        assert_eq!(browser.count("nav.places").await, 0);
        let send = async |password: &str| {
            browser.eval("document.getElementById('user').value = 'ann'").await;
            let field = browser.driver.find(thirtyfour::By::Id("password")).await.unwrap();
            field.send_keys(password).await.unwrap();
browser.eval("window.isOld = true").await;
                        field.send_keys(Key::Enter + "").await.unwrap();
            browser.wait("!window.isOld && document.readyState === 'complete'").await;
        };
        send("wrong").await;
        browser.wait("document.querySelector('[role=alert]')?.innerText.includes('Nobody has this name')").await;
        assert_eq!(browser.eval("return document.getElementById('user').value").await, "ann");
        send(PASSWORD).await;
        browser.wait("location.pathname === '/gates/day/in_gate/2025-09-07'").await;
        assert_eq!(browser.path().await, path);
        assert_eq!(browser.count(".grid .thumb").await, 2);
        browser.errors().await;
        browser.open(&format!("{base}/gates/")).await;
        browser.wait("document.querySelector('.picture img')?.complete").await;
        assert_eq!(browser.path().await, "/gates");
        assert_eq!(browser.errors().await, Vec::<String>::new());
        browser.click(".leave button").await;
        browser.wait("location.pathname === '/gates/login'").await;
        browser.open(&format!("{base}/gates/day")).await;
        assert!(browser.path().await.starts_with("/gates/login?next=%2Fgates%2Fday"));
        for _ in 0..12 {
            send("wrong").await;
            browser.wait("document.querySelector('[role=alert]')").await;
            if browser.text("[role=alert]").await.contains("Too many attempts") {
                break;
            }
        }
        assert!(browser.text("[role=alert]").await.contains("Wait for a minute"));
    })
    .await;
}

#[tokio::test]
async fn pages_fail_as_pages_and_the_api_as_before() {
    let site = Site::with(home(1), "").await;
    let get = async |path: &str| {
        let request = site
            .bare(Method::GET, path)
            .header("accept", "text/html,*/*;q=0.8");
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    };
    for (path, code) in [
        ("/nowhere", 404),
        ("/day/nobody/2025-09-07", 404),
        ("/day/in_gate/2025-13-07", 400),
        ("/day/in_gate/%2B262142-12-31", 404),
        ("/day/in_gate/2025-09-07?month=0000-01-01", 404),
        ("/day/in_gate/2025-09-07/99999999999999999999", 400),
        ("/day/in_gate/2025-09-07?with=%3Cscript%3E", 404),
        ("/day/in_gate/2025-09-07/99", 404),
        ("/assets/0/nothing.js", 404),
    ] {
        let (status, kind, text) = get(path).await;
        assert_eq!(
            (status, kind.as_str()),
            (code, "text/html; charset=utf-8"),
            "{path}: {text}"
        );
        assert!(
            text.contains("<h1>") && !text.contains("<script>"),
            "{path}: {text}"
        );
    }
    let (status, kind, _) = get("/api/v1/images/99").await;
    assert_eq!((status, kind.as_str()), (404, "application/problem+json"));
    let foreign = site
        .bare(Method::POST, "/login")
        .header("origin", "http://evil.example");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(
        foreign
            .body("user=a&password=b")
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    let (_, _, page) = get("/").await;
    assert!(
        !page.contains("style=") && !page.contains("onclick"),
        "{page}"
    );
    let sheet = page
        .split('"')
        .find(|part| part.contains("draywatch.css"))
        .unwrap();
    let answer = site.bare(Method::GET, sheet).send().await.unwrap();
    assert!(
        answer.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let tag = answer.headers()["etag"].clone();
    let again = site.bare(Method::GET, sheet).header("if-none-match", tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn days_have_as_many_slots_as_they_have_hours() {
    let site = Site::with(home(1), "").await;
    for (date, slots, hours) in [
        ("2025-03-09", 138, 23),
        ("2025-09-07", 144, 24),
        ("2025-11-02", 150, 25),
    ] {
        let path = format!("/day/in_gate/{date}");
        let answer = site.bare(Method::GET, &path).send().await.unwrap();
        let page = answer.text().await.unwrap();
        assert!(
            page.contains(&format!("viewBox=\"0 0 {slots} 20\"")),
            "{page}"
        );
        assert!(page.contains(&format!("#h{}\"", hours - 1)), "{page}");
        assert!(!page.contains(&format!("#h{hours}\"")), "{page}");
    }
}
