//! The service under systemd: ready when it can work and not before, alive, reloading, stopping.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::World;
use crate::mounts::Mount;
use crate::notify::Systemd;
use crate::process::{Service, names};

const WATCHDOG: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_ready_when_its_archive_is_there_and_not_before() {
    let world = World::new(&["in_gate"]).await;
    let (disk, place) = (world.home.path().join("disk"), world.home.images());
    std::fs::create_dir(&disk).expect("a folder");
    let archive = Mount::bind(&disk, &place);
    let first = Service::start(&world.home);
    world.complete(&first.log).await;
    first.stop(&world).await;
    drop(archive);

    let systemd = Systemd::new(world.home.path());
    let environment = systemd.environment(WATCHDOG);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (*n, &**v)).collect();
    let mut service = Service::start_with(&world.home, &[], &environment);
    let waiting = systemd.hears(0, "STATUS=waiting").await;
    // Two tries later.
    let again = systemd.hears(waiting + 1, "STATUS=waiting").await;
    systemd.hears(again + 1, "STATUS=waiting").await;
    let all = systemd.all();
    assert!(!all.iter().any(|text| text.contains("READY=1")), "{all:#?}");
    assert!(all[waiting].contains("mounted"), "{}", all[waiting]);
    assert_eq!(names(&place), Vec::<String>::new(), "below the mount point");

    let _archive = Mount::bind(&disk, &place);
    let ready = systemd.hears(waiting, "READY=1").await;
    systemd.hears(ready, "STATUS=").await;
    world.complete(&service.log).await;
    let fed = systemd.hears(ready, "WATCHDOG=1").await;
    systemd.hears(fed + 1, "WATCHDOG=1").await;

    let mark = service.mark();
    let before = systemd.all().len();
    service.signal(Signal::HUP);
    let reloading = systemd.hears(before, "RELOADING=1\nMONOTONIC_USEC=").await;
    systemd.hears(reloading, "READY=1").await;
    service
        .says(mark, &["settings read again: nothing has changed"])
        .await;

    service.stop(&world).await;
    systemd.hears(reloading, "STOPPING=1").await;
    assert!(systemd.longest_silence() < WATCHDOG * 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_before_it_is_ready_it_stops() {
    let world = World::new(&["in_gate"]).await;
    std::fs::create_dir_all(world.home.path().join("data")).expect("a folder");
    std::fs::write(world.home.images(), "in the way").expect("a file");
    let systemd = Systemd::new(world.home.path());
    let environment = systemd.environment(WATCHDOG);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (*n, &**v)).collect();
    let mut service = Service::start_with(&world.home, &[], &environment);
    service
        .says(0, &["cannot start to work yet", "next_try_seconds=2"])
        .await;
    service.signal(Signal::TERM);
    let (code, took) = service.ends().await;
    assert!(
        code == 0 && took < Duration::from_secs(5),
        "{code} after {took:?}"
    );
    systemd.hears(0, "STOPPING=1").await;
}
