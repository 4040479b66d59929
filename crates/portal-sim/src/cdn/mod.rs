//! Owns the CDN's connections: HTTP/1.1 by hand, because it must be able to break the protocol. It must not
//! decide what to answer; `answer` does.

mod answer;
mod reply;
mod request;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::door::Door;
use crate::state::World;
use crate::stats::CdnRequest;
use crate::wall;
use request::{Head, Reader};

/// Accepts connections until told to stop.
pub(crate) async fn serve(mut door: Door, world: Arc<World>, stopped: watch::Receiver<bool>) {
    let mut stop = stopped.clone();
    loop {
        let stream = tokio::select! {
            stream = door.enter() => stream,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let (world, mut stop) = (Arc::clone(&world), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = connection(stream, &world) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }
}

/// Answers the requests of one connection, one after the other.
async fn connection(mut stream: TcpStream, world: &World) -> Result<()> {
    stream.set_nodelay(true)?;
    let number = world.recorder.connection();
    let mut reader = Reader::default();
    while let Some(head) = reader.next(&mut stream).await? {
        if !exchange(&mut stream, world, &head, number).await? {
            break;
        }
    }
    Ok(())
}

/// Answers one request; false if the connection ends with it.
async fn exchange(
    stream: &mut TcpStream,
    world: &World,
    head: &Head,
    connection: u64,
) -> Result<bool> {
    let at_ms = wall::millis();
    let found = world.find(&head.path);
    let kind = match &found {
        Some((_, false)) => "full",
        Some((_, true)) => "thumb",
        None => "unknown",
    };
    let in_flight = world.recorder.begin(kind == "full");
    let latency = world.behaviours().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let (reply, fault) = answer::answer(world, head, found).await?;
    world.recorder.cdn(CdnRequest {
        at_ms,
        url: format!("{}{}", world.origins.image, head.target),
        kind: kind.to_owned(),
        status: reply.status(),
        fault: fault.and_then(|fault| serde_json::to_value(fault).ok()),
        user_agent: head.user_agent.clone(),
        connection,
    });
    let sent = reply.send(stream, head.bodyless, in_flight).await;
    world.recorder.sent(sent.bytes);
    Ok(sent.keep_open && head.keep_alive)
}
