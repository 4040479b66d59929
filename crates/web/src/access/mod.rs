//! Who may do what: every request goes through here before anything is looked up. Owns hosts, credentials, sessions and forged
//! requests; must not know what is served.

mod attempts;
mod caller;
mod headers;
mod hosts;
mod password;
mod sessions;

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::settings::Right;
use crate::state::App;

pub use attempts::Attempts;
pub use caller::{Caller, Client};
pub use headers::secure;
pub use password::{hash_password, is_password_hash, verify_password};
pub use sessions::{COOKIE, CSRF_HEADER, Session, Sessions, random_text as random_name};

/// Who asks, for everything behind it; an unknown host is refused.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| *address);
    let access = &app.settings().access;
    let client = Client::of(peer, request.headers(), &access.proxies);
    if !is_probe(request.uri().path()) && !hosts::is_known(client.host.as_deref(), &access.hosts) {
        let host = client.host.unwrap_or_default();
        let detail = format!(
            "nobody is called {host:?} here: add the name to allowed_hosts in [web] if it is yours"
        );
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response();
    }
    let caller = Caller::of(&app, request.headers());
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Probes tell nothing and come by any name.
fn is_probe(path: &str) -> bool {
    path.ends_with("/livez") || path.ends_with("/readyz")
}

/// Lets through who may read, and for what changes something, who may operate.
pub async fn guard(request: Request, next: Next) -> Response {
    let wanted = match *request.method() {
        Method::GET | Method::HEAD => Right::Read,
        _ => Right::Operate,
    };
    match check(&request, wanted) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(request: &Request, wanted: Right) -> Result<(), Problem> {
    let none = Caller::default();
    let caller = request.extensions().get::<Caller>().unwrap_or(&none);
    if caller.is_wrong {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "nobody knows this token",
        ));
    }
    if caller.right < wanted {
        return Err(match caller.right {
            Right::Nothing => Problem::new(
                StatusCode::UNAUTHORIZED,
                "send a token (Authorization: Bearer ...), or log in",
            ),
            _ => Problem::new(
                StatusCode::FORBIDDEN,
                "these credentials may read, but not operate",
            ),
        });
    }
    if wanted == Right::Operate {
        check_origin(request)?;
        check_csrf(request, caller)?;
    }
    Ok(())
}

/// A browser that was sent here by another site says so.
///
/// # Errors
/// When it does.
pub fn check_origin(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let client = request.extensions().get::<Client>();
    let host = client.and_then(|client| client.host.as_deref());
    let is_foreign = match text(header::ORIGIN.as_str()) {
        Some(origin) => origin.split_once("://").map(|(_, origin)| origin) != host,
        None => matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")),
    };
    if is_foreign {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "another site sent this request",
        ));
    }
    Ok(())
}

/// Who is known by a cookie must also say what only the page knows.
fn check_csrf(request: &Request, caller: &Caller) -> Result<(), Problem> {
    let Some(session) = &caller.session else {
        return Ok(());
    };
    let said = request.headers().get(CSRF_HEADER);
    if said.is_some_and(|said| sessions::are_equal(said.as_bytes(), session.csrf.as_bytes())) {
        return Ok(());
    }
    let detail =
        format!("the header {CSRF_HEADER} is missing or wrong: GET /api/v1/session tells it");
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}
