//! Owns the life of the `portal-sim` process: start, one line of JSON when ready, wait, stop. It must not
//! answer requests.

mod cli;

use anyhow::Result;
use chrono::Days;
use clap::Parser;
use portal_sim::Portal;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() {
    let code = match run(cli::Cli::parse()).await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("portal-sim: {error:#}");
            1
        }
    };
    // A read of standard input that is still waiting would keep the runtime from ending.
    std::process::exit(code)
}

async fn run(cli: cli::Cli) -> Result<()> {
    let (until_stdin_closes, prewarm) = (cli.until_stdin_closes, cli.prewarm);
    let config = cli.into_config()?;
    let cameras = config.cameras.clone();
    let portal = Portal::start(config).await?;
    if let Some(days) = prewarm {
        warm(&portal, &cameras, days).await?;
    }
    let ready = json!({
        "page_url": portal.page_url(),
        "image_url": portal.image_url(),
        "control_url": portal.control_url(),
        "pid": std::process::id(),
    });
    println!("{ready}");
    wait(until_stdin_closes).await?;
    drop(portal);
    Ok(())
}

async fn warm(portal: &Portal, cameras: &[String], days: u32) -> Result<()> {
    let today = portal.today();
    for camera in cameras {
        for back in 0..u64::from(days) {
            let date = today.checked_sub_days(Days::new(back)).unwrap_or(today);
            portal.truth(camera, date).await?;
        }
    }
    Ok(())
}

/// Returns on SIGTERM, on Ctrl-C, or when standard input closes if that is wanted.
async fn wait(until_stdin_closes: bool) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let stdin = async {
        if !until_stdin_closes {
            std::future::pending::<()>().await;
        }
        let mut ignored = [0_u8; 256];
        while tokio::io::stdin()
            .read(&mut ignored)
            .await
            .is_ok_and(|count| count > 0)
        {}
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = stdin => {}
    }
    Ok(())
}
