//! The archive's disk: full, not to be written, away, another one.

use std::path::Path;

use crate::drill::Drill;
use crate::harness::{Home, World};
use crate::mounts::{Ballast, Mount};
use crate::process::{Service, ask, names};
use crate::store;

/// A disk with room for a folder that is shown as the archive.
struct Disk {
    folder: std::path::PathBuf,
    _disk: Mount,
}

impl Disk {
    fn new(world: &World) -> Self {
        let place = world.home.path().join("disk");
        let disk = Mount::small(&place, "96m");
        let folder = place.join("archive");
        std::fs::create_dir(&folder).expect("a folder");
        Self {
            folder,
            _disk: disk,
        }
    }
}

/// A service whose archive is on a disk of its own, as it is shown there.
async fn on_its_own_disk() -> (World, Disk, Mount, Service) {
    let world = World::new(&["in_gate"]).await;
    let disk = Disk::new(&world);
    let archive = Mount::bind(&disk.folder, &world.home.images());
    let service = Service::start(&world.home);
    (world, disk, archive, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archives_disk_is_full_or_read_only() {
    let (world, disk, archive, mut service) = on_its_own_disk().await;
    let place = world.home.images();

    let mut drill = Drill::begin(&world, &service, "disk full (archive)").await;
    let ballast = Ballast::fill(disk.folder.parent().expect("the disk"));
    drill
        .shows(&mut service, &["tick failed", "kind=disk_full"])
        .await;
    drop(ballast);
    drill.recovers(&mut service).await;

    let mut drill = Drill::begin(&world, &service, "read-only archive").await;
    drop(archive);
    let archive = Mount::bind_read_only(&disk.folder, &place);
    drill
        .shows(&mut service, &["tick failed", "kind=archive", "read-only"])
        .await;
    drop(archive);
    let _archive = Mount::bind(&disk.folder, &place);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_is_away_or_another_one() {
    let (world, disk, archive, mut service) = on_its_own_disk().await;
    let place = world.home.images();

    let mut drill = Drill::begin(&world, &service, "archive not mounted").await;
    drop(archive);
    drill
        .shows(&mut service, &["tick failed", "kind=archive", "mounted"])
        .await;
    assert_eq!(names(&place), Vec::<String>::new(), "below the mount point");
    let archive = Mount::bind(&disk.folder, &place);
    drill.recovers(&mut service).await;

    let other = other_archive(&world).await;
    let mut drill = Drill::begin(&world, &service, "wrong archive for this database").await;
    let before = store::files(&other);
    drop(archive);
    let wrong = Mount::bind(&other, &place);
    drill
        .shows(
            &mut service,
            &["tick failed", "kind=archive", "another database"],
        )
        .await;
    drop(wrong);
    assert_eq!(store::files(&other), before, "somebody else's archive");
    let _archive = Mount::bind(&disk.folder, &place);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

/// An archive that belongs to another database.
async fn other_archive(world: &World) -> std::path::PathBuf {
    let mut other = Home::beside(world);
    let folder = world.home.path().join("other");
    let frames = world.truth(world.portal.now()).await;
    let list = other.path().join("list");
    std::fs::write(&list, &frames[0].url).expect("a list");
    other.set("download_dir", &format!("{:?}", path_text(&folder)));
    let words = ["fetch", "--camera", "in_gate", "--frames-from", "list"];
    assert_eq!(ask(&other, &words).await.code, 0);
    assert!(!store::files(&folder).is_empty());
    folder
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_archive_and_database_is_full() {
    let mut world = World::new(&["in_gate"]).await;
    let disk = Disk::new(&world);
    let root = disk.folder.parent().expect("the disk").to_owned();
    world.home.move_database(&root.join("database.db"));
    let _archive = Mount::bind(&disk.folder, &world.home.images());
    let mut service = Service::start(&world.home);
    let mut drill = Drill::begin(&world, &service, "disk full (archive and database)").await;
    let ballast = Ballast::fill(&root);
    drill
        .shows_in_the_log(&mut service, &["kind=disk_full"])
        .await;
    drop(ballast);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}
