//! Pictures and thumbnails by HTTP: whole, in parts, only if they changed, and never anything else.

use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::site::{Site, nth, picture, problem};
use crate::support::{facts, path};

#[tokio::test]
async fn a_picture_is_served_whole_in_parts_and_only_if_it_changed() {
    let site = Site::new(2).await;
    let image = site.json("/api/v1/images?order=oldest&limit=1").await["items"][0].clone();
    let (bytes, hash) = (picture(0), image["sha256"].as_str().unwrap().to_owned());
    let address = image["file"].as_str().unwrap();
    let told = |headers: &HeaderMap, name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let whole = site.get(address).await;
    let headers = whole.headers().clone();
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    assert_eq!(told(&headers, "etag").unwrap(), format!("\"{hash}\""));
    assert!(
        told(&headers, "cache-control")
            .unwrap()
            .contains("immutable")
    );
    assert_eq!(told(&headers, "content-type").unwrap(), "image/jpeg");
    let plain = site
        .get(&format!("/api/v1/images/{}/file", image["id"]))
        .await;
    assert_eq!(
        told(plain.headers(), "cache-control").unwrap(),
        "private, no-cache"
    );
    let head = site.ask(Method::HEAD, address).send().await.unwrap();
    assert_eq!(
        told(head.headers(), "content-length").unwrap(),
        bytes.len().to_string()
    );
    assert!(head.bytes().await.unwrap().is_empty());
    let part = site
        .ask(Method::GET, address)
        .header("range", "bytes=10-19")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(
        told(part.headers(), "content-range").unwrap(),
        format!("bytes 10-19/{}", bytes.len())
    );
    assert_eq!(part.bytes().await.unwrap(), bytes[10..20]);
    let same = site
        .ask(Method::GET, address)
        .header("if-none-match", format!("\"{hash}\""))
        .send()
        .await
        .unwrap();
    assert_eq!(same.status(), 304);
    let beyond = site
        .ask(Method::GET, address)
        .header("range", "bytes=999999999-")
        .send()
        .await
        .unwrap();
    problem(beyond, 416).await;
    std::fs::remove_file(site.home.at(&path(&nth(0)))).unwrap();
    problem(site.get(address).await, 404).await;
}

#[tokio::test]
async fn a_damaged_picture_does_not_go_by_the_name_of_the_whole_one() {
    let site = Site::new(1).await;
    let image = site.json("/api/v1/images").await["items"][0].clone();
    let address = image["file"].as_str().unwrap();
    let file = site.home.at(&path(&nth(0)));
    let whole = picture(0);
    let ask = async || {
        let answer = site.get(address).await;
        assert_eq!(answer.status(), 200);
        let is_named = answer.headers().contains_key("etag");
        let kept = answer.headers()["cache-control"].to_str().unwrap();
        assert_eq!(is_named, kept.contains("immutable"), "{answer:?}");
        (answer.bytes().await.unwrap(), is_named)
    };
    assert_eq!(ask().await, (whole.clone().into(), true));
    assert_eq!(ask().await, (whole.clone().into(), true));
    for bytes in [whole[..whole.len() / 2].to_vec(), vec![7; whole.len()]] {
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(
            ask().await,
            (bytes.into(), false),
            "what there is, for what it is"
        );
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(ask().await, (whole.into(), true));
}

#[tokio::test]
async fn thumbnails_are_made_once_and_again_when_they_are_missing_or_broken() {
    let site = Site::new(1).await;
    let image = site.json("/api/v1/images").await["items"][0].clone();
    let hash = image["sha256"].as_str().unwrap().to_owned();
    let address = |width: u32| image["thumbnails"][width.to_string()].as_str().unwrap();
    let ask = async |width| {
        let answer = site.get(address(width)).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["etag"].to_str().unwrap().contains(&hash));
        answer.bytes().await.unwrap()
    };
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let request = site.ask(Method::GET, address(160));
        asked.spawn(async move { request.send().await.unwrap().bytes().await.unwrap() });
    }
    let all = asked.join_all().await;
    assert!(
        all.iter().all(|one| *one == all[0]),
        "one maker, one thumbnail"
    );
    for (width, wanted) in [(160, 160), (320, 320), (640, 640)] {
        assert_eq!(facts(&ask(width).await).width, wanted);
    }
    let folder = site
        .home
        .at("data/images/.draywatch/thumbnails")
        .join(&hash[..2]);
    let kept: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(kept.len(), 3);
    for file in &kept {
        std::fs::write(file, b"broken").unwrap();
    }
    // Asked for by no version, so that it does not come from memory.
    let again = async |width: u32| {
        let address = format!("/api/v1/images/{}/thumbnails/{width}", image["id"]);
        facts(&site.get(&address).await.bytes().await.unwrap()).width
    };
    assert_eq!(again(160).await, 160);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(again(320).await, 320);
    assert_eq!(ask(160).await, all[0], "this one does");
    problem(
        site.get(&format!("/api/v1/images/{}/thumbnails/161", image["id"]))
            .await,
        404,
    )
    .await;
    let verified = site.home.run(&["verify"]);
    assert_eq!(
        verified.status, 0,
        "thumbnails are none of its business: {verified:?}"
    );
}

#[tokio::test]
async fn nothing_but_pictures_of_the_archive_is_served() {
    let site = Site::new(1).await;
    site.home
        .write("data/images/2025-09-07/secret.jpg", b"secret");
    site.home.write("outside.jpg", b"secret");
    for (id, path) in [
        (100, "data/images/2025-09-07/secret.jpg"),
        (101, "data/images/../../outside.jpg"),
        (102, "/etc/passwd"),
        (103, "data/images/.draywatch/archive-id"),
        (104, "data/images/2025-09-07/../2025-09-07/secret.jpg"),
    ] {
        let sql = format!(
            "INSERT INTO images (id, timestamp, filepath, camera_id) VALUES ({id}, '2025-09-07 10:00:0{}', '{path}', 'in_gate')",
            id - 100
        );
        site.home.sql(&sql).await;
        for what in ["file", "thumbnails/160"] {
            problem(site.get(&format!("/api/v1/images/{id}/{what}")).await, 404).await;
        }
    }
    // A symbolic link with a name of ours leads nowhere either.
    let link = site.home.at(&path(&nth(50)));
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let sql = format!(
        "INSERT INTO images (id, timestamp, filepath, camera_id) VALUES (200, '2025-09-07 18:20:00', '{}', 'in_gate')",
        path(&nth(50))
    );
    site.home.sql(&sql).await;
    let answer = site.get("/api/v1/images/200/file").await;
    assert!(!answer.status().is_success(), "{answer:?}");
    for raw in [
        "/api/v1/images/..%2f..%2fetc%2fpasswd/file",
        "/api/v1/images/1/file/..%2f..",
        "/..%2f..%2fetc/passwd",
        "/api/v1/images/1/thumbnails/..%2f160",
        "//etc/passwd",
        "/%00",
    ] {
        let answer = site.get(raw).await;
        assert!(answer.status().is_client_error(), "{raw}: {answer:?}");
    }
    std::fs::rename(site.home.at("data/images"), site.home.at("data/elsewhere")).unwrap();
    problem(site.get("/api/v1/images/1/file").await, 503).await;
    assert_eq!(
        site.get("/api/v1/images/1").await.status(),
        200,
        "the database is there"
    );
}
