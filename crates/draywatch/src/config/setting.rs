//! What a setting is, as data: the rows from which loading, the example file and the reference page all come.
//!
//! It owns the row and the macro that makes a section of rows. It must not know where values come from.

use super::Config;
use super::problem::Fault;
use super::raw::Raw;
use super::redact::{hide_all, hide_secrets};
use super::value::Value;

/// One setting: everything that is known about it before any value is read.
#[derive(Debug)]
pub struct Setting {
    /// The dotted name, such as `portal.time_zone`.
    pub name: &'static str,
    /// What kind of value it takes, in words.
    pub kind: &'static str,
    /// What it is for; lines of Markdown, each with a leading space.
    doc: &'static str,
    /// Default, example and rules.
    pub spec: Spec,
    /// The value it has in a configuration, `None` where it is not set.
    pub get: fn(&Config) -> Option<toml::Value>,
}

/// Default, example and rules of a setting.
#[derive(Debug)]
pub struct Spec {
    /// The default as TOML; `None` where the setting is not set by default.
    pub default: Option<&'static str>,
    /// A value to show where there is no default, as TOML.
    pub example: Option<&'static str>,
    /// The bounds of a number.
    pub bounds: Bounds,
    /// A further rule for texts.
    check: Option<Check>,
    /// Whether the service takes a new value only when it is started again.
    pub restart: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
}

/// A rule for texts.
#[derive(Debug)]
pub struct Check {
    /// What the text must be, in words with an article.
    pub words: &'static str,
    /// `Err` says what exactly is wrong, if there is more to say.
    pub test: fn(&str) -> Result<(), String>,
}

/// The bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// Any number that the type holds.
    Any,
    /// Not less than this.
    AtLeast(i64),
    /// From the first to the second, both included.
    Within(i64, i64),
    /// Greater than this.
    Above(f64),
    /// Greater than the first, and not greater than the second.
    AboveTo(f64, f64),
    /// Zero or more.
    NotNegative,
}

impl Spec {
    /// A setting with this default, written as TOML.
    pub(super) const fn default(toml: &'static str) -> Self {
        Self {
            default: Some(toml),
            example: None,
            bounds: Bounds::Any,
            check: None,
            restart: false,
            secret: false,
        }
    }

    /// A setting that is not set by default, with an example written as TOML.
    pub(super) const fn unset(example: &'static str) -> Self {
        Self {
            default: None,
            example: Some(example),
            bounds: Bounds::Any,
            check: None,
            restart: false,
            secret: false,
        }
    }

    /// Of which the service takes a new value only when it is started again.
    pub(super) const fn at_restart(self) -> Self {
        Self {
            restart: true,
            ..self
        }
    }

    /// Of which nobody is shown the value.
    pub(super) const fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// Not less than `least`.
    pub(super) const fn at_least(self, least: i64) -> Self {
        Self {
            bounds: Bounds::AtLeast(least),
            ..self
        }
    }

    /// From `least` to `most`, both included.
    pub(super) const fn within(self, least: i64, most: i64) -> Self {
        Self {
            bounds: Bounds::Within(least, most),
            ..self
        }
    }

    /// Greater than `limit`.
    pub(super) const fn above(self, limit: f64) -> Self {
        Self {
            bounds: Bounds::Above(limit),
            ..self
        }
    }

    /// Greater than `limit`, and at most `most`.
    pub(super) const fn above_to(self, limit: f64, most: f64) -> Self {
        Self {
            bounds: Bounds::AboveTo(limit, most),
            ..self
        }
    }

    /// Zero or more.
    pub(super) const fn not_negative(self) -> Self {
        Self {
            bounds: Bounds::NotNegative,
            ..self
        }
    }

    /// With a further rule for texts: what they must be, and whether they are.
    pub(super) const fn check(
        self,
        words: &'static str,
        test: fn(&str) -> Result<(), String>,
    ) -> Self {
        Self {
            check: Some(Check { words, test }),
            ..self
        }
    }
}

impl Spec {
    /// Takes the running value where a new one has to wait for a restart.
    pub(super) fn keep<T: Clone>(&self, value: &mut T, running: &T) {
        if self.restart {
            value.clone_from(running);
        }
    }
}

impl Bounds {
    /// The bounds in words that follow the name of a type, or nothing.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Any => String::new(),
            Self::AtLeast(least) => format!(" of at least {least}"),
            Self::Within(least, most) => format!(" from {least} to {most}"),
            Self::Above(limit) => format!(" greater than {limit}"),
            Self::AboveTo(limit, most) => format!(" greater than {limit}, at most {most}"),
            Self::NotNegative => " of at least 0".to_owned(),
        }
    }

    /// Whether a value fits; what is no number always does.
    fn allow(self, value: &toml::Value) -> bool {
        match (self, value) {
            (Self::AtLeast(least), toml::Value::Integer(number)) => *number >= least,
            (Self::Within(least, most), toml::Value::Integer(number)) => {
                (least..=most).contains(number)
            }
            (Self::Above(limit), toml::Value::Float(number)) => *number > limit,
            (Self::AboveTo(limit, most), toml::Value::Float(number)) => {
                *number > limit && *number <= most
            }
            (Self::NotNegative, toml::Value::Float(number)) => *number >= 0.0,
            _ => true,
        }
    }
}

impl Setting {
    /// A row; the macro [`section`] writes them.
    pub(super) const fn new(
        name: &'static str,
        kind: &'static str,
        doc: &'static str,
        spec: Spec,
        get: fn(&Config) -> Option<toml::Value>,
    ) -> Self {
        Self {
            name,
            kind,
            doc,
            spec,
            get,
        }
    }

    /// What the setting is for, line by line.
    pub fn doc(&self) -> impl Iterator<Item = &'static str> {
        self.doc.lines().map(str::trim)
    }

    /// What a value must be, in words: `a whole number from 1 to 1000`.
    #[must_use]
    pub fn rule(&self) -> String {
        match &self.spec.check {
            Some(check) => check.words.to_owned(),
            None => format!("{}{}", self.kind, self.spec.bounds.words()),
        }
    }

    /// A value of this setting as it may be shown: passwords hidden.
    #[must_use]
    pub fn show(&self, value: toml::Value) -> toml::Value {
        match value {
            toml::Value::String(text) if self.spec.secret => hide_all(&text).into(),
            toml::Value::String(text) => hide_secrets(&text).into(),
            other => other,
        }
    }

    /// The name of the variable that sets it: `DRAYWATCH_PORTAL__TIME_ZONE`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!(
            "{}{}",
            super::env::PREFIX,
            self.name.replace('.', "__").to_uppercase()
        )
    }

    /// Reads a value and holds it against the rules.
    pub(super) fn read<T: Value>(&self, raw: &Raw) -> Result<T, Fault> {
        let must_be = || format!("must be {}", self.rule());
        let value = T::read(raw).map_err(|fault| fault.with_rule(must_be))?;
        match value.to_toml() {
            Some(toml) if !self.spec.bounds.allow(&toml) => Err(Fault::wrong(must_be())),
            Some(toml::Value::String(text)) => match &self.spec.check {
                Some(check) => (check.test)(&text)
                    .map_err(|detail| Fault::wrong(must_be()).because(detail))
                    .map(|()| value),
                None => Ok(value),
            },
            _ => Ok(value),
        }
    }
}

/// Writes a section's struct, its rows, and how it is read, from one list of fields with documentation.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $section:ident = $prefix:literal, |$config:ident| $place:expr;
        $( $(#[doc = $doc:literal])* $field:ident: $type:ty => $spec:expr; )*
        $( @section $(#[doc = $part_doc:literal])* $part:ident: $part_type:ty; )*
        $( @hidden $(#[doc = $hidden_doc:literal])* $hidden:ident: $hidden_type:ty; )*
    ) => {
        $(#[doc = $about])*
        #[allow(clippy::doc_markdown, reason = "these texts are also shown to people, who need no backticks")]
        #[derive(Debug, Clone, PartialEq)]
        pub struct $section {
            $( $(#[doc = $doc])* pub $field: $type, )*
            $( $(#[doc = $part_doc])* pub $part: $part_type, )*
            $( $(#[doc = $hidden_doc])* pub(in $crate::config) $hidden: $hidden_type, )*
        }

        impl $section {
            /// The rows of this section, in the order in which they are shown.
            pub const SETTINGS: &[$crate::config::setting::Setting] = &[$(
                $crate::config::setting::Setting::new(
                    concat!($prefix, stringify!($field)),
                    <$type as $crate::config::value::Value>::KIND,
                    concat!($($doc, "\n"),*),
                    $spec,
                    |$config| $crate::config::value::Value::to_toml(&$place.$field),
                )
            ),*];

            /// Reads every field, so that all problems are found, and only then asks whether all went well.
            pub(in $crate::config) fn read(reader: &mut $crate::config::reader::Reader<'_>) -> Option<Self> {
                $( let $field = reader.read::<$type>(concat!($prefix, stringify!($field))); )*
                $( let $part = <$part_type>::read(reader); )*
                Some(Self {
                    $( $field: $field?, )*
                    $( $part: $part?, )*
                    $( $hidden: <$hidden_type>::default(), )*
                })
            }

            /// Takes back from `running` what a running service cannot change.
            pub(in $crate::config) fn keep(&mut self, running: &Self) {
                $(
                    const { &$spec }.keep(&mut self.$field, &running.$field);
                )*
                $( self.$part.keep(&running.$part); )*
            }
        }
    };
}

pub(super) use section;
