//! Owns a running portal: it binds its origins, serves them as tasks, and stops them when dropped. It must not
//! answer requests itself.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::behaviours::Behaviours;
use crate::config::{Clock, Config};
use crate::door::Door;
use crate::faults::FaultRule;
use crate::page::{self, Assets};
use crate::schedule::Frame;
use crate::state::{Origins, World};
use crate::stats::Stats;
use crate::truth::{self, TruthFrame};
use crate::{cdn, config::PublicAddresses, control};

/// A running portal. It stops when this is dropped.
#[derive(Debug)]
pub struct Portal {
    world: Arc<World>,
    stop: watch::Sender<bool>,
    page: SocketAddr,
    image: SocketAddr,
}

impl Portal {
    /// Binds page, CDN and control, and serves them on the current Tokio runtime.
    ///
    /// # Errors
    /// A port is taken, the page's npm packages are not installed, or the configuration makes no sense.
    pub async fn start(config: Config) -> Result<Self> {
        config.check()?;
        let assets = Assets::load(config.page_dir())?;
        let bind = async |port| {
            let listener = TcpListener::bind((config.host, port)).await;
            listener.with_context(|| format!("cannot listen on port {port}"))
        };
        let page_listener = bind(config.page_port).await?;
        let image_listener = bind(config.image_port).await?;
        let control_listener = bind(config.control_port).await?;
        let (page, image) = (page_listener.local_addr()?, image_listener.local_addr()?);
        let control = control_listener.local_addr()?;
        let world = Arc::new(World::new(
            config.clone(),
            origins(&config.public, page, image, control),
        )?);
        let (stop, stopped) = watch::channel(false);
        let page_door = Door::new(page_listener, &world, |ways| ways.page_outage)?;
        let image_door = Door::new(image_listener, &world, |ways| ways.cdn_outage)?;
        let router = page::router(Arc::clone(&world), assets);
        serve(page_door, router, stopped.clone());
        serve(
            control_listener,
            control::router(Arc::clone(&world)),
            stopped.clone(),
        );
        tokio::spawn(cdn::serve(image_door, Arc::clone(&world), stopped));
        Ok(Self {
            world,
            stop,
            page,
            image,
        })
    }

    /// Address of the page without a camera: `…/terminal_cameras/apm`.
    #[must_use]
    pub fn page_url(&self) -> String {
        format!(
            "{}/terminal_cameras/{}",
            self.world.origins.page, self.world.config.terminal
        )
    }

    /// Address that all pictures begin with: `…/apm`.
    #[must_use]
    pub fn image_url(&self) -> String {
        format!(
            "{}/{}",
            self.world.origins.image, self.world.config.terminal
        )
    }

    /// Address that the control endpoints begin with: `…/__sim`, on an origin that no outage touches.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("{}/__sim", self.world.origins.control)
    }

    /// Bound address of the page origin.
    #[must_use]
    pub fn page_socket(&self) -> SocketAddr {
        self.page
    }

    /// Bound address of the CDN.
    #[must_use]
    pub fn image_socket(&self) -> SocketAddr {
        self.image
    }

    /// What the portal takes for the present.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    /// The terminal's local date now.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.world.today()
    }

    /// The frames of a local day that are published now, oldest first, with hashes.
    ///
    /// # Errors
    /// No such camera, or a picture cannot be drawn.
    pub async fn truth(&self, camera: &str, date: NaiveDate) -> Result<Vec<TruthFrame>> {
        let frames = self.world.day(self.camera(camera)?, date);
        truth::describe(&self.world, frames, true).await
    }

    /// The frames of `[from, to)` that are published now, oldest first, with hashes if asked for.
    ///
    /// # Errors
    /// No such camera, or a picture cannot be drawn.
    pub async fn truth_between(
        &self,
        camera: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        hashes: bool,
    ) -> Result<Vec<TruthFrame>> {
        let frames = self.world.published(self.camera(camera)?, from, to);
        truth::describe(&self.world, frames, hashes).await
    }

    /// The frames of a local day that are published now, oldest first; cheap.
    ///
    /// # Errors
    /// No such camera.
    pub fn frames(&self, camera: &str, date: NaiveDate) -> Result<Vec<Frame>> {
        Ok(self.world.day(self.camera(camera)?, date))
    }

    /// The address of a frame's picture, or of its thumbnail.
    #[must_use]
    pub fn address(&self, frame: &Frame, thumbnail: bool) -> String {
        self.world.address(frame, thumbnail)
    }

    /// Draws all pictures and thumbnails of `[from, to)`, so that the CDN serves them from memory. The number of
    /// pictures is returned.
    ///
    /// # Errors
    /// No such camera, or a picture cannot be drawn.
    pub async fn prewarm(
        &self,
        camera: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<usize> {
        Ok(self.truth_between(camera, from, to, true).await?.len())
    }

    /// The switches as they are.
    #[must_use]
    pub fn behaviours(&self) -> Behaviours {
        (*self.world.behaviours()).clone()
    }

    /// Replaces all switches. Pages that are open keep what they were loaded with.
    pub fn set_behaviours(&self, behaviours: Behaviours) {
        self.world.set_behaviours(behaviours);
    }

    /// Replaces all fault rules and forgets how often they were used.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.world.faults.set(rules);
    }

    /// Sets what the portal takes for the present.
    pub fn set_clock(&self, clock: Clock) {
        self.world.set_clock(clock);
    }

    /// All counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.world.recorder.snapshot()
    }

    /// Sets all counters to nothing.
    pub fn reset_stats(&self) {
        self.world.recorder.reset();
    }

    fn camera(&self, name: &str) -> Result<&Arc<str>> {
        self.world
            .camera(name)
            .with_context(|| format!("no such camera: {name}"))
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// Serves HTTP as a task until told to stop.
fn serve<L>(listener: L, router: axum::Router, mut stopped: watch::Receiver<bool>)
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    tokio::spawn(async move {
        let until = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let _ = axum::serve(listener, router)
            .with_graceful_shutdown(until)
            .await;
    });
}

fn origins(
    public: &PublicAddresses,
    page: SocketAddr,
    image: SocketAddr,
    control: SocketAddr,
) -> Origins {
    let origin = |given: &Option<String>, bound: SocketAddr| {
        let own = || format!("http://{bound}");
        given
            .as_ref()
            .map_or_else(own, |text| text.trim_end_matches('/').to_owned())
    };
    Origins {
        page: origin(&public.page, page),
        image: origin(&public.image, image),
        control: origin(&public.control, control),
    }
}
