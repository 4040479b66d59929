//! Owns the page origin: HTML, scripts, styles, and counting what is asked for there. What the page does is in
//! `page/app.js`; this module must not render anything.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::json;

use crate::behaviours::Outage;
use crate::state::World;
use crate::stats::ApiRequest;
use crate::wall;
use crate::{api, config::Clock, control};

/// Prefix of Element Plus's class names when they are renamed.
const NAMESPACE: &str = "dx";

/// What the page is once it has changed beyond recognition.
const ANOTHER_PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Gate portal</title></head>\
    <body><header><h1>Welcome to the new gate portal</h1></header><main><p>Choose a terminal to begin.</p>\
    <button type=\"button\">Los Angeles</button><canvas width=\"1200\" height=\"675\"></canvas></main></body></html>";

/// Files of the page that come from npm.
#[derive(Debug)]
pub(crate) struct Assets {
    folder: PathBuf,
    vue: Bytes,
    element_plus: Bytes,
    style: Bytes,
    renamed_style: Bytes,
}

impl Assets {
    pub(crate) fn load(folder: PathBuf) -> Result<Self> {
        let modules = folder.join("node_modules");
        ensure!(
            modules.join("vue").is_dir() && modules.join("element-plus").is_dir(),
            "the page needs its npm packages: run `npm ci --prefix crates/portal-sim/page` \
             (looked into {})",
            modules.display()
        );
        let read = |name: &str| -> Result<String> {
            let path = modules.join(name);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))
        };
        let style = read("element-plus/dist/index.css")?;
        let renamed = style
            .replace(".el-", &format!(".{NAMESPACE}-"))
            .replace("--el-", &format!("--{NAMESPACE}-"));
        Ok(Self {
            vue: read("vue/dist/vue.global.prod.js")?.into(),
            element_plus: read("element-plus/dist/index.full.min.js")?.into(),
            style: style.into(),
            renamed_style: renamed.into(),
            folder,
        })
    }
}

#[derive(Clone)]
struct Site {
    world: Arc<World>,
    assets: Arc<Assets>,
}

/// Everything on the page origin.
pub(crate) fn router(world: Arc<World>, assets: Assets) -> Router {
    let site = Site {
        world: Arc::clone(&world),
        assets: Arc::new(assets),
    };
    let apis = Router::new()
        .route("/api/cameras/{stream}/live", get(api::live))
        .route("/api/cameras/{stream}/history", get(api::history))
        .with_state(Arc::clone(&world));
    Router::new()
        .route("/", get(root))
        .route("/terminal_cameras/{terminal}", get(page))
        .route("/assets/{name}", get(asset))
        .with_state(site)
        .merge(apis)
        .layer(from_fn_with_state(Arc::clone(&world), count))
        .merge(control::router(world))
}

async fn root(State(site): State<Site>) -> Redirect {
    let config = &site.world.config;
    Redirect::temporary(&format!(
        "/terminal_cameras/{}?streamName={}",
        config.terminal, config.cameras[0]
    ))
}

async fn page(State(site): State<Site>, Path(terminal): Path<String>) -> Response {
    if terminal != site.world.config.terminal {
        return (StatusCode::NOT_FOUND, Html("<h1>No such terminal</h1>")).into_response();
    }
    let Ok(html) = tokio::fs::read_to_string(site.assets.folder.join("index.html")).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "index.html is missing").into_response();
    };
    if site.world.behaviours().unreadable {
        return ([(header::CACHE_CONTROL, "no-store")], Html(ANOTHER_PAGE)).into_response();
    }
    let settings = settings(&site.world);
    let style = if site.world.behaviours().renamed {
        "renamed.css"
    } else {
        "element-plus.css"
    };
    let html = html
        .replace("element-plus.css", style)
        .replace("__SETTINGS__", &settings);
    ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

/// What the page has to know, as JSON that is safe inside a script element.
fn settings(world: &World) -> String {
    let behaviours = world.behaviours();
    let fixed = match world.clock() {
        Clock::Fixed(instant) => Some(instant.timestamp_millis()),
        Clock::Real | Clock::OffsetSeconds(_) => None,
    };
    let offset = match world.clock() {
        Clock::OffsetSeconds(seconds) => seconds.saturating_mul(1000),
        Clock::Real | Clock::Fixed(_) => 0,
    };
    let cameras: Vec<&str> = world.cameras().iter().map(|camera| &**camera).collect();
    let value = json!({
        "terminal": world.config.terminal,
        "cameras": cameras,
        "timeZone": world.config.timezone.name(),
        "today": world.today(),
        "oldest": world.oldest_day(),
        "fixedNowMs": fixed,
        "clockOffsetMs": offset,
        "blank": world.blank_load(),
        "namespace": if behaviours.renamed { NAMESPACE } else { "el" },
        "behaviours": *behaviours,
    });
    value.to_string().replace('<', "\\u003c")
}

async fn asset(State(site): State<Site>, Path(name): Path<String>) -> Response {
    let assets = &site.assets;
    let own = |name: &str| Bytes::from(std::fs::read(assets.folder.join(name)).unwrap_or_default());
    let (kind, body) = match name.as_str() {
        "vue.js" => ("text/javascript", assets.vue.clone()),
        "element-plus.js" => ("text/javascript", assets.element_plus.clone()),
        "element-plus.css" => ("text/css", assets.style.clone()),
        "renamed.css" => ("text/css", assets.renamed_style.clone()),
        "app.js" => ("text/javascript", own("app.js")),
        "app.css" => ("text/css", own("app.css")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        body,
    )
        .into_response()
}

async fn count(
    State(world): State<Arc<World>>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    let at_ms = wall::millis();
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default().to_owned();
    let kind = kind(uri.path()).to_owned();
    let response = match instead(&world, uri.path()).await {
        Some(response) => response,
        None => next.run(request).await,
    };
    let status = response.status().as_u16();
    world.recorder.page(
        ApiRequest {
            at_ms,
            kind,
            path: uri.to_string(),
            status,
        },
        &agent,
    );
    response
}

/// What is answered while the origin is down or the page another one; waits while it is silent.
async fn instead(world: &World, path: &str) -> Option<Response> {
    let mut behaviours = world.watch_behaviours();
    let speaks = behaviours.wait_for(|ways| ways.page_outage != Some(Outage::Silent));
    let ways = Arc::clone(&*speaks.await.ok()?);
    if let Some(Outage::Unavailable { retry_after }) = ways.page_outage {
        let mut response =
            (StatusCode::SERVICE_UNAVAILABLE, "down for maintenance").into_response();
        if retry_after > 0 {
            let wait = header::HeaderValue::from(retry_after);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        return Some(response);
    }
    let gone = ways.unreadable && path.starts_with("/api/");
    gone.then(|| StatusCode::NOT_FOUND.into_response())
}

fn kind(path: &str) -> &'static str {
    if path.starts_with("/terminal_cameras/") {
        "page"
    } else if path.starts_with("/assets/") {
        "asset"
    } else if path.starts_with("/api/") && path.ends_with("/live") {
        "live"
    } else if path.starts_with("/api/") && path.ends_with("/history") {
        "history"
    } else {
        "other"
    }
}
