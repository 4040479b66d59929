//! Bytes as answers: tags, conditions, ranges, and for how long they may be kept. Must not know whose bytes they are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Bound;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum_extra::headers::{ETag, HeaderMapExt, IfMatch, IfNoneMatch, IfRange, Range};
use bytes::Bytes;
use tokio_util::io::ReaderStream;

use crate::problem::Problem;

/// What is not longer than this is read at once; more comes in such parts.
const AT_ONCE: u64 = 1024 * 1024;

/// By which name bytes are kept, and how long.
#[derive(Debug)]
pub struct Kept {
    sha256: Option<String>,
    is_for_ever: bool,
    width: Option<u32>,
    media_type: &'static str,
}

/// What part of the bytes is asked for.
enum Part {
    /// All of them.
    Whole,
    /// From the first up to the second, which is not included.
    Some(u64, u64),
}

impl Kept {
    /// Bytes of that hash, where it is known, asked for by a version: who names the right one may keep them for ever.
    pub fn new(sha256: Option<String>, version: Option<&str>) -> Self {
        Self {
            is_for_ever: version.is_some() && version == sha256.as_deref(),
            sha256,
            width: None,
            media_type: "image/jpeg",
        }
    }

    /// The same as something else than a JPEG.
    pub fn typed(self, media_type: &'static str) -> Self {
        Self { media_type, ..self }
    }

    /// The same as a picture of another width.
    pub fn resized(self, width: u32) -> Self {
        Self {
            width: Some(width),
            ..self
        }
    }

    fn tag(&self) -> Option<ETag> {
        let hash = self.sha256.as_deref()?;
        let text = match self.width {
            Some(width) => format!("\"{hash}-{width}\""),
            None => format!("\"{hash}\""),
        };
        text.parse().ok()
    }
}

/// Answers with a file; reads it, so off the threads that serve.
pub fn answer(mut file: File, kept: &Kept, headers: &HeaderMap) -> Result<Response, Problem> {
    let failed = |error: std::io::Error| unreadable(&error);
    let length = file.metadata().map_err(failed)?.len();
    respond(length, kept, headers, |from, to| {
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        if to - from > AT_ONCE {
            let rest = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), to - from);
            let size = usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            return Ok(Body::from_stream(ReaderStream::with_capacity(rest, size)));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(to - from).unwrap_or(0));
        file.take(to - from)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        Ok(Body::from(bytes))
    })
}

/// The problem of a picture whose disk does not hand it out.
pub fn unreadable(error: &std::io::Error) -> Problem {
    tracing::warn!(%error, "a picture could not be read");
    Problem::later("the picture cannot be read; /healthz says why")
}

/// Answers with bytes that are here.
pub fn answer_with(bytes: &Bytes, kept: &Kept, headers: &HeaderMap) -> Result<Response, Problem> {
    respond(bytes.len() as u64, kept, headers, |from, to| {
        let at = |place| usize::try_from(place).unwrap_or(usize::MAX);
        Ok(Body::from(bytes.slice(at(from)..at(to))))
    })
}

fn respond(
    length: u64,
    kept: &Kept,
    headers: &HeaderMap,
    read: impl FnOnce(u64, u64) -> Result<Body, Problem>,
) -> Result<Response, Problem> {
    let tag = kept.tag();
    if let (Some(tag), Some(wanted)) = (&tag, headers.typed_get::<IfMatch>())
        && !wanted.precondition_passes(tag)
    {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "it is another one by now",
        ));
    }
    let mut response = Response::new(Body::empty());
    let told = response.headers_mut();
    told.typed_insert(axum_extra::headers::AcceptRanges::bytes());
    let how_long = if kept.is_for_ever {
        "private, max-age=31536000, immutable"
    } else {
        "private, no-cache"
    };
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static(how_long));
    if let Some(tag) = &tag {
        told.typed_insert(tag.clone());
        if let Some(known) = headers.typed_get::<IfNoneMatch>()
            && !known.precondition_passes(tag)
        {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
    }
    told.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kept.media_type),
    );
    let (from, to) = match part(length, tag.as_ref(), headers)? {
        Part::Whole => (0, length),
        Part::Some(from, to) => {
            let range = format!("bytes {from}-{}/{length}", to - 1);
            if let Ok(range) = HeaderValue::from_str(&range) {
                told.insert(header::CONTENT_RANGE, range);
            }
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (from, to)
        }
    };
    let told = response.headers_mut();
    told.insert(header::CONTENT_LENGTH, HeaderValue::from(to - from));
    *response.body_mut() = read(from, to)?;
    Ok(response)
}

/// Of several ranges none is served: all of the file is an answer as well.
fn part(length: u64, tag: Option<&ETag>, headers: &HeaderMap) -> Result<Part, Problem> {
    let Some(range) = headers.typed_get::<Range>() else {
        return Ok(Part::Whole);
    };
    if let Some(condition) = headers.typed_get::<IfRange>()
        && condition.is_modified(tag, None)
    {
        return Ok(Part::Whole);
    }
    let several = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    if several.is_none_or(|text| text.contains(',')) {
        return Ok(Part::Whole);
    }
    let beyond = || {
        let detail = format!("the picture has {length} bytes");
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail)
    };
    let Some((from, to)) = range.satisfiable_ranges(length).next() else {
        return Err(beyond());
    };
    let from = match from {
        Bound::Included(from) => from,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let to = match to {
        Bound::Included(last) => last.saturating_add(1).min(length),
        Bound::Excluded(to) => to.min(length),
        Bound::Unbounded => length,
    };
    if from < to {
        Ok(Part::Some(from, to))
    } else {
        Err(beyond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

    fn ask(pairs: &[(&'static str, &str)]) -> (u16, String, u64) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        let kept = Kept::new(Some(HASH.to_owned()), None);
        match answer_with(&Bytes::from_static(b"0123456789"), &kept, &headers) {
            Ok(response) => {
                let text = |name| {
                    response
                        .headers()
                        .get(name)
                        .map(|value| value.to_str().unwrap().to_owned())
                };
                let range = text(header::CONTENT_RANGE).unwrap_or_default();
                let length =
                    text(header::CONTENT_LENGTH).map_or(0, |length| length.parse().unwrap());
                (response.status().as_u16(), range, length)
            }
            Err(problem) => (
                axum::response::IntoResponse::into_response(problem)
                    .status()
                    .as_u16(),
                String::new(),
                0,
            ),
        }
    }

    #[test]
    fn ranges_and_conditions() {
        let tag = format!("\"{HASH}\"");
        for (asked, code, range, length) in [
            (vec![], 200, "", 10),
            (vec![("range", "bytes=0-3")], 206, "bytes 0-3/10", 4),
            (vec![("range", "bytes=4-")], 206, "bytes 4-9/10", 6),
            (vec![("range", "bytes=-3")], 206, "bytes 7-9/10", 3),
            (vec![("range", "bytes=5-100")], 206, "bytes 5-9/10", 5),
            (vec![("range", "bytes=10-")], 416, "", 0),
            (vec![("range", "bytes=0-1,4-5")], 200, "", 10),
            (vec![("range", "lines=0-1")], 200, "", 10),
            (vec![("range", "nonsense")], 200, "", 10),
            (vec![("if-none-match", &tag[..])], 304, "", 0),
            (vec![("if-none-match", "*")], 304, "", 0),
            (vec![("if-none-match", "\"other\"")], 200, "", 10),
            (vec![("if-match", "\"other\"")], 412, "", 0),
            (
                vec![("range", "bytes=0-3"), ("if-range", &tag[..])],
                206,
                "bytes 0-3/10",
                4,
            ),
            (
                vec![("range", "bytes=0-3"), ("if-range", "\"other\"")],
                200,
                "",
                10,
            ),
        ] {
            assert_eq!(ask(&asked), (code, range.to_owned(), length), "{asked:?}");
        }
    }
}
