//! A merchant's accounts at PSPs, one of which every payment names.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::words::words;

pub(crate) static LIST: Operation<Page<PspAccount>> =
    Operation::get("listPspAccounts", "/v1/psp-accounts").query(&["limit", "cursor"]);
pub(crate) static GET: Operation<PspAccount> = Operation::get("getPspAccount", "/v1/psp-accounts/{id}");

words! {
    /// Whether refunds are sent through an account.
    PspAccountStatus {
        /// They are.
        Active = "active",
        /// They are accepted and stay queued.
        Paused = "paused",
        /// Never again.
        Revoked = "revoked",
    }
}

impl Client {
    /// An account; no credentials.
    pub fn get_psp_account(&self, id: &str) -> Call<PspAccount> {
        self.call(&GET, &[id])
    }

    /// A page of accounts, oldest first, so many at most, after a cursor.
    pub fn list_psp_accounts(&self, limit: Option<u32>, cursor: Option<&str>) -> Call<Page<PspAccount>> {
        #[derive(Serialize)]
        struct Asked<'a> {
            limit: Option<u32>,
            cursor: Option<&'a str>,
        }
        self.call(&LIST, &[]).query(&Asked { limit, cursor })
    }

    /// All accounts, oldest first, page by page.
    #[must_use]
    pub fn psp_accounts(&self) -> Pager<PspAccount> {
        let client = self.clone();
        Pager::new(move |cursor| client.list_psp_accounts(None, cursor))
    }
}

/// An account at a PSP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PspAccount {
    /// Its id: the `psp_account` of payments.
    pub id: String,
    /// The name of its connector.
    pub psp: String,
    /// What people call it.
    pub name: String,
    /// Where its payments are: `sandbox` or `live`.
    pub environment: String,
    /// Whether refunds are sent through it.
    pub status: PspAccountStatus,
    /// When it was added.
    pub created_at: String,
}
