//! The router: which routes everybody may ask for, which only those with rights, and the layers around all of them. Must not answer.

use std::any::Any;
use std::net::SocketAddr;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, serve as serve_by_axum};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::access::{guard, identify, secure};
use crate::events::Events;
use crate::problem::Problem;
use crate::state::App;
use crate::{api, health, metrics, pages};

/// The longest body.
const LONGEST_BODY: usize = 64 * 1024;

/// Everything that is served.
pub fn router(app: App) -> Router {
    let base = app.settings().base_path.clone();
    let probes = || {
        Router::new()
            .route("/livez", get(health::livez))
            .route("/readyz", get(health::readyz))
    };
    let guarded = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(metrics::page))
        .merge(api::guarded())
        .merge(pages::guarded())
        .layer(from_fn(guard));
    let open = probes().merge(api::open()).merge(pages::open());
    let all = guarded.merge(open);
    let all = if base.is_empty() {
        all
    } else {
        // Probes come from inside, where nobody knows of the base path.
        let home = base.clone();
        let home = get(async move || Redirect::permanent(&home));
        Router::new()
            .nest(&base, all)
            .route(&format!("{base}/"), home)
            .merge(probes())
    };
    all.fallback(absent)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(app.clone(), pages::tell))
        .layer(from_fn_with_state(app.clone(), identify))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(secure))
        .layer(from_fn(ranges))
        .with_state(app)
}

/// Serves until this is dropped.
///
/// # Errors
/// When the port is lost.
pub async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let router = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = serve_by_axum(listener, router) => served,
        () = Events::watch(app) => Ok(()),
    }
}

/// A part can be asked for by GET alone (RFC 9110, 14.2): who asks by HEAD is told of the whole.
async fn ranges(mut request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        request.headers_mut().remove(header::RANGE);
    }
    next.run(request).await
}

async fn absent(uri: Uri) -> Problem {
    Problem::absent(format!("there is nothing at {}", uri.path()))
}

async fn not_so(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} is not possible at {}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    tracing::error!(cause, "a request ended in a panic: please report this");
    let detail = "a mistake in draywatch; its log says more";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
}
