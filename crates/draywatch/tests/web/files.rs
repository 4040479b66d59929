//! Pictures and thumbnails by HTTP: whole, in parts, only if they changed, and never anything else.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};

use crate::site::{Site, home_of, nth, picture, problem};
use crate::support::{facts, path, sized};

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
    let date = told(head.headers(), "last-modified").unwrap();
    assert!(head.bytes().await.unwrap().is_empty());
    // A part can be asked for by GET alone.
    let head = site.ask(Method::HEAD, address).header("range", "bytes=0-1");
    let head = head.send().await.unwrap();
    assert_eq!(
        (
            head.status().as_u16(),
            told(head.headers(), "content-range")
        ),
        (200, None)
    );
    let since = site.ask(Method::GET, address);
    let since = since.header("if-modified-since", date).send().await;
    assert_eq!(since.unwrap().status(), 304);
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
    assert_eq!(
        told(beyond.headers(), "content-range").unwrap(),
        format!("bytes */{}", bytes.len())
    );
    problem(beyond, 416).await;
    std::fs::remove_file(site.home.at(&path(&nth(0)))).unwrap();
    problem(seen_anew(&site, address, 404).await, 404).await;
}

/// What is answered once the file was looked at again, which is done once a second.
async fn seen_anew(site: &Site, address: &str, code: u16) -> Response {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = site.get(address).await;
        let is_from_memory = answer.headers().contains_key("etag");
        if answer.status() == code && !is_from_memory {
            return answer;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_damaged_picture_does_not_go_by_the_name_of_the_whole_one() {
    let site = Site::new(1).await;
    let image = site.json("/api/v1/images").await["items"][0].clone();
    let address = image["file"].as_str().unwrap();
    let file = site.home.at(&path(&nth(0)));
    let whole = picture(0);
    let whole_is_told = async || {
        // Read, read again, and from memory.
        for _ in 0..3 {
            let answer = site.get(address).await;
            assert_eq!(answer.status(), 200);
            let kept = answer.headers()["cache-control"].to_str().unwrap();
            assert!(answer.headers().contains_key("etag") && kept.contains("immutable"));
            assert_eq!(answer.bytes().await.unwrap(), whole);
        }
    };
    whole_is_told().await;
    for bytes in [whole[..whole.len() / 2].to_vec(), vec![7; whole.len()]] {
        std::fs::write(&file, &bytes).unwrap();
        let answer = seen_anew(&site, address, 200).await;
        assert_eq!(answer.headers()["cache-control"], "private, no-cache");
        assert_eq!(
            answer.bytes().await.unwrap(),
            bytes,
            "what there is, for what it is"
        );
    }
    std::fs::write(&file, &whole).unwrap();
    whole_is_told().await;
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

/// Files had a date and thumbnails none, so who knew no tags was sent them again each time.
#[tokio::test]
async fn a_thumbnail_has_the_date_of_its_picture() {
    let site = Site::new(1).await;
    let image = site.json("/api/v1/images").await["items"][0].clone();
    let by_version = image["thumbnails"]["160"].as_str().unwrap();
    let by_id = format!("/api/v1/images/{}/thumbnails/160", image["id"]);
    let of_file = site.get(image["file"].as_str().unwrap()).await;
    let date = of_file.headers()["last-modified"].clone();
    // Made, from memory, and as it is kept.
    for address in [by_version, by_version, &by_id] {
        let whole = site.get(address).await;
        assert_eq!(whole.headers().get("last-modified"), Some(&date));
        let ask = async |name: &str, value: &str| {
            let asked = site.ask(Method::GET, address).header(name, value);
            asked.send().await.unwrap()
        };
        let same = ask("if-modified-since", date.to_str().unwrap()).await;
        assert_eq!(same.status(), 304, "{address}");
        assert_eq!(same.headers().get("last-modified"), Some(&date));
        assert!(same.bytes().await.unwrap().is_empty());
        let older = "Sun, 07 Sep 2014 10:17:33 GMT";
        assert_eq!(ask("if-modified-since", older).await.status(), 200);
        let part = site
            .ask(Method::GET, address)
            .header("range", "bytes=0-9")
            .header("if-range", older);
        assert_eq!(part.send().await.unwrap().status(), 200);
    }
    // What is kept is handed out while the picture's disk is away, without a date that nobody knows.
    std::fs::remove_file(site.home.at(&path(&nth(0)))).unwrap();
    let left = site.get(&by_id).await;
    assert_eq!(left.status(), 200);
    assert!(!left.headers().contains_key("last-modified"));
}

/// A day asked for a gross of thumbnails, one by one: most of the time until it was seen went into asking.
#[tokio::test]
async fn thumbnails_of_an_hour_come_as_one_sheet() {
    // Of the cameras' shape.
    let wide = |number: u16| sized(800, 450, u8::try_from(number).unwrap());
    let site = Site::new_with_token(home_of(9, wide)).await;
    let day = site
        .get("/day/in_gate/2025-09-07")
        .await
        .text()
        .await
        .unwrap();
    let sources = day.split("<img ").skip(1);
    let sources: Vec<_> = sources
        .filter_map(|rest| rest.split("src=\"").nth(1)?.split('"').next())
        .filter(|source| !source.starts_with("/assets/"))
        .collect();
    let sheets: std::collections::BTreeSet<_> = sources.iter().copied().collect();
    assert_eq!((sources.len(), sheets.len()), (9, 2), "{sheets:?}");
    for sheet in sheets {
        assert!(sheet.starts_with("/sheets/160/"), "{sheet}");
        for address in [sheet.to_owned(), sheet.replace("/160/", "/320/")] {
            let answer = site.get(&address).await;
            let kept = answer.headers()["cache-control"].to_str().unwrap();
            assert!(kept.contains("immutable"), "{address}: {kept}");
            let facts = facts(&answer.bytes().await.unwrap());
            assert_eq!(facts.height * 160, facts.width * 576);
            let without_version = address.split('?').next().unwrap();
            let answer = site.get(without_version).await;
            let kept = answer.headers()["cache-control"].to_str().unwrap();
            assert_eq!(kept, "private, no-cache");
        }
    }
    let bare = site.bare(Method::GET, sources[0]).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    for (path, code) in [
        ("/sheets/640/1-2", 404),
        ("/sheets/160/1-99", 404),
        ("/sheets/160/1-x", 400),
        ("/sheets/160/1-2-3-4-5-6-7", 400),
        ("/sheets/160/1-2?v=..", 400),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status().as_u16(), code, "{path}");
    }
}

/// What could not be read once is looked for again: such a sheet is nobody's to keep.
#[tokio::test]
async fn a_sheet_without_one_of_its_pictures_is_not_kept() {
    let site = Site::new(3).await;
    let file = site.home.at(&path(&nth(1)));
    let aside = site.home.at("aside.jpg");
    std::fs::rename(&file, &aside).unwrap();
    let ask = async || {
        let answer = site.get("/sheets/160/1-2-3").await;
        assert_eq!(answer.status(), 200);
        let is_named = answer.headers().contains_key("etag");
        (answer.bytes().await.unwrap(), is_named)
    };
    let (without, is_named) = ask().await;
    assert!(!is_named);
    std::fs::rename(&aside, &file).unwrap();
    let (with, is_named) = ask().await;
    assert!(is_named && with != without);
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
