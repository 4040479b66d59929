//! Parameters and bodies of requests, with problem details where they are wrong. Must not know what is asked for.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
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

/// A body of JSON, which is always an object.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let found = Json::<Object<T>>::from_request(request, state).await;
        let found = found.map(|Json(Object(found))| Self(found));
        found.map_err(|rejection| {
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

/// What is read from an object alone: by itself a struct would also be read from an array of its fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(ReadsObject(PhantomData))
            .map(Self)
    }
}

struct ReadsObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ReadsObject<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// An instant as everybody writes it: in a year of four digits (RFC 3339).
///
/// # Errors
/// When it is none.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let at = DateTime::<Utc>::deserialize(deserializer)?;
    year(at.year())?;
    Ok(at)
}

/// The same where it may be left out; needs `#[serde(default)]`.
///
/// # Errors
/// When it is none.
pub fn maybe_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    instant(deserializer).map(Some)
}

/// A day in a year of four digits, which may be left out; needs `#[serde(default)]`.
///
/// # Errors
/// When it is none.
pub fn maybe_day<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let day = NaiveDate::deserialize(deserializer)?;
    year(day.year())?;
    Ok(Some(day))
}

fn year<E: Error>(year: i32) -> Result<(), E> {
    if (0..=9999).contains(&year) {
        return Ok(());
    }
    Err(E::custom(format!(
        "the year {year} is not from 0000 to 9999"
    )))
}

/// What a form leaves empty is not asked for; needs `#[serde(default)]`.
///
/// # Errors
/// When something else stands there than what is wanted.
pub fn filled<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
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

#[cfg(test)]
mod tests {
    use axum::http::Uri;
    use axum::response::IntoResponse;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Asked {
        #[serde(deserialize_with = "maybe_instant")]
        from: Option<DateTime<Utc>>,
        #[serde(deserialize_with = "maybe_day")]
        to: Option<NaiveDate>,
        #[serde(deserialize_with = "filled")]
        year: Option<i32>,
    }

    /// A struct can be read from an array of its fields, which the description does not promise.
    #[tokio::test]
    async fn a_body_is_an_object_and_nothing_else() {
        for (body, code) in [
            ("{}", None),
            (r#"{"to": "2025-09-07"}"#, None),
            ("[]", Some(400)),
            (r#"["2025-09-07T00:00:00Z", "2025-09-07", ""]"#, Some(400)),
            ("null", Some(400)),
            ("3", Some(400)),
            (r#""text""#, Some(400)),
            (r#"{"unknown": 1}"#, Some(400)),
            (r#"{"to": "2025-09-07", "to": "2025-09-07"}"#, Some(400)),
            ("{", Some(400)),
        ] {
            let request = Request::post("/").header("content-type", "application/json");
            let request = request.body(axum::body::Body::from(body)).unwrap();
            let found = Body::<Asked>::from_request(request, &()).await;
            let found = found.err().map(|problem| problem.code().as_u16());
            assert_eq!(found, code, "{body}");
        }
    }

    #[tokio::test]
    async fn years_have_four_digits_and_what_a_form_leaves_empty_is_not_asked_for() {
        for (query, is_right) in [
            ("from=2025-09-07T00:00:00Z&to=2025-09-07&year=2025", true),
            ("from=9999-12-31T23:59:59Z&to=0001-01-01", true),
            ("year=", true),
            ("from=%2B262142-01-01T00:00:00Z", false),
            ("from=-0001-01-01T00:00:00Z", false),
            ("to=%2B10000-01-01", false),
            ("year=x", false),
            ("year=2025&year=2025", false),
        ] {
            let uri: Uri = format!("/?{query}").parse().unwrap();
            let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
            let found = Params::<Asked>::from_request_parts(&mut parts, &()).await;
            let code = found.map_err(|problem| problem.into_response().status().as_u16());
            assert_eq!(code.is_ok(), is_right, "{query}: {code:?}");
            assert!(is_right || code.is_err_and(|code| code == 400), "{query}");
        }
    }
}
