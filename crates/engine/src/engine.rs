//! The handle that every request and every worker holds.

use std::sync::Arc;

use redress_core::id::{CaseId, ProcessId};
use redress_core::time::Timestamp;
use redress_psp::connector::Connector;
use redress_psp::transport::Transport;
use redress_store::Store;
use redress_store::ops::accept::CapabilitiesOf;
use tokio::sync::Notify;

use crate::config::EngineConfig;
use crate::directory::Directory;
use crate::forgeries::Forgeries;
use crate::key_uses::KeyUses;
use crate::last_look::LastLook;
use crate::notify::Slots;
use crate::permits::Permits;
use crate::portal::passwords::Passwords;
use crate::rate::Rates;
use crate::uploads::Uploads;
use crate::vault::Vault;
use crate::wait_places::WaitPlaces;
use crate::watch::{Waits, Watches};
use crate::world::World;

/// Everything the use cases need, built once. Cloning it is cheap.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) world: World,
    pub(crate) config: EngineConfig,
    pub(crate) psp_transport: Arc<dyn Transport>,
    pub(crate) notify_transport: Arc<dyn Transport>,
    pub(crate) connectors: fn(&str) -> Option<&'static dyn Connector>,
    /// What the connectors say of themselves.
    pub(crate) capabilities: CapabilitiesOf,
    pub(crate) directory: Directory,
    pub(crate) vault: Arc<Vault>,
    pub(crate) permits: Arc<Permits>,
    /// The notifications that their PSPs disowned.
    pub(crate) forgeries: Forgeries,
    /// How much may be under way to merchants.
    pub(crate) slots: Slots,
    pub(crate) watches: Arc<Watches>,
    /// Whether callers may wait for what may happen later.
    pub(crate) waits: Waits,
    /// How many of them may at once.
    pub(crate) wait_places: WaitPlaces,
    pub(crate) rates: Rates,
    pub(crate) last_look: LastLook,
    /// The passwords that are being hashed.
    pub(crate) passwords: Passwords,
    /// The uploads that are in memory.
    pub(crate) uploads: Uploads,
    pub(crate) key_uses: KeyUses,
    /// Something may be due at a PSP account.
    pub(crate) refunds_due: Arc<Notify>,
    /// Something may be due at an endpoint.
    pub(crate) deliveries_due: Arc<Notify>,
    /// A person called a refund failed, of which the PSP is asked all the same.
    pub(crate) late_checks_due: Arc<Notify>,
    /// An upload may have to be taken in.
    pub(crate) imports_due: Arc<Notify>,
    pub(crate) process: ProcessId,
}

/// What an engine is built of.
pub struct EngineParts {
    /// Where everything is remembered.
    pub store: Store,
    /// Time, randomness and tasks.
    pub world: World,
    /// The settings, checked.
    pub config: EngineConfig,
    /// The way to the PSPs.
    pub psp_transport: Arc<dyn Transport>,
    /// The way to the merchants' endpoints.
    pub notify_transport: Arc<dyn Transport>,
    /// The connectors, by PSP name.
    pub connectors: fn(&str) -> Option<&'static dyn Connector>,
    /// Opens and seals what is kept secret.
    pub vault: Arc<Vault>,
}

impl Engine {
    /// Builds the engine. Nothing runs yet.
    pub fn new(parts: EngineParts) -> Self {
        let (refunds_due, deliveries_due) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let connectors = parts.connectors;
        let process = ProcessId::new(parts.world.clock.now(), parts.world.random.bytes10());
        Self {
            parts: Arc::new(Parts {
                directory: Directory::new(parts.store.clone(), Arc::clone(&parts.vault)),
                permits: Arc::new(Permits::new(Arc::clone(&parts.world.clock))),
                forgeries: Forgeries::new(Arc::clone(&parts.world.clock)),
                watches: Arc::default(),
                waits: Waits::default(),
                wait_places: WaitPlaces::new(parts.config.waits_max),
                rates: Rates::new(parts.config.rate, Arc::clone(&parts.world.clock)),
                last_look: LastLook::default(),
                passwords: Passwords::default(),
                uploads: Uploads::default(),
                key_uses: KeyUses::default(),
                slots: Slots::new(),
                deliveries_due,
                late_checks_due: Arc::new(Notify::new()),
                imports_due: Arc::new(Notify::new()),
                store: parts.store,
                world: parts.world,
                config: parts.config,
                psp_transport: parts.psp_transport,
                notify_transport: parts.notify_transport,
                connectors,
                capabilities: Arc::new(move |psp| connectors(psp).map(|connector| connector.capabilities())),
                vault: parts.vault,
                refunds_due,
                process,
            }),
        }
    }

    /// The settings.
    pub fn config(&self) -> &EngineConfig {
        &self.parts.config
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.parts.world.clock.now()
    }

    /// From now on no caller is kept waiting for a refund's end or for an event: whoever waits is answered with how things
    /// stand. For the end of the process, which would else come only after the longest of these waits. Exchanges that are
    /// under way, and callers who wait for the word of one, are not touched.
    pub fn end_waits(&self) {
        self.parts.waits.end();
    }

    /// So many, drawn at once.
    pub(crate) fn case_ids(&self, now: Timestamp, count: usize) -> Vec<CaseId> {
        let mut drawn = vec![[0; 10]; count];
        self.parts.world.random.fill(drawn.as_flattened_mut());
        drawn.into_iter().map(|random| CaseId::new(now, random)).collect()
    }

    pub(crate) fn case_id(&self, now: Timestamp) -> CaseId {
        CaseId::new(now, self.parts.world.random.bytes10())
    }
}
