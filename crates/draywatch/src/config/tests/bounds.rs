//! What each setting takes: bounds on both sides, types, and anything at all without a panic.

use proptest::prelude::*;

use super::*;

/// The file that sets one setting.
fn line(name: &str, value: &str) -> String {
    format!("{name} = {value}\n")
}

#[test]
fn every_bound_holds_on_both_sides() {
    let mut tested = 0;
    for setting in settings() {
        let (fits, breaks): (Vec<String>, Vec<String>) = match setting.spec.bounds {
            Bounds::Any => continue,
            Bounds::AtLeast(least) => (vec![least.to_string()], vec![(least - 1).to_string()]),
            Bounds::Within(least, most) => (
                vec![least.to_string(), most.to_string()],
                vec![(least - 1).to_string(), (most + 1).to_string()],
            ),
            Bounds::Above(limit) => (
                vec![format!("{:?}", limit + 0.001)],
                vec![format!("{limit:?}")],
            ),
            Bounds::AboveTo(limit, most) => (
                vec![format!("{:?}", limit + 0.001), format!("{most:?}")],
                vec![format!("{limit:?}"), format!("{:?}", most + 0.5)],
            ),
            Bounds::NotNegative => (
                vec!["0".to_owned(), "0.5".to_owned()],
                vec!["-0.5".to_owned()],
            ),
        };
        for value in fits {
            from_file(&line(setting.name, &value)).unwrap();
        }
        for value in breaks {
            let told = told(&line(setting.name, &value));
            for word in [setting.name, value.as_str(), "must be", &setting.rule()] {
                assert!(told.contains(word), "{word} in {told}");
            }
        }
        tested += 1;
    }
    assert!(tested >= 11, "{tested}");
}

#[test]
fn the_bounds_are_those_of_the_issue() {
    let rule = |name: &str| find(name).unwrap().rule();
    assert_eq!(
        rule("download_interval_minutes"),
        "a whole number of at least 5"
    );
    assert_eq!(rule("batch_size"), "a whole number from 1 to 1000");
    assert_eq!(rule("max_retries"), "a whole number of at least 1");
    assert_eq!(rule("retry_delay_seconds"), "a whole number of at least 1");
    assert_eq!(rule("backoff_multiplier"), "a number greater than 1");
    assert!(rule("retention_days").starts_with("\"forever\" or a whole number of days from 1"));
}

/// Without these bounds a reload let the service stand still: it walked through the calendar to the year -262144, or slept for
/// decades.
#[test]
fn what_would_let_the_service_stand_still_is_refused() {
    for name in [
        "service.recover_days",
        "service.misfire_grace_seconds",
        "service.breaker_failures",
        "portal.pause_between_days_seconds",
        "collection_deadline_minutes",
        "concurrent_downloads",
    ] {
        let told = told(&line(name, "4294967295"));
        assert!(told.contains(name) && told.contains(" to "), "{told}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    for (text, word) in [
        ("timeout = 3.5", "whole number"),
        ("timeout = \"30\"", "whole number"),
        ("timeout = -1", "negative"),
        ("timeout = 99999999999", "greater than 4294967295"),
        ("timeout = 99999999999999999999999", "timeout"),
        ("health_check_port = 65536", "greater than 65535"),
        ("backoff_multiplier = nan", "a number greater than 1"),
        ("backoff_multiplier = inf", "a number greater than 1"),
        ("headless = 1", "true or false"),
        ("headless = \"true\"", "true or false"),
        ("retention_days = \"never\"", "forever"),
        ("retention_days = \"30\"", "forever"),
        ("stream_names = []", "empty"),
        ("stream_names = ['a', 'a']", "twice"),
        ("stream_names = ['a/b']", "not a camera name"),
        ("stream_names = 'a'", "a list of camera names"),
        ("stream_names = [1]", "a list of camera names"),
        ("download_dir = ''", "empty"),
        ("download_dir = \"a\\u0000b\"", "control character"),
        ("alert_email = 'nobody'", "mail address"),
        ("alerts.mail_from = 'nobody'", "mail address"),
        ("alerts.smtp_host = 'mail.example.com:25'", "smtp_port"),
        ("alerts.smtp_host = 'smtp://mail'", "smtp_port"),
        (
            "alerts.smtp_tls = 'ssl'",
            "\"starttls\", \"tls\" or \"none\"",
        ),
        (
            "alerts.webhook_form = 'teams'",
            "\"slack\", \"ntfy\" or \"plain\"",
        ),
        (
            "alerts.from_status = 'healthy'",
            "\"warning\", \"degraded\"",
        ),
        ("alerts.raise_after = 0", "from 1 to 100"),
        ("portal.contact = 'é'", "ASCII"),
        ("portal.page_url = 'ftp://x/'", "\"ftp\""),
        (
            "portal.page_url = 'app.draydog.com'",
            "http or https address",
        ),
        ("portal.page_url = 'https://'", "empty host"),
        (
            "portal.time_zone = 'America/Los Angeles'",
            "did you mean \"America/Los_Angeles\"?",
        ),
        (
            "portal.image_time = 'UTC'",
            "\"auto\", \"utc\" or \"local\"",
        ),
        ("browser.webdriver_url = 4444", "http or https address"),
        ("browser.chromium = true", "a path"),
        (
            "database_url = 'sqlite://data/x.db'",
            "three for a relative path",
        ),
        ("database_url = 'data/x.db'", "sqlite:///data/database.db"),
        ("timeout = 2025-01-01", "whole number"),
        ("[timeout]\nx = 1", "timeout = a table"),
    ] {
        let told = told(text);
        let name = text
            .split([' ', ']'])
            .next()
            .unwrap()
            .trim_start_matches('[');
        assert!(told.contains(word) && told.contains(name), "{text}\n{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    }
}

/// Any setting.
fn any_setting() -> impl Strategy<Value = &'static Setting> {
    prop::sample::select(settings().collect::<Vec<_>>())
}

/// Any scalar as TOML, and lists of them.
fn any_toml() -> impl Strategy<Value = toml::Value> {
    let scalar = prop_oneof![
        any::<i64>().prop_map(toml::Value::from),
        (-3i64..2000).prop_map(toml::Value::from),
        any::<f64>().prop_map(toml::Value::from),
        any::<bool>().prop_map(toml::Value::from),
        any::<String>().prop_map(toml::Value::from),
        "[a-z/:@.]{0,20}".prop_map(toml::Value::from),
        Just(toml::Value::Datetime(
            "2025-01-01T00:00:00Z".parse().unwrap()
        )),
    ];
    let list = prop::collection::vec(scalar.clone(), 0..4).prop_map(toml::Value::from);
    prop_oneof![6 => scalar, 1 => list]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_value_for_any_setting_loads_or_is_named(setting in any_setting(), value in any_toml()) {
        match from_file(&line(setting.name, &value.to_string())) {
            Ok(loaded) => {
                prop_assert!(matches!(loaded.sources[setting.name], Source::File(_)));
                let again = loaded.to_toml();
                // What stands for a secret is not taken for one where there are rules for it.
                prop_assert!(setting.spec.secret || from_file(&again).is_ok(), "{again}");
            }
            Err(error) => {
                prop_assert_eq!(error.problems().len(), 1);
                let told = error.to_string();
                prop_assert_eq!(error.problems()[0].setting.as_deref(), Some(setting.name));
                prop_assert!(told.contains(setting.name) && told.contains(":1:"), "{told}");
                prop_assert_eq!(told.lines().count(), 2, "{}", told);
            }
        }
    }

    #[test]
    fn any_text_for_any_variable_loads_or_is_named(setting in any_setting(), text in "\\PC{0,20}|[0-9.]{0,6}") {
        let variable = setting.variable();
        if let Err(error) = from_env(&[(&variable, &text)]) {
            prop_assert!(error.to_string().contains(&variable));
            prop_assert_eq!(error.problems()[0].setting.as_deref(), Some(setting.name));
        }
    }

    #[test]
    fn any_file_is_read_without_a_panic(text in "[a-z_=\\[\\]\"'0-9.,{}\n #é]{0,80}") {
        if let Err(error) = from_file(&text) {
            prop_assert!(!error.problems().is_empty());
            let _ = error.to_string();
        }
    }

    #[test]
    fn any_name_of_a_variable_is_read_without_a_panic(name in "DRAYWATCH_[A-Z_é]{0,12}") {
        let _ = from_env(&[(&name, "1")]);
    }
}
