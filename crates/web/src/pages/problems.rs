//! Failures as pages, where a browser asked for one: the same shell, in the words of the problem. Must not decide what failed.

use askama::Template;
use axum::RequestExt;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::shell::{Shell, Visit};
use super::{login, show};
use crate::problem::Problem;
use crate::state::App;

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    shell: Shell,
    code: u16,
    detail: String,
}

/// Turns problem details into a page for who wants one; who is to log in is sent there.
pub async fn tell(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if !wants_page(&request, &app.settings().base_path) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let here = request.uri().path_and_query().map(ToString::to_string);
    let visit = request.extract_parts_with_state::<Visit, App>(&app).await;
    let response = next.run(request).await;
    let (Some(problem), Ok(visit)) = (response.extensions().get::<Problem>().cloned(), visit)
    else {
        return response;
    };
    if problem.code() == StatusCode::UNAUTHORIZED && !visit.caller.is_wrong {
        let here = here.filter(|_| method == Method::GET).unwrap_or_default();
        return Redirect::to(&login::address(&app.settings().base_path, &here)).into_response();
    }
    let page = Page {
        shell: visit.shell("", problem.code().canonical_reason().unwrap_or("Error")),
        code: problem.code().as_u16(),
        detail: problem.detail().to_owned(),
    };
    match show(&page) {
        Ok(mut page) => {
            *page.status_mut() = problem.code();
            if let Some(after) = response.headers().get(header::RETRY_AFTER) {
                page.headers_mut()
                    .insert(header::RETRY_AFTER, after.clone());
            }
            page
        }
        Err(_) => response,
    }
}

/// A browser that shows a page says that it takes HTML. The API answers everybody alike.
fn wants_page(request: &Request, base: &str) -> bool {
    let path = request.uri().path();
    let path = path.strip_prefix(base).unwrap_or(path);
    if path == "/api" || path.starts_with("/api/") {
        return false;
    }
    let accept = request.headers().get(header::ACCEPT);
    accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kinds| {
            kinds
                .split(',')
                .any(|kind| kind.trim().starts_with("text/html"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::shell::plain;

    #[test]
    fn whatever_is_told_is_text() {
        let page = Page {
            shell: plain(),
            code: 404,
            detail: "there is nothing at /<img src=x onerror=alert(1)>".to_owned(),
        };
        let text = page.render().unwrap();
        for word in ["<img src=x", "<script>", "<title><", "style="] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert!(text.contains("&#60;img src=x") && text.contains("href=\"/gates\""));
    }
}
