//! Pictures by https: whose certificate is believed, and what is said where it is not.

use std::path::PathBuf;

use crate::harness::{World, addresses, hourly};
use crate::tls_front::Tls;
use crate::{audit, store};

fn written(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.home.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_believed_by_the_systems_certificates() {
    let mut world = World::new("tls: believed and not believed", hourly()).await;
    let image_url: url::Url = world.portal.image_url().parse().expect("an address");
    let host = format!("127.0.0.1:{}", image_url.port().expect("a port"));
    let tls = Tls::before(host).await;
    let (mut truth, _) = world.some("in_gate", 5).await;
    let (plain, safe) = (
        image_url.origin().ascii_serialization(),
        format!("https://{}", tls.address),
    );
    for frame in &mut truth {
        frame.url = frame.url.replace(&plain, &safe);
    }
    let list = addresses(&truth);
    let nothing = world.home.path().join("no-certificates");
    std::fs::create_dir(&nothing).expect("a folder");
    let empty = written(&world, "empty.pem", "");
    let ours = written(&world, "ours.pem", &tls.certificate);

    world.home.set_env("SSL_CERT_DIR", Some(&nothing));
    world.home.set_env("SSL_CERT_FILE", Some(&empty));
    let run = world.frames(&list, &[]).await;
    run.expect(1);
    assert!(
        run.stderr.contains("ca-certificates"),
        "without certificates it says which package has them: {}",
        run.stderr
    );

    world.home.set_env("SSL_CERT_DIR", None);
    world.home.set_env("SSL_CERT_FILE", None);
    let run = world.frames(&list, &[]).await;
    run.expect(1);
    assert!(
        run.stderr.contains("UnknownIssuer"),
        "a certificate of nobody's is named as the reason: {}",
        run.stderr
    );
    assert!(store::images(&world.home).await.is_empty());

    world.home.set_env("SSL_CERT_FILE", Some(&ours));
    let run = world.frames(&list, &[]).await;
    run.expect(0);
    audit::whole(&world, &truth, None).await;
}
