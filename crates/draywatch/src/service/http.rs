//! The port of the service, on loopback: `draywatch_web` behind it. Must not judge, nor know what is served.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use draywatch_core::Clock;
use draywatch_core::health::{Reason, Status};
use draywatch_web::Source;
use tokio::net::TcpListener;

use super::monitor::Monitor;
use crate::config::Config;

/// Serves until this is dropped with its task; a port that is taken is told, and no reason not to collect.
pub async fn serve(config: &Config, monitor: Arc<Monitor>, clock: Clock) {
    if !config.enable_health_check {
        return;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.health_check_port));
    let served = match TcpListener::bind(address).await {
        Ok(listener) => {
            let address = listener.local_addr().unwrap_or(address);
            tracing::info!(%address, "health is served");
            axum::serve(listener, draywatch_web::router(source(&monitor, clock))).await
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

fn source(monitor: &Arc<Monitor>, clock: Clock) -> Source {
    let asked = Arc::clone(monitor);
    Source {
        snapshots: monitor.snapshots(),
        is_alive: Arc::new(move || asked.is_alive()),
        clock,
    }
}
