//! The log as programs read it: one JSON object a line, on standard error and in a file.

use serde_json::Value;

use crate::harness::World;
use crate::process::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_an_object_and_the_file_has_them_all() {
    let mut world = World::new(&["in_gate"]).await;
    let file = world.home.path().join("draywatch.log");
    world.home.set("log.format", "\"json\"");
    world.home.set("log.level", "\"debug\"");
    world
        .home
        .set("log.file", &format!("{:?}", file.display().to_string()));
    world.change(|ways| ways.cdn_outage = Some(portal_sim::Outage::Refused));
    let mut service = Service::start(&world.home);
    service.says(0, &["\"kind\":\"transient\""]).await;
    world.change(|ways| ways.cdn_outage = None);
    world.complete(&service.log).await;
    let log = service.log.clone();
    service.stop(&world).await;

    let lines = objects(&log);
    for line in &lines {
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].is_string(), "no {field} in {line}");
        }
    }
    let failed = lines.iter().find(|line| line["kind"] == "transient");
    let failed = failed.expect("the failure");
    assert!(
        failed["camera"] == "in_gate" && failed["date"].is_string(),
        "{failed}"
    );
    let started = lines
        .iter()
        .find(|line| line["message"] == "service started");
    assert_eq!(started.expect("its start")["cameras"], "in_gate");
    // Nobody is told that it was not well before it had begun.
    let early = |line: &&Value| line.to_string().contains("has not opened it yet");
    assert_eq!(lines.iter().find(early), None);
    let bare = |lines: Vec<Value>| {
        lines
            .into_iter()
            .map(|mut line| {
                line["timestamp"] = Value::Null;
                line
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(bare(objects(&file)), bare(lines));
}

/// The lines of a log.
fn objects(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a log");
    let object =
        |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(object).collect()
}
