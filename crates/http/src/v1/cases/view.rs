//! A case as it is shown.

use redress_engine::admin::cases::{Case, Evidence};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::time::time;

/// What a person must look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct CaseView {
    /// Its id.
    #[schema(example = "case_01k00000000000000000000000")]
    id: String,
    /// Why a person must look: `unresolved`, `ambiguous`, `mismatch`, `overdue`, `late_success`, `reversed`, `foreign_refund`,
    /// `quarantined` or `endpoint_disabled`.
    #[schema(value_type = String, example = "unresolved")]
    kind: &'static str,
    /// Whether money may have moved that the books do not show: somebody should be woken.
    alarm: bool,
    /// What happened, for people.
    text: String,
    /// The refund concerned.
    #[schema(example = "rf_01k00000000000000000000000")]
    refund: Option<String>,
    /// The id of the payment concerned.
    payment: Option<String>,
    /// The PSP account concerned.
    psp_account: Option<String>,
    /// The endpoint concerned.
    endpoint: Option<String>,
    /// How much of the payment it blocks, or blocked until it was closed, in minor units.
    blocked_minor: i64,
    /// `open` or `closed`.
    #[schema(value_type = String, example = "open")]
    status: &'static str,
    /// When it was opened; RFC 3339.
    #[schema(format = DateTime)]
    opened_at: String,
    /// How it was closed; `null` while it is open.
    closed: Option<ClosedView>,
    /// What the PSP told that it is about, the newest first, at most 20; only where one case is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<EvidenceView>>,
}

/// A notification of the PSP that was not applied.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseEvidence)]
struct EvidenceView {
    /// When it came in; RFC 3339.
    #[schema(format = DateTime)]
    received_at: String,
    /// Why it was not applied, for people: everything in which it differs from what is known here.
    #[schema(example = "told otherwise than here: the sum 25.01 SAR, and not 25.00 SAR")]
    text: String,
    /// What it said, without secrets and cut where it is very long.
    body: String,
}

/// How a case was closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseClosed)]
struct ClosedView {
    /// When; RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// What became of the sum that it blocked: `released`: it is refundable again; `refunded`: it counts as refunded;
    /// `nothing`: it blocked nothing.
    #[schema(value_type = String, example = "released")]
    decision: &'static str,
}

impl CaseView {
    pub(super) fn of(case: Case) -> Self {
        Self {
            id: case.id.to_string(),
            kind: case.kind.as_str(),
            alarm: case.kind.is_alarm(),
            text: case.text,
            refund: case.refund.map(|id| id.to_string()),
            payment: case.payment.map(|id| id.to_string()),
            psp_account: case.account.map(|id| id.to_string()),
            endpoint: case.endpoint.map(|id| id.to_string()),
            blocked_minor: case.blocked,
            status: if case.closed.is_some() { "closed" } else { "open" },
            opened_at: time(case.opened_at),
            closed: case.closed.map(|closed| ClosedView {
                at: time(closed.at),
                by: closed.by,
                reason: closed.reason,
                decision: closed.decision.as_str(),
            }),
            evidence: None,
        }
    }

    pub(super) fn with_evidence(self, evidence: Vec<Evidence>) -> Self {
        let shown = evidence.into_iter().map(|one| EvidenceView {
            received_at: time(one.received_at),
            text: one.verdict,
            body: one.body,
        });
        Self { evidence: Some(shown.collect()), ..self }
    }
}
