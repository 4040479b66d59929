//! Parameters and bodies of requests, with problem details where they are wrong. Must not know what is asked for.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};

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

/// A whole number, also one that is written as `1.0`, which JSON takes for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadsWhole).map(Self)
    }
}

struct ReadsWhole;

impl Visitor<'_> for ReadsWhole {
    type Value = i64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::custom(format!("{number} is too large")))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        // Written without a fraction or an exponent, whole numbers within these bounds are exact.
        if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
            return format!("{number:.0}").parse().map_err(E::custom);
        }
        Err(E::custom(format!("{number} is not a whole number")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.parse()
            .map_err(|_| E::custom(format!("{text:?} is not a whole number")))
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
