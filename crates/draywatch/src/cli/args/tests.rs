//! Tests of the command line.

use proptest::prelude::*;

use super::*;
use crate::config;

/// Reads a command line that is right.
fn parse(line: &str) -> Args {
    Args::parse_checked(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Reads a command line that is wrong, and gives what it is told.
fn refused(line: &str) -> String {
    let error = Args::parse_checked(line.split_whitespace()).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{line}");
    error.to_string()
}

fn date(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

#[test]
fn clap_finds_no_mistake_in_the_definition() {
    Args::command().debug_assert();
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for line in [
        "draywatch --config a.toml --json --quiet --no-progress status",
        "draywatch status --config a.toml --json --quiet --no-progress",
        "draywatch --config a.toml --json config show --quiet --no-progress",
        "draywatch config --config a.toml show --json -q --no-progress",
    ] {
        let global = parse(line).global;
        assert_eq!(global.config.as_deref(), Some("a.toml".as_ref()), "{line}");
        assert!(global.json && global.quiet && global.no_progress, "{line}");
    }
    assert_eq!(parse("draywatch -vv status").global.verbose, 2);
    assert_eq!(parse("draywatch status -v").global.verbose, 1);
}

#[test]
fn quiet_and_verbose_exclude_each_other_wherever_they_stand() {
    for line in [
        "draywatch -q -v status",
        "draywatch -q status -v",
        "draywatch status -qv",
    ] {
        assert!(refused(line).contains("--quiet and --verbose"), "{line}");
    }
}

#[test]
fn days_are_dates_or_words() {
    let Command::Fetch(fetch) = parse("draywatch fetch --date 2025-01-15").command else {
        panic!("not fetch");
    };
    assert_eq!(fetch.date, Some(Day::On(date("2025-01-15"))));
    let today = date("2025-03-01");
    assert_eq!(Day::Today.resolve(today), today);
    assert_eq!(Day::Yesterday.resolve(today), date("2025-02-28"));
    for wrong in [
        "2025-1-5",
        "15.01.2025",
        "2025-01-15T10:00",
        "tomorrow",
        "+2025-01-1",
        "２０２５",
    ] {
        let told = refused(&format!("draywatch fetch --date {wrong}"));
        assert!(
            told.contains(wrong) && told.contains("YYYY-MM-DD"),
            "{told}"
        );
    }
    let told = refused("draywatch fetch --date 2025-02-29");
    assert!(told.contains("no such day"), "{told}");
}

#[test]
fn a_range_that_runs_backwards_is_refused() {
    for line in [
        "draywatch backfill --from 2025-02-01 --to 2025-01-31",
        "draywatch backfill --from today --to yesterday",
        "draywatch gaps --from 2025-02-01 --to 2025-01-31",
    ] {
        let told = refused(line);
        assert!(told.contains("is after --to"), "{told}");
    }
    parse("draywatch backfill --from 2025-01-31 --to 2025-01-31");
    let today = date("2025-01-10");
    let error = range(Day::On(date("2025-01-11")), Day::Today, today).unwrap_err();
    assert_eq!(error.to_string(), "--from 2025-01-11 is after --to today");
    assert_eq!(Args::usage_error(&error).exit_code(), 2);
    let days = range(Day::Yesterday, Day::Today, today);
    assert_eq!(days, Ok((date("2025-01-09"), today)));
}

#[test]
fn gaps_are_those_of_the_last_days_or_of_a_range() {
    let asked = |line: &str| match parse(line).command {
        Command::Gaps(gaps) => gaps.range(date("2025-01-10")).unwrap(),
        other => panic!("{other:?}"),
    };
    let days = |from, to| (date(from), date(to));
    assert_eq!(asked("draywatch gaps"), days("2025-01-04", "2025-01-10"));
    assert_eq!(
        asked("draywatch gaps --days 1"),
        days("2025-01-10", "2025-01-10")
    );
    assert_eq!(
        asked("draywatch gaps --from 2025-01-02"),
        days("2025-01-02", "2025-01-10")
    );
    let line = "draywatch gaps --from 2025-01-02 --to yesterday";
    assert_eq!(asked(line), days("2025-01-02", "2025-01-09"));
    for line in [
        "--days 0",
        "--days 3 --from today",
        "--to today",
        "--days x",
    ] {
        refused(&format!("draywatch gaps {line}"));
    }
}

#[test]
fn known_frames_need_one_camera_and_no_date() {
    let line = "draywatch fetch --camera in_gate --frames-from -";
    match parse(line).command {
        Command::Fetch(fetch) => assert_eq!(fetch.frames_from, Some(Input::Stdin)),
        other => panic!("{other:?}"),
    }
    let told = refused("draywatch fetch --frames-from frames.txt");
    assert!(told.contains("--camera"), "{told}");
    let told = refused("draywatch fetch --camera a --camera b --frames-from frames.txt");
    assert!(told.contains("exactly one --camera"), "{told}");
    let told = refused(&format!("{line} --date today"));
    assert!(told.contains("--date"), "{told}");
}

#[test]
fn cameras_are_checked_as_they_are_read() {
    let told = refused("draywatch fetch --camera ../x");
    assert!(told.contains("not a camera name"), "{told}");
}

#[test]
fn shares_are_percents_or_fractions() {
    for (text, share) in [
        ("5%", 0.05),
        ("0.05", 0.05),
        ("0", 0.0),
        // As the issue writes it, `--sample P`: a number from 1 on is a percentage.
        ("1", 0.01),
        ("1%", 0.01),
        ("10", 0.1),
        ("10%", 0.1),
        ("0.1", 0.1),
        ("0.1%", 0.001),
        ("2.5", 0.025),
        ("100", 1.0),
        ("100%", 1.0),
        ("0%", 0.0),
    ] {
        let found = text.parse::<Sample>().unwrap().share();
        assert!((found - share).abs() < 1e-12, "{text}");
    }
    for text in ["1.0", "101", "101%", "-1%", "NaN", "inf", "%", "", "half"] {
        let told = text.parse::<Sample>().unwrap_err();
        assert!(told.contains('%'), "{told}");
    }
    match parse("draywatch verify").command {
        Command::Verify(verify) => assert_eq!(verify.sample, Sample::ALL),
        other => panic!("{other:?}"),
    }
}

#[test]
fn runs_are_filtered() {
    match parse("draywatch runs --limit 3 --camera in_gate --outcome failed --since yesterday")
        .command
    {
        Command::Runs(runs) => {
            assert_eq!((runs.limit, runs.since), (3, Some(Day::Yesterday)));
            assert_eq!(runs.outcome, Some(draywatch_core::outcome::Outcome::Failed));
        }
        other => panic!("{other:?}"),
    }
    assert!(refused("draywatch runs --outcome lost").contains("incomplete"));
    refused("draywatch runs --limit 0");
}

#[test]
fn flags_name_settings_that_exist_and_override_them() {
    let args = parse(
        "draywatch fetch --download-dir /srv/p --database-url sqlite:////srv/d.db --concurrent-downloads 5 \
         --timeout 7 --headed",
    );
    let overrides = args.overrides();
    assert_eq!(overrides.names().count(), 5);
    for name in overrides.names() {
        assert!(config::find(name).is_some(), "{name}");
    }
    let loaded = config::Config::load(None, [], &overrides).unwrap();
    assert_eq!(loaded.config.concurrent_downloads, 5);
    assert_eq!(loaded.config.timeout, 7);
    assert!(!loaded.config.headless);
    assert_eq!(loaded.sources["headless"], config::Source::Flag("--headed"));
    assert_eq!(parse("draywatch fetch").overrides().names().count(), 0);
    let error = config::Config::load(None, [], &parse("draywatch fetch --timeout 0").overrides());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("flag --timeout: timeout = \"0\"")
    );
}

#[test]
fn help_and_version_are_no_errors() {
    for line in [
        "draywatch --help",
        "draywatch --version",
        "draywatch help fetch",
        "draywatch gaps -h",
    ] {
        let shown = Args::parse_checked(line.split_whitespace()).unwrap_err();
        assert_eq!(shown.exit_code(), 0, "{line}");
    }
    for line in [
        "draywatch",
        "draywatch nothing",
        "draywatch fetch --nothing",
        "draywatch backfill",
    ] {
        refused(line);
    }
}

proptest! {
    #[test]
    fn any_words_are_read_without_a_panic(words in prop::collection::vec("[-a-z0-9=%/ ]{0,12}|--from|--to|fetch|gaps", 0..6)) {
        let _ = Args::parse_checked(std::iter::once("draywatch".to_owned()).chain(words));
    }

    #[test]
    fn a_day_is_read_back_as_it_is_shown(offset in 0i64..3_000_000) {
        let date = chrono::NaiveDate::from_ymd_opt(0, 1, 1).unwrap() + chrono::TimeDelta::days(offset);
        prop_assert_eq!(Day::On(date).to_string().parse::<Day>(), Ok(Day::On(date)));
    }
}
