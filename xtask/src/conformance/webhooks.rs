//! Receivers of notifications: small servers in the libraries' own languages, which verify by the library alone.

use super::{
    part::Stop,
    process::{Process, free_port},
    site::{Site, With},
};

/// The language, and the library's package.
#[derive(Clone, Copy, Debug)]
pub(super) enum Receiver {
    Python(&'static str),
    Node(&'static str),
}

impl Receiver {
    /// Starts one that verifies by the library of `kind`, and says where it is.
    pub(super) fn start(self, site: &Site, kind: &str) -> Result<(Process, String), Stop> {
        let port = free_port()?;
        let receiver = match self {
            Self::Python(package) => site.serving(With::PythonPackage(package), "receiver.py", &[kind], port),
            Self::Node(package) => site.serving(With::Node(package), "receiver.js", &[kind], port),
        }?;
        Ok((receiver, format!("http://127.0.0.1:{port}")))
    }
}
