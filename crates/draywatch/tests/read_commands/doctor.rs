//! `doctor`: what is not here is named, with how to mend it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::*;

/// A program that calls itself by that version and can do nothing else.
fn program(home: &Home, name: &str, version: &str) -> String {
    home.write(name, format!("#!/bin/sh\necho '{version}'\n").as_bytes());
    std::fs::set_permissions(home.at(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    home.at(name).display().to_string()
}

/// A server that answers every request with these words.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

fn check<'a>(checks: &'a Value, name: &str) -> &'a Value {
    checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == name)
        .unwrap()
}

fn status<'a>(checks: &'a Value, name: &str) -> &'a str {
    check(checks, name)["status"].as_str().unwrap()
}

#[tokio::test]
async fn a_missing_browser_is_named_with_the_cure() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let mut command = home.command(&["doctor", "--offline", "--json"]);
    let done: Done = command
        .env("DRAYWATCH_BROWSER__CHROMIUM", "/no/such/chromium")
        .output()
        .unwrap()
        .into();
    let checks = done.json();
    assert_eq!(done.status, 1, "{done:?}");
    assert_eq!(status(&checks, "chromium"), "fail");
    assert!(
        check(&checks, "chromium")["detail"]
            .as_str()
            .unwrap()
            .contains("/no/such/chromium")
    );
    assert!(
        check(&checks, "chromium")["mend"]
            .as_str()
            .unwrap()
            .contains("apt install chromium")
    );
    assert_eq!(
        (
            status(&checks, "session"),
            status(&checks, "portal"),
            status(&checks, "clock")
        ),
        ("skipped", "skipped", "skipped")
    );
    assert_eq!(
        (
            status(&checks, "database"),
            status(&checks, "archive"),
            status(&checks, "disk")
        ),
        ("ok", "ok", "ok")
    );
    let text = home
        .command(&["doctor", "--offline"])
        .env("DRAYWATCH_BROWSER__CHROMIUM", "/no/such")
        .output()
        .unwrap();
    let text = Done::from(text);
    assert!(
        text.status == 1 && text.out.contains("FAIL") && text.out.contains("-> install it"),
        "{}",
        text.out
    );
}

#[tokio::test]
async fn versions_that_differ_and_programs_that_hang_up_are_told() {
    let home = Home::new();
    let chromium = program(&home, "chromium", "Chromium 139.0.1 built on Debian");
    let driver = program(&home, "chromedriver", "ChromeDriver 138.0.1 (abc)");
    let mut command = home.command(&["doctor", "--offline", "--json"]);
    command
        .env("DRAYWATCH_BROWSER__CHROMIUM", &chromium)
        .env("DRAYWATCH_BROWSER__CHROMEDRIVER", &driver);
    let done: Done = command.output().unwrap().into();
    let checks = done.json();
    assert_eq!(
        (
            done.status,
            status(&checks, "chromium"),
            status(&checks, "chromedriver")
        ),
        (1, "ok", "fail"),
        "{checks}"
    );
    let detail = check(&checks, "chromedriver")["detail"].as_str().unwrap();
    assert!(detail.contains("138") && detail.contains("139"), "{detail}");
    assert_eq!(
        status(&checks, "session"),
        "fail",
        "a driver that ends at once gives no session"
    );
}

#[tokio::test]
async fn nothing_is_made_by_looking() {
    let home = Home::new();
    let done = home.run(&["doctor", "--offline", "--json"]);
    let checks = done.json();
    assert_eq!(
        (status(&checks, "database"), status(&checks, "archive")),
        ("warn", "warn"),
        "{checks}"
    );
    assert!(!home.at("data").exists());
}

#[tokio::test]
async fn a_damaged_database_and_an_archive_that_is_not_mounted() {
    let home = Home::new();
    home.write("data/database.db", &b"no database ".repeat(400));
    let checks = home.run(&["doctor", "--offline", "--json"]).json();
    assert_eq!(status(&checks, "database"), "fail");
    assert!(
        check(&checks, "database")["mend"]
            .as_str()
            .unwrap()
            .contains("*.bak"),
        "{checks}"
    );

    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    assert_eq!(
        status(
            &home.run(&["doctor", "--offline", "--json"]).json(),
            "archive"
        ),
        "ok"
    );
    std::fs::rename(home.at("data/images"), home.at("data/away")).unwrap();
    let checks = home.run(&["doctor", "--offline", "--json"]).json();
    assert_eq!(status(&checks, "archive"), "fail");
    std::fs::create_dir(home.at("data/images")).unwrap();
    let checks = home.run(&["doctor", "--offline", "--json"]).json();
    let archive = check(&checks, "archive");
    assert!(
        archive["status"] == "fail" && archive["mend"].as_str().unwrap().contains("mount"),
        "{archive}"
    );
}

#[tokio::test]
async fn the_portal_is_asked_once_and_its_clock_compared() {
    let home = Home::new();
    let page = server(
        "HTTP/1.1 200 OK\r\nDate: Sun, 07 Sep 2025 10:00:00 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let host = server("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let mut command = home.command(&["doctor", "--json"]);
    command
        .env("DRAYWATCH_PORTAL__PAGE_URL", page)
        .env("DRAYWATCH_PORTAL__IMAGE_URL", host);
    command
        .env("DRAYWATCH_BROWSER__CHROMIUM", "/no/such")
        .env("NO_PROXY", "127.0.0.1");
    let done = Done::from(command.output().unwrap());
    let checks = done.json();
    assert_eq!(
        (
            status(&checks, "portal"),
            status(&checks, "pictures"),
            status(&checks, "clock")
        ),
        ("ok", "ok", "warn"),
        "{checks}"
    );

    let gone = server(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let mut command = home.command(&["doctor", "--json"]);
    command
        .env("DRAYWATCH_PORTAL__PAGE_URL", gone)
        .env("DRAYWATCH_PORTAL__IMAGE_URL", "http://127.0.0.1:1/");
    command
        .env("DRAYWATCH_BROWSER__CHROMIUM", "/no/such")
        .env("NO_PROXY", "127.0.0.1");
    let done = Done::from(command.output().unwrap());
    let checks = done.json();
    assert_eq!(
        (
            done.status,
            status(&checks, "portal"),
            status(&checks, "pictures")
        ),
        (1, "fail", "fail"),
        "{checks}"
    );
}

#[tokio::test]
async fn a_webdriver_server_that_is_none_is_told() {
    let home = Home::new();
    for (address, words) in [
        (
            server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"),
            "not as a WebDriver server",
        ),
        (
            "http://me:secret@127.0.0.1:1/".to_owned(),
            "does not answer",
        ),
    ] {
        let mut command = home.command(&["doctor", "--offline", "--json"]);
        command
            .env("DRAYWATCH_BROWSER__WEBDRIVER_URL", address)
            .env("NO_PROXY", "127.0.0.1");
        let done = Done::from(command.output().unwrap());
        let checks = done.json();
        let detail = check(&checks, "webdriver")["detail"].as_str().unwrap();
        assert!(
            done.status == 1 && detail.contains(words) && !done.out.contains("secret"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn a_real_browser_starts_and_ends() {
    let home = Home::new();
    home.store(&frame(0), &full(1)).await;
    let done = home.run(&["doctor", "--offline", "--json"]);
    let checks = done.json();
    assert_eq!(status(&checks, "session"), "ok", "{checks}");
    assert_eq!(done.status, 0, "{checks}");
}
