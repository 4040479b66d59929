//! Detectors that lease at the same time and are killed at random: every image is read at least once, and none is with two at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::site::{PATIENCE, Site};

const IMAGES: u16 = 60;
/// Seconds of a lease.
const LASTS: u64 = 2;

/// Who has which image until when, as the detectors know it.
type Held = Arc<Mutex<BTreeMap<i64, (Instant, u32)>>>;

/// One life of a detector: it leases, reads and acknowledges until it dies in the midst of something, or nothing is left.
async fn live(site: Arc<Site>, held: Held, who: u32, mut random: StdRng) -> BTreeSet<i64> {
    let mut read = BTreeSet::new();
    let lives = random.random_range(2..6);
    for _ in 0..lives {
        let asked = Instant::now();
        let wanted = json!({"holder": format!("detector {who}"), "limit": 4, "seconds": LASTS});
        let (status, lease) = site.post("/api/v1/leases", wanted).await;
        assert_eq!(status, 200, "{lease}");
        let images: Vec<i64> = lease["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["image"]["id"].as_i64().unwrap())
            .collect();
        let Some(name) = lease["lease"].as_str() else {
            break;
        };
        {
            let mut held = held.lock().unwrap();
            for id in &images {
                // Its time is over at the earliest that long after it was asked for.
                let until = asked + Duration::from_secs(LASTS);
                if let Some((before, other)) = held.insert(*id, (until, who)) {
                    assert!(
                        before <= Instant::now(),
                        "{id} is with {other} and with {who}"
                    );
                }
            }
        }
        if random.random_bool(0.3) {
            return read;
        }
        let count = random.random_range(0..=images.len());
        let done = &images[..count];
        if done.is_empty() {
            continue;
        }
        let (status, told) = site
            .post(
                &format!("/api/v1/leases/{name}/acknowledge"),
                json!({"images": done}),
            )
            .await;
        let acknowledged = told["acknowledged"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_i64().unwrap());
        let acknowledged: Vec<i64> = acknowledged.collect();
        match status.as_u16() {
            200 => assert_eq!(acknowledged, done),
            409 => assert!(asked.elapsed() >= Duration::from_secs(LASTS), "{told}"),
            _ => panic!("{status}: {told}"),
        }
        read.extend(acknowledged);
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_image_is_read_and_none_is_with_two_at_a_time() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let site = Arc::new(Site::new(IMAGES).await);
    let held = Held::default();
    let mut detectors = tokio::task::JoinSet::new();
    let mut read = BTreeSet::new();
    let begun = Instant::now();
    let mut who = 0;
    while read.len() < usize::from(IMAGES) {
        assert!(
            begun.elapsed() < PATIENCE,
            "seed {seed}: {} of {IMAGES} after {PATIENCE:?}",
            read.len()
        );
        while detectors.len() < 2 {
            who += 1;
            let own = StdRng::seed_from_u64(random.random());
            detectors.spawn(live(Arc::clone(&site), Arc::clone(&held), who, own));
        }
        // Whatever it is in the midst of.
        if random.random_bool(0.2) {
            let moment = Duration::from_millis(random.random_range(0..30));
            tokio::time::sleep(moment).await;
            detectors.abort_all();
        }
        if let Some(Ok(more)) = detectors.join_next().await {
            read.extend(more);
        }
        // What a killed one acknowledged is known to the database only.
        let sql = "SELECT id FROM images WHERE processed";
        let all = site
            .home
            .number(&format!("SELECT COUNT(*) FROM ({sql})"))
            .await;
        if all == i64::from(IMAGES) {
            break;
        }
        if detectors.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    detectors.shutdown().await;
    assert_eq!(
        site.home
            .number("SELECT COUNT(*) FROM images WHERE processed")
            .await,
        i64::from(IMAGES)
    );
    assert!(who > 3, "some died: {who}");
}

#[tokio::test]
async fn what_ran_out_and_went_to_another_is_refused() {
    let site = Site::new(3).await;
    let (_, first) = site
        .post("/api/v1/leases", json!({"limit": 2, "seconds": 1}))
        .await;
    let name = first["lease"].as_str().unwrap();
    let ids: Vec<_> = first["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["image"]["id"].clone())
        .collect();
    let acknowledge = async |lease: &str, ids: &[serde_json::Value]| {
        site.post(
            &format!("/api/v1/leases/{lease}/acknowledge"),
            json!({"images": ids}),
        )
        .await
    };
    let (status, told) = acknowledge(name, &ids[..1]).await;
    assert_eq!(
        (status.as_u16(), &told["acknowledged"]),
        (200, &json!([ids[0]]))
    );
    assert_eq!(acknowledge(name, &ids[..1]).await.0, 200, "again");
    let begun = Instant::now();
    let second = loop {
        let (_, second) = site
            .post("/api/v1/leases", json!({"limit": 1, "seconds": 100}))
            .await;
        if second["images"][0]["image"]["id"] == ids[1] {
            break second;
        }
        let lease = second["lease"].as_str();
        if let Some(lease) = lease {
            let back = site.ask(reqwest::Method::DELETE, &format!("/api/v1/leases/{lease}"));
            assert_eq!(back.send().await.unwrap().status(), 204);
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(second["images"][0]["attempts"], 2);
    let (status, told) = acknowledge(name, &ids).await;
    assert_eq!(
        (status.as_u16(), &told["acknowledged"], &told["refused"]),
        (409, &json!([ids[0]]), &json!([ids[1]]))
    );
    let name = second["lease"].as_str().unwrap();
    assert_eq!(acknowledge(name, &ids[1..]).await.0, 200);
    assert_eq!(
        acknowledge("nobody", &[json!(9999)]).await.1["gone"],
        json!([9999])
    );
}
