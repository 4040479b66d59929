//! What somebody who wrote a wrong name may have meant.

use super::setting::Setting;
use super::settings;

/// The setting that was meant by a wrong dotted name, if one is near enough.
pub(super) fn setting(name: &str) -> Option<&'static Setting> {
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let key = name.rsplit('.').next().unwrap_or(name);
    settings()
        .find(|setting| last(setting.name) == key)
        .or_else(|| {
            let found = nearest(name, settings().map(|setting| setting.name))
                .or_else(|| nearest(key, settings().map(|setting| last(setting.name))))?;
            settings().find(|setting| setting.name == found || last(setting.name) == found)
        })
}

/// The nearest of some names, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['.', '-', ' '], "_");
    let text = plain(text);
    names
        .into_iter()
        .map(|name| (distance(&text, &plain(name)), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).clamp(1, 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters must be put in, left out or changed to make one text of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let change = corner + usize::from(l != *r);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (left, right, count) in [
            ("", "", 0),
            ("a", "", 1),
            ("kitten", "sitting", 3),
            ("timeout", "timout", 1),
        ] {
            assert_eq!(distance(left, right), count);
            assert_eq!(distance(right, left), count);
        }
    }

    #[test]
    fn what_is_near_is_found_and_what_is_far_is_not() {
        let meant = |name| setting(name).map(|setting| setting.name);
        assert_eq!(meant("timout"), Some("timeout"));
        assert_eq!(meant("portal.timeout"), Some("timeout"));
        assert_eq!(meant("time_zone"), Some("portal.time_zone"));
        assert_eq!(meant("portal_time_zone"), Some("portal.time_zone"));
        assert_eq!(meant("portal.timezone"), Some("portal.time_zone"));
        assert_eq!(meant("download-dir"), Some("download_dir"));
        assert_eq!(meant("stream_name"), Some("stream_names"));
        assert_eq!(meant("colour"), None);
        assert_eq!(meant(""), None);
    }
}
