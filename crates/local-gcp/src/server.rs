//! Starting and stopping.

use crate::{
    Faults, Journal, Options, StoreError, apis,
    app::{App, Parts},
    bench::{admin, levels::Level, notes::Notes},
    console,
    engine::{
        self, Move, SavedClock,
        clock::{Clock, Mode},
    },
    http::{
        ApiError,
        api::Router,
        dispatch::dispatch,
        origin,
        wire::{Cut, Wire},
    },
    identity::Identity,
    outbound::Outbound,
    store::{Schema, Store, blobs::Blobs},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not loopback.
    #[error(
        "{0} can be reached from other machines, and whoever reaches local-gcp gets tokens and all data; listen on \
         127.0.0.1, or insist with --force-public"
    )]
    Public(IpAddr),
    /// The port is taken, for instance.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of the clock cannot be written.
    #[error("cannot write the clock's file")]
    Clock(#[source] std::io::Error),
    /// What there is to be at the start cannot be.
    #[error("the seed cannot be used: {0}")]
    Seed(ApiError),
    /// The state can be read, but not be used.
    #[error("the kept state cannot be used: {0}")]
    State(#[from] ApiError),
}

/// A running stand-in for Google Cloud. It stops when it is dropped.
pub struct LocalGcp {
    app: App,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl LocalGcp {
    /// Starts serving. Returns once requests are answered.
    pub async fn start(mut options: Options) -> Result<Self, StartError> {
        if !options.address.is_loopback() && !options.force_public {
            return Err(StartError::Public(options.address));
        }
        let wanted = SocketAddr::new(options.address, options.port);
        let listen = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let seed = options.seed.take();
        let app = assemble(options, format!("http://{address}"))?;
        for start in app.apis.iter().filter_map(|api| api.on_start) {
            start(&app);
        }
        // Before the first answer: who finds it ready finds all of it.
        if let Some(seed) = seed.filter(|_| app.store.view().is_empty()) {
            let sections = crate::google::json::decode_value(seed).map_err(StartError::Seed)?;
            app.seed(sections).map_err(StartError::Seed)?;
        }
        tokio::spawn(engine::run(app.clone()));
        let service = admin::router().merge(console::router());
        let service = service.fallback(dispatch);
        let guard = axum::middleware::from_fn_with_state(app.clone(), origin::guard);
        let service = service.layer(guard).with_state(app.clone());
        let service = service.into_make_service_with_connect_info::<Cut>();
        let stopping = app.stopping.clone();
        let server = tokio::spawn(async move {
            let serving = axum::serve(Wire(listener), service)
                .with_graceful_shutdown(stopping.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Self {
            app,
            address,
            server,
        })
    }

    /// `http://127.0.0.1:PORT`, the endpoint of every API.
    pub fn url(&self) -> &str {
        &self.app.url
    }

    /// The address in use, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time here.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Moves the clock forward and fires on the way all that becomes due, in order. Returns how many timers fired.
    pub async fn advance(&self, by: SignedDuration) -> Result<usize, ApiError> {
        let to = Move {
            advance: Some(by),
            ..Move::default()
        };
        Ok(engine::move_clock(&self.app, to).await?.fired)
    }

    /// Sets the clock, as [`advance`](Self::advance) does when that is in the future; nothing fires on the way back.
    pub async fn set_time(&self, to: Timestamp) -> Result<usize, ApiError> {
        let to = Move {
            set: Some(to),
            ..Move::default()
        };
        Ok(engine::move_clock(&self.app, to).await?.fired)
    }

    /// Stops the clock or lets it run.
    pub async fn run_clock(&self, running: bool) -> Result<(), ApiError> {
        let to = Move {
            running: Some(running),
            ..Move::default()
        };
        engine::move_clock(&self.app, to).await.map(drop)
    }

    /// What is to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.app.faults
    }

    /// What was asked and answered.
    pub fn journal(&self) -> &Journal {
        &self.app.journal
    }

    /// Writes what a seed file says (see the README), or nothing of it.
    pub fn seed(&self, seed: serde_json::Value) -> Result<(), ApiError> {
        self.app.seed(crate::google::json::decode_value(seed)?)
    }

    /// Forgets all state, faults and journal entries. Signing keys and clock stay.
    pub fn reset(&self) -> Result<(), ApiError> {
        self.app.reset()
    }

    /// Signs ID tokens with a new key from now on; returns its id.
    pub fn roll_signing_key(&self) -> Result<String, ApiError> {
        self.app.identity.roll(&self.app)
    }

    /// An ID token as Google would sign it for the service account `email`.
    pub fn id_token(&self, email: &str, audience: &str) -> Result<String, ApiError> {
        crate::identity::token::id_token(&self.app, email, audience, true)
    }

    /// Stops and waits for the requests that are being served.
    pub async fn stop(mut self) {
        self.app.stopping.cancel();
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the server failed");
        }
    }
}

impl Drop for LocalGcp {
    fn drop(&mut self) {
        self.app.stopping.cancel();
    }
}

fn assemble(options: Options, url: String) -> Result<App, StartError> {
    let apis = apis::all();
    let mut schema = Schema::default();
    for api in &apis {
        api.declare_tables(&mut schema);
    }
    schema.add::<Level>();
    let store = Store::open(&schema, options.state.as_deref())?;
    let view = store.view();
    let mode = match view.get::<SavedClock>("clock") {
        Some(saved) => saved.0,
        None => Mode::Running { offset: 0 },
    };
    let clock = Clock::new(mode, options.clock_file.clone()).map_err(StartError::Clock)?;
    if options.now.is_some() || !options.running {
        clock.set(options.now.unwrap_or_else(|| clock.now()), options.running);
    }
    Ok(App(Arc::new(Parts {
        url,
        router: Router::new(&apis),
        apis,
        blobs: Blobs::open(options.state.as_deref())?,
        identity: Identity::load(&view)?,
        store,
        clock,
        faults: Faults::default(),
        journal: Journal::default(),
        notes: Notes::default(),
        outbound: Outbound::new(),
        engine: tokio::sync::Mutex::new(()),
        in_flight: watch::Sender::new(0),
        stopping: CancellationToken::new(),
        options,
    })))
}
