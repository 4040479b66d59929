//! Which value counts, and where it comes from.

use super::*;

#[test]
fn nothing_set_gives_the_defaults() {
    let loaded = from_env(&[]).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.sources.len(), settings().count());
    assert!(
        loaded
            .sources
            .values()
            .all(|source| *source == Source::Default)
    );
}

#[test]
fn the_defaults_are_those_that_users_know() {
    let config = Config::default();
    let cameras: Vec<&str> = config
        .stream_names
        .iter()
        .map(draywatch_core::CameraId::as_str)
        .collect();
    assert_eq!(cameras, ["in_gate", "out_gate"]);
    assert_eq!(config.download_dir, Path::new("data/images"));
    assert_eq!(config.database_url, "sqlite:///data/database.db");
    assert_eq!(
        (
            config.download_interval_minutes,
            config.cleanup_interval_hours
        ),
        (10, 24)
    );
    assert_eq!(config.retention_days, Retention::Forever);
    assert_eq!((config.max_retries, config.retry_delay_seconds), (3, 60));
    assert!(config.exponential_backoff && config.headless && config.enable_health_check);
    assert!((config.backoff_multiplier - 2.0).abs() < f64::EPSILON);
    assert_eq!(
        (config.max_retry_delay_seconds, config.batch_size),
        (600, 50)
    );
    assert_eq!(
        (config.concurrent_downloads, config.health_check_port),
        (3, 8080)
    );
    assert_eq!((config.alert_email.as_deref(), config.timeout), (None, 30));
    assert_eq!(config.collection_deadline(), Duration::from_mins(10));
    assert_eq!(config.request_timeout(), Duration::from_secs(30));
    let portal = &config.portal;
    assert_eq!(
        portal.page_url.as_str(),
        "https://app.draydog.com/terminal_cameras/apm"
    );
    assert_eq!(portal.image_url.as_str(), "https://cdn.draydog.com/apm");
    assert_eq!(portal.time_zone, chrono_tz::America::Los_Angeles);
    assert_eq!(
        portal.image_time,
        draywatch_core::zone::ImageTimeSetting::Auto
    );
    assert_eq!(
        (portal.contact.as_deref(), portal.pause_between_days_seconds),
        (None, 2)
    );
    assert_eq!(portal.pause_between_days(), Duration::from_secs(2));
    let browser = &config.browser;
    assert_eq!(
        (
            &browser.webdriver_url,
            &browser.chromium,
            &browser.chromedriver
        ),
        (&None, &None, &None)
    );
}

#[test]
fn environment_beats_file_and_flags_beat_both() {
    let scratch = Scratch::new(
        "timeout = 1\nbatch_size = 1\nmax_retries = 1\n[portal]\ntime_zone = \"UTC\"\n",
    );
    let env = variables(&[
        ("DRAYWATCH_TIMEOUT", "2"),
        ("DRAYWATCH_BATCH_SIZE", "2"),
        ("DRAYWATCH_PORTAL__TIME_ZONE", "Asia/Tokyo"),
    ]);
    let flags = Overrides::none().with("timeout", "--timeout", Some(3));
    let loaded = Config::load(Some(&scratch.path()), env, &flags).unwrap();
    let config = &loaded.config;
    assert_eq!(
        (config.timeout, config.batch_size, config.max_retries),
        (3, 2, 1)
    );
    assert_eq!(config.portal.time_zone, chrono_tz::Asia::Tokyo);
    let source = |name: &str| loaded.sources[name].clone();
    assert_eq!(source("timeout"), Source::Flag("--timeout"));
    assert_eq!(
        source("batch_size"),
        Source::Env("DRAYWATCH_BATCH_SIZE".to_owned())
    );
    assert_eq!(source("max_retries"), Source::File(scratch.path()));
    assert_eq!(source("headless"), Source::Default);
}

#[test]
fn the_file_is_the_named_one_or_the_one_that_is_there() {
    let here = Scratch::new("timeout = 1");
    let other = Scratch::new("timeout = 2");
    let third = Scratch::new("timeout = 3");
    let load = |file: Option<&Path>, env: Vec<(String, String)>| {
        Config::load_in(here.folder(), file, env, &Overrides::none()).unwrap()
    };
    let named = || variables(&[(env::CONFIG_FILE, other.path().to_str().unwrap())]);
    assert_eq!(load(None, Vec::new()).config.timeout, 1);
    assert_eq!(load(None, named()).config.timeout, 2);
    assert_eq!(load(Some(&third.path()), named()).config.timeout, 3);
    assert_eq!(load(None, Vec::new()).file, Some(here.path()));
    let empty = variables(&[(env::CONFIG_FILE, "")]);
    assert_eq!(load(None, empty).config.timeout, 1);
}

#[test]
fn text_from_the_environment_is_read_as_what_the_setting_is() {
    let loaded = from_env(&[
        ("DRAYWATCH_STREAM_NAMES", "a, b"),
        ("DRAYWATCH_RETENTION_DAYS", "30"),
        ("DRAYWATCH_HEADLESS", "0"),
        ("DRAYWATCH_EXPONENTIAL_BACKOFF", "false"),
        ("DRAYWATCH_BACKOFF_MULTIPLIER", "3"),
        ("DRAYWATCH_PORTAL__CONTACT", ""),
        ("DRAYWATCH_BROWSER__CHROMIUM", "/opt/chromium"),
    ]);
    let config = loaded.unwrap().config;
    assert_eq!(config.stream_names.len(), 2);
    assert_eq!(config.retention_days, Retention::Days(30));
    assert!(!config.headless && !config.exponential_backoff);
    assert!((config.backoff_multiplier - 3.0).abs() < f64::EPSILON);
    assert_eq!(config.portal.contact, None);
    assert_eq!(
        config.browser.chromium,
        Some(PathBuf::from("/opt/chromium"))
    );
    let list = from_env(&[("DRAYWATCH_STREAM_NAMES", r#"["x", "y", "z"]"#)]).unwrap();
    assert_eq!(list.config.stream_names.len(), 3);
}

#[test]
fn an_empty_variable_undoes_what_the_file_says() {
    let scratch = Scratch::new("alert_email = \"a@b\"\n");
    let env = variables(&[("DRAYWATCH_ALERT_EMAIL", "")]);
    let loaded = Config::load(Some(&scratch.path()), env, &Overrides::none()).unwrap();
    assert_eq!(loaded.config.alert_email, None);
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let names = [
        "DRAYWATCH_LOG",
        "DRAYWATCH_TEST_CLOCK",
        "PATH",
        "draywatch_timeout",
        "DRAYWATCHER",
    ];
    for name in names {
        from_env(&[(name, "x")]).unwrap();
    }
}

#[test]
fn dotted_keys_and_sections_are_the_same() {
    let dotted = from_file("portal.time_zone = 'UTC'").unwrap();
    let section = from_file("[portal]\ntime_zone = 'UTC'").unwrap();
    assert_eq!(dotted.config, section.config);
}

#[test]
fn what_is_shown_is_toml_of_the_same_configuration() {
    let text = "timeout = 7\nretention_days = 9\nbackoff_multiplier = 3\nstream_names = ['a', 'b']\n\
                [portal]\ncontact = 'me \"x\" \\ y'\n[browser]\nchromium = '/x'\n";
    let loaded = from_file(text).unwrap();
    let shown = loaded.to_toml();
    assert!(shown.contains("timeout = 7"), "{shown}");
    assert!(shown.contains("# default"), "{shown}");
    assert_eq!(from_file(&shown).unwrap().config, loaded.config, "{shown}");
}

#[test]
fn cameras_are_selected_in_order_and_once() {
    let config = from_file("stream_names = ['in_gate', 'out_gate', 'yard']")
        .unwrap()
        .config;
    let ids = |names: &[&str]| -> Vec<draywatch_core::CameraId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    };
    assert_eq!(select_cameras(&config, &[]).unwrap(), config.stream_names);
    let picked = select_cameras(&config, &ids(&["yard", "in_gate", "yard"])).unwrap();
    assert_eq!(picked, ids(&["in_gate", "yard"]));
    let error = select_cameras(&config, &ids(&["ingate", "roof", "yard"])).unwrap_err();
    let told = error.to_string();
    assert_eq!(error.problems().len(), 2);
    assert!(
        told.contains("ingate is not among stream_names (in_gate, out_gate, yard)"),
        "{told}"
    );
    assert!(told.contains("did you mean in_gate?"), "{told}");
}

#[test]
fn a_test_may_ask_for_a_short_interval() {
    let name = "DRAYWATCH_TEST_INTERVAL_SECONDS";
    let plain = from_env(&[]).unwrap().config;
    assert_eq!(plain.download_interval(), Duration::from_secs(600));
    let short = from_env(&[(name, "20")]).unwrap().config;
    assert_eq!(short.download_interval(), Duration::from_secs(20));
    assert_eq!(short.download_interval_minutes, 10);
    for wrong in ["0", "-1", "soon", ""] {
        let told = from_env(&[(name, wrong)]).unwrap_err().to_string();
        assert!(told.contains(name) && told.contains("at least 1"), "{told}");
    }
}

/// A camera that is asked for every five minutes still publishes every ten: two of the intervals once were too late.
#[test]
fn a_short_interval_makes_no_camera_publish_more_often() {
    let of = |minutes: u32| {
        let loaded = from_file(&format!("download_interval_minutes = {minutes}"));
        loaded.unwrap().config.frame_interval().as_secs() / 60
    };
    assert_eq!([of(5), of(10), of(30)], [10, 10, 30]);
    let test = from_env(&[("DRAYWATCH_TEST_INTERVAL_SECONDS", "20")]);
    assert_eq!(
        test.unwrap().config.frame_interval(),
        Duration::from_secs(20)
    );
}

#[test]
fn a_running_service_takes_what_it_can() {
    let running = Config::default();
    let text = "timeout = 60\ndownload_dir = 'b'\nlog.level = 'debug'\nlog.file = 'x.log'\n\
        database_url = 'sqlite:///b.db'";
    let Ok(new) = from_file(text) else {
        panic!("the file is right")
    };
    let changes = running.changes(&new.config);
    let names: Vec<_> = changes
        .iter()
        .map(|one| (one.name, one.needs_restart))
        .collect();
    assert_eq!(
        names,
        [
            ("download_dir", true),
            ("database_url", true),
            ("timeout", false),
            ("log.level", false),
            ("log.file", true)
        ]
    );
    assert_eq!(changes[2].to_string(), "timeout = 60 (was 30)");
    assert_eq!(changes[4].to_string(), "log.file = \"x.log\" (was unset)");
    let taken = new.config.for_running(&running);
    let names: Vec<_> = running.changes(&taken).iter().map(|one| one.name).collect();
    assert_eq!(names, ["timeout", "log.level"]);
}

#[test]
fn changes_hide_passwords() {
    let mut new = Config::default();
    new.browser.webdriver_url = Some("http://u:SECRET@h:4444/".parse().unwrap());
    let changes = Config::default().changes(&new);
    assert!(changes.len() == 1 && !format!("{changes:?} {}", changes[0]).contains("SECRET"));
}
