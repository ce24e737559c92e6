//! The portal in a real browser: Chromium without a window, driven as a person drives it.
//!
//! Where `cargo xtask test` finds no browser and can install none, these tests are left out, and it says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accessible;
mod administration;
mod cases;
mod chromium;
mod elsewhere;
mod flow;
mod gallery;
mod keyboard;
mod lists;
mod live;
mod no_scripts;
mod person;
mod photographs;
mod refund;
mod roles;
mod shop;
mod sign_in;
mod twice;
mod webdriver;

use crate::chromium::{Browser, Programs, Scripts};
use crate::shop::Shop;

/// A shop, and a browser before its portal.
struct Scene {
    // Before the shop, so that it ends first.
    browser: Browser,
    programs: Programs,
    shop: Shop,
}

impl Scene {
    /// `None` where there is no browser: the test is left out.
    fn open() -> Option<Self> {
        Self::with(Scripts::On)
    }

    fn with(scripts: Scripts) -> Option<Self> {
        let programs = Programs::given()?;
        let shop = Shop::open();
        let browser = Browser::open(&programs, shop.base_url(), scripts);
        Some(Self { browser, programs, shop })
    }

    /// Another browser before the same portal, which knows nothing of the first.
    fn another_browser(&self) -> Browser {
        Browser::open(&self.programs, self.shop.base_url(), Scripts::On)
    }
}
