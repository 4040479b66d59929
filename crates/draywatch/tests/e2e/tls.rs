//! Pictures by https: whose certificate is believed, and what is said where it is not.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::harness::{World, addresses, hourly};
use crate::{audit, store};

/// A server that speaks https and hands everything on to another that does not.
struct Tls {
    address: SocketAddr,
    /// The certificate, which nobody believes unless told to.
    certificate: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Tls {
    async fn before(host: String) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![cert.der().clone()], key)
            })
            .expect("a TLS server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serving = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                tokio::spawn(hand_on(acceptor.clone(), client, host.clone()));
            }
        });
        Self {
            address,
            certificate: cert.pem(),
            serving,
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client that believes nothing hangs up in the midst of it, which is its right.
async fn hand_on(acceptor: TlsAcceptor, client: TcpStream, host: String) {
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let mut server = TcpStream::connect(&host).await.expect("the simulated CDN");
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

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
