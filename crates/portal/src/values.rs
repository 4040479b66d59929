//! What an answer of the page's own requests names: addresses and times, whatever its shape. Must not know which camera or day
//! is wanted.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::address::{Address, AddressTime};
use regex::Regex;
use serde_json::Value;

/// What one answer names.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent remarks about one answer"
)]
pub struct Named {
    /// Texts that may be picture addresses, in the order of the answer, each with the instants that stand beside it.
    pub addresses: Vec<(String, Beside)>,
    /// Times by the place where they stand (`data.h.at[]`), in the order of the answer.
    pub times: BTreeMap<String, Vec<AddressTime>>,
    /// Times in names of frames that stand there without an extension, from which the page makes addresses: by camera and place.
    pub names: BTreeMap<(CameraId, String), Vec<AddressTime>>,
    /// Whether it holds an empty list, or a count of none.
    pub has_empty_list: bool,
    /// Whether it is a structured answer (JSON) rather than some text.
    pub is_structured: bool,
    /// Words of an error that it reports about itself.
    pub error: Option<String>,
    /// Whether it says that there is more to come.
    pub says_more: bool,
    /// Whether it holds something like the place where the next part begins.
    pub has_next: bool,
    /// Whether it has a field for such a place, or for whether there is more, that says that there is none.
    pub has_no_next: bool,
    /// Numbers that are called a total.
    pub totals: Vec<u64>,
}

impl Named {
    /// Lists of times that may be those of a camera's frames, with their places.
    pub fn lists<'a>(
        &'a self,
        camera: &'a CameraId,
    ) -> impl Iterator<Item = (&'a str, &'a [AddressTime])> {
        let times = self.times.iter().map(|(at, times)| (&**at, &**times));
        times.chain(self.names_of(camera))
    }

    /// Times in names of a camera's frames, with their places.
    pub fn names_of<'a>(
        &'a self,
        camera: &'a CameraId,
    ) -> impl Iterator<Item = (&'a str, &'a [AddressTime])> {
        let names = self.names.iter().filter(move |((of, _), _)| of == camera);
        names.map(|((_, at), times)| (&**at, &**times))
    }
}

/// Instants that stand beside an address in the same object, such as `LastModified`.
pub type Beside = Vec<DateTime<Utc>>;

static PICTURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[^\s"'()<>,\\\x00-\x1f]+\.(?i:jpe?g)(?:\?[^\s"'()<>,\\\x00-\x1f]*)?"#)
        .expect("the pattern is a constant")
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)\s?(Z|[+-]\d{2}:?\d{2})?$",
    )
    .expect("the pattern is a constant")
});

/// Reads an answer: JSON, JSON lines, or text in which addresses stand.
#[must_use]
pub fn read(body: &str) -> Named {
    let mut named = Named::default();
    let trimmed = body.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        named.is_structured = true;
        walk(&value, &mut String::new(), &[], &mut named);
        return named;
    }
    let lines: Vec<Value> = trimmed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map_while(|line| serde_json::from_str(line).ok())
        .collect();
    if lines.len() > 1
        && lines.len()
            == trimmed
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count()
    {
        named.is_structured = true;
        for line in &lines {
            walk(line, &mut "[]".to_owned(), &[], &mut named);
        }
        return named;
    }
    named
        .addresses
        .extend(pictures(&body.replace("\\/", "/"), &[]));
    named
}

fn pictures(text: &str, beside: &[DateTime<Utc>]) -> Vec<(String, Beside)> {
    let found = PICTURE.find_iter(text).map(|found| found.as_str());
    // In binary answers the bytes before an address may look like text; the address begins at its scheme.
    let whole = found.map(|text| {
        text.rfind("http")
            .filter(|at| text[*at..].contains("://"))
            .map_or(text, |at| &text[at..])
    });
    whole
        .map(|text| (text.to_owned(), beside.to_vec()))
        .collect()
}

/// Walks a JSON value. `path` is where it stands, with list positions left out; `beside` are the instants of the object it is in.
fn walk(value: &Value, path: &mut String, beside: &[DateTime<Utc>], named: &mut Named) {
    match value {
        Value::Array(items) => {
            named.has_empty_list |= items.is_empty();
            let length = path.len();
            path.push_str("[]");
            for item in items {
                walk(item, path, beside, named);
            }
            path.truncate(length);
        }
        Value::Object(fields) => {
            let own: Beside = fields.values().filter_map(instant_of).collect();
            let beside = if own.is_empty() { beside } else { &own };
            for (key, field) in fields {
                note_hints(key, field, named);
                let length = path.len();
                path.push('.');
                path.push_str(if is_data_key(key) { "*" } else { key });
                // A map from times to something names the times in its keys.
                note_text(key, path, beside, named);
                walk(field, path, beside, named);
                path.truncate(length);
            }
        }
        Value::String(text) => note_text(text, path, beside, named),
        Value::Number(number) => {
            if let Some(instant) = number.as_f64().and_then(unix_time) {
                named
                    .times
                    .entry(path.clone())
                    .or_default()
                    .push(AddressTime::Absolute(instant));
            }
        }
        _ => {}
    }
}

/// Keys that are data rather than names: dates, hours, numbers.
fn is_data_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_digit())
}

/// The instant that a field names, if it is one.
fn instant_of(field: &Value) -> Option<DateTime<Utc>> {
    match field {
        Value::Number(number) => number.as_f64().and_then(unix_time),
        Value::String(text) => match time_of(text)? {
            AddressTime::Absolute(instant) => Some(instant),
            AddressTime::Naive(_) => None,
        },
        _ => None,
    }
}

fn note_text(text: &str, path: &str, beside: &[DateTime<Utc>], named: &mut Named) {
    if text.len() > 4000 {
        // A document inside the document: HTML, or JSON spelled as a string.
        let inner = read(text);
        named.addresses.extend(inner.addresses);
        return;
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains(".jpg") || lower.contains(".jpeg") {
        named.addresses.extend(pictures(text, beside));
    } else if let Some(time) = time_of(text) {
        named.times.entry(path.to_owned()).or_default().push(time);
    } else if let Some((camera, time)) = name_of(text) {
        let place = (camera, path.to_owned());
        named.names.entry(place).or_default().push(time);
    }
}

/// The longest text that is taken for a name.
const LONGEST_NAME: usize = 300;

/// The camera and the time that a frame's name without an extension has, alone or at the end of a path.
fn name_of(text: &str) -> Option<(CameraId, AddressTime)> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < 10 || text.len() > LONGEST_NAME {
        return None;
    }
    let address = Address::parse(&format!("{text}.jpeg"))?;
    Some((address.camera, address.time))
}

/// Names for the place where the next part of a list begins.
const NEXT: [&str; 11] = [
    "next",
    "nextcursor",
    "nextpage",
    "nexttoken",
    "nextpagetoken",
    "nextoffset",
    "nextmarker",
    "nexturl",
    "nextlink",
    "continuation",
    "continuationtoken",
];

/// Words about errors, counts and continuations, by the names that programmers give them.
fn note_hints(key: &str, field: &Value, named: &mut Named) {
    let key = key.to_ascii_lowercase().replace(['_', '-'], "");
    match (key.as_str(), field) {
        ("error" | "errors" | "errormessage" | "err" | "exception", Value::String(text))
            if !text.is_empty() =>
        {
            named.error = Some(text.clone());
        }
        ("error" | "errors" | "err", Value::Array(items)) if !items.is_empty() => {
            named.error = Some(field.to_string());
        }
        ("error" | "err" | "exception", Value::Object(_) | Value::Bool(true)) => {
            named.error = Some(field.to_string());
        }
        ("success" | "ok", Value::Bool(false)) => named.error = Some(format!("{key}: false")),
        ("hasmore" | "more" | "hasnext" | "hasnextpage", Value::Bool(true)) => {
            named.says_more = true;
        }
        ("hasmore" | "more" | "hasnext" | "hasnextpage", Value::Bool(false)) => {
            named.has_no_next = true;
        }
        (name, _) if NEXT.contains(&name) => note_next(field, named),
        (
            "total" | "totalcount" | "totalitems" | "totalelements" | "totalresults",
            Value::Number(number),
        ) => {
            named.has_empty_list |= number.as_u64() == Some(0);
            named.totals.extend(number.as_u64());
        }
        ("pages" | "totalpages" | "pagecount" | "lastpage", Value::Number(number)) => {
            named.has_next |= number.as_u64().is_some_and(|pages| pages > 1);
        }
        ("count" | "n" | "size" | "length", Value::Number(number))
            if number.as_u64() == Some(0) =>
        {
            named.has_empty_list = true;
        }
        _ => {}
    }
}

/// A field that holds the place where the next part of a list begins, or nothing.
fn note_next(field: &Value, named: &mut Named) {
    match field {
        Value::Null | Value::Bool(false) => named.has_no_next = true,
        Value::String(text) if text.is_empty() => named.has_no_next = true,
        Value::Array(items) if items.is_empty() => named.has_no_next = true,
        _ => named.has_next = true,
    }
}

/// A Unix time in seconds or milliseconds between 2014 and 2040.
fn unix_time(number: f64) -> Option<DateTime<Utc>> {
    const FIRST: f64 = 1.4e9;
    const LAST: f64 = 2.2e9;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked, fractions of a millisecond do not matter"
    )]
    if (FIRST..LAST).contains(&number) {
        DateTime::from_timestamp_millis((number * 1e3).round() as i64)
    } else if (FIRST * 1e3..LAST * 1e3).contains(&number) {
        DateTime::from_timestamp_millis(number as i64)
    } else {
        None
    }
}

/// A time in words, or a Unix time in digits.
fn time_of(text: &str) -> Option<AddressTime> {
    if text.len() >= 10 && text.len() <= 13 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text
            .parse()
            .ok()
            .and_then(unix_time)
            .map(AddressTime::Absolute);
    }
    let found = TIME.captures(text)?;
    let naive = format!("{}T{}", &found[1], &found[2])
        .parse::<NaiveDateTime>()
        .ok()?;
    let Some(zone) = found.get(3) else {
        return Some(AddressTime::Naive(naive));
    };
    let zone = if zone.as_str() == "Z" {
        "+00:00"
    } else {
        zone.as_str()
    };
    DateTime::parse_from_str(
        &format!(
            "{naive}{zone}",
            naive = naive.format("%Y-%m-%dT%H:%M:%S%.f")
        ),
        "%Y-%m-%dT%H:%M:%S%.f%z",
    )
    .ok()
    .map(|instant| AddressTime::Absolute(instant.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_found_whatever_the_shape() {
        for body in [
            r#"{"items":[{"full":"https:\/\/c\/a\/2025-09-07T10:17:34-in_gate.jpeg"}]}"#,
            r#"["https://c/a/2025-09-07T10:17:34-in_gate.jpeg"]"#,
            "{\"a\":\"https://c/a/2025-09-07T10:17:34-in_gate.jpeg\"}\n{\"a\":1}\n",
            "<img src=\"https://c/a/2025-09-07T10:17:34-in_gate.jpeg\">",
            "x,https://c/a/2025-09-07T10:17:34-in_gate.jpeg,180000\n",
            "\u{0}\u{12}Jhttps://c/a/2025-09-07T10:17:34-in_gate.jpeg\u{1a}",
        ] {
            let texts: Vec<String> = read(body)
                .addresses
                .into_iter()
                .map(|(text, _)| text)
                .collect();
            assert_eq!(
                texts,
                ["https://c/a/2025-09-07T10:17:34-in_gate.jpeg"],
                "{body}"
            );
        }
    }

    #[test]
    fn times_are_gathered_by_place() {
        let named = read(
            r#"{"d":{"at":[1757240254,1757240854],"x":7},"now":"2025-09-07T17:17:34Z","rows":[{"t":"2025-09-07 10:17:34"}]}"#,
        );
        assert_eq!(named.times[".d.at[]"].len(), 2);
        assert_eq!(
            named.times[".now"][0],
            AddressTime::Absolute("2025-09-07T17:17:34Z".parse().unwrap())
        );
        assert_eq!(
            named.times[".rows[].t"][0],
            AddressTime::Naive("2025-09-07T10:17:34".parse().unwrap())
        );
    }

    #[test]
    fn names_without_an_extension_are_times_of_their_camera() {
        let named = read(
            r#"{"media":"https://c/apm/","a":[{"k":"2025-09-07/10/2025-09-07T10:17:34-in_gate"},{"k":"2025-09-07/10/1757240854000-in_gate-thumbnail"}],"b":["2025-09-07T10:17:35-out_gate"],"c":"1757240254-7","d":"2025-09-07 of in_gate"}"#,
        );
        let of = |camera: &str| {
            let camera = CameraId::new(camera).unwrap();
            let names = named.names_of(&camera);
            names
                .map(|(at, times)| (at.to_owned(), times.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("in_gate"), [(".a[].k".to_owned(), 2)]);
        assert_eq!(of("out_gate"), [(".b[]".to_owned(), 1)]);
        assert!(named.addresses.is_empty() && named.times.is_empty());
    }

    #[test]
    fn instants_beside_an_address_are_kept() {
        let named = read(
            r#"{"at":1757240000,"rows":[{"Key":"a/2025-09-07T10:17:34-in_gate.jpeg","LastModified":"2025-09-07T17:17:36Z"}]}"#,
        );
        let modified: DateTime<Utc> = "2025-09-07T17:17:36Z".parse().unwrap();
        assert_eq!(named.addresses[0].1, [modified]);
    }

    #[test]
    fn an_empty_list_is_no_error_and_an_error_no_empty_list() {
        assert!(read("[]").has_empty_list);
        assert!(read(r#"{"frames":[]}"#).has_empty_list);
        let error = read(r#"{"error":"database down","frames":[]}"#);
        assert_eq!(error.error.as_deref(), Some("database down"));
        assert!(!read(r#"{"ok":true}"#).has_empty_list);
        assert!(read("{\"errors\":null,\"data\":{\"n\":0}}").error.is_none());
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_a_panic(body in "\\PC{0,300}") {
            let _ = read(&body);
        }

        #[test]
        fn any_json_is_read_without_a_panic(number in proptest::num::f64::ANY, text in "[0-9TZ: +.-]{0,40}") {
            let _ = read(&serde_json::json!({ "n": number, "t": text }).to_string());
        }
    }
}
