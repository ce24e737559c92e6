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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_are_found_by_their_names() {
        let names: Vec<_> = all().iter().map(|connector| connector.name()).collect();
        assert_eq!(names, ["momo", "tap"]);
        for name in names {
            assert_eq!(by_name(name).map(|connector| connector.name()), Some(name));
        }
        assert!(by_name("Tap").is_none());
    }
}
