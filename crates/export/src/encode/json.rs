//! Rows as JSON objects, fields in the order of the columns.

use chrono::SecondsFormat;
use serde_json::{Map, Value as Json};

use crate::columns::{Column, Value};

/// A row as an object.
pub(crate) fn object(columns: &[Column], row: &[Value]) -> Map<String, Json> {
    let pairs = columns.iter().zip(row);
    pairs
        .map(|(column, value)| (column.name.to_owned(), json(value)))
        .collect()
}

pub(super) fn line(out: &mut Vec<u8>, columns: &[Column], row: &[Value]) {
    out.extend(Json::Object(object(columns, row)).to_string().bytes());
    out.push(b'\n');
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Time(at) => at.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
    }
}
