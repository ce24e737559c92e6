//! The PSPs that are spoken to.

use crate::connector::Connector;
use crate::momo::Momo;
use crate::tap::Tap;

/// Every connector, in the order of their names.
pub fn all() -> &'static [&'static dyn Connector] {
    &[&Momo, &Tap]
}

/// The connector of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Connector> {
    all().iter().copied().find(|connector| connector.name() == name)
}
