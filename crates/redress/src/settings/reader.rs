//! Reading the sources of the settings key by key, so that whatever is left over is known to be unknown.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml::{Table, Value};

use super::described::{Described, DescribedSection};
use super::error::SettingsError;
use super::value::Setting;
use super::variable::{PREFIX, variable};
use crate::remote::variables::{API_KEY_VARIABLE, PROFILE_VARIABLE, URL_VARIABLE};

/// Variables that are read elsewhere: by the command line and by the tests.
const NOT_SETTINGS: [&str; 6] =
    ["REDRESS_CONFIG", "REDRESS_DATA", "REDRESS_TEST_", URL_VARIABLE, API_KEY_VARIABLE, PROFILE_VARIABLE];

/// No settings file is longer, in bytes: a slip of the pen must not read a disk.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A file and the environment.
pub(crate) struct Sources {
    path: Option<PathBuf>,
    file: Table,
    variables: BTreeMap<String, String>,
    sections: Vec<&'static str>,
    described: Rc<RefCell<Vec<DescribedSection>>>,
}

/// One section of both.
pub(crate) struct Section {
    name: &'static str,
    path: Option<PathBuf>,
    file: Table,
    variables: BTreeMap<String, String>,
    about: &'static str,
    keys: Vec<Described>,
    described: Rc<RefCell<Vec<DescribedSection>>>,
}

impl Sources {
    pub(super) fn new(
        path: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let ours = |name: &str| {
            name.starts_with(PREFIX) && !NOT_SETTINGS.iter().any(|other| name.starts_with(other))
        };
        let variables = variables.into_iter().filter(|(name, _)| ours(name)).collect();
        let file = path.map_or(Ok(Table::new()), read_file)?;
        Ok(Self {
            path: path.map(Path::to_owned),
            file,
            variables,
            sections: Vec::new(),
            described: Rc::default(),
        })
    }

    /// A file's text alone, without an environment.
    pub(crate) fn of_text(text: &str) -> Result<Self, SettingsError> {
        let file = read_text(Path::new("redress.toml"), text)?;
        Ok(Self {
            path: None,
            file,
            variables: BTreeMap::new(),
            sections: Vec::new(),
            described: Rc::default(),
        })
    }

    /// Takes one section out; `about` is what the reference says of all of it. Its reader ends with
    /// [`Section::finish`].
    pub(super) fn section(
        &mut self,
        name: &'static str,
        about: &'static str,
    ) -> Result<Section, SettingsError> {
        self.sections.push(name);
        let file = match self.file.remove(name) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(_) => {
                let problem = format!("must be a section: [{name}]");
                return Err(SettingsError::Value { at: in_file(self.path.as_deref(), name), problem });
            }
        };
        let start = variable(name, "");
        let names: Vec<_> = self.variables.keys().filter(|name| name.starts_with(&start)).cloned().collect();
        let variables = names.iter().filter_map(|name| self.variables.remove_entry(name)).collect();
        let (path, described) = (self.path.clone(), Rc::clone(&self.described));
        Ok(Section { name, path, file, variables, about, keys: Vec::new(), described })
    }

    /// What the sections that were read said of themselves, in their order.
    pub(super) fn described(&self) -> Vec<DescribedSection> {
        self.described.borrow().clone()
    }

    /// Refuses what no section took.
    pub(super) fn finish(self) -> Result<(), SettingsError> {
        let known = self.sections.join(", ");
        if let Some(key) = self.file.keys().next() {
            return Err(SettingsError::Unknown { at: in_file(self.path.as_deref(), key), known });
        }
        let known = known.to_uppercase().replace(", ", "_*, REDRESS_");
        match self.variables.into_keys().next() {
            Some(at) => Err(SettingsError::Unknown { at, known: format!("{PREFIX}{known}_*") }),
            None => Ok(()),
        }
    }
}

impl Section {
    /// The section's name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Notes that a key is known.
    pub(super) fn describe(&mut self, key: Described) {
        self.keys.push(key);
    }

    /// A setting, where it is given: by its variable, else in the file. An empty variable means "not given".
    pub(super) fn given<T: Setting>(&mut self, key: &'static str) -> Result<Option<T>, SettingsError> {
        let name = variable(self.name, key);
        let in_file_too = self.file.remove(key);
        if let Some(text) = self.variables.remove(&name).filter(|text| !text.is_empty()) {
            return T::from_text(&text)
                .map(Some)
                .map_err(|problem| SettingsError::Value { at: name, problem });
        }
        let Some(value) = in_file_too else { return Ok(None) };
        T::from_toml(&value).map(Some).map_err(|problem| {
            let at = in_file(self.path.as_deref(), &format!("{}.{key}", self.name));
            SettingsError::Value { at: format!("{at} (or {name})"), problem }
        })
    }

    /// An error about a key whose value could be read and cannot be used.
    pub(super) fn refuse(&self, key: &str, problem: impl Into<String>) -> SettingsError {
        let at = format!("{}.{key} ({})", self.name, variable(self.name, key));
        SettingsError::Value { at, problem: problem.into() }
    }

    /// Refuses what was not asked for.
    pub(super) fn finish(&self) -> Result<(), SettingsError> {
        let known = |name: fn(&str, &str) -> String| {
            let mut keys: Vec<_> = self.keys.iter().map(|key| name(self.name, key.name)).collect();
            keys.sort_unstable();
            keys.join(", ")
        };
        let (name, about, keys) = (self.name, self.about, self.keys.clone());
        self.described.borrow_mut().push(DescribedSection { name, about, keys });
        if let Some(key) = self.file.keys().next() {
            let at = in_file(self.path.as_deref(), &format!("{}.{key}", self.name));
            return Err(SettingsError::Unknown { at, known: known(|_, key| key.to_owned()) });
        }
        match self.variables.keys().next() {
            Some(at) => Err(SettingsError::Unknown { at: at.clone(), known: known(variable) }),
            None => Ok(()),
        }
    }
}

fn in_file(path: Option<&Path>, key: &str) -> String {
    path.map_or_else(|| key.to_owned(), |path| format!("{}: {key}", path.display()))
}

fn read_file(path: &Path) -> Result<Table, SettingsError> {
    let fail =
        |error: std::io::Error| SettingsError::File { path: path.to_owned(), error: error.to_string() };
    if std::fs::metadata(path).map_err(fail)?.len() > FILE_BYTES_MAX {
        let error = format!("it has more than {FILE_BYTES_MAX} bytes");
        return Err(SettingsError::File { path: path.to_owned(), error });
    }
    read_text(path, &std::fs::read_to_string(path).map_err(fail)?)
}

fn read_text(path: &Path, text: &str) -> Result<Table, SettingsError> {
    text.parse::<Table>().map_err(|error| {
        // Without the quoted line: it may hold a password.
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        let error = format!("line {line}: {}", error.message());
        SettingsError::Toml { path: path.to_owned(), error }
    })
}
