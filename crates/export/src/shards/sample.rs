//! The entries of a shard: a picture with its metadata, and the gap mask of a camera's day. Must not decide which goes where.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use draywatch_catalog::ImageRow;
use draywatch_core::CameraId;
use draywatch_core::coverage::{Answer, SLOT};
use serde_json::{Map, Value, json};

use crate::{Table, columns, encode, tar};

/// `<key>.jpg` and `<key>.json`.
pub(super) fn picture(
    key: &str,
    image: &ImageRow,
    at: DateTime<Utc>,
    picture: Bytes,
) -> Vec<Bytes> {
    let row = columns::image(image, at);
    let mut fields = encode::object(columns::of(Table::Images), &row);
    let mask = mask_key(&image.camera_id, at.date_naive());
    fields.insert("mask_key".to_owned(), mask.into());
    let length = picture.len();
    let mut rest = tar::padding(length).to_vec();
    entry(
        &mut rest,
        &format!("{key}.json"),
        &Value::Object(fields),
        at,
    );
    vec![
        tar::header(&format!("{key}.jpg"), length, at).into(),
        picture,
        rest.into(),
    ]
}

/// Where masks lie in a shard. Readers of `WebDataset` pass over such folders, and over names without an ending: what they make samples
/// of is pictures alone.
const MASKS: &str = "__masks__";

/// `__masks__/<day>_<camera>`, JSON, for each camera: the answers of the 144 slots of a UTC day, null for those not asked for.
pub(super) fn masks(
    cameras: &[CameraId],
    day: NaiveDate,
    masks: &[Vec<Option<Answer>>],
) -> Vec<Bytes> {
    let at = day.and_time(NaiveTime::MIN).and_utc();
    let mut out = Vec::new();
    for (camera, answers) in cameras.iter().zip(masks) {
        let key = mask_key(camera.as_str(), day);
        let words = |answer: &Option<Answer>| answer.as_ref().map(Answer::as_str);
        let reason = |(nth, answer): (usize, &Option<Answer>)| {
            let reason = columns::reason(answer.as_ref()?)?;
            Some((nth.to_string(), Value::from(reason)))
        };
        let reasons: Map<String, Value> = answers.iter().enumerate().filter_map(reason).collect();
        let mask = json!({
            "camera_id": camera,
            "date": day,
            "slot_minutes": SLOT.num_minutes(),
            "answers": answers.iter().map(words).collect::<Vec<_>>(),
            "reasons": reasons,
        });
        entry(&mut out, &format!("{MASKS}/{key}"), &mask, at);
    }
    vec![out.into()]
}

/// The name of the mask of a camera's UTC day.
fn mask_key(camera: &str, day: NaiveDate) -> String {
    format!("{}_{camera}", day.format("%Y%m%d"))
}

fn entry(out: &mut Vec<u8>, name: &str, value: &Value, at: DateTime<Utc>) {
    let text = value.to_string();
    out.extend(tar::header(name, text.len(), at));
    out.extend(text.bytes());
    out.extend(tar::padding(text.len()));
}
