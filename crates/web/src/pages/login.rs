//! The page to log in by, as a plain form. Must not know a password.

use askama::Template;
use axum::RequestExt;
use axum::extract::{Extension, Form, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::shell::{Shell, Visit};
use super::show;
use crate::access::{Attempts, Client, check_origin};
use crate::api::{self, LogIn};
use crate::params::Params;
use crate::problem::Problem;
use crate::settings::Right;

/// Where to go on behind it.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// A path of ours.
    #[serde(default)]
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
struct Sent {
    user: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    shell: Shell,
    next: String,
    user: String,
    trouble: Option<String>,
    has_users: bool,
}

/// The address of the page, from which it goes on to `next`.
pub fn address(base: &str, next: &str) -> String {
    let next: String = askama::filters::urlencode_strict(next)
        .map(|text| text.to_string())
        .unwrap_or_default();
    format!("{base}/login?next={next}")
}

/// The form.
pub async fn page(visit: Visit, Params(asked): Params<Asked>) -> Result<Response, Problem> {
    let is_open = visit.caller.right > Right::Nothing && !has_users(&visit);
    if visit.caller.session.is_some() || is_open {
        return Ok(Redirect::to(&onward(&visit, &asked.next)).into_response());
    }
    form(&visit, asked.next, String::new(), None)
}

/// Somebody sent the form.
pub async fn enter(
    visit: Visit,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Response, Problem> {
    check_origin(&request)?;
    let sent: Result<Form<Sent>, _> = request.extract().await;
    let Form(sent) = sent.map_err(|_| Problem::bad("the form is not one of ours"))?;
    let asked = LogIn {
        user: sent.user.clone(),
        password: sent.password,
    };
    match api::enter(&visit.app, &client, asked).await {
        Ok((cookie, _)) => {
            let onward = Redirect::to(&onward(&visit, &sent.next));
            Ok((CookieJar::new().add(cookie), onward).into_response())
        }
        Err(problem) => {
            let code = problem.code();
            let trouble = match code {
                StatusCode::UNAUTHORIZED => "Nobody has this name and this password.".to_owned(),
                StatusCode::TOO_MANY_REQUESTS => {
                    "Too many attempts to log in. Wait for a minute, then try again.".to_owned()
                }
                _ => problem.detail().to_owned(),
            };
            let mut response = form(&visit, sent.next, sent.user, Some(trouble))?;
            *response.status_mut() = code;
            if code == StatusCode::TOO_MANY_REQUESTS {
                let minute = HeaderValue::from(Attempts::SECONDS);
                response.headers_mut().insert(header::RETRY_AFTER, minute);
            }
            Ok(response)
        }
    }
}

/// Logs out.
pub async fn leave(
    visit: Visit,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    check_origin(&request)?;
    let base = &visit.app.settings().base_path;
    let mut response = Redirect::to(&format!("{base}/login")).into_response();
    if let Some(value) = api::leave(&visit.app, &client, &headers) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

fn form(
    visit: &Visit,
    next: String,
    user: String,
    trouble: Option<String>,
) -> Result<Response, Problem> {
    show(&Page {
        shell: visit.shell("", "Log in"),
        next,
        user,
        trouble,
        has_users: has_users(visit),
    })
}

fn has_users(visit: &Visit) -> bool {
    !visit.app.settings().access.users.is_empty()
}

/// Where it goes on: only ever to a path of ours.
fn onward(visit: &Visit, next: &str) -> String {
    let shell = visit.shell("", "");
    if is_ours(next, &shell.base) {
        next.to_owned()
    } else {
        shell.to("/")
    }
}

/// Whether it is a path below the base, and nothing that a browser could take for another site.
fn is_ours(next: &str, base: &str) -> bool {
    let is_plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let Some(rest) = next.strip_prefix(base) else {
        return false;
    };
    let is_below = rest.starts_with(['/', '?']) || (rest.is_empty() && !base.is_empty());
    is_plain && is_below && next.starts_with('/') && !next.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_to_paths_of_ours_only() {
        for (next, base, ours) in [
            ("/", "", true),
            ("/day/in_gate/2025-09-07?with=out_gate#f1", "", true),
            ("/gates", "/gates", true),
            ("/gates/runs", "/gates", true),
            ("/gates-evil", "/gates", false),
            ("/runs", "/gates", false),
            ("", "", false),
            ("//evil.example", "", false),
            ("/\\evil.example", "", false),
            ("https://evil.example", "", false),
            ("javascript:alert(1)", "", false),
            ("/\t/evil.example", "", false),
            ("/a\r\nset-cookie: x", "", false),
        ] {
            assert_eq!(is_ours(next, base), ours, "{next:?} below {base:?}");
        }
        assert_eq!(
            address("/gates", "/gates/day?with=a&b"),
            "/gates/login?next=%2Fgates%2Fday%3Fwith%3Da%26b"
        );
    }
}
