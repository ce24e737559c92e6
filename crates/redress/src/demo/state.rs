//! What the demo remembers beside the store: ports, keys, and how far its tour got.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redress_core::time::Timestamp;
use redress_engine::world::World;
use serde::{Deserialize, Serialize};

use super::files;
use crate::failure::Failure;

/// In the demo's directory.
pub(super) const STATE_FILE: &str = "demo-state.json";

/// The database beside it; see [`StateFile::open`].
const DATABASE_FILE: &str = "redress.db";

/// The form of the file.
const VERSION: u32 = 2;

/// All of it. It holds secrets, so it is not `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// Drawn once: references and PSP ids are made of it, so that two demos can share one sandbox.
    pub(super) seed: String,
    /// When the directory was made, in microseconds since 1970.
    pub(super) made_at_micros: i64,
    /// Whether the sandbox is another program's.
    pub(super) external_sandbox: bool,
    pub(super) ports: Ports,
    /// Once it is there, the merchant is complete.
    pub(super) merchant: Option<Merchant>,
    /// The people of its portal, one of each role.
    #[serde(default)]
    pub(super) people: Vec<Person>,
    /// The payments are in the store.
    pub(super) payments_loaded: bool,
    /// The steps of the tour that held, each with what it said.
    pub(super) tour: BTreeMap<String, String>,
}

/// The ports that were chosen.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Ports {
    /// Where `--listen` left it open.
    pub(super) listen: Option<u16>,
    pub(super) sandbox: Option<u16>,
    pub(super) backend: Option<u16>,
    pub(super) metrics: Option<u16>,
}

/// The demo's merchant, with all of its secrets in clear.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Merchant {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) portone: Pair,
    pub(super) sgate: Pair,
    pub(super) api_key: String,
    pub(super) accounts: Accounts,
    /// The signing secrets of its endpoints.
    pub(super) endpoints: Endpoints,
}

/// Somebody who may sign in to the portal, with all proofs in clear.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) role: String,
    /// In base 32, for an authenticator.
    pub(super) totp_secret: String,
}

/// A public key and its secret.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) secret: String,
}

/// The ids of the PSP accounts, by the PSP's name.
pub(super) type Accounts = BTreeMap<String, String>;

/// The signing secrets of the endpoints.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Endpoints {
    pub(super) portone: String,
    pub(super) standard: String,
}

/// The state and its file.
pub(super) struct StateFile {
    path: PathBuf,
    pub(super) state: State,
}

impl StateFile {
    /// Reads it, or begins with a new one. A directory with a database and no state is somebody else's: it is left alone.
    pub(super) fn open(dir: &Path, external_sandbox: bool, world: &World) -> Result<Self, Failure> {
        let path = dir.join(STATE_FILE);
        if !path.exists() {
            if dir.join(DATABASE_FILE).exists() {
                let text =
                    format!("{} holds a database that no demo made: choose another --data", dir.display());
                return Err(Failure::unable(text));
            }
            let new = Self { path, state: State::new(external_sandbox, world) };
            new.save()?;
            return Ok(new);
        }
        let fail = |problem: &dyn std::fmt::Display| {
            Failure::unable(format!("{}: {problem}. Start over with another --data", path.display()))
        };
        let text = std::fs::read(&path).map_err(|error| fail(&error))?;
        // Not the parser's own words: they may quote a secret.
        let mut state: State =
            serde_json::from_slice(&text).map_err(|_| fail(&"it is not the state of a demo"))?;
        if state.version != VERSION {
            return Err(fail(&"another version of the program made it"));
        }
        if state.external_sandbox != external_sandbox && !dir.join(DATABASE_FILE).exists() {
            // An earlier start ended before it made anything.
            state.external_sandbox = external_sandbox;
            let changed = Self { path, state };
            changed.save()?;
            return Ok(changed);
        }
        if state.external_sandbox != external_sandbox {
            return Err(fail(if state.external_sandbox {
                &"this demo was made with --sandbox URL, whose ledger knows its refunds: give it again"
            } else {
                &"this demo was made with its own sandbox, whose ledger knows its refunds: leave --sandbox out"
            }));
        }
        Ok(Self { path, state })
    }

    /// Keeps it as it is now.
    pub(super) fn save(&self) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(&self.state)
            .map_err(|error| Failure::unable(format!("{}: {error}", self.path.display())))?;
        text.push(b'\n');
        files::replace(&self.path, &text)
    }
}

impl State {
    fn new(external_sandbox: bool, world: &World) -> Self {
        Self {
            version: VERSION,
            seed: hex::encode(world.random.bytes10()),
            made_at_micros: world.clock.now().as_micros(),
            external_sandbox,
            ports: Ports::default(),
            merchant: None,
            people: Vec::new(),
            payments_loaded: false,
            tour: BTreeMap::new(),
        }
    }

    pub(super) fn made_at(&self) -> Timestamp {
        Timestamp::from_micros(self.made_at_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::real_world;

    #[tokio::test]
    async fn a_state_is_kept_and_foreign_directories_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (world, _) = real_world().unwrap();
        let mut first = StateFile::open(dir.path(), false, &world).unwrap();
        first.state.tour.insert("a".to_owned(), "b".to_owned());
        first.save().unwrap();
        std::fs::write(dir.path().join(DATABASE_FILE), "").unwrap();
        let second = StateFile::open(dir.path(), false, &world).unwrap();
        assert_eq!((second.state.seed, second.state.tour), (first.state.seed, first.state.tour));
        assert!(StateFile::open(dir.path(), true, &world).is_err(), "another ledger");
        std::fs::remove_file(dir.path().join(STATE_FILE)).unwrap();
        assert!(StateFile::open(dir.path(), false, &world).is_err(), "a database of somebody else");
    }
}
