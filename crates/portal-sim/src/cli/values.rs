//! Owns reading the values of flags. It must not know where they go.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use portal_sim::{ApiFailure, EmptyDay, Thinned};

/// Takes a flag over what was there before.
pub(super) fn set<T>(target: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *target = value;
    }
}

/// Takes repeated flags over what was there before.
pub(super) fn set_list<T>(target: &mut Vec<T>, flags: Vec<T>) {
    if !flags.is_empty() {
        *target = flags;
    }
}

/// Reads JSON that is given as such, or as `@FILE`.
pub(super) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    let text = match text.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?
        }
        None => text.to_owned(),
    };
    serde_json::from_str(&text).with_context(|| format!("not what was expected: {text}"))
}

/// Reads `DATE` or `CAMERA:DATE`.
pub(super) fn empty_day(text: &str) -> Result<EmptyDay, String> {
    let (camera, date) = match text.split_once(':') {
        Some((camera, date)) => (Some(camera.to_owned()), date),
        None => (None, text),
    };
    let date: NaiveDate = date
        .parse()
        .map_err(|_| "expected DATE or CAMERA:DATE".to_owned())?;
    Ok(EmptyDay { camera, date })
}

/// Reads `500`, `429`, `429:SECONDS` or `error-body`.
pub(super) fn api_failure(text: &str) -> Result<ApiFailure, String> {
    match text.split_once(':').unwrap_or((text, "5")) {
        ("500", _) => Ok(ApiFailure::ServerError),
        ("error-body", _) => Ok(ApiFailure::ErrorBody),
        ("429", wait) => match wait.parse() {
            Ok(retry_after) => Ok(ApiFailure::TooMany { retry_after }),
            Err(_) => Err("expected seconds after 429:".to_owned()),
        },
        _ => Err("expected 500, 429, 429:SECONDS or error-body".to_owned()),
    }
}

/// Reads `INSTANT/N`.
pub(super) fn thinned(text: &str) -> Result<Thinned, String> {
    let wrong = || "expected an instant and a number such as 2025-09-07T10:00:00Z/100".to_owned();
    let (before, every) = text.rsplit_once('/').ok_or_else(wrong)?;
    Ok(Thinned {
        before: before.parse().map_err(|_| wrong())?,
        every: every.parse().map_err(|_| wrong())?,
    })
}
