//! Every fault of the CDN as a raw client meets it.

use std::time::{Duration, Instant};

use crate::common::{Answer, End, evening, get, get_briefly, sparse, start};
use portal_sim::{Fault, FaultRule, Match, Portal, Sizes, TruthFrame};
use sha2::{Digest, Sha256};

struct Scene {
    portal: Portal,
    frame: TruthFrame,
    good: Vec<u8>,
}

impl Scene {
    async fn new() -> Self {
        let portal = start(sparse(evening())).await;
        let frame = portal
            .truth("in_gate", portal.today())
            .await
            .expect("truth")
            .remove(0);
        let good = get(&frame.url).await.body;
        Self {
            portal,
            frame,
            good,
        }
    }

    async fn meet(&self, fault: Fault) -> Answer {
        self.portal.set_faults(vec![FaultRule::always(fault)]);
        get_briefly(&self.frame.url).await
    }
}

fn whole(bytes: &[u8]) -> bool {
    turbojpeg::decompress_to_yuv(bytes).is_ok() && bytes.ends_with(&[0xFF, 0xD9])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_picture() {
    let scene = Scene::new().await;
    let answer = get(&scene.frame.url).await;
    assert_eq!((answer.status, answer.end), (200, End::Complete));
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert!(answer.header("etag").is_some());
    let sum = Sha256::digest(&answer.body);
    let known = scene.frame.sha256.as_deref().expect("a hash");
    let known = (0..known.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&known[at..at + 2], 16));
    assert_eq!(
        known.collect::<Result<Vec<u8>, _>>().expect("hexadecimal"),
        sum.to_vec()
    );
    assert_eq!(Some(answer.body.len()), scene.frame.bytes);
    assert!(whole(&answer.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses() {
    let scene = Scene::new().await;
    let cases = [
        (Fault::NotFound, 404, None),
        (Fault::NotFoundBoth, 404, None),
        (Fault::Forbidden, 403, None),
        (Fault::TooMany { retry_after: 7 }, 429, Some("7")),
        (Fault::Unavailable { retry_after: 3 }, 503, Some("3")),
        (Fault::ServerError, 500, None),
    ];
    for (fault, status, wait) in cases {
        let answer = scene.meet(fault).await;
        assert_eq!(
            (answer.status, answer.end),
            (status, End::Complete),
            "{fault:?}"
        );
        assert_eq!(answer.header("retry-after"), wait, "{fault:?}");
        let thumbnail = get(&scene.frame.thumbnail_url).await.status;
        assert_eq!(
            thumbnail,
            if fault == Fault::NotFoundBoth {
                404
            } else {
                200
            },
            "{fault:?}"
        );
    }
    let until = scene
        .meet(Fault::UnavailableUntil { retry_after: 60 })
        .await;
    assert!(
        until
            .header("retry-after")
            .is_some_and(|text| text.ends_with(" GMT"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections() {
    let scene = Scene::new().await;
    let half = scene.good.len() / 2;
    let reset = scene.meet(Fault::Reset).await;
    assert_eq!((reset.status, reset.end), (200, End::Reset));
    assert!(reset.body.len() <= half, "{}", reset.body.len());
    let early = scene.meet(Fault::ResetEarly).await;
    assert_eq!((early.status, early.end), (0, End::Reset));
    let stall = scene.meet(Fault::Stall).await;
    assert_eq!(
        (stall.status, stall.end, stall.body.len()),
        (200, End::Silent, half)
    );
    let early = scene.meet(Fault::StallEarly).await;
    assert_eq!((early.status, early.end), (0, End::Silent));
    let endless = scene.meet(Fault::Endless).await;
    assert!(endless.body.len() > 1_000_000 && endless.length().is_none());
    assert!(endless.body.starts_with(&scene.good));
    let began = Instant::now();
    let drip = scene
        .meet(Fault::Drip {
            bytes_per_sec: 200_000,
        })
        .await;
    assert_eq!(drip.body, scene.good);
    assert!(
        began.elapsed() > Duration::from_millis(700),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_bodies() {
    let scene = Scene::new().await;
    let most = scene.good.len() * 60 / 100;
    let cases = [
        (
            Fault::CutWithLengthMismatch,
            End::Closed,
            Some(scene.good.len()),
            most,
        ),
        (Fault::CutConsistent, End::Complete, Some(most), most),
        (Fault::CutChunked, End::Complete, None, most),
        (Fault::CutChunkedUnfinished, End::Closed, None, most),
        (Fault::CutUntilClose, End::Closed, None, most),
        (
            Fault::EndMarkerGlued,
            End::Complete,
            Some(most + 2),
            most + 2,
        ),
        (
            Fault::Scrambled,
            End::Complete,
            Some(scene.good.len()),
            scene.good.len(),
        ),
        (Fault::Empty, End::Complete, Some(0), 0),
    ];
    for (fault, end, length, bytes) in cases {
        let answer = scene.meet(fault).await;
        assert_eq!(
            (answer.status, answer.end, answer.length()),
            (200, end, length),
            "{fault:?}"
        );
        assert_eq!(answer.body.len(), bytes, "{fault:?}");
        assert_eq!(
            answer.header("content-type"),
            Some("image/jpeg"),
            "{fault:?}"
        );
        assert!(!whole(&answer.body), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn error_pages_with_status_200() {
    let scene = Scene::new().await;
    for (fault, kind) in [
        (Fault::Html, "text/html; charset=utf-8"),
        (Fault::HtmlAsJpeg, "image/jpeg"),
    ] {
        let answer = scene.meet(fault).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind))
        );
        assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_and_placeholder() {
    let scene = Scene::new().await;
    let origin = scene.portal.image_url().trim_end_matches("/apm").to_owned();
    let mut url = scene.frame.url.clone();
    for _ in 0..5 {
        let answer = if url == scene.frame.url {
            scene.meet(Fault::RedirectLoop).await
        } else {
            get(&url).await
        };
        assert_eq!(answer.status, 302);
        url = format!("{origin}{}", answer.header("location").expect("a location"));
    }
    let answer = scene.meet(Fault::RedirectOk).await;
    assert_eq!(answer.status, 302);
    let target = format!("{origin}{}", answer.header("location").expect("a location"));
    assert_eq!(get(&target).await.body, scene.good);
    let placeholder = scene.meet(Fault::Placeholder).await;
    let header = turbojpeg::read_header(&placeholder.body).expect("a JPEG");
    assert_eq!((header.width, header.height), (1200, 675));
    assert!(whole(&placeholder.body) && placeholder.body != scene.good);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_pick_and_are_used_up() {
    let scene = Scene::new().await;
    let portal = &scene.portal;
    let rule = FaultRule {
        times: Some(2),
        ..FaultRule::always(Fault::ServerError)
    };
    portal.set_faults(vec![rule]);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&scene.frame.url).await.status);
    }
    assert_eq!(statuses, [500, 500, 200]);
    let matching = Match {
        camera: Some("out_gate".to_owned()),
        thumbnails: Sizes::Both,
        ..Match::default()
    };
    portal.set_faults(vec![FaultRule {
        matching,
        fault: Fault::Forbidden,
        times: None,
    }]);
    assert_eq!(get(&scene.frame.url).await.status, 200);
    let out = portal.frames("out_gate", portal.today()).expect("frames");
    assert_eq!(get(&portal.address(&out[0], true)).await.status, 403);
    let matching = Match {
        every_nth: Some(3),
        ..Match::default()
    };
    portal.set_faults(vec![FaultRule {
        matching,
        fault: Fault::NotFound,
        times: None,
    }]);
    let mut missing = 0;
    for frame in portal
        .frames("in_gate", portal.today())
        .expect("frames")
        .iter()
        .take(9)
    {
        missing += u32::from(get(&portal.address(frame, false)).await.status == 404);
    }
    assert_eq!(missing, 3);
}

#[test]
fn rules_are_json() {
    let text = r#"[{"fault":"not_found"},{"match":{"probability":0.5,"thumbnails":"both"},
        "fault":{"too_many":{"retry_after":2}},"times":1}]"#;
    let rules: Vec<FaultRule> = serde_json::from_str(text).expect("rules");
    assert_eq!(rules[1].fault, Fault::TooMany { retry_after: 2 });
    assert!(serde_json::from_str::<FaultRule>(r#"{"fault":"empty","tmies":1}"#).is_err());
}
