//! The newest frame of every camera, health, and today's coverage. Must not judge.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use draywatch_catalog::{ImageQuery, ImageRow, Order};
use draywatch_core::CameraId;

use super::answers::{self, Day};
use super::cameras::{self, Camera};
use super::shell::{Badge, Shell, Visit};
use super::strip::Strip;
use super::times::{Age, Clock, Time, length};
use super::{prose, show};
use crate::api::Image;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    shell: Shell,
    reasons: Vec<Reason>,
    is_running: bool,
    cameras: Vec<View>,
    sizes: &'static str,
    newest: i64,
}

struct Reason {
    badge: Badge,
    message: String,
}

impl Reason {
    /// The message as HTML.
    fn words(&self) -> String {
        prose::html(&self.message)
    }
}

/// A camera as it is shown.
struct View {
    name: String,
    is_collected: bool,
    frame: Option<Frame>,
    strip: Strip,
    quarters: Vec<String>,
    share: String,
    day: String,
    lag: Option<String>,
}

struct Frame {
    image: Image,
    at: Option<Time>,
    age: Option<Age>,
    address: String,
    size: (u32, u32),
    sight: Option<&'static str>,
}

/// The page.
pub async fn page(visit: Visit) -> Result<Response, Problem> {
    let shell = visit.shell("Now", "Now").with("now.js");
    let cameras = cameras::all(&visit.app).await?;
    let names: Vec<CameraId> = cameras.iter().map(|one| one.id.clone()).collect();
    // Read first: what comes meanwhile is told twice rather than not at all.
    let newest = visit
        .app
        .ask(|catalog| async move { catalog.newest_image().await })
        .await?;
    let frames = frames(&visit, names.clone()).await?;
    let clock = shell.clock();
    let today = (clock.today(), clock.today());
    let days = answers::days(&visit.app, names, today, visit.now).await?;
    let lags = lags(&visit);
    let all = cameras.into_iter().zip(frames).zip(days);
    let views = all.map(|((camera, frame), days)| {
        let lag = lags.get(camera.id.as_str()).cloned();
        view(&shell, &clock, &camera, frame, days, lag)
    });
    let cameras: Vec<View> = views.collect();
    let report = visit.app.source().snapshot().report.clone();
    let reasons = report.reasons.into_iter().map(|reason| Reason {
        badge: reason.status.into(),
        message: reason.message,
    });
    show(&Page {
        reasons: reasons.collect(),
        is_running: report.is_running,
        shell,
        sizes: sizes(cameras.len()),
        cameras,
        newest,
    })
}

/// How wide a picture is shown, for browsers to choose between its file and a thumbnail; the style sheet says the same.
fn sizes(cameras: usize) -> &'static str {
    match cameras {
        0..=1 => "(max-width: 1250px) 95vw, 1200px",
        2 => "(max-width: 900px) 95vw, 48vw",
        3..=8 => "(max-width: 900px) 95vw, (max-width: 1300px) 48vw, 32vw",
        _ => "(max-width: 600px) 95vw, 320px",
    }
}

fn view(
    shell: &Shell,
    clock: &Clock,
    camera: &Camera,
    frame: Option<ImageRow>,
    days: Vec<Day>,
    lag: Option<String>,
) -> View {
    let name = camera.id.to_string();
    let today = days.into_iter().next().unwrap_or(Day {
        date: clock.today(),
        slots: Vec::new(),
    });
    View {
        frame: frame.map(|row| Frame::new(row, shell, clock)),
        strip: Strip::new(&today, clock),
        quarters: today.quarters(clock),
        share: today.share(),
        day: shell.to(&format!("/day/{name}/{}", today.date)),
        is_collected: camera.is_collected,
        lag,
        name,
    }
}

impl Frame {
    /// How wide the picture itself is; more than its largest thumbnail, so that browsers can choose.
    fn wide(&self) -> u32 {
        self.size.0.max(641)
    }

    fn new(row: ImageRow, shell: &Shell, clock: &Clock) -> Self {
        let image = Image::new(row, &shell.base);
        let date = image.time.map_or(clock.today(), |at| clock.date(at));
        let address = format!("/day/{}/{date}/{}", image.camera, image.id);
        Self {
            at: image.time.map(|at| clock.time(at)),
            age: image.time.map(|at| clock.age(at)),
            address: shell.to(&address),
            size: image.width.zip(image.height).unwrap_or((16, 9)),
            sight: super::frames::sight(&image),
            image,
        }
    }
}

/// The newest frame of each camera.
async fn frames(visit: &Visit, names: Vec<CameraId>) -> Result<Vec<Option<ImageRow>>, Problem> {
    let question = |catalog: std::sync::Arc<dyn draywatch_catalog::Catalog>| async move {
        let newest = names.into_iter().map(|camera| {
            let query = ImageQuery {
                camera: Some(camera),
                order: Order::Newest,
                limit: 1,
                ..ImageQuery::default()
            };
            let catalog = std::sync::Arc::clone(&catalog);
            async move { Ok(catalog.image_page(&query).await?.rows.pop()) }
        });
        futures::future::try_join_all(newest).await
    };
    visit.app.ask(question).await
}

/// How long after its instant the newest frame of each camera was stored.
fn lags(visit: &Visit) -> BTreeMap<String, String> {
    let snapshot = visit.app.source().snapshot();
    let readings = snapshot.readings.iter().flat_map(|all| &all.cameras);
    readings
        .filter_map(|one| Some((one.camera.to_string(), length(one.lag?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::shell::plain;
    use draywatch_core::health::Status;

    #[test]
    fn names_and_reasons_are_text() {
        let shell = plain();
        let clock = shell.clock();
        let row = ImageRow {
            id: 7,
            camera_id: "<script>alert(1)</script>".to_owned(),
            timestamp: None,
            ordinal: 1,
            path: String::new(),
            file_size: None,
            sha256: Some("\"><svg onload=x>".to_owned()),
            width: Some(800),
            height: Some(450),
            is_thumbnail: false,
            processed: false,
            url: None,
            file_state: Some("missing".to_owned()),
            verified_at: None,
            verdict: None,
        };
        let camera = Camera {
            id: CameraId::new("in_gate").unwrap(),
            is_collected: false,
            oldest: None,
            newest: None,
        };
        let lag = Some("<b>1 h</b>".to_owned());
        let seen = view(&shell, &clock, &camera, Some(row), Vec::new(), lag);
        let page = Page {
            reasons: vec![Reason {
                badge: Status::Critical.into(),
                message: "<script>alert(2)</script>".to_owned(),
            }],
            is_running: true,
            cameras: vec![seen],
            sizes: sizes(1),
            newest: 7,
            shell,
        };
        let text = page.render().unwrap();
        for word in ["<script>alert", "<b>1 h", "<svg onload", "style="] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert!(
            text.contains("file missing") && text.contains("not collected"),
            "{text}"
        );
        assert!(text.contains("no time"), "{text}");
    }
}
