//! Types that a setting can have: how each is read, and how it is written back as TOML.
//!
//! It owns the types' own rules; bounds and further rules are in the rows of the settings.

use std::collections::HashSet;
use std::path::PathBuf;

use chrono_tz::Tz;
use draywatch_core::CameraId;
use draywatch_core::alert::Status;
use draywatch_core::zone::ImageTimeSetting;
use url::Url;

use super::alerts::{AlertFrom, Secret, SmtpTls, WebhookForm};
use super::problem::Fault;
use super::raw::Raw;
use super::retention::{ReferencedRows, Retention};
use super::suggest::nearest;
use super::web::OpenTo;

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// What it is in words, with its article.
    const KIND: &'static str;

    /// Reads a value.
    fn read(raw: &Raw) -> Result<Self, Fault>;

    /// The value as TOML, `None` where it is not set.
    fn to_toml(&self) -> Option<toml::Value>;

    /// What the value is when nobody sets it and the setting has no default.
    fn unset() -> Option<Self> {
        None
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;

    /// An empty text means "not set", so that a variable can undo what a file says.
    fn read(raw: &Raw) -> Result<Self, Fault> {
        if raw.text().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        T::read(raw).map(Some)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        self.as_ref().and_then(Value::to_toml)
    }

    fn unset() -> Option<Self> {
        Some(None)
    }
}

impl Value for bool {
    const KIND: &'static str = "true or false";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        raw.switch().ok_or(Fault::RULE)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some((*self).into())
    }
}

impl Value for u32 {
    const KIND: &'static str = "a whole number";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let number = raw.whole().ok_or(Fault::RULE)?;
        Self::try_from(number).map_err(|_| Fault::RULE.because(too_far(number, Self::MAX.into())))
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some((*self).into())
    }
}

impl Value for u16 {
    const KIND: &'static str = "a whole number";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let number = raw.whole().ok_or(Fault::RULE)?;
        Self::try_from(number).map_err(|_| Fault::RULE.because(too_far(number, Self::MAX.into())))
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(i64::from(*self).into())
    }
}

/// Why a whole number does not fit its type.
fn too_far(number: i64, most: i64) -> String {
    if number < 0 {
        "it is negative".to_owned()
    } else {
        format!("it is greater than {most}")
    }
}

impl Value for f64 {
    const KIND: &'static str = "a number";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let number = raw.number().filter(|number| number.is_finite());
        number.ok_or(Fault::RULE)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some((*self).into())
    }
}

impl Value for String {
    const KIND: &'static str = "a text";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let text = raw.text().ok_or(Fault::RULE)?;
        if text.trim().is_empty() {
            return Err(Fault::RULE.because("it is empty".to_owned()));
        }
        if text.contains(char::is_control) {
            return Err(Fault::RULE.because("it has a control character in it".to_owned()));
        }
        Ok(text.to_owned())
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "a path";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        String::read(raw).map(Self::from)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.to_string_lossy().into_owned().into())
    }
}

impl Value for Url {
    const KIND: &'static str = "an http or https address such as \"https://example.com/page\"";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let text = raw.text().ok_or(Fault::RULE)?.trim();
        let url = Self::parse(text).map_err(|error| Fault::RULE.because(error.to_string()))?;
        if matches!(url.scheme(), "http" | "https") {
            Ok(url)
        } else {
            let why = format!("its scheme is {:?}", url.scheme());
            Err(Fault::RULE.because(why))
        }
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

impl Value for Tz {
    const KIND: &'static str = "an IANA time zone such as \"America/Los_Angeles\"";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let text = raw.text().ok_or(Fault::RULE)?.trim();
        text.parse().map_err(|_| {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            match nearest(text, names) {
                Some(name) => Fault::RULE.because(format!("did you mean {name:?}?")),
                None => Fault::RULE,
            }
        })
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.name().into())
    }
}

impl Value for Retention {
    const KIND: &'static str = "\"forever\" or a whole number of days";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        if raw.text().is_some_and(|text| text.trim() == "forever") {
            return Ok(Self::Forever);
        }
        u32::read(raw).map(Self::Days)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(match self {
            Self::Forever => "forever".into(),
            Self::Days(days) => (*days).into(),
        })
    }
}

impl Value for Secret {
    const KIND: &'static str = "a text";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        String::read(raw).map(Self)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.0.as_str().into())
    }
}

/// A type that is one of a few words.
macro_rules! one_of {
    ($type:ty, $kind:literal, $($word:literal => $value:expr),*) => {
        impl Value for $type {
            const KIND: &'static str = $kind;

            fn read(raw: &Raw) -> Result<Self, Fault> {
                let word = raw.text().map(str::trim);
                $( if word == Some($word) { return Ok($value); } )*
                Err(Fault::RULE)
            }

            fn to_toml(&self) -> Option<toml::Value> {
                $( if *self == $value { return Some($word.into()); } )*
                None
            }
        }
    };
}

one_of!(ImageTimeSetting, "\"auto\", \"utc\" or \"local\"",
    "auto" => Self::Auto, "utc" => Self::Utc, "local" => Self::Local);
one_of!(ReferencedRows, "\"keep\" or \"remove\"", "keep" => Self::Keep, "remove" => Self::Remove);
one_of!(SmtpTls, "\"starttls\", \"tls\" or \"none\"",
    "starttls" => Self::Starttls, "tls" => Self::Tls, "none" => Self::None);
one_of!(WebhookForm, "\"slack\", \"ntfy\" or \"plain\"",
    "slack" => Self::Slack, "ntfy" => Self::Ntfy, "plain" => Self::Plain);
one_of!(OpenTo, "\"no\", \"read\" or \"read and operate\"",
    "no" => Self::Nobody, "read" => Self::Readers, "read and operate" => Self::Operators);
one_of!(AlertFrom, "\"warning\", \"degraded\" or \"critical\"",
    "warning" => Self(Status::Warning), "degraded" => Self(Status::Degraded), "critical" => Self(Status::Critical));

impl Value for Vec<String> {
    const KIND: &'static str = "a list of texts";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let texts = raw.list().ok_or(Fault::RULE)?;
        for text in &texts {
            if text.trim().is_empty() || text.contains(char::is_control) {
                return Err(Fault::RULE
                    .because("one of them is empty or has a control character in it".to_owned()));
            }
        }
        Ok(texts)
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.clone().into())
    }
}

impl Value for Vec<CameraId> {
    const KIND: &'static str = "a list of camera names such as [\"in_gate\", \"out_gate\"]";

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let names = raw.list().ok_or(Fault::RULE)?;
        if names.is_empty() {
            return Err(Fault::RULE.because("the list is empty".to_owned()));
        }
        let mut seen = HashSet::new();
        let twice = names.iter().find(|name| !seen.insert(name.as_str()));
        if let Some(name) = twice {
            return Err(Fault::RULE.because(format!("{name:?} stands there twice")));
        }
        let cameras = names.iter().map(|name| CameraId::new(name));
        cameras
            .collect::<Result<_, _>>()
            .map_err(|error| Fault::RULE.because(error.to_string()))
    }

    fn to_toml(&self) -> Option<toml::Value> {
        Some(self.iter().map(CameraId::as_str).collect::<Vec<_>>().into())
    }
}
