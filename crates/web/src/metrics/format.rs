//! Which of the two formats of metrics is asked for. Must not write any.

use axum::http::{HeaderMap, header};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// That of Prometheus' successor, which Prometheus itself asks for first.
    OpenMetrics,
    /// Prometheus' own, 0.0.4, which every tool reads.
    Plain,
}

impl Format {
    /// `OpenMetrics` where it is asked for by its name, and not less than the other.
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).iter();
        let accepts: Vec<&str> = accepts.filter_map(|value| value.to_str().ok()).collect();
        let open = wish(&accepts, "application/openmetrics-text");
        if open > 0.0 && open >= wish(&accepts, "text/plain") {
            Self::OpenMetrics
        } else {
            Self::Plain
        }
    }

    /// Its name in an answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// How much a media type is wished for by its name, from 0 to 1.
fn wish(accepts: &[&str], wanted: &str) -> f32 {
    let parts = accepts.iter().flat_map(|accept| accept.split(','));
    let weight = |part: &str| {
        let mut words = part.split(';').map(str::trim);
        let is_it = words.next()?.eq_ignore_ascii_case(wanted);
        let weight = words.find_map(|word| word.strip_prefix("q="));
        is_it.then(|| weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    };
    parts.filter_map(weight).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every answer was `OpenMetrics` once, which `promtool check metrics` and other readers of text do not understand.
    #[test]
    fn who_asks_for_a_format_by_its_name_gets_it() {
        use Format::{OpenMetrics, Plain};
        for (accept, wanted) in [
            ("", Plain),
            ("*/*", Plain),
            ("text/plain;version=0.0.4", Plain),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; version=1.0.0", OpenMetrics),
            // Prometheus 2 and 3.
            (
                "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            // The same with its own format preferred, or the other refused.
            (
                "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5",
                Plain,
            ),
            ("application/openmetrics-text;q=0, */*", Plain),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(Format::asked_for(&headers), wanted, "{accept}");
        }
    }
}
