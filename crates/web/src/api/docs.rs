//! The API's description, and a page that shows it without a network: everything on it is embedded. Must not describe anything itself.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;

use crate::state::App;

/// The description itself.
pub fn description() -> Router<App> {
    Router::new().route("/api/openapi.json", get(json))
}

/// The page, which is the same for everybody.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/api", get(|| async { Redirect::to("api/docs") }))
        .route(
            "/api/docs",
            get(async || file("text/html; charset=utf-8", include_str!("docs/docs.html"))),
        )
        .route(
            "/api/docs.js",
            get(async || {
                file(
                    "text/javascript; charset=utf-8",
                    include_str!("docs/docs.js"),
                )
            }),
        )
        .route(
            "/api/docs.css",
            get(async || file("text/css; charset=utf-8", include_str!("docs/docs.css"))),
        )
}

async fn json(app: axum::extract::State<App>) -> impl IntoResponse {
    let mut document = super::document();
    let base = &app.settings().base_path;
    if !base.is_empty() {
        document["servers"] = serde_json::json!([{ "url": base }]);
    }
    axum::Json(document)
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        text,
    )
}
