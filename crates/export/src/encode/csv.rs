//! Comma-separated values as RFC 4180 has them, with plain line ends. Nothing is an empty field, an empty text is `""`.

use chrono::SecondsFormat;

use crate::columns::{Column, Value};

pub(super) fn heading(out: &mut Vec<u8>, columns: &[Column]) {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    out.extend(names.join(",").bytes());
    out.push(b'\n');
}

pub(super) fn row(out: &mut Vec<u8>, row: &[Value]) {
    for (nth, value) in row.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        field(out, value);
    }
    out.push(b'\n');
}

fn field(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => {}
        Value::Text(text) => quoted(out, text),
        Value::Number(number) => out.extend(number.to_string().bytes()),
        Value::Flag(flag) => out.extend(flag.to_string().bytes()),
        Value::Time(at) => out.extend(at.to_rfc3339_opts(SecondsFormat::Micros, true).bytes()),
    }
}

/// A text, in quotes where it would be read otherwise without.
fn quoted(out: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) && text.trim() == text {
        out.extend(text.bytes());
        return;
    }
    out.push(b'"');
    out.extend(text.replace('"', "\"\"").bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads what RFC 4180 describes, byte by byte; a field is `None` if nothing stands there.
    fn read(text: &str) -> Vec<Vec<Option<String>>> {
        let (mut rows, mut fields, mut chars) = (Vec::new(), Vec::new(), text.chars().peekable());
        while chars.peek().is_some() {
            let field = if chars.next_if_eq(&'"').is_some() {
                let mut inner = String::new();
                while let Some(char) = chars.next() {
                    if char == '"' && chars.next_if_eq(&'"').is_none() {
                        break;
                    }
                    inner.push(char);
                }
                Some(inner)
            } else {
                let mut plain = String::new();
                while let Some(char) = chars.next_if(|char| !matches!(char, ',' | '\n')) {
                    plain.push(char);
                }
                Some(plain).filter(|plain| !plain.is_empty())
            };
            fields.push(field);
            match chars.next() {
                Some(',') => {}
                end => {
                    assert_eq!(end, Some('\n'), "{text:?}");
                    rows.push(std::mem::take(&mut fields));
                }
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(
            rows in proptest::collection::vec(
                proptest::collection::vec(proptest::option::of("[a-z,\"\n\r é\\PC]{0,12}"), 3), 0..6)
        ) {
            let mut out = Vec::new();
            for texts in &rows {
                let values: Vec<Value> = texts.iter().cloned().map(|text| text.map_or(Value::Null, Value::Text)).collect();
                row(&mut out, &values);
            }
            prop_assert_eq!(read(&String::from_utf8(out).unwrap()), rows);
        }
    }
}
