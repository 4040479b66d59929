//! Parameters and bodies of requests, with problem details where they are wrong. Must not know what is asked for.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The parameters of a query. Unknown ones and those that stand there twice are wrong.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        let wrong = |rejection: axum::extract::rejection::QueryRejection| {
            Problem::bad(format!(
                "the query is wrong: {}",
                cause(&rejection.body_text())
            ))
        };
        found.map(|Query(found)| Self(found)).map_err(wrong)
    }
}

/// The parts of a path.
#[derive(Debug)]
pub struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        let wrong = |rejection: axum::extract::rejection::PathRejection| {
            Problem::bad(format!(
                "the path is wrong: {}",
                cause(&rejection.body_text())
            ))
        };
        found.map(|Path(found)| Self(found)).map_err(wrong)
    }
}

/// A body of JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let found = Json::<T>::from_request(request, state).await;
        found.map(|Json(found)| Self(found)).map_err(|rejection| {
            let code = match (&rejection, rejection.status()) {
                (JsonRejection::JsonDataError(_), _) => StatusCode::BAD_REQUEST,
                (_, code) => code,
            };
            Problem::new(
                code,
                format!("the body is wrong: {}", cause(&rejection.body_text())),
            )
        })
    }
}

/// What is wrong, without what everybody knows.
fn cause(text: &str) -> &str {
    let starts = [
        "Failed to deserialize query string: ",
        "Invalid URL: ",
        "Failed to deserialize the JSON body into the target type: ",
    ];
    starts
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .unwrap_or(text)
}
