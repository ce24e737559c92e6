//! The server's side of a row: a process of its own, so that what it uses can be told from what the callers use.
//!
//! It is made of the parts that `redress serve` is made of: the engine, the router, the workers that look for what is
//! due, the recorder of metrics and the filter of the log, and HTTP/1.1 with the same limits.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusBuilder;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, KeyId, MerchantId, ProcessId, RefundId};
use redress_core::policy::{Ask, AskedAmount};
use redress_engine::config::EngineConfig;
use redress_engine::engine::Engine;
use redress_engine::real_world::{OsRandom, SystemClock, TokioSpawner};
use redress_engine::world::{Clock, Random, Spawner};
use redress_store::Store;
use redress_store::ops::accept::{Accept, Accepted, Dedupe, SendPermit, SendPermits};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tower::ServiceExt;
use tracing_subscriber::EnvFilter;

use crate::job::{Farewell, Job, Question, Ready, Sample, Work};
use crate::load::{Load, Recorder};
use crate::measure::shuffled;
use crate::place::open;
use crate::prepare::{engine, order_ref};
use crate::{Outcome, runtime};

/// For a request's head, and for a connection without a request; the program's default.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs until the other process says so, or is gone.
pub(crate) fn run(job: &Path) -> Outcome {
    let text = fs::read(job).map_err(|error| format!("{}: {error}", job.display()))?;
    let job: Job = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let runtime = runtime::all_threads()?;
    let done = runtime.block_on(work(job));
    runtime.shutdown_background();
    done
}

async fn work(job: Job) -> Outcome {
    let store = open(&job.place, job.group_ops_max)?;
    match job.work {
        Work::Serve | Work::ServeAndSettle | Work::OnlyParse | Work::OnlyKnow => {
            let network = matches!(job.work, Work::ServeAndSettle);
            let engine = engine(store.clone(), &job.prepared.master_key, network)?;
            let router = match job.work {
                Work::OnlyParse => redress_http::probe::order_refund_only_parsed(engine.clone()),
                Work::OnlyKnow => redress_http::probe::own_only_authenticated(engine.clone()),
                _ => redress_http::router::router(engine.clone()),
            };
            as_the_program_does(&engine)?;
            let address = listen(router).await?;
            say(&Ready { address: Some(address) })?;
            answer(&store, None).await
        }
        Work::Bare { callers, seed } => {
            let load = bare(&store, &job, callers, seed)?;
            say(&Ready { address: None })?;
            answer(&store, Some(load)).await
        }
    }
}

/// Starts what runs beside the requests in a real server.
fn as_the_program_does(engine: &Engine) -> Outcome {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(std::io::stderr);
    log.json().flatten_event(true).try_init().map_err(|error| error.to_string())?;
    let tasks = TokioSpawner::new(Handle::current());
    let (refunds, deliveries, events) = (engine.clone(), engine.clone(), engine.clone());
    tasks.spawn("refund worker", Box::pin(async move { refunds.work_refunds(std::future::pending()).await }));
    let deliver = async move { deliveries.work_deliveries(std::future::pending()).await };
    tasks.spawn("delivery worker", Box::pin(deliver));
    tasks.spawn("event worker", Box::pin(async move { events.work_events(std::future::pending()).await }));
    Ok(())
}

/// Serves on a free port of this machine alone, and says which.
pub(crate) async fn listen(router: Router) -> Outcome<String> {
    let said = |error: std::io::Error| format!("cannot listen: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(said)?;
    let address = listener.local_addr().map_err(said)?.to_string();
    let tasks = TokioSpawner::new(Handle::current());
    let connections = tasks.clone();
    tasks.spawn(
        "listener",
        Box::pin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn("connection", Box::pin(serve(stream, router.clone())));
            }
        }),
    );
    Ok(address)
}

async fn serve(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service =
        service_fn(move |request: Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // How it ended, the caller says.
    let _ = connection.await;
}

/// Answers the other process until it asks for the end.
async fn answer(store: &Store, load: Option<Load>) -> Outcome {
    // Blocks this thread only: the runtime's own threads do the work.
    let mut lines = std::io::stdin().lines();
    let mut span = None;
    loop {
        let Some(line) = lines.next() else { return Err("the one who asked is gone".to_owned()) };
        let line = line.map_err(|error| error.to_string())?;
        match serde_json::from_str(&line).map_err(|error| error.to_string())? {
            Question::Sample => {
                let at = load.as_ref().map_or(0, Load::now_micros);
                span = Some((span.map_or(at, |(from, _)| from), at));
                let stats = store.stats();
                say(&Sample {
                    commits: stats.commits,
                    wal_pages: stats.wal_frames_written,
                    reads: stats.reads,
                    checkpoints: stats.checkpoints,
                })?;
            }
            Question::End => {
                let (from, to) = span.unwrap_or_default();
                let bare = match load {
                    Some(load) => Some(load.end(from, to).await?),
                    None => None,
                };
                return say(&Farewell { bare });
            }
        }
    }
}

fn say<T: Serialize>(what: &T) -> Outcome {
    println!("{}", serde_json::to_string(what).map_err(|error| error.to_string())?);
    Ok(())
}

/// Callers of the storage operation itself, as the engine would call it.
fn bare(store: &Store, job: &Job, callers: u16, seed: u64) -> Outcome<Load> {
    let random = OsRandom::new().map_err(|error| error.to_string())?;
    let shared = Arc::new(Bare {
        store: store.clone(),
        merchant: MerchantId::parse(&job.prepared.merchant).map_err(|error| error.to_string())?,
        process: ProcessId::new(SystemClock.now(), random.bytes10()),
        random,
        config: EngineConfig::default(),
        amount: Decimal::from_text("1000").map_err(|error| error.to_string())?,
        order: shuffled(job.prepared.payments, seed),
    });
    let mut load = Load::new();
    for caller in 0..callers {
        let shared = Arc::clone(&shared);
        load.add(|recorder| shared.call(recorder, usize::from(caller), usize::from(callers)));
    }
    Ok(load)
}

struct Bare {
    store: Store,
    merchant: MerchantId,
    process: ProcessId,
    random: OsRandom,
    config: EngineConfig,
    amount: Decimal,
    order: Vec<u32>,
}

impl Bare {
    async fn call(
        self: Arc<Self>,
        mut recorder: Recorder,
        caller: usize,
        callers: usize,
    ) -> Outcome<Recorder> {
        let mut mine = (caller..self.order.len()).step_by(callers).cycle();
        while recorder.goes_on() {
            let Some(i) = mine.next() else { break };
            let accept = self.accept(self.order[i]);
            match recorder.timed(self.store.run(accept)).await.map_err(|error| error.to_string())? {
                Accepted::New { .. } => {}
                _ => return Err("a refund was not accepted".to_owned()),
            }
        }
        Ok(recorder)
    }

    fn accept(&self, payment: u32) -> Accept {
        let now = SystemClock.now();
        let (mut key, mut request_hash) = ([0; 16], [0; 16]);
        self.random.fill(&mut key);
        request_hash.copy_from_slice(&key);
        Accept {
            merchant: self.merchant,
            order_ref: order_ref(payment),
            ask: Ask {
                environment: Some(Environment::Sandbox),
                ..Ask::of(AskedAmount::Exactly(self.amount))
            },
            reason: "The customer returned the goods".to_owned(),
            description: None,
            merchant_refund_id: Some(format!("MR-{payment}-{:09}", now.as_micros() % 1_000_000_000)),
            metadata: None,
            asked_by: KeyId::from_bytes([7; 16]).to_string(),
            named: Some(Dedupe { key, request_hash }),
            keyed: None,
            refund: RefundId::new(now, self.random.bytes10()),
            process: self.process,
            timing: self.config.timing,
            capabilities: Arc::new(|psp| {
                redress_psp::registry::by_name(psp).map(|connector| connector.capabilities())
            }),
            permits: Arc::new(NoPermits),
            announce: false,
            now,
        }
    }
}

/// The account is paused: nobody asks.
struct NoPermits;

impl SendPermits for NoPermits {
    fn try_take(&self, _: AccountId, _: u32) -> Option<Box<dyn SendPermit>> {
        None
    }
}
