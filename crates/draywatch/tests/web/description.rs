//! The API's description: its reference page is up to date, and what it promises holds whatever is asked (schemathesis).

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::{Site, TOKEN};

/// The version that is tested with.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

fn done(command: &mut Command, told: &str) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {told}"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed; {told}:\n{out}\n{words}"
    );
    out
}

/// The program, made once in the target folder.
fn schemathesis() -> std::path::PathBuf {
    let told = "this test needs python3 with venv, and the Python package index";
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join(SCHEMATHESIS.replace("==", "-"));
    let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
    if !ready.exists() {
        done(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
            told,
        );
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            SCHEMATHESIS,
        ];
        done(Command::new(&python).args(pip), told);
        std::fs::write(&ready, "").expect("a mark that it is ready");
    }
    venv.join("bin/schemathesis")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_description_promises_holds_whatever_is_asked() {
    let site = Site::new(12).await;
    let mut command = Command::new(schemathesis());
    command
        .arg("run")
        .arg(format!("{}/api/openapi.json", site.server.base))
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        // Without end, and log-ins are few a minute: both have tests of their own.
        .args([
            "--exclude-path",
            "/api/v1/events",
            "--exclude-operation-id",
            "log_in",
        ])
        .args([
            "--checks",
            "all",
            "--max-examples",
            "40",
            "--seed",
            "1",
            "--no-color",
            "--workers",
            "1",
        ])
        .args(["--generation-database", "none", "--request-timeout", "60"])
        .current_dir(site.home.at(""));
    let told = tokio::task::spawn_blocking(move || {
        done(&mut command, "the description or the API is wrong")
    });
    let told = told.await.unwrap();
    println!("{told}");
    let log = site.server.log();
    assert!(!log.contains("panic"), "{log}");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = draywatch_web::api::document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names: Vec<&str> = operations(&document)
        .map(|(_, _, told)| told["operationId"].as_str().unwrap())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 18, "{count}");
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap();
        methods
            .iter()
            .map(move |(method, told)| (path.as_str(), method.as_str(), told))
    })
}

#[test]
fn the_reference_page_of_the_api_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/api.md");
    let page = page(&draywatch_web::api::document());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == page,
        "docs/reference/api.md is not up to date: run `make docs`"
    );
}

const HEAD: &str = "\
# API

Written from the code by `UPDATE_REFERENCE=1 cargo test -p draywatch reference`. The same for programs (OpenAPI 3.1) is at
`/api/openapi.json` of a running draywatch, and to be tried out at `/api/docs`. How to use it: [guide](../guide/api.md).
";

fn page(document: &Value) -> String {
    let mut page = format!(
        "{HEAD}\n{}\n",
        document["info"]["description"].as_str().unwrap()
    );
    for (path, method, told) in operations(document) {
        let text = |name: &str| told[name].as_str().unwrap_or_default();
        let _ = write!(
            page,
            "\n## `{} {path}`\n\n{}\n",
            method.to_uppercase(),
            text("summary")
        );
        if !text("description").is_empty() {
            let _ = write!(page, "\n{}\n", text("description"));
        }
        let parameters = told["parameters"].as_array();
        if let Some(parameters) = parameters {
            page.push_str("\n| parameter | in | what | value |\n| --- | --- | --- | --- |\n");
            for one in parameters {
                let word = |name: &str| one[name].as_str().unwrap_or_default().replace('\n', " ");
                let needed = if one["required"] == true {
                    " (needed)"
                } else {
                    ""
                };
                let _ = writeln!(
                    page,
                    "| `{}`{needed} | {} | {} | {} |",
                    word("name"),
                    word("in"),
                    word("description"),
                    value(&one["schema"])
                );
            }
        }
        let body = &told["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            let _ = write!(page, "\nBody: {}\n", value(body));
        }
        page.push('\n');
        for (code, answer) in told["responses"].as_object().unwrap() {
            if code.starts_with('2') {
                let content = answer["content"].as_object().into_iter().flatten();
                let kinds: Vec<String> = content
                    .map(|(kind, content)| format!("{}, `{kind}`", value(&content["schema"])))
                    .collect();
                let _ = writeln!(
                    page,
                    "- {code}: {} {}",
                    answer["description"].as_str().unwrap(),
                    kinds.join("; ")
                );
            }
        }
    }
    page.push_str("\n# What answers look like\n");
    for (name, told) in document["components"]["schemas"].as_object().unwrap() {
        let _ = write!(
            page,
            "\n## {name}\n\n{}\n",
            told["description"].as_str().unwrap_or_default()
        );
        if let Some(fields) = told["properties"].as_object() {
            page.push_str("\n| field | what | value |\n| --- | --- | --- |\n");
            for (field, one) in fields {
                let what = one["description"]
                    .as_str()
                    .unwrap_or_default()
                    .replace('\n', " ");
                let _ = writeln!(page, "| `{field}` | {what} | {} |", value(one));
            }
        }
    }
    page
}

/// A schema in words.
fn value(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(some) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let some: Vec<String> = some.iter().map(value).collect();
        return some.join(" or ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        Value::String(kind) => kind.clone(),
        _ => String::new(),
    };
    let mut words = kinds;
    if let Some(format) = schema["format"].as_str() {
        let _ = write!(words, " ({format})");
    }
    if !schema["items"].is_null() {
        let _ = write!(words, " of {}", value(&schema["items"]));
    }
    if let Some(all) = schema["enum"].as_array() {
        let all: Vec<String> = all
            .iter()
            .map(|one| format!("`{}`", one.to_string().trim_matches('"')))
            .collect();
        let _ = write!(words, ": {}", all.join(", "));
    }
    let bounds = (&schema["minimum"], &schema["maximum"]);
    match bounds {
        (Value::Number(least), Value::Number(most)) => {
            let _ = write!(words, " from {least} to {most}");
        }
        (Value::Number(least), _) => {
            let _ = write!(words, " of at least {least}");
        }
        _ => {}
    }
    words
}
