//! Bytes as answers: tags, conditions, ranges, and for how long they may be kept. Must not know whose bytes they are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum_extra::headers::{
    ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, LastModified,
};
use bytes::Bytes;
use tokio_util::io::ReaderStream;

use crate::problem::Problem;

/// What is not longer than this is read at once; more comes in such parts.
pub const AT_ONCE: u64 = 1024 * 1024;

/// By which name bytes are kept, and how long.
#[derive(Debug)]
pub struct Kept {
    sha256: Option<String>,
    is_for_ever: bool,
    width: Option<u32>,
    written: Option<SystemTime>,
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
            written: None,
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

    /// The same bytes with the moment since which they are these, if it is known.
    pub fn written(self, written: Option<SystemTime>) -> Self {
        Self { written, ..self }
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
    let about = file.metadata().map_err(failed)?;
    let (length, modified) = (about.len(), about.modified().ok());
    respond((length, modified), kept, headers, |from, to| {
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
    let about = (bytes.len() as u64, kept.written);
    respond(about, kept, headers, |from, to| {
        let at = |place| usize::try_from(place).unwrap_or(usize::MAX);
        Ok(Body::from(bytes.slice(at(from)..at(to))))
    })
}

fn respond(
    (length, modified): (u64, Option<SystemTime>),
    kept: &Kept,
    headers: &HeaderMap,
    read: impl FnOnce(u64, u64) -> Result<Body, Problem>,
) -> Result<Response, Problem> {
    let tag = kept.tag();
    let (written, modified) = (modified, modified.map(LastModified::from));
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
    }
    if let Some(modified) = modified {
        told.typed_insert(modified);
    }
    if is_known(tag.as_ref(), written, headers) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    told.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kept.media_type),
    );
    let (from, to) = match part(length, tag.as_ref(), modified.as_ref(), headers)? {
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

/// Whether a client has these bytes already: by their tag if it names one, by their date otherwise (RFC 9110, 13.2.2).
fn is_known(tag: Option<&ETag>, written: Option<SystemTime>, headers: &HeaderMap) -> bool {
    if let Some(known) = headers.typed_get::<IfNoneMatch>() {
        return tag.is_some_and(|tag| !known.precondition_passes(tag));
    }
    let since = headers.typed_get::<IfModifiedSince>();
    since
        .zip(written)
        .is_some_and(|(since, written)| !since.is_modified(written))
}

/// Of several ranges none is served: all of the file is an answer as well. The same goes for what cannot be read.
fn part(
    length: u64,
    tag: Option<&ETag>,
    modified: Option<&LastModified>,
    headers: &HeaderMap,
) -> Result<Part, Problem> {
    let Some(asked) = headers.get(header::RANGE).and_then(range) else {
        return Ok(Part::Whole);
    };
    if let Some(condition) = headers.typed_get::<IfRange>()
        && condition.is_modified(tag, modified)
    {
        return Ok(Part::Whole);
    }
    let (from, to) = match asked {
        Asked::From(first, last) => (first, last.map_or(length, |last| last.saturating_add(1))),
        Asked::Last(bytes) => (length.saturating_sub(bytes), length),
    };
    let to = to.min(length);
    if from < to {
        return Ok(Part::Some(from, to));
    }
    let detail = format!("it has {length} bytes");
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
    let whole = HeaderValue::from_str(&format!("bytes */{length}"));
    Err(whole.map_or(problem.clone(), |whole| {
        problem.with(header::CONTENT_RANGE, whole)
    }))
}

/// A range as it is asked for (RFC 9110, 14.1.2).
enum Asked {
    /// From that byte on, to that one with it.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

/// One range of bytes; nothing for anything else.
fn range(value: &HeaderValue) -> Option<Asked> {
    let text = value.to_str().ok()?;
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", last) => Some(Asked::Last(number(last)?)),
        (first, "") => Some(Asked::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, Some(last)))
        }
    }
}

/// Digits; those beyond every file are the largest number.
fn number(text: &str) -> Option<u64> {
    let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.parse().unwrap_or(u64::MAX))
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
            Err(problem) => {
                let response = axum::response::IntoResponse::into_response(problem);
                let range = response.headers().get(header::CONTENT_RANGE);
                let range = range.map(|value| value.to_str().unwrap().to_owned());
                (response.status().as_u16(), range.unwrap_or_default(), 0)
            }
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
            // RFC 9110, 14.1.2: more than there is means all there is.
            (vec![("range", "bytes=-10")], 206, "bytes 0-9/10", 10),
            (vec![("range", "bytes=-11")], 206, "bytes 0-9/10", 10),
            (
                vec![("range", "bytes=-99999999999999999999")],
                206,
                "bytes 0-9/10",
                10,
            ),
            (
                vec![("range", "bytes=9-18446744073709551615")],
                206,
                "bytes 9-9/10",
                1,
            ),
            (vec![("range", "Bytes=0-0")], 206, "bytes 0-0/10", 1),
            (vec![("range", "bytes=10-")], 416, "bytes */10", 0),
            (vec![("range", "bytes=-0")], 416, "bytes */10", 0),
            (vec![("range", "bytes=3-2")], 200, "", 10),
            (vec![("range", "bytes=+1-2")], 200, "", 10),
            (vec![("range", "bytes=-")], 200, "", 10),
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

    /// Who knows a date instead of a tag is told by it, and a tag goes before it; for files and for bytes that are here.
    #[test]
    fn dates_are_conditions() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"0123456789").unwrap();
        let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_757_240_254_900);
        file.set_modified(written).unwrap();
        let kept = Kept::new(Some(HASH.to_owned()), None);
        let of_file = |headers: &HeaderMap| answer(file.try_clone().unwrap(), &kept, headers);
        dates(|headers| of_file(headers).unwrap());
        let kept = Kept::new(Some(HASH.to_owned()), None).written(Some(written));
        let bytes = Bytes::from_static(b"0123456789");
        dates(|headers| answer_with(&bytes, &kept, headers).unwrap());
    }

    fn dates(answer: impl Fn(&HeaderMap) -> Response) {
        let ask = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            answer(&headers)
        };
        let date = "Sun, 07 Sep 2025 10:17:34 GMT";
        assert_eq!(ask(&[]).headers()[header::LAST_MODIFIED], date);
        let since = |date| ask(&[("if-modified-since", date)]).status().as_u16();
        assert_eq!(since(date), 304);
        assert_eq!(since("Sun, 07 Sep 2025 10:17:33 GMT"), 200);
        let other = [("if-modified-since", date), ("if-none-match", "\"other\"")];
        assert_eq!(ask(&other).status(), 200);
        let part = |date| {
            let asked = [("range", "bytes=0-3"), ("if-range", date)];
            ask(&asked).status().as_u16()
        };
        assert_eq!(
            (part(date), part("Sun, 07 Sep 2025 10:17:33 GMT")),
            (206, 200)
        );
    }
}
