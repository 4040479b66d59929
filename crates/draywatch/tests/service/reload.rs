//! SIGHUP: a good file is taken, a bad one is not, and the work goes on.

use rustix::process::Signal;

use crate::harness::World;
use crate::process::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_again() {
    let mut world = World::new(&["in_gate", "out_gate"]).await;
    world.home.set("stream_names", "[\"in_gate\"]");
    let mut service = Service::start(&world.home);
    service.says(0, &["service started"]).await;

    let good = std::fs::read_to_string(world.home.file()).expect("the settings");
    let mark = service.mark();
    std::fs::write(world.home.file(), "timeout = 0\ntimout = 1\n").expect("a bad file");
    service.signal(Signal::HUP);
    service
        .says(mark, &["ERROR", "settings not taken, the old ones go on"])
        .await;
    for word in ["timeout", "timout"] {
        assert!(
            service.since(mark).contains(word),
            "{}",
            service.since(mark)
        );
    }
    std::fs::write(world.home.file(), good).expect("the settings");

    let mark = service.mark();
    world.home.set("log.level", "\"debug\"");
    world
        .home
        .set("stream_names", "[\"in_gate\", \"out_gate\"]");
    world.home.set("download_dir", "\"elsewhere\"");
    service.signal(Signal::HUP);
    service.says(mark, &["setting changed", "log.level"]).await;
    service
        .says(mark, &["setting changed", "stream_names"])
        .await;
    service
        .says(mark, &["stays as it was", "download_dir"])
        .await;
    // A new camera is collected, a new level is written.
    world.complete(&service.log).await;
    service
        .says(mark, &["DEBUG", "tick started", "collect:out_gate"])
        .await;
    assert!(!world.home.path().join("elsewhere").exists());
    service.stop(&world).await;
}
