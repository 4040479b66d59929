//! Pages of image rows.

use std::sync::Arc;

use chrono::TimeDelta;
use draywatch_catalog::{Catalog, ImageFilter, ImageKey, ImageRow};
use draywatch_core::FrameId;
use draywatch_core::verdict::Verdict;

use crate::support::*;

type Db = Arc<dyn Catalog>;

const DAY: i64 = 86_400;

fn filter() -> ImageFilter {
    ImageFilter {
        cameras: vec![camera("out_gate"), camera("in_gate")],
        from: at(0),
        to: at(400 * DAY),
        processed: None,
        verdicts: Vec::new(),
        thumbnails: true,
    }
}

async fn pages(db: &Db, filter: &ImageFilter, limit: u32) -> Vec<ImageRow> {
    let mut all: Vec<ImageRow> = Vec::new();
    loop {
        let after = all.last().and_then(ImageKey::of);
        let page = db.images_page(filter, after.as_ref(), limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        assert!(page.len() <= usize::try_from(limit).unwrap());
        all.extend(page);
    }
}

fn told(images: &[ImageRow]) -> Vec<(i64, &str, u16)> {
    let told = |image: &ImageRow| (image.timestamp.unwrap() - at(0)).num_seconds();
    images
        .iter()
        .map(|image| (told(image), &*image.camera_id, image.ordinal))
        .collect()
}

pub async fn pages_are_in_one_order_whatever_their_length(db: Db) {
    let mut images = Vec::new();
    for seconds in [20, 10, 3 * DAY, 300 * DAY + 7, 10 + DAY] {
        for name in ["out_gate", "in_gate"] {
            let frame = FrameId::first(camera(name), at(seconds));
            images.push(image(&frame));
            images.push(image(&FrameId {
                ordinal: 2,
                ..frame
            }));
        }
    }
    db.adopt(&images, at(500)).await.unwrap();
    let all = pages(&db, &filter(), 1000).await;
    assert_eq!(all.len(), 20);
    assert_eq!(
        told(&all)[..5],
        [
            (10, "in_gate", 1),
            (10, "in_gate", 2),
            (10, "out_gate", 1),
            (10, "out_gate", 2),
            (20, "in_gate", 1)
        ]
    );
    assert!(all.is_sorted_by_key(ImageKey::of));
    for limit in 1..=7 {
        assert_eq!(pages(&db, &filter(), limit).await, all, "{limit}");
    }
}

pub async fn pages_hold_what_was_asked_for(db: Db) {
    let images = [
        image(&frame(-1)),
        image(&frame(0)),
        thumbnail(&frame(10)),
        image(&FrameId::first(camera("out_gate"), at(20))),
        image(&frame(30)),
    ];
    db.adopt(&images, at(500)).await.unwrap();
    let all = ImageFilter {
        to: at(30),
        ..filter()
    };
    assert_eq!(
        told(&pages(&db, &all, 9).await),
        [(0, "in_gate", 1), (10, "in_gate", 1), (20, "out_gate", 1)]
    );
    let one = ImageFilter {
        cameras: vec![camera("in_gate")],
        thumbnails: false,
        ..all.clone()
    };
    assert_eq!(told(&pages(&db, &one, 9).await), [(0, "in_gate", 1)]);
    let unread = ImageFilter {
        processed: Some(false),
        ..all.clone()
    };
    assert_eq!(pages(&db, &unread, 9).await.len(), 3);
    let read = ImageFilter {
        processed: Some(true),
        ..all.clone()
    };
    assert_eq!(pages(&db, &read, 9).await, []);
    let good = ImageFilter {
        verdicts: vec![Verdict::Ok],
        ..all.clone()
    };
    assert_eq!(pages(&db, &good, 9).await, [], "nobody has examined them");
    let nothing = ImageFilter {
        from: at(30) + TimeDelta::seconds(1),
        ..all
    };
    assert_eq!(pages(&db, &nothing, 9).await, []);
}
