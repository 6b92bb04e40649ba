//! How a function lives as a Cloud Run service.
//!
//! | path | answers |
//! | --- | --- |
//! | `POST /` | an event: what its [`Outcome`](crate::Outcome) says |
//! | `GET /health` | 200 while the process can answer at all |
//! | `GET /ready` | 200, and 503 once the end has been asked for |
//! | `GET /metrics` | Prometheus' text; without a token only for callers on the same machine, such as a sidecar |
//!
//! None of them ends in `z`: Google's front end keeps such paths for itself. Every answer but 2xx has the JSON body
//! `{"error": {"code", "message"}}`.
//!
//! ```text
//! request ─► span with the trace ─► who calls? ─► a free place? ─► body ─► Event ─► Handler ─► Outcome ─► answer
//!                                    401 403 503   503              400     400      500 when it panics, 503 too late
//! ```

mod access;
mod answer;
mod intake;
mod pages;

use crate::{
    Handler, Shutdown,
    auth::Guard,
    config::HumanDuration,
    event::MAX_BODY,
    handler::work::LAST_WORK,
    metrics::{self, Metrics, MetricsError},
};
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
    serve::ListenerExt,
};
use intake::Intake;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{interval, sleep},
};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// The port where Cloud Run says none.
const PORT: u16 = 8080;
/// How long after the end was asked for [`serve`] returns at the latest. Cloud Run kills after ten seconds.
const LAST_ANSWER: Duration = Duration::from_millis(9_500);
/// How often observations are summed up, so that a service nobody asks for its figures does not keep them all.
const SUM_UP: Duration = Duration::from_secs(5);

/// The options of `serve`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Serving")]
// Several of these meet in one command, where clap would call each group `Options`.
#[group(skip)]
pub struct Options {
    /// Address to listen on [default: all of them on the port that Cloud Run says in `PORT`, else 127.0.0.1:8080]
    #[arg(long, env = "NIGHTSHIFT_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,

    /// Port for `--listen`'s default, as Cloud Run gives it
    #[arg(long, env = "PORT", hide = true)]
    pub port: Option<u16>,

    /// How many events are handled at once; one more is refused with 503
    #[arg(
        long,
        env = "NIGHTSHIFT_CONCURRENCY",
        value_name = "EVENTS",
        default_value = "16"
    )]
    pub concurrency: NonZeroU16,

    /// Time that an event has; less than the subscription's ack deadline and than the service's request timeout
    #[arg(
        long,
        env = "NIGHTSHIFT_DEADLINE",
        value_name = "TIME",
        default_value = "290s"
    )]
    pub deadline: HumanDuration,

    /// Project whose traces the log lines belong to
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT", value_name = "PROJECT")]
    pub project: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: None,
            port: None,
            concurrency: NonZeroU16::MIN.saturating_add(15),
            deadline: Duration::from_secs(290).into(),
            project: None,
        }
    }
}

impl Options {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| match self.port {
            Some(port) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
        })
    }

    /// Starts listening. Connections wait from here on, and are answered by [`serve`].
    pub async fn bind(&self) -> Result<TcpListener, ServeError> {
        let address = self.address();
        let listener = TcpListener::bind(address).await;
        listener.map_err(|source| ServeError::Listen { address, source })
    }
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// No figures can be kept.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// No further connection can be taken.
    #[error("serve")]
    Serve(#[source] io::Error),
}

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything that had begun was finished.
    Clean,
    /// This many events were still being handled when time was up. They come again.
    CutShort {
        /// How many.
        events: usize,
    },
}

/// Answers requests until the end is asked for, then finishes what has begun: within ten seconds, whatever happens.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    options: &Options,
    guard: Guard,
    handler: H,
    shutdown: Shutdown,
) -> Result<Ended, ServeError> {
    let metrics = metrics::install()?;
    let places = Arc::new(Semaphore::new(usize::from(options.concurrency.get())));
    let unfinished = Arc::new(AtomicUsize::new(0));
    let begun = TaskTracker::new();
    let intake = Arc::new(Intake {
        handler: Arc::new(handler),
        guard,
        places: places.clone(),
        deadline: options.deadline.into(),
        max_body: MAX_BODY,
        shutdown: shutdown.clone(),
        begun: begun.clone(),
        unfinished: unfinished.clone(),
        metrics: metrics.clone(),
    });
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    info!(event = "serve.started", %address, "serving");
    let listener = listener.tap_io(|connection| {
        // Answers are small and complete: nothing is gained by waiting for more to send.
        let _ = connection.set_nodelay(true);
    });
    let asked = shutdown.clone();
    let service = router(intake, options).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(async move { asked.wait().await })
        .into_future();
    let finishing = async {
        serving.await.map_err(ServeError::Serve)?;
        // Work goes on when its caller has gone, and a handler that blocks keeps its place beyond its answer.
        begun.close();
        begun.wait().await;
        let _ = places.acquire_many(options.concurrency.get().into()).await;
        Ok::<(), ServeError>(())
    };
    tokio::select! {
        done = finishing => done?,
        () = time_is_up(&shutdown) => {}
        never = sum_up_for_ever(&metrics) => match never {},
    }
    Ok(how_it_ended(unfinished.load(Ordering::Relaxed)))
}

fn how_it_ended(unfinished: usize) -> Ended {
    match unfinished {
        0 => {
            info!(event = "serve.ended", "everything begun is finished");
            Ended::Clean
        }
        events => {
            warn!(
                event = "serve.ended",
                events, "ending in the middle of work"
            );
            Ended::CutShort { events }
        }
    }
}

fn router<H: Handler>(intake: Arc<Intake<H>>, options: &Options) -> Router {
    let project: Option<Arc<str>> = options.project.as_deref().map(Arc::from);
    Router::new()
        .route("/", post(intake::take::<H>))
        .route("/ready", get(pages::ready::<H>))
        .route("/metrics", get(pages::metrics::<H>))
        .with_state(intake)
        .route("/health", get(pages::health))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(from_fn(access::count))
        .layer(from_fn_with_state(project, access::log))
}

async fn time_is_up(shutdown: &Shutdown) {
    shutdown.wait().await;
    sleep(LAST_ANSWER).await;
}

async fn sum_up_for_ever(metrics: &Metrics) -> std::convert::Infallible {
    let mut due = interval(SUM_UP);
    loop {
        due.tick().await;
        metrics.sum_up();
    }
}

const _: () = assert!(LAST_WORK.as_millis() < LAST_ANSWER.as_millis());
