//! The browser: not there, hanging.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;

use crate::drill::Drill;
use crate::harness::World;
use crate::process::Service;

/// Writes a program.
fn script(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("rights");
    fs::rename(&new, path).expect("in its place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browser_is_missing_or_hangs() {
    let mut world = World::new(&["in_gate"]).await;
    let real = draywatch_portal::find_chromium(None).expect("Chromium");
    let real = format!("exec {:?} \"$@\"", real.path);
    let chromium = world.home.path().join("chromium");
    script(&chromium, &real);
    world.home.set(
        "browser.chromium",
        &format!("{:?}", chromium.display().to_string()),
    );
    let mut service = Service::start(&world.home);

    let mut drill = Drill::begin(&world, &service, "Chromium missing").await;
    fs::remove_file(&chromium).expect("it goes");
    drill
        .shows(&mut service, &["tick failed", "kind=browser", "chromium"])
        .await;
    script(&chromium, &real);
    drill.recovers(&mut service).await;

    // The shortest waits there are: a browser gets half a minute and twice the time-out.
    let mark = service.mark();
    world.home.set("timeout", "1");
    world.home.set("max_retries", "1");
    service.signal(Signal::HUP);
    service.says(mark, &["setting changed", "timeout"]).await;
    let mut drill = Drill::begin(&world, &service, "Chromium hanging").await;
    script(&chromium, "exec sleep 3600");
    drill
        .shows(&mut service, &["tick failed", "kind=browser"])
        .await;
    script(&chromium, &real);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

/// Copies a program and becomes the copy.
const COPIED: &str = "cp \"$1\" program && exec ./program run";

/// An upgrade puts another program in the place of the one that runs: that one goes on until it is started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_programs_own_file_is_replaced() {
    let world = World::new(&["in_gate"]).await;
    let copied = ["/bin/sh", "-c", COPIED, "sh"];
    let mut service = Service::start_with(&world.home, &copied, &[]);
    let drill = Drill::begin(&world, &service, "program replaced by an upgrade").await;
    fs::remove_file(world.home.path().join("program")).expect("it goes");
    drill.misses_a_frame().await;
    drill.recovers(&mut service).await;
    assert_eq!(service.find(0, &["browser", "WARN"]), None);
    service.stop(&world).await;
}
