//! Detectors as processes of their own, two at a time, killed by SIGKILL at random moments. What each did stands in its own log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::site::{PATIENCE, Site, TOKEN};

const IMAGES: u16 = 60;
/// Seconds of a lease.
const LASTS: &str = "2";
/// Deaths before the detectors are left alone.
const DEATHS: usize = 12;

/// A stretch in which a detector holds an image, in seconds of the machine's clock.
struct Hold {
    begin: f64,
    end: f64,
    who: String,
}

struct Detector {
    child: Child,
    dies_at: Option<Instant>,
}

impl Drop for Detector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What all logs of a folder tell: who held which image when, and which images were read.
fn told(logs: &Path) -> (BTreeMap<i64, Vec<Hold>>, BTreeSet<i64>) {
    let (mut held, mut read) = (BTreeMap::<i64, Vec<Hold>>::new(), BTreeSet::new());
    for log in fs::read_dir(logs).unwrap() {
        let text = fs::read_to_string(log.unwrap().path()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let ends: BTreeMap<&str, f64> = lines
            .iter()
            .filter_map(|line| Some((line["done"].as_str()?, line["at"].as_f64()?)))
            .collect();
        for line in &lines {
            read.extend(line["read"].as_i64());
            let Some(lease) = line["lease"].as_str() else {
                continue;
            };
            // From its answer to its acknowledgement, or until its time is over at the earliest: a part of what the server counts.
            let over = line["end"].as_f64().unwrap();
            let end = ends.get(lease).copied().unwrap_or(over).min(over);
            for image in line["images"].as_array().unwrap() {
                held.entry(image.as_i64().unwrap()).or_default().push(Hold {
                    begin: line["begin"].as_f64().unwrap(),
                    end,
                    who: line["who"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    (held, read)
}

fn start(site: &Site, logs: &Path, number: usize, dies_in: Option<Duration>) -> Detector {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/web/detector.py");
    let name = format!("detector-{number}");
    let log: PathBuf = logs.join(&name);
    let child = Command::new("python3")
        .args([script, &site.server.base, TOKEN, &name, LASTS])
        .arg(log)
        .env_remove("http_proxy")
        .stdin(Stdio::null())
        .spawn()
        .expect("python3 must be installed");
    Detector {
        child,
        dies_at: dies_in.map(|after| Instant::now() + after),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_lose_nothing_and_never_share_an_image() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let site = Site::new(IMAGES).await;
    let logs = tempfile::tempdir().unwrap();
    let (mut number, mut deaths, mut ended) = (0, 0, 0);
    let mut detectors: Vec<Detector> = Vec::new();
    let begun = Instant::now();
    while ended < 2 {
        assert!(begun.elapsed() < PATIENCE, "seed {seed}, {deaths} deaths");
        while detectors.len() + ended < 2 {
            number += 1;
            let dies =
                (deaths < DEATHS).then(|| Duration::from_millis(random.random_range(100..900)));
            detectors.push(start(&site, logs.path(), number, dies));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        detectors.retain_mut(|detector| {
            if let Some(status) = detector.child.try_wait().unwrap() {
                assert!(status.success(), "seed {seed}: {status}");
                ended += 1;
                return false;
            }
            let dies = detector.dies_at.is_some_and(|at| at <= Instant::now());
            deaths += usize::from(dies);
            !dies
        });
    }
    let (held, read) = told(logs.path());
    assert_eq!(read.len(), usize::from(IMAGES), "read at least once");
    let sql = "SELECT COUNT(*) FROM images WHERE processed";
    assert_eq!(site.home.number(sql).await, i64::from(IMAGES));
    for (image, mut holds) in held {
        holds.sort_by(|a, b| a.begin.total_cmp(&b.begin));
        for pair in holds.windows(2) {
            let (one, other) = (&pair[0], &pair[1]);
            assert!(
                one.end <= other.begin,
                "seed {seed}: image {image} is with {} until {} and with {} from {} on",
                one.who,
                one.end,
                other.who,
                other.begin
            );
        }
    }
    println!("{number} detectors, {deaths} killed, {:?}", begun.elapsed());
}
