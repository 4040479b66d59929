//! Health by HTTP, on loopback: `/livez`, `/readyz`, `/healthz`. Must not judge.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use draywatch_core::health::{Reason, Status};
use tokio::net::TcpListener;

use super::monitor::Monitor;
use crate::config::Config;

/// Serves health until this is dropped with its task; a port that is taken is told, and no reason not to collect.
pub async fn serve(config: &Config, monitor: Arc<Monitor>) {
    if !config.enable_health_check {
        return;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.health_check_port));
    let served = match TcpListener::bind(address).await {
        Ok(listener) => {
            let address = listener.local_addr().unwrap_or(address);
            tracing::info!(%address, "health is served");
            axum::serve(listener, router(Arc::clone(&monitor))).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        let message = format!(
            "health cannot be served at {address}: {error}; set health_check_port to one that is free"
        );
        tracing::error!("{message}");
        monitor.tell(Reason::new("health_check_port", Status::Warning, message));
    }
}

fn router(monitor: Arc<Monitor>) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .with_state(monitor)
}

/// Whether the process turns.
async fn livez(State(monitor): State<Arc<Monitor>>) -> impl IntoResponse {
    if monitor.is_alive() {
        (StatusCode::OK, "alive\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the service does not turn any more\n",
        )
    }
}

/// Whether it can do its work.
async fn readyz(State(monitor): State<Arc<Monitor>>) -> impl IntoResponse {
    if monitor.report().is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: see /healthz\n")
    }
}

/// How things are.
async fn healthz(State(monitor): State<Arc<Monitor>>) -> impl IntoResponse {
    let report = monitor.report();
    let code = match report.status {
        Status::Critical => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (code, Json((*report).clone()))
}
