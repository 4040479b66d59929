//! Logging in and out. Must not know what a right is good for.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Attempts, COOKIE, Caller, Client, Session, check_origin, verify_password};
use crate::params::Body;
use crate::problem::{Problem, Problems};
use crate::settings::Right;
use crate::state::{App, blocking};

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Who {
    /// Who is logged in; null for programs and for what everybody may do.
    user: Option<String>,
    /// What they may do.
    right: Right,
    /// What the header `x-csrf-token` must say with every request that changes something.
    csrf: Option<String>,
    /// When the log-in ends.
    expires: Option<DateTime<Utc>>,
}

impl Who {
    fn of(right: Right, session: Option<&Session>) -> Self {
        Self {
            user: session.map(|session| session.user.clone()),
            right,
            csrf: session.map(|session| session.csrf.clone()),
            expires: session.map(|session| session.expires),
        }
    }
}

/// Who asks, and what they may do.
#[utoipa::path(get, operation_id = "get_session", path = "/session", tag = "access", security(()), responses((status = 200, description = "Who asks.", body = Who), Problems))]
pub async fn who(Extension(caller): Extension<Caller>) -> Json<Who> {
    Json(Who::of(caller.right, caller.session.as_ref()))
}

/// Log in by name and password; the answer sets a cookie.
#[utoipa::path(post, operation_id = "log_in", path = "/session", tag = "access", security(()), request_body = LogIn, responses((status = 200, description = "Logged in.", body = Who), Problems))]
pub async fn log_in(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Response, Problem> {
    check_origin(&request)?;
    let Body(asked): Body<LogIn> = request.extract().await?;
    let (cookie, session) = enter(&app, &client, asked).await?;
    let right = session.right.max(app.settings().access.everyone);
    let told = Json(Who::of(right, Some(&session)));
    Ok((CookieJar::new().add(cookie), told).into_response())
}

/// Lets in who has the right password: the cookie to set, and the session. Whose request it is must have been checked.
///
/// # Errors
/// When it is the wrong one, or there were too many attempts.
pub async fn enter(
    app: &App,
    client: &Client,
    asked: LogIn,
) -> Result<(Cookie<'static>, Session), Problem> {
    let now = app.now();
    if !app.attempts().allow(client.address, now) {
        let detail = "too many attempts to log in: wait for a minute";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
        return Err(problem.with(header::RETRY_AFTER, Attempts::SECONDS));
    }
    let users = &app.settings().access.users;
    let user = users.iter().find(|user| user.name == asked.user).cloned();
    let hash = user.as_ref().map(|user| user.hash.clone());
    let is_it = blocking(move || verify_password(&asked.password, hash.as_deref())).await?;
    let Some(user) = user.filter(|_| is_it) else {
        tracing::warn!(
            address = client.address.map(tracing::field::display),
            "somebody could not log in"
        );
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "nobody has this name and this password",
        ));
    };
    let lasts = TimeDelta::hours(app.settings().access.session_hours.into());
    let (secret, session) = app.sessions().begin(&user.name, user.right, now, lasts);
    tracing::info!(
        user = user.name,
        address = client.address.map(tracing::field::display),
        "logged in"
    );
    Ok((cookie(app, secret, client.is_secure), session))
}

/// Ends the log-in of a request, if there is one: what `Set-Cookie` is to say.
#[must_use]
pub fn leave(app: &App, client: &Client, headers: &HeaderMap) -> Option<HeaderValue> {
    if let Some(held) = CookieJar::from_headers(headers).get(COOKIE) {
        app.sessions().end(held.value());
    }
    let mut gone = cookie(app, String::new(), client.is_secure);
    gone.make_removal();
    gone.to_string().parse().ok()
}

/// Log out.
#[utoipa::path(delete, operation_id = "log_out", path = "/session", tag = "access", security(()), responses((status = 204, description = "Logged out."), Problems))]
pub async fn log_out(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    check_origin(&request)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(value) = leave(&app, &client, &headers) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The cookie: for this server alone, for no script, and for no request that another site sends by itself.
fn cookie(app: &App, value: String, is_secure: bool) -> Cookie<'static> {
    let base = &app.settings().base_path;
    let path = if base.is_empty() { "/" } else { base };
    Cookie::build((COOKIE, value))
        .path(path.to_owned())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure)
        .build()
}
