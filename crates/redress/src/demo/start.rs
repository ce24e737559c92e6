//! Starting the demo, in the order in which one thing needs the other, and ending it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use redress_engine::engine::Engine;
use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner, World};
use redress_psp::http::{HttpClient, HttpClientConfig};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::backend::Backend;
use super::client::{Client, Control, Http};
use super::payments::{self, Payment};
use super::setup::{self, Addresses};
use super::show::{self, Screen};
use super::state::{Merchant, Person, StateFile};
use super::tour::{Guide, STEPS};
use super::{
    DemoArgs, END_LIMIT, LOG_BYTES_MAX, LOG_FILE, SGATE_SCRIPT_FILE, files, handout, people, ports, sandbox,
    settings,
};
use crate::failure::Failure;
use crate::serve::Running;
use crate::serve::signals::Signals;
use crate::settings::Settings;
use crate::{open, serve};

/// A demo that serves.
pub(super) struct Demo {
    running: Running,
    kept: StateFile,
    pub(super) addresses: Addresses,
    pub(super) merchant: Merchant,
    pub(super) guide: Guide,
    world: World,
    tasks: TokioSpawner,
    closing: watch::Sender<bool>,
    /// Held for as long as the demo runs.
    _lock: std::fs::File,
}

/// Starts everything. Nothing answers before the database, the merchant and `demo.json` are there.
pub(super) async fn start(args: &DemoArgs) -> Result<Demo, Failure> {
    if !args.listen.ip().is_loopback() {
        let text = "the demo speaks plain HTTP and has its keys in clear: give --listen an address of this machine only";
        return Err(Failure::unable(text));
    }
    let external = args.sandbox.as_deref().map(sandbox_url).transpose()?;
    let dir = args.data.as_path();
    let (world, tasks) = open::real_world()?;
    files::make_dir(dir)?;
    let lock = files::lock(dir, &*world.clock).await?;
    let mut kept = StateFile::open(dir, external.is_some(), &world)?;
    log_to(dir)?;

    let ports = Ports::take(args.listen, external.is_none(), &mut kept, &world).await?;
    let addresses = ports.addresses(external)?;
    let settings = settings::write(&settings::Wanted {
        dir,
        listen: local(&ports.listen)?,
        metrics_port: local(&ports.metrics)?.port(),
        sandbox_url: &addresses.sandbox_url,
    })?;
    files::replace(&dir.join(SGATE_SCRIPT_FILE), include_bytes!("sgate.py"))?;

    let opened = open::for_server(&settings).await?;
    let (closing, closed) = watch::channel(false);
    if let Some(socket) = ports.sandbox {
        sandbox::serve_own(dir, ports::listen(socket)?, &tasks, closed.clone())?;
    }
    let engine = &opened.engine;
    let merchant = setup::merchant(engine, &mut kept, &addresses).await?;
    people::all(engine, &mut kept, &merchant, &world).await?;
    setup::move_accounts(engine, &merchant, &addresses).await?;
    let payments = payments::all(&kept.state, &merchant.code)?;
    setup::load_payments(engine, &mut kept, &merchant, &payments, &addresses).await?;
    let callers = Callers::new(&settings, &addresses, &merchant, &world)?;
    let webhooks = setup::webhooks(&merchant, &addresses)?;
    sandbox::announce(&callers.control, &payments, &webhooks, &*world.clock).await?;
    let backend = Backend::open(dir, callers.client.clone())?;
    serve_backend(&backend, ports.backend, &tasks, closed)?;
    handout::write(dir, &addresses, &merchant, &kept.state.people, &payments)?;

    // Only now can anybody find it ready. The sockets that held the ports make way.
    let guide = callers.guide(backend, engine.clone(), payments, &kept);
    let running = serve::start(&settings, opened).await?;
    drop((ports.listen, ports.metrics));
    Ok(Demo { running, kept, addresses, merchant, guide, world, tasks, closing, _lock: lock })
}

/// An address without a slash at its end.
fn sandbox_url(text: &str) -> Result<String, Failure> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain =
        url.filter(|url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
    plain
        .map(|url| url.as_str().trim_end_matches('/').to_owned())
        .ok_or_else(|| Failure::unable("--sandbox must be an address, as http://127.0.0.1:8090"))
}

fn log_to(dir: &Path) -> Result<(), Failure> {
    let file = files::Rotating::open(&dir.join(LOG_FILE), LOG_BYTES_MAX)?;
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_ansi(false);
    log.with_writer(Mutex::new(file))
        .try_init()
        .map_err(|error| Failure::unable(format!("the log cannot be started: {error}")))
}

/// Sockets with their ports.
struct Ports {
    listen: TcpSocket,
    metrics: TcpSocket,
    backend: TcpSocket,
    /// `None` where the sandbox is another program's.
    sandbox: Option<TcpSocket>,
}

impl Ports {
    /// Takes those that were kept, draws those that are missing, and keeps them.
    async fn take(
        listen: SocketAddr,
        own_sandbox: bool,
        kept: &mut StateFile,
        world: &World,
    ) -> Result<Self, Failure> {
        let of = kept.state.ports.clone();
        let ports = Self {
            listen: ports::take_listen(listen, of.listen, world).await?,
            metrics: ports::take(of.metrics, "metrics", world).await?,
            backend: ports::take(of.backend, "merchant's backend", world).await?,
            sandbox: match own_sandbox {
                true => Some(ports::take(of.sandbox, "sandbox", world).await?),
                false => None,
            },
        };
        let now = &mut kept.state.ports;
        if listen.port() == 0 {
            now.listen = Some(local(&ports.listen)?.port());
        }
        now.metrics = Some(local(&ports.metrics)?.port());
        now.backend = Some(local(&ports.backend)?.port());
        now.sandbox = ports.sandbox.as_ref().map(local).transpose()?.map(|at| at.port());
        kept.save()?;
        Ok(ports)
    }

    fn addresses(&self, external_sandbox: Option<String>) -> Result<Addresses, Failure> {
        let url = |socket| local(socket).map(|address| format!("http://{address}"));
        let own_sandbox = self.sandbox.as_ref().map(url).transpose()?;
        let sandbox_url = external_sandbox.or(own_sandbox);
        Ok(Addresses {
            base_url: url(&self.listen)?,
            sandbox_url: sandbox_url.ok_or_else(|| Failure::unable("there is no sandbox"))?,
            backend_url: url(&self.backend)?,
        })
    }
}

fn local(socket: &TcpSocket) -> Result<SocketAddr, Failure> {
    socket.local_addr().map_err(|error| Failure::unable(format!("cannot listen: {error}")))
}

/// The clients that act in the tour.
struct Callers {
    client: Client,
    control: Control,
}

impl Callers {
    fn new(
        settings: &Settings,
        addresses: &Addresses,
        merchant: &Merchant,
        world: &World,
    ) -> Result<Self, Failure> {
        let http = Http::new(HttpClient::new(HttpClientConfig {
            guard: settings.psp.guard.clone(),
            connect_timeout: settings.psp.connect_timeout,
        })?);
        let client = Client {
            http: http.clone(),
            base_url: addresses.base_url.clone(),
            merchant: Arc::new(merchant.clone()),
            clock: Arc::clone(&world.clock),
        };
        Ok(Self { client, control: Control { http, url: addresses.sandbox_url.clone() } })
    }

    fn guide(self, backend: Backend, engine: Engine, payments: Vec<Payment>, kept: &StateFile) -> Guide {
        let Self { client, control } = self;
        Guide { client, control, backend, engine, payments, seed: kept.state.seed.clone() }
    }
}

fn serve_backend(
    backend: &Backend,
    socket: TcpSocket,
    tasks: &TokioSpawner,
    mut closed: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let (listener, router) = (ports::listen(socket)?, backend.router());
    let shutdown = async move {
        // An error means that the demo is gone altogether.
        let _ = closed.wait_for(|closed| *closed).await;
    };
    tasks.spawn(
        "merchant's backend",
        Box::pin(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown).await {
                tracing::error!(%error, "the merchant's backend ended");
            }
        }),
    );
    Ok(())
}

impl Demo {
    /// The people of its portal.
    pub(super) fn people(&self) -> &[Person] {
        &self.kept.state.people
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.world.clock)
    }

    pub(super) fn metrics_url(&self) -> String {
        self.running.metrics_listen.map_or_else(|| "off".to_owned(), |at| format!("http://{at}/metrics"))
    }

    /// Walks through the steps that did not hold yet. With `strict`, the first that does not hold ends it.
    pub(super) async fn tour(&mut self, screen: &Screen, strict: bool) -> Result<(), Failure> {
        let mut failed = 0;
        for (number, step) in (1..).zip(&STEPS) {
            if let Some(told) = self.kept.state.tour.get(step.name) {
                screen.held(number, step.title, told, true)?;
                continue;
            }
            match step.run(&self.guide).await {
                Ok(told) => {
                    self.kept.state.tour.insert(step.name.to_owned(), told.clone());
                    self.kept.save()?;
                    screen.held(number, step.title, &told, false)?;
                }
                Err(why) => {
                    failed += 1;
                    screen.failed(number, step.title, &why)?;
                    if strict {
                        return Err(Failure::found(format!("step {number} of the tour did not hold")));
                    }
                }
            }
        }
        show::ending(STEPS.len(), failed)
    }

    /// Ends in order: the server first, then those whom it speaks to. A second signal ends it at once.
    pub(super) async fn stop(self, signals: &mut Signals) {
        self.running.stop(signals.next()).await;
        self.closing.send_replace(true);
        tokio::select! {
            biased;
            () = self.tasks.wait_idle() => {}
            () = signals.next() => {}
            () = self.world.clock.sleep(END_LIMIT) => {}
        }
    }
}
