//! What the reference says of the settings.

/// What the reference says of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// Its name in its section.
    pub(super) name: &'static str,
    /// Its variable.
    pub(super) variable: String,
    /// What kind of value it is.
    pub(super) kind: &'static str,
    /// What a number counts; empty where the value says it itself.
    pub(super) unit: &'static str,
    /// What holds where it is not given, as Markdown.
    pub(super) default: String,
    /// The least and the most.
    pub(super) bounds: Option<(String, String)>,
    /// What it is for, as Markdown.
    pub(super) meaning: &'static str,
}

/// What the reference says of one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DescribedSection {
    pub(super) name: &'static str,
    /// What holds for all of it, as Markdown.
    pub(super) about: &'static str,
    /// In the order in which they are read.
    pub(super) keys: Vec<Described>,
}
