//! Names that do not resolve: the service runs in a mount namespace with a table of hosts of its own, which loses its lines.

use std::fs;
use std::net::TcpListener;

use chrono::TimeDelta;
use draywatch_core::Clock;
use portal_sim::{Config, PublicAddresses, Schedule};

use crate::drill::Drill;
use crate::harness::{EVERY, World, far_from_midnight};
use crate::process::Service;

/// Gives a program its own table of hosts and its own resolver (where nobody answers), and becomes it.
const OWN_NAMES: &str = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/resolv.conf && shift 2 && exec \"$@\"";

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_do_not_resolve() {
    let is_root = rustix::process::geteuid().is_root();
    assert!(is_root, "this test makes a mount namespace: run it as root");
    let (now, image_port) = (Clock::system().now(), free_port());
    let since = now - TimeDelta::seconds(i64::from(EVERY) * 6);
    let config = Config {
        cameras: vec!["in_gate".into()],
        timezone: far_from_midnight(now),
        schedule: Schedule {
            interval_seconds: EVERY,
            jitter_seconds: 1,
            since: Some(since),
            ..Schedule::default()
        },
        image_port,
        public: PublicAddresses {
            image: Some(format!("http://cdn.test:{image_port}")),
            ..PublicAddresses::default()
        },
        ..Config::default()
    };
    let mut world = World::with(config, since).await;
    let page = world.portal.page_url().replace("127.0.0.1", "portal.test");
    world.home.set("portal.page_url", &format!("{page:?}"));

    let (hosts, resolver) = (
        world.home.path().join("hosts"),
        world.home.path().join("resolv.conf"),
    );
    let table = "127.0.0.1 localhost portal.test cdn.test\n";
    fs::write(&hosts, table).expect("a table");
    fs::write(
        &resolver,
        "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n",
    )
    .expect("a file");
    let (table_path, resolver) = (hosts.display().to_string(), resolver.display().to_string());
    let before = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "/bin/sh",
        "-c",
        OWN_NAMES,
        "sh",
        &table_path,
        &resolver,
    ];
    let mut service = Service::start_with(&world.home, &before, &[]);
    let mut drill = Drill::begin(&world, &service, "name not resolving").await;
    fs::write(&hosts, "127.0.0.1 localhost\n").expect("a table");
    drill
        .shows(&mut service, &["tick failed", "NAME_NOT_RESOLVED"])
        .await;
    fs::write(&hosts, table).expect("a table");
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}
