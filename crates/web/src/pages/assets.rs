//! Styles, scripts and pictures of the pages, embedded in the program. Must not know what is on a page.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::headers::{ETag, HeaderMapExt, IfNoneMatch};
use sha2::{Digest, Sha256};

use crate::params::InPath;
use crate::problem::Problem;
use crate::state::App;

/// A file that is served as it is.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! script {
    ($name:literal) => {
        Asset {
            name: $name,
            kind: SCRIPT,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }
    };
}

/// All of them: a new one is a line here.
static ASSETS: &[Asset] = &[
    asset!("draywatch.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    script!("ages.js"),
    script!("coverage.js"),
    script!("day.js"),
    script!("events.js"),
    script!("frame.js"),
    script!("now.js"),
    script!("shared.js"),
    script!("timelapse.js"),
    script!("video.js"),
];

/// What stands in the addresses of all of them and changes with any of them, so that they may be kept for ever, and modules find each
/// other by relative names.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    for asset in ASSETS {
        all.update(asset.name);
        all.update(asset.bytes);
    }
    let hash = all.finalize();
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// Where they are: what stands before their names.
#[must_use]
pub fn folder(base: &str) -> String {
    format!("{base}/assets/{}", *VERSION)
}

/// One of them.
///
/// # Errors
/// When there is none of that name.
pub async fn file(
    InPath((version, name)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let asset = found.ok_or_else(|| Problem::absent("there is no such part of a page"))?;
    // A page of another version may still be open.
    let kept = if version == *VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let hash = Sha256::digest(asset.bytes);
    let tag: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"").parse::<ETag>().ok();
    let known = headers.typed_get::<IfNoneMatch>();
    let is_known = tag
        .as_ref()
        .zip(known)
        .is_some_and(|(tag, known)| !known.precondition_passes(tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.kind)], asset.bytes).into_response()
    };
    let told = response.headers_mut();
    told.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static(kept),
    );
    if let Some(tag) = tag {
        told.typed_insert(tag);
    }
    Ok(response)
}

/// Browsers ask for this name whatever a page says.
pub async fn icon(State(app): State<App>) -> Redirect {
    Redirect::temporary(&format!("{}/icon.svg", folder(&app.settings().base_path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_from_elsewhere_and_no_name_is_there_twice() {
        for (nth, asset) in ASSETS.iter().enumerate() {
            assert!(
                ASSETS[..nth].iter().all(|other| other.name != asset.name),
                "{}",
                asset.name
            );
            let text = std::str::from_utf8(asset.bytes).unwrap();
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http://") && !text.contains("https://"),
                "{}",
                asset.name
            );
        }
        let folder = folder("/gates");
        assert!(
            folder.starts_with("/gates/assets/") && folder.len() == "/gates/assets/".len() + 16,
            "{folder}"
        );
    }
}
