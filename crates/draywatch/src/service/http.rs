//! The port of the service: `draywatch_web` behind it, with its settings and a database of its own to ask. Must not judge, nor know
//! what is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use draywatch_catalog::{Catalog, CatalogError};
use draywatch_core::Clock;
use draywatch_core::error::chain;
use draywatch_core::health::{Reason, Status};
use draywatch_web::settings::{Access, Live, Network, Right, Settings, ShownSetting, Token, User};
use draywatch_web::{App, Store, StoreNow};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::monitor::Monitor;
use crate::collect::is_abandoned;
use crate::config::{Config, Loaded, OpenTo, Secret, Source, WebConfig, one_line};
use crate::store::{self, ARCHIVE_ID};

/// The first and the longest wait for a database that cannot be opened.
const OPEN_WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// The first and the longest wait for a port that is taken.
const LISTEN_WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The id of the reason that it cannot be listened.
const PORT: &str = "health_check_port";
/// How often a database is asked whether it knows its archive by now, and whether it is still the one.
const MARRIES: Duration = Duration::from_secs(2);

/// Serves until this is dropped with its task; a port that is taken is told, tried again, and no reason not to collect.
pub async fn serve(config: &Config, live: LiveNow, monitor: Arc<Monitor>, clock: Clock) {
    if !config.enable_health_check {
        return;
    }
    loop {
        let listener = listen(config, &monitor).await;
        let (opening, store) = watch::channel(None);
        let app = App::new(
            source(&monitor, &clock),
            store,
            settings(config, live.clone()),
        );
        let served = tokio::select! {
            served = draywatch_web::serve(listener, app) => served,
            () = keep_open(config, &clock, opening) => Ok(()),
        };
        if let Err(error) = served {
            tracing::error!(%error, "health is not served any more; trying again");
        }
    }
}

/// Listens as soon as it can be done, and says so while it cannot.
async fn listen(config: &Config, monitor: &Monitor) -> TcpListener {
    let (mut wait, mut is_told) = (LISTEN_WAITS.0, false);
    loop {
        match bind(config).await {
            Ok(listener) => {
                monitor.tell_all(PORT, Vec::new());
                return listener;
            }
            Err(error) => {
                let message = cannot(config, &error);
                if !is_told {
                    tracing::error!("{message}");
                }
                is_told = true;
                monitor.tell(Reason::new(PORT, Status::Warning, message));
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LISTEN_WAITS.1);
    }
}

fn source(monitor: &Arc<Monitor>, clock: &Clock) -> draywatch_web::Source {
    let asked = Arc::clone(monitor);
    draywatch_web::Source {
        snapshots: monitor.snapshots(),
        is_alive: Arc::new(move || asked.is_alive()),
        is_ready: None,
        is_abandoned,
        clock: clock.clone(),
    }
}

/// Listens.
///
/// # Errors
/// When the port is taken, or the address is not this machine's.
pub async fn bind(config: &Config) -> std::io::Result<TcpListener> {
    let address = SocketAddr::new(config.web.ip(), config.health_check_port);
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "health is served");
    Ok(listener)
}

/// Why it cannot be listened, in words.
pub fn cannot(config: &Config, error: &std::io::Error) -> String {
    let address = SocketAddr::new(config.web.ip(), config.health_check_port);
    format!(
        "health cannot be served at {address}: {error}; set health_check_port to one that is free, and listen_address in [web] to \
         an address of this machine"
    )
}

/// Opens the database as soon as it can be, and learns its archive's id as soon as it has one; never ends.
pub async fn keep_open(config: &Config, clock: &Clock, opening: watch::Sender<Option<Store>>) {
    loop {
        let mut wait = OPEN_WAITS.0;
        let catalog = loop {
            match store::open_catalog(config, clock, false).await {
                Ok(catalog) => break catalog,
                Err(error) => {
                    tracing::debug!(error = %chain(&error), "pages wait for the database");
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(OPEN_WAITS.1);
        };
        follow(&catalog, &opening).await;
        tracing::info!("another file lies in the place of the database: pages show that one");
    }
}

/// Learns the database's archive id as soon as it has one, until another file lies in the database's place.
async fn follow(catalog: &Arc<dyn Catalog>, opening: &watch::Sender<Option<Store>>) {
    let mut is_settled = false;
    loop {
        let found = catalog.fact(ARCHIVE_ID).await;
        if matches!(found, Err(CatalogError::Replaced { .. })) {
            return;
        }
        if !is_settled {
            let archive_id = found.unwrap_or_default();
            is_settled = archive_id.is_some();
            opening.send_replace(Some(Store {
                catalog: Arc::clone(catalog),
                archive_id,
            }));
        }
        tokio::time::sleep(MARRIES).await;
    }
}

/// Whether the database is open.
pub fn is_open(store: &StoreNow) -> bool {
    store.borrow().is_some()
}

/// What may change, as it is now.
pub type LiveNow = watch::Receiver<Arc<Live>>;

/// What `draywatch_web` is told again whenever settings are read again.
pub fn live(loaded: &Loaded) -> Arc<Live> {
    let shown = loaded.shown().map(|shown| ShownSetting {
        name: shown.name,
        value: shown.value.as_ref().map(one_line),
        source: (shown.source != Source::Default).then(|| shown.source.to_string()),
        doc: shown.doc,
    });
    Arc::new(Live {
        cameras: loaded.config.stream_names.clone(),
        shown: shown.collect(),
        file: loaded.file_in_words(),
    })
}

/// What `draywatch_web` is told.
pub fn settings(config: &Config, live: LiveNow) -> Settings {
    let web = &config.web;
    let beside = || {
        config
            .download_dir
            .join(draywatch_archive::CONTROL_FOLDER)
            .join("thumbnails")
    };
    Settings {
        access: access(web),
        base_path: web.base_path.clone().unwrap_or_default(),
        archive: config.download_dir.clone(),
        thumbnails: web.thumbnail_dir.clone().unwrap_or_else(beside),
        thumbnail_bytes: u64::from(web.thumbnail_cache_mb) * 1_000_000,
        zone: config.portal.time_zone,
        live,
    }
}

fn access(web: &WebConfig) -> Access {
    let token = |secret: &Option<Secret>, right| {
        secret.as_ref().map(|secret| Token {
            secret: secret.reveal().to_owned(),
            right,
        })
    };
    let user = |name: &Option<String>, hash: &Option<Secret>, right| {
        let (name, hash) = name.as_ref().zip(hash.as_ref())?;
        Some(User {
            name: name.clone(),
            hash: hash.reveal().to_owned(),
            right,
        })
    };
    let everyone = match web.open_to_everyone {
        // Without credentials the settings allow only loopback.
        OpenTo::Nobody if !web.has_credentials() => Right::Operate,
        OpenTo::Nobody => Right::Nothing,
        OpenTo::Readers => Right::Read,
        OpenTo::Operators => Right::Operate,
    };
    let networks = web.trusted_proxies.iter();
    let mut hosts = web.allowed_hosts.clone();
    if !web.ip().is_unspecified() {
        hosts.push(web.ip().to_string());
    }
    Access {
        tokens: [
            token(&web.token, Right::Operate),
            token(&web.read_token, Right::Read),
        ]
        .into_iter()
        .flatten()
        .collect(),
        users: [
            user(&web.user, &web.password_hash, Right::Operate),
            user(&web.reader, &web.reader_password_hash, Right::Read),
        ]
        .into_iter()
        .flatten()
        .collect(),
        everyone,
        proxies: networks
            .filter_map(|text| Network::parse(text).ok())
            .collect(),
        hosts,
        session_hours: web.session_hours,
    }
}
