//! TLS in front of a server that speaks none, with a certificate that nobody knows. Must not understand what it hands on.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server that speaks https and hands everything on to another that does not.
pub struct Tls {
    /// Where it is.
    pub address: SocketAddr,
    /// The certificate, which nobody believes unless told to.
    pub certificate: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Tls {
    /// In front of that host and port.
    pub async fn before(host: String) -> Self {
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
    let mut server = TcpStream::connect(&host)
        .await
        .expect("the server behind it");
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
