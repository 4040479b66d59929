//! Health by HTTP: `/livez`, `/readyz`, `/healthz`. Must not judge.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use draywatch_core::health::Status;

use crate::Source;

/// Whether the process turns.
pub async fn livez(State(source): State<Source>) -> impl IntoResponse {
    if (source.is_alive)() {
        (StatusCode::OK, "alive\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the service does not turn any more\n",
        )
    }
}

/// Whether it can do its work.
pub async fn readyz(State(source): State<Source>) -> impl IntoResponse {
    let is_ready = match &source.is_ready {
        Some(is_ready) => is_ready(),
        None => source.report().is_ready(),
    };
    if is_ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: see /healthz\n")
    }
}

/// How things are; of a service that no longer looks after itself, that.
pub async fn healthz(State(source): State<Source>) -> impl IntoResponse {
    let report = source.report();
    let code = match report.status {
        Status::Critical => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (code, Json(report))
}
