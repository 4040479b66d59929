//! The signals that a service obeys: stop, stop at once, read the settings again. It must not decide what that means, except
//! that a second request to stop ends the process.

use std::io;
use std::io::Write;
use std::sync::mpsc;

use tokio::signal::unix::{self, SignalKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The exit status of a process that was told to hurry: work was left undone.
const HURRIED: i32 = 1;

/// What somebody wants of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceSignal {
    /// End in good order: SIGTERM or SIGINT. It comes once; another one ends the process at once.
    Stop,
    /// Read the settings again: SIGHUP.
    Reload,
}

/// Signals as they come.
///
/// They are heard on a thread of their own, so that a second request to stop is obeyed even when the runtime is busy or stuck.
#[derive(Debug)]
pub struct Signals {
    received: UnboundedReceiver<ServiceSignal>,
}

impl Signals {
    /// Listens from now on; no signal after this is lost, and none ends the process but a second request to stop.
    ///
    /// # Errors
    /// When the system gives no thread or no handler.
    pub fn listen() -> io::Result<Self> {
        Self::listen_or(|| {
            let words = "draywatch: told twice to stop: ending at once; what was in flight is taken up at the next start";
            let _ = writeln!(io::stderr(), "{words}");
            std::process::exit(HURRIED)
        })
    }

    /// The same, with another way to hurry.
    fn listen_or(hurry: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (sender, received) = unbounded_channel();
        let (started, outcome) = mpsc::channel();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || hear(&sender, &started, hurry))?;
        let gone = || io::Error::other("the thread for signals ended");
        outcome.recv().map_err(|_| gone())??;
        Ok(Self { received })
    }

    /// The next signal. Waits for ever when there can be none any more. Nothing is lost when this is dropped while it waits.
    pub async fn next(&mut self) -> ServiceSignal {
        match self.received.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

/// Hears signals until told twice to stop, or until nobody listens any more.
fn hear(
    sender: &UnboundedSender<ServiceSignal>,
    started: &mpsc::Sender<io::Result<()>>,
    hurry: impl FnOnce(),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let listeners = Listeners::new();
        let (listeners, outcome) = match listeners {
            Ok(listeners) => (Some(listeners), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let _ = started.send(outcome);
        if let Some(mut listeners) = listeners
            && listeners.forward(sender).await
        {
            hurry();
        }
    });
}

struct Listeners {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

impl Listeners {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    async fn one(&mut self) -> ServiceSignal {
        tokio::select! {
            _ = self.terminate.recv() => ServiceSignal::Stop,
            _ = self.interrupt.recv() => ServiceSignal::Stop,
            _ = self.hangup.recv() => ServiceSignal::Reload,
        }
    }

    /// Hands signals on; true when told twice to stop.
    async fn forward(&mut self, sender: &UnboundedSender<ServiceSignal>) -> bool {
        let mut stopping = false;
        loop {
            let signal = tokio::select! {
                signal = self.one() => signal,
                () = sender.closed() => return false,
            };
            match signal {
                ServiceSignal::Stop if stopping => return true,
                ServiceSignal::Stop => stopping = true,
                ServiceSignal::Reload => {}
            }
            if sender.send(signal).is_err() {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    fn raise(signal: Signal) {
        kill_process(getpid(), signal).unwrap();
    }

    // One test, since signals come to the whole process.
    #[tokio::test]
    async fn signals_come_in_order_and_the_second_stop_hurries() {
        let (hurried, hurry) = mpsc::channel();
        let mut signals = Signals::listen_or(move || hurried.send(()).unwrap()).unwrap();
        raise(Signal::HUP);
        assert_eq!(signals.next().await, ServiceSignal::Reload);
        raise(Signal::HUP);
        assert_eq!(signals.next().await, ServiceSignal::Reload);
        raise(Signal::TERM);
        assert_eq!(signals.next().await, ServiceSignal::Stop);
        raise(Signal::HUP);
        assert_eq!(signals.next().await, ServiceSignal::Reload);
        assert!(hurry.try_recv().is_err());
        raise(Signal::INT);
        // The runtime of this test is blocked here, as a stuck one would be.
        hurry.recv_timeout(Duration::from_secs(10)).unwrap();
        let next = tokio::time::timeout(Duration::from_millis(50), signals.next());
        assert!(next.await.is_err(), "there can be no signal any more");

        let mut others = Signals::listen_or(|| {}).unwrap();
        raise(Signal::INT);
        assert_eq!(others.next().await, ServiceSignal::Stop);
    }
}
