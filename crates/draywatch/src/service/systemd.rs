//! What the service tells systemd: `Type=notify`, its watchdog, and its reloads. It must not decide when.
//!
//! Without systemd (no `NOTIFY_SOCKET`) it does nothing. By hand since the crate for it, sd-notify, knows no abstract sockets;
//! the protocol is one datagram of lines (`man sd_notify`).

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The longest status that is sent, in characters.
const LONGEST_STATUS: usize = 500;

/// Tells systemd how the service is. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Notifier {
    socket: Option<Arc<(UnixDatagram, SocketAddr)>>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// What the environment says; one that tells nobody, if it says nothing. An address that is of no use is a warning: the
    /// service then runs, but systemd will give it up when its time to start is over.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let address = lookup("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        let socket = address.and_then(|address| match open(&address) {
            Ok(socket) => Some(Arc::new(socket)),
            Err(error) => {
                tracing::warn!(?address, %error, "systemd cannot be told anything: NOTIFY_SOCKET is of no use");
                None
            }
        });
        let number = |name| lookup(name)?.to_str()?.parse::<u64>().ok();
        let meant = lookup("WATCHDOG_PID").is_none()
            || number("WATCHDOG_PID") == Some(std::process::id().into());
        let watchdog = number("WATCHDOG_USEC").filter(|&limit| meant && limit > 0);
        Self {
            socket,
            watchdog: watchdog.map(Duration::from_micros),
        }
    }

    /// The service does its work: at the start, and again after a reload.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// What the service does, for `systemctl status`.
    pub fn status(&self, text: &str) {
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(LONGEST_STATUS)
            .collect();
        self.tell(&format!("STATUS={line}"));
    }

    /// The service is ending.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// The service reads its settings again; [`Notifier::ready`] must follow, whatever came of it.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The service is alive; to be called each [`Notifier::watchdog_interval`].
    pub fn watchdog(&self) {
        self.tell("WATCHDOG=1");
    }

    /// How often systemd is to be told that the service is alive: half the time after which it would kill it. None if it does
    /// not watch this process.
    #[must_use]
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    /// Sends one message. Nobody waits for it, and a failure is no reason to stop.
    fn tell(&self, message: &str) {
        let Some((socket, address)) = self.socket.as_deref() else {
            return;
        };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::debug!(message, %error, "systemd could not be told");
        }
    }
}

/// A socket, and the address that messages go to: a path, or an abstract name after an `@`.
fn open(address: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(address)?,
        _ => {
            let words = "it is neither an absolute path nor an abstract name after an @";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other end, and a notifier that speaks to it.
    fn pair(address: &str, bound: &SocketAddr) -> (UnixDatagram, Notifier) {
        let receiver = UnixDatagram::bind_addr(bound).unwrap();
        receiver
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let notifier = with(&[("NOTIFY_SOCKET", address)]);
        (receiver, notifier)
    }

    fn with(variables: &[(&str, &str)]) -> Notifier {
        Notifier::from_lookup(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).into())
        })
    }

    fn received(receiver: &UnixDatagram) -> String {
        let mut bytes = [0; 2048];
        let length = receiver.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    fn says_all(receiver: &UnixDatagram, notifier: &Notifier) {
        notifier.ready();
        assert_eq!(received(receiver), "READY=1");
        notifier.status("2 cameras\nnext at 10:10");
        assert_eq!(received(receiver), "STATUS=2 cameras next at 10:10");
        notifier.watchdog();
        assert_eq!(received(receiver), "WATCHDOG=1");
        notifier.reloading();
        let told = received(receiver);
        let micros = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(micros.parse::<u64>().unwrap() > 0);
        notifier.stopping();
        assert_eq!(received(receiver), "STOPPING=1");
    }

    #[test]
    fn a_socket_in_the_file_system_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let address = SocketAddr::from_pathname(&path).unwrap();
        let (receiver, notifier) = pair(path.to_str().unwrap(), &address);
        says_all(&receiver, &notifier);
        drop((receiver, folder));
        notifier.ready();
    }

    #[test]
    fn an_abstract_socket_is_told() {
        let name = format!("draywatch-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let (receiver, notifier) = pair(&format!("@{name}"), &address);
        says_all(&receiver, &notifier);
    }

    #[test]
    fn without_systemd_nothing_happens() {
        for notifier in [
            with(&[]),
            with(&[("NOTIFY_SOCKET", "")]),
            with(&[("NOTIFY_SOCKET", "vsock:2:1")]),
        ] {
            assert!(notifier.socket.is_none() && notifier.watchdog_interval().is_none());
            notifier.ready();
            notifier.reloading();
        }
    }

    #[test]
    fn the_watchdog_is_told_twice_as_often_as_it_must() {
        let own = std::process::id().to_string();
        let interval = |variables: &[(&str, &str)]| with(variables).watchdog_interval();
        let thirty = ("WATCHDOG_USEC", "30000000");
        let half = Some(Duration::from_secs(15));
        assert_eq!(interval(&[thirty]), half);
        assert_eq!(interval(&[thirty, ("WATCHDOG_PID", &own)]), half);
        assert_eq!(interval(&[thirty, ("WATCHDOG_PID", "1")]), None);
        assert_eq!(interval(&[thirty, ("WATCHDOG_PID", "me")]), None);
        assert_eq!(interval(&[("WATCHDOG_USEC", "0")]), None);
        assert_eq!(interval(&[("WATCHDOG_USEC", "soon")]), None);
    }
}
