//! `examine` and `placeholder`: every picture gets its verdict, whoever brought it, and a file that cannot be read stops nothing.

use serde_json::{Value, json};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::support::*;

/// A picture with something to be seen in it, with the noise of a sensor; each seed makes another one.
fn scene(seed: u32) -> Vec<u8> {
    encode(|x, y| {
        let area = mixed(seed, (x / 23) * 1000 + y / 31) % 150;
        let noise = mixed(seed ^ 0x4D, x * 10_000 + y) % 15;
        [40 + area + noise; 3]
    })
}

/// A card of soft colours, which draywatch takes for a blank picture by itself.
fn card() -> Vec<u8> {
    encode(|x, y| {
        let noise = mixed(5, x * 10_000 + y) % 30;
        [60 + x / 12 + noise, 60 + noise, 60 + y / 8 + noise]
    })
}

fn mixed(seed: u32, place: u32) -> u32 {
    let word = (place ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
    (word ^ word >> 13).wrapping_mul(0xC2B2_AE35) >> 16
}

fn encode(pixel: impl Fn(u32, u32) -> [u32; 3]) -> Vec<u8> {
    let (width, height) = (960_u32, 540_u32);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels: Vec<u8> = places
        .flat_map(|(x, y)| pixel(x, y))
        .map(|level| u8::try_from(level.min(255)).unwrap())
        .collect();
    let image = Image {
        pixels: &pixels[..],
        width: 960,
        pitch: 960 * 3,
        height: 540,
        format: PixelFormat::RGB,
    };
    let mut compressor = Compressor::new().unwrap();
    compressor.set_subsamp(Subsamp::Sub2x2).unwrap();
    compressor.set_quality(85).unwrap();
    compressor.compress_to_vec(image).unwrap()
}

/// The names of the verdicts in the order of time, as other programs read them.
async fn verdicts(home: &Home) -> String {
    let catalog = home.catalog().await;
    let rows = catalog
        .images_between(&camera(), at(-90_000), at(900_000))
        .await
        .unwrap();
    catalog.close().await;
    let name = |verdict: Option<draywatch_core::verdict::Verdict>| {
        verdict.map_or("-", |verdict| verdict.as_str())
    };
    rows.iter()
        .map(|row| name(row.verdict))
        .collect::<Vec<_>>()
        .join(" ")
}

fn account(done: &Done) -> Value {
    let json = done.json();
    json.as_array()
        .and_then(|list| list.first().cloned())
        .unwrap_or(Value::Null)
}

#[tokio::test]
async fn every_picture_gets_its_verdict_whoever_brought_it() {
    let home = Home::new();
    for (seconds, seed) in [(0, 1), (1200, 1), (1800, 2), (90_000, 2)] {
        home.store(&frame(seconds), &scene(seed)).await;
    }
    // Another program of each shape: a picture in the archive, one elsewhere, one that is not there, one that is none.
    home.write(&path(&frame(600)), &scene(1));
    home.write("elsewhere/dark.jpg", &encode(|x, y| [12 + (x * y) % 3; 3]));
    home.write("elsewhere/text.jpg", b"no picture");
    let insert = |seconds, path: &str, column| {
        let time = at(seconds).format("%Y-%m-%d %H:%M:%S.000000");
        format!(
            "INSERT INTO images (timestamp, {column}, camera_id, processed, file_size) VALUES ('{time}', '{path}', 'in_gate', 0, 17);"
        )
    };
    let elsewhere = home.at("elsewhere");
    let inserts = [
        insert(600, &path(&frame(600)), "filepath"),
        insert(
            2400,
            &format!("{}/dark.jpg", elsewhere.display()),
            "image_path",
        ),
        insert(3000, "gone.jpg", "filepath"),
        insert(
            3600,
            &format!("{}/text.jpg", elsewhere.display()),
            "image_path",
        ),
    ];
    let inserts = inserts.concat();
    home.sql(&inserts).await;
    assert_eq!(verdicts(&home).await, "- - - - - - - -");

    let done = home.run(&["examine", "--json"]);
    assert_eq!(done.status, 1, "{done:?}");
    let told = account(&done);
    assert_eq!(
        told["verdicts"],
        json!({"ok": 3, "frozen": 2, "dark": 1}),
        "{told}"
    );
    assert_eq!(
        (&told["problems"], &told["looked"]),
        (&json!(2), &json!(6)),
        "{told}"
    );
    assert_eq!(verdicts(&home).await, "ok frozen frozen ok dark - - ok");
    // Nothing is met twice.
    let again = home.run(&["examine", "--json"]);
    assert_eq!(
        (again.status, &account(&again)["looked"]),
        (0, &json!(0)),
        "{again:?}"
    );
    // Only on demand, and then the day as a whole.
    home.write("gone.jpg", &scene(3));
    let again = home.run(&[
        "examine",
        "--again",
        "--from",
        "2025-09-07",
        "--to",
        "2025-09-07",
        "--camera",
        "in_gate",
    ]);
    assert!(
        again.status == 1 && again.out.contains("text.jpg"),
        "{again:?}"
    );
    assert_eq!(verdicts(&home).await, "ok frozen frozen ok dark ok - ok");
    let backwards = home.run(&["examine", "--from", "today", "--to", "yesterday"]);
    assert_eq!(backwards.status, 2, "{backwards:?}");
    let nobody = home.run(&["examine", "--camera", "nobody"]);
    assert!(
        nobody.status == 2 && nobody.err.contains("nobody"),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn a_frame_between_two_settles_them_anew() {
    let home = Home::new();
    home.store(&frame(0), &scene(1)).await;
    home.store(&frame(1200), &scene(1)).await;
    assert_eq!(home.run(&["examine"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok frozen");
    home.store(&frame(600), &scene(2)).await;
    assert_eq!(verdicts(&home).await, "ok - -");
    assert_eq!(home.run(&["examine"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok ok ok");
}

#[tokio::test]
async fn an_archive_that_is_gone_says_nothing_of_its_pictures() {
    let home = Home::new();
    home.store(&frame(0), &scene(1)).await;
    home.store(&frame(600), &scene(2)).await;
    assert_eq!(home.run(&["verify"]).status, 0);
    std::fs::rename(home.at("data/images"), home.at("data/away")).unwrap();
    let done = home.run(&["examine"]);
    assert_eq!(done.status, 1, "{done:?}");
    std::fs::rename(home.at("data/away"), home.at("data/images")).unwrap();
    assert_eq!(home.run(&["examine"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok ok");
}

#[tokio::test]
async fn placeholders_are_added_listed_and_removed() {
    let home = Home::new();
    home.store(&frame(0), &scene(1)).await;
    home.store(&frame(600), &card()).await;
    home.write("card.jpg", &card());
    home.write("none.jpg", b"<html>");
    assert_eq!(home.run(&["examine"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok blank");
    let none = home.run(&["placeholder", "add", "none.jpg", "--name", "x"]);
    assert!(
        none.status == 1 && none.err.contains("none.jpg cannot be a placeholder"),
        "{none:?}"
    );
    let added = home.run(&["placeholder", "add", "card.jpg", "--name", " no link "]);
    assert!(
        added.status == 0 && added.out.contains("from now on"),
        "{added:?}"
    );
    let listed = home.run(&["placeholder", "list", "--json"]).json();
    assert_eq!(
        (&listed[0]["name"], listed.as_array().unwrap().len()),
        (&json!("no link"), 1)
    );
    assert!(home.run(&["placeholder", "list"]).out.contains("no link"));
    assert_eq!(home.run(&["examine", "--again"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok placeholder");
    assert_eq!(home.run(&["placeholder", "remove", "no link"]).status, 0);
    assert_eq!(home.run(&["placeholder", "remove", "no link"]).status, 1);
    assert_eq!(home.run(&["examine", "--again"]).status, 0);
    assert_eq!(verdicts(&home).await, "ok blank");
}
