//! The menu: the areas of the portal, those that a person may see.

use redress_core::role::Act;
use redress_engine::admin::cases::OPEN_CASES_COUNTED_MAX;
use redress_engine::portal::sessions::PortalUser;

use super::text::Texts;

/// An area of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Where people begin.
    Start,
    /// Payments and their refunds.
    Payments,
    /// All refunds.
    Refunds,
    /// What waits for a person.
    Cases,
    /// What was given back, in sums.
    Overview,
    /// Keys, endpoints, PSP accounts and people.
    Settings,
    /// Who did what.
    Audit,
    /// The person's own account.
    Account,
    /// In none: signing in.
    None,
}

/// An entry of the menu.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NavItem {
    pub(super) area: Area,
    pub(super) address: &'static str,
    name: fn(&Texts) -> &'static str,
    /// What one must be able to do to see it.
    needs: Act,
}

impl NavItem {
    pub(super) fn text(&self, t: &Texts) -> &'static str {
        (self.name)(t)
    }
}

/// The whole menu, in its order.
const ALL: [NavItem; 7] = [
    NavItem { area: Area::Start, address: "/portal", name: |t| t.common.start, needs: Act::View },
    NavItem {
        area: Area::Payments,
        address: "/portal/payments",
        name: |t| t.lists.payments,
        needs: Act::View,
    },
    NavItem { area: Area::Refunds, address: "/portal/refunds", name: |t| t.lists.refunds, needs: Act::View },
    NavItem { area: Area::Cases, address: "/portal/cases", name: |t| t.cases.title, needs: Act::View },
    NavItem {
        area: Area::Overview,
        address: "/portal/overview",
        name: |t| t.overview.title,
        needs: Act::View,
    },
    NavItem {
        area: Area::Settings,
        address: "/portal/settings",
        name: |t| t.settings.title,
        needs: Act::SeeSettings,
    },
    NavItem { area: Area::Audit, address: "/portal/audit", name: |t| t.audit.title, needs: Act::SeeAudit },
];

/// How many open cases there are, as the menu shows it; nothing where there are none.
pub(super) fn case_count(count: u32) -> Option<String> {
    match count {
        0 => None,
        1..=OPEN_CASES_COUNTED_MAX => Some(count.to_string()),
        _ => Some(format!("{OPEN_CASES_COUNTED_MAX}+")),
    }
}

/// The entries that a person may see. Whether a second factor was shown does not count: it is asked for behind them.
pub(super) fn items(user: &PortalUser) -> Vec<NavItem> {
    let sees = |item: &NavItem| user.role >= item.needs.least_role() && !user.password_temporary;
    ALL.into_iter().filter(sees).collect()
}
