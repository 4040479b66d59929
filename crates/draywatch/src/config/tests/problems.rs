//! How what is wrong is told.

use super::*;

#[test]
fn all_problems_of_all_layers_are_told_in_order() {
    let scratch = Scratch::new("batch_size = 0\ncolour = 1\n\n[portal]\n  time_zone = 'Mars'\n");
    let env = variables(&[("DRAYWATCH_TIMEOUT", "soon"), ("DRAYWATCH_BATCH_SIZE", "3")]);
    let flags = Overrides::none().with("max_retries", "--max-retries", Some(0));
    let error = Config::load(Some(&scratch.path()), env, &flags).unwrap_err();
    let told = error.to_string();
    let file = scratch.path().display().to_string();
    let lines: Vec<String> = told
        .lines()
        .map(|line| line.replace(&file, "FILE"))
        .collect();
    assert_eq!(
        lines,
        [
            "FILE:1:14: batch_size = 0: must be a whole number from 1 to 1000",
            "FILE:2:1: colour is not a setting; remove it",
            "FILE:5:15: portal.time_zone = \"Mars\": must be an IANA time zone such as \"America/Los_Angeles\"",
            "environment variable DRAYWATCH_TIMEOUT: timeout = \"soon\": must be a whole number of at least 1",
            "flag --max-retries: max_retries = \"0\": must be a whole number of at least 1",
            "Correct them, then see `draywatch config check`; draywatch.example.toml explains every setting.",
        ]
    );
}

#[test]
fn unknown_names_in_a_file_are_told_with_what_was_meant() {
    for (text, hint) in [
        ("timout = 3", "did you mean `timeout`?"),
        (
            "page_url = 'x'",
            "did you mean `page_url` in the section [portal]?",
        ),
        (
            "[portal]\ntimeout = 3",
            "`timeout` stands at the top of the file, before [portal]",
        ),
        ("[portal]\ntimezone = 3", "did you mean `portal.time_zone`?"),
        ("[portl]\nx = 1", "did you mean the section [portal]?"),
        ("[browser.more]\nx = 1", "browser.more is not a setting"),
        ("colour = 'x'", "remove it"),
        ("portal = 3", "is a section, written [portal]"),
        ("[[portal]]\n", "is a section, written [portal]"),
        ("\"\" = 3", "is not a setting"),
        ("\"a\\nb\" = 3", "a\\nb is not a setting"),
    ] {
        let told = told(text);
        assert!(told.contains(hint), "{text}\n{told}");
    }
}

#[test]
fn the_value_of_an_unknown_name_is_not_repeated() {
    let told = told("smtp_password = 'hush'");
    assert!(!told.contains("hush"), "{told}");
}

#[test]
fn unknown_variables_are_told_with_what_was_meant() {
    for (name, hint) in [
        ("DRAYWATCH_TIMOUT", "did you mean DRAYWATCH_TIMEOUT?"),
        (
            "DRAYWATCH_PORTAL_TIME_ZONE",
            "did you mean DRAYWATCH_PORTAL__TIME_ZONE?",
        ),
        (
            "DRAYWATCH_TIME_ZONE",
            "did you mean DRAYWATCH_PORTAL__TIME_ZONE?",
        ),
        ("DRAYWATCH_COLOUR", "unset it"),
        ("DRAYWATCH_", "unset it"),
        ("DRAYWATCH_LOGS", "unset it"),
    ] {
        let told = from_env(&[(name, "hush")]).expect_err(name).to_string();
        assert!(told.contains(name) && told.contains(hint), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
}

#[test]
fn bad_toml_is_told_with_line_column_and_key() {
    for (text, place, word) in [
        ("timeout = 3\nbatch_size = ,\n", ":2:14", "`batch_size`"),
        ("timeout = 3\ntimeout = 4\n", ":2:1", "`timeout`"),
        ("# x\ntimeout = \"3\n", ":2:", "`timeout`"),
        (
            "stream_names = ['a',\n  'b'\ntimeout = 3\n",
            ":3:1",
            "`timeout`",
        ),
        ("[portal\n", ":1:", "[portal"),
        ("é = 3", ":1:1", "bad TOML"),
    ] {
        let told = told(text);
        assert!(
            told.contains(&format!("{DEFAULT_FILE}{place}")),
            "{text}\n{told}"
        );
        assert!(
            told.contains("bad TOML") && told.contains(word),
            "{text}\n{told}"
        );
    }
}

#[test]
fn a_bad_file_does_not_hide_the_problems_of_the_environment() {
    let scratch = Scratch::new("timeout = ");
    let env = variables(&[("DRAYWATCH_BATCH_SIZE", "0")]);
    let error = Config::load(Some(&scratch.path()), env, &Overrides::none()).unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[test]
fn a_named_file_that_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let name = missing.to_str().unwrap();
    let by_flag = Config::load(Some(&missing), [], &Overrides::none()).unwrap_err();
    let by_variable = from_env(&[(env::CONFIG_FILE, name)]).unwrap_err();
    for error in [by_flag, by_variable] {
        let told = error.to_string();
        assert!(
            told.contains(name) && told.contains("no such file"),
            "{told}"
        );
    }
    std::os::unix::fs::symlink("nowhere", folder.path().join(DEFAULT_FILE)).unwrap();
    let told = Config::load_in(folder.path(), None, [], &Overrides::none());
    assert!(told.unwrap_err().to_string().contains("no such file"));
    let told = Config::load(Some(folder.path()), [], &Overrides::none());
    assert!(told.unwrap_err().to_string().contains("cannot be read"));
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, b"timeout = \xff").unwrap();
    let told = Config::load(Some(&binary), [], &Overrides::none());
    assert!(told.unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn passwords_are_never_told() {
    for text in [
        "database_url = 'postgresql://u:hush@h/db'",
        "database_url = 'sqlite://u:hush@h/db'",
        "database_url = 'sqlite:///x.db?password=hush'",
        "browser.webdriver_url = 'ftp://u:hush@h/'",
        "timeout = 'http://u:hush@h/'",
        "stream_names = ['http://u:hush@h/']",
        "alerts.webhook_url = 'ftp://h/hush'",
        "alerts.heartbeat_url = 'hush'",
        "alerts.smtp_password = ['hush']",
    ] {
        let told = told(text);
        assert!(!told.contains("hush"), "{told}");
    }
    let shown = from_file("browser.webdriver_url = 'http://u:hush@h/'").unwrap();
    assert!(!shown.to_toml().contains("hush"));
    assert!(!shown.to_json().to_string().contains("hush"));
    let shown = from_file(
        "alerts.smtp_password = 'hush'\nalerts.webhook_url = 'https://h/hush'\nalerts.heartbeat_url = 'https://h/x?hush'",
    )
    .unwrap();
    assert!(shown.to_toml().contains("webhook_url = \"https://h/***\""));
    for text in [shown.to_toml(), shown.to_json().to_string()] {
        assert!(!text.contains("hush"), "{text}");
    }
    for change in Config::default().changes(&shown.config) {
        assert!(!change.to_string().contains("hush"), "{change}");
    }
    let password = shown.config.alerts.smtp_password;
    assert_eq!(format!("{password:?}"), "Some(***)");
}
