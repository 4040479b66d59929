//! Owns an origin's way in: it takes connections, and while the origin is down refuses or resets them. It must not
//! read requests: what answers them sees to outages that answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::behaviours::{Behaviours, Outage};
use crate::state::World;

/// How an origin is down, now and as it changes.
#[derive(Debug, Clone)]
struct Outages {
    behaviours: watch::Receiver<Arc<Behaviours>>,
    which: fn(&Behaviours) -> Option<Outage>,
}

impl Outages {
    fn is(&self, outage: Outage) -> bool {
        (self.which)(&self.behaviours.borrow()) == Some(outage)
    }

    fn cuts(&self) -> bool {
        self.is(Outage::Refused) || self.is(Outage::Reset)
    }

    /// Returns when nobody is to listen (or somebody is again). Never, once the portal is gone.
    async fn until_shut(&mut self, shut: bool) {
        let which = self.which;
        let as_wanted = |ways: &Arc<Behaviours>| (which(ways) == Some(Outage::Refused)) == shut;
        if self.behaviours.wait_for(as_wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The listener of an origin, which is closed while connections are to be refused.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    listener: Option<TcpListener>,
    outages: Outages,
}

impl Door {
    pub(crate) fn new(
        listener: TcpListener,
        world: &World,
        which: fn(&Behaviours) -> Option<Outage>,
    ) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            outages: Outages {
                behaviours: world.watch_behaviours(),
                which,
            },
        })
    }

    /// The next connection that is let in.
    pub(crate) async fn enter(&mut self) -> TcpStream {
        loop {
            if self.outages.is(Outage::Refused) {
                self.listener = None;
                self.outages.until_shut(false).await;
            }
            let Some(listener) = &self.listener else {
                self.listener = TcpListener::bind(self.address).await.ok();
                if self.listener.is_none() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                continue;
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.outages.until_shut(true) => continue,
            };
            match accepted {
                Ok((stream, _)) if self.outages.cuts() => {
                    let _ = stream.set_zero_linger();
                }
                Ok((stream, _)) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

impl axum::serve::Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        let stream = self.enter().await;
        let outages = self.outages.clone();
        (Visitor { stream, outages }, self.address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection that is reset when it is next used during an outage that cuts.
#[derive(Debug)]
pub(crate) struct Visitor {
    stream: TcpStream,
    outages: Outages,
}

impl Visitor {
    fn check(&self) -> io::Result<()> {
        if self.outages.cuts() {
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
