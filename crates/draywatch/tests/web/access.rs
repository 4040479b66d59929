//! Who may do what: tokens, log-ins, forged requests, hosts, base path.

use std::io::Write;
use std::process::Stdio;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::site::{Site, TOKEN, home, problem, value};
use crate::support::Home;

pub const PASSWORD: &str = "correct horse battery";

/// The hash of the password, as the program itself writes it.
pub fn hash() -> String {
    let home = Home::new();
    let mut child = home
        .command(&["password"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(PASSWORD.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn log_in(site: &Site, user: &str, password: &str) -> Response {
    let body = json!({"user": user, "password": password}).to_string();
    let request = site.bare(Method::POST, "/api/v1/session");
    request
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn tokens_give_the_rights_that_they_are_for() {
    let settings = format!("web.token = \"{TOKEN}\"\nweb.read_token = \"only-to-read-123456\"");
    let site = Site::with(home(1), &settings).await;
    let send = async |method: Method, path: &str, token: Option<&str>| {
        let request = site
            .bare(method, path)
            .header("content-type", "application/json")
            .body("{}");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    };
    for path in [
        "/api/v1/images",
        "/metrics",
        "/healthz",
        "/api/openapi.json",
    ] {
        problem(send(Method::GET, path, None).await, 401).await;
        problem(
            send(Method::GET, path, Some("wrong-wrong-wrong-wrong")).await,
            401,
        )
        .await;
        for token in [TOKEN, "only-to-read-123456"] {
            assert_ne!(
                send(Method::GET, path, Some(token)).await.status(),
                401,
                "{path}"
            );
        }
    }
    for path in [
        "/livez",
        "/readyz",
        "/api/docs",
        "/api/docs.js",
        "/api/docs.css",
    ] {
        assert_eq!(send(Method::GET, path, None).await.status(), 200, "{path}");
    }
    problem(send(Method::POST, "/api/v1/leases", None).await, 401).await;
    problem(
        send(Method::POST, "/api/v1/leases", Some("only-to-read-123456")).await,
        403,
    )
    .await;
    assert_eq!(
        send(Method::POST, "/api/v1/leases", Some(TOKEN))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn who_logs_in_gets_a_cookie_that_other_sites_cannot_use() {
    let hash = hash();
    let settings = format!(
        "web.user = \"ann\"\nweb.password_hash = \"{hash}\"\nweb.reader = \"bob\"\nweb.reader_password_hash = \"{hash}\"\n\
         web.trusted_proxies = [\"127.0.0.1\"]\nweb.base_path = \"/gates\"\nweb.allowed_hosts = [\"gates.example\"]"
    );
    let site = Site::with(home(1), &settings).await;
    // With a base path everything lies behind it but probes.
    problem(log_in(&site, "ann", PASSWORD).await, 404).await;
    let log_in = async |user: &str, password: &str, proto: &str| {
        let body = json!({"user": user, "password": password}).to_string();
        let request = site
            .bare(Method::POST, "/gates/api/v1/session")
            .header("content-type", "application/json");
        let request = request
            .header("x-forwarded-proto", proto)
            .header("x-forwarded-host", "gates.example");
        request.body(body).send().await.unwrap()
    };
    problem(log_in("ann", "wrong", "https").await, 401).await;
    problem(log_in("nobody", PASSWORD, "https").await, 401).await;
    let answer = log_in("ann", PASSWORD, "https").await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/gates"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let told: Value = value(answer).await;
    assert_eq!(
        (&told["user"], &told["right"]),
        (&"ann".into(), &"operate".into())
    );
    let held = cookie.split(';').next().unwrap();
    let lease = |extra: &[(&'static str, &str)]| {
        let mut request = site
            .bare(Method::POST, "/gates/api/v1/leases")
            .header("content-type", "application/json");
        request = request
            .header("cookie", held)
            .header("x-forwarded-host", "gates.example")
            .header("x-forwarded-proto", "https");
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        request.body("{}").send()
    };
    let csrf = told["csrf"].as_str().unwrap();
    let detail = problem(lease(&[]).await.unwrap(), 403).await;
    assert!(detail.contains("x-csrf-token"), "{detail}");
    problem(lease(&[("x-csrf-token", "wrong")]).await.unwrap(), 403).await;
    for (name, foreign) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        problem(
            lease(&[("x-csrf-token", csrf), (name, foreign)])
                .await
                .unwrap(),
            403,
        )
        .await;
    }
    let fine = lease(&[("x-csrf-token", csrf), ("origin", "https://gates.example")])
        .await
        .unwrap();
    let address = value(fine).await["images"][0]["image"]["file"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(address.starts_with("/gates/api/v1/images/"), "{address}");
    let get = async |path: &str, cookie: &str| {
        site.bare(Method::GET, path)
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(get("/gates/api/v1/images", held).await, 200);
    assert_eq!(
        get("/gates/api/v1/images", "draywatch_session=0000").await,
        401
    );
    let out = site
        .bare(Method::DELETE, "/gates/api/v1/session")
        .header("cookie", held)
        .send()
        .await
        .unwrap();
    assert_eq!(out.status(), 204);
    assert_eq!(get("/gates/api/v1/images", held).await, 401);
    let plain = log_in("bob", PASSWORD, "http").await;
    assert!(
        !plain.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Secure")
    );
    assert_eq!(value(plain).await["right"], "read");
    let log = site.server.log();
    assert!(log.contains("could not log in") && !log.contains(PASSWORD) && !log.contains("argon2"));
}

#[tokio::test]
async fn guessing_passwords_is_slow() {
    let settings = format!("web.user = \"ann\"\nweb.password_hash = \"{}\"", hash());
    let site = Site::with(home(1), &settings).await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        let answer = log_in(&site, "ann", "wrong").await;
        let code = answer.status().as_u16();
        let wait = answer.headers().get("retry-after");
        assert_eq!(wait.is_some_and(|wait| wait == "60"), code == 429);
        codes.push(code);
    }
    // A minute may begin in between.
    assert_eq!(codes[..5], [401; 5]);
    assert!(codes.contains(&429), "{codes:?}");
}

#[tokio::test]
async fn unknown_hosts_and_other_sites_are_refused_even_where_all_is_open() {
    let site = Site::with(home(1), "").await;
    let get = async |path: &str, host: &str| {
        site.bare(Method::GET, path)
            .header("host", host)
            .send()
            .await
            .unwrap()
    };
    problem(get("/api/v1/images", "evil.example").await, 421).await;
    problem(get("/healthz", "evil.example:8080").await, 421).await;
    assert_eq!(
        get("/livez", "10.1.2.3:8080").await.status(),
        200,
        "probes come by any name"
    );
    assert_eq!(get("/api/v1/images", "localhost:1").await.status(), 200);
    let post = site
        .bare(Method::POST, "/api/v1/leases")
        .header("content-type", "application/json");
    problem(
        post.header("origin", "http://evil.example")
            .body("{}")
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;
    // Headers of a proxy count only from one that is trusted.
    let forged = site
        .bare(Method::GET, "/api/v1/images")
        .header("x-forwarded-host", "evil.example");
    assert_eq!(forged.send().await.unwrap().status(), 200);
    let answer = site.bare(Method::GET, "/api/docs").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    let page = answer.text().await.unwrap();
    assert!(
        !page.contains("http://") && !page.contains("https://") && !page.contains("style="),
        "nothing from elsewhere: {page}"
    );
}

#[tokio::test]
async fn who_listens_elsewhere_without_credentials_is_told_the_choices() {
    let home = Home::new();
    std::fs::write(
        home.at("draywatch.toml"),
        "web.listen_address = \"0.0.0.0\"",
    )
    .unwrap();
    for command in ["serve", "run"] {
        let done = home.run(&[command]);
        assert_eq!(done.status, 2, "{done:?}");
        for word in [
            "token",
            "password_hash",
            "draywatch password",
            "open_to_everyone",
        ] {
            assert!(done.err.contains(word), "{done:?}");
        }
    }
}
