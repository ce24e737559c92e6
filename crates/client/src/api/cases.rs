//! Cases: what a person must look at.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::words::words;

pub(crate) static LIST: Operation<Page<Case>> =
    Operation::get("listCases", "/v1/cases").query(&["status", "kind", "limit", "cursor"]);
pub(crate) static GET: Operation<Case> = Operation::get("getCase", "/v1/cases/{id}");
pub(crate) static CLOSE: Operation<Case, CloseCase> =
    Operation::post("closeCase", "/v1/cases/{id}/close").keyed();

words! {
    /// What became of the sum that a case blocked.
    CaseDecision {
        /// It blocked nothing.
        Nothing = "nothing",
        /// It is refundable again.
        Released = "released",
        /// It counts as refunded.
        Refunded = "refunded",
    }
}

words! {
    /// Whether a case waits for a person.
    CaseStatus {
        /// It does.
        Open = "open",
        /// A person has looked, or it settled by itself.
        Closed = "closed",
    }
}

impl Client {
    /// A page of cases, the newest first.
    pub fn list_cases(&self, filter: &CaseFilter) -> Call<Page<Case>> {
        self.call(&LIST, &[]).query(filter)
    }

    /// All cases that a filter lets through, page by page.
    #[must_use]
    pub fn cases(&self, filter: CaseFilter) -> Pager<Case> {
        let (client, first) = (self.clone(), filter.cursor.clone());
        let pager = Pager::new(move |cursor| {
            let cursor = cursor.map(str::to_owned);
            client.list_cases(&CaseFilter { cursor, ..filter.clone() })
        });
        match first {
            Some(first) => pager.after(first),
            None => pager,
        }
    }

    /// A case.
    pub fn get_case(&self, id: &str) -> Call<Case> {
        self.call(&GET, &[id])
    }

    /// Says that nothing more has to be done about a case. Takes a key with the right `close_cases`.
    pub fn close_case(&self, id: &str, how: &CloseCase) -> Call<Case> {
        self.call(&CLOSE, &[id]).body(how)
    }
}

/// Which cases are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFilter {
    /// Only those that wait, or only those that do not.
    pub status: Option<CaseStatus>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// What a person must look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// Why a person must look, as `unresolved` or `late_success`.
    pub kind: String,
    /// Whether money may have moved that the books do not show: somebody should be woken.
    pub alarm: bool,
    /// What happened, for people.
    pub text: String,
    /// The refund concerned.
    pub refund: Option<String>,
    /// The id of the payment concerned.
    pub payment: Option<String>,
    /// The PSP account concerned.
    pub psp_account: Option<String>,
    /// The endpoint concerned.
    pub endpoint: Option<String>,
    /// How much of the payment it blocks, or blocked until it was closed, in minor units.
    pub blocked_minor: i64,
    /// Whether it waits for a person.
    pub status: CaseStatus,
    /// When it was opened; RFC 3339.
    pub opened_at: String,
    /// How it was closed; `None` while it is open.
    pub closed: Option<CaseClosed>,
    /// What the PSP told that it is about, the newest first; only where one case is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<CaseEvidence>>,
}

/// A notification of the PSP that was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseEvidence {
    /// When it came in; RFC 3339.
    pub received_at: String,
    /// Why it was not applied, for people.
    pub text: String,
    /// What it said, without secrets and cut where it is very long.
    pub body: String,
}

/// How a case was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseClosed {
    /// When; RFC 3339.
    pub at: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What became of the sum that it blocked.
    pub decision: CaseDecision,
}

/// What is said of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseCase {
    /// What was found.
    pub reason: String,
    /// Who the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What becomes of the sum that the case blocked: `released` or `refunded`. Needed where it blocks something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
}
