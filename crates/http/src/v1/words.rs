//! Which words a field of the description may be: taken from where the words are made, so that none is left out.

use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::event::{EventKind, OtherEventKind};
use redress_core::policy::AccountState;
use redress_core::refund::RefundKind;
use redress_core::state::StateName;
use redress_engine::admin::cases::CaseDecision;
use redress_engine::admin::endpoints::Dialect;
use redress_engine::admin::payment_imports::RowOutcome;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr};

use super::code::TABLE;
use super::refund_create::REASONS;

/// Writes them into the description.
pub(super) struct Words;

impl Modify for Words {
    fn modify(&self, document: &mut OpenApi) {
        let missing = write(document);
        debug_assert!(missing.is_empty(), "not in the description: {missing:?}");
    }
}

/// Fields, as `Schema.field`, and parameters, as `operation?parameter`, with the words that they may be.
fn table() -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let events: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let told: Vec<_> =
        events.iter().copied().chain(OtherEventKind::ALL.iter().map(|kind| kind.as_str())).collect();
    let outcomes: Vec<_> = RowOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    vec![
        (
            vec!["Refund.status", "RefundAtEvent.status", "ReservedBy.status", "listRefunds?status"],
            StateName::ALL.iter().map(|state| state.as_str()).collect(),
        ),
        (
            vec!["Refund.kind", "RefundAtEvent.kind"],
            [RefundKind::Full, RefundKind::Partial].map(|kind| kind.as_str()).to_vec(),
        ),
        (vec!["NewRefund.reason"], REASONS.to_vec()),
        (vec!["CloseRefund.outcome"], vec!["succeeded", "failed"]),
        (vec!["CloseCase.blocked"], vec!["released", "refunded"]),
        (vec!["CaseClosed.decision"], CaseDecision::ALL.iter().map(|decision| decision.as_str()).collect()),
        (
            vec!["Case.kind", "BlockedBy.kind", "listCases?kind"],
            CaseKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        ),
        (vec!["Case.status", "listCases?status"], vec!["open", "closed"]),
        (vec!["Endpoint.status"], vec!["enabled", "disabled", "revoked"]),
        (
            vec!["PspAccount.status"],
            [AccountState::Active, AccountState::Paused, AccountState::Revoked]
                .map(AccountState::as_str)
                .to_vec(),
        ),
        (
            vec!["Endpoint.dialect", "Delivery.dialect", "NewEndpoint.dialect", "EndpointChange.dialect"],
            Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect(),
        ),
        (vec!["Endpoint.events", "NewEndpoint.events", "EndpointChange.events"], events.clone()),
        (vec!["Delivery.event_type", "TimelineEvent.type"], events),
        (vec!["Event.type", "listEvents?type"], told),
        (vec!["Delivery.state", "listDeliveries?state"], vec!["due", "delivered", "given_up"]),
        (vec!["Attempt.via"], vec!["submit", "query", "notification"]),
        (vec!["PaymentImport.status"], vec!["receiving", "running", "done"]),
        (vec!["listPaymentImportRows?outcome"], outcomes.clone()),
        (vec!["PaymentImportRow.outcome"], outcomes.into_iter().chain(["waiting"]).collect()),
        (vec!["PaymentRegistered.result"], vec!["created", "unchanged", "updated"]),
        (vec!["Problem.code"], TABLE.iter().map(|entry| entry.name).collect()),
        (
            vec![
                "Refund.environment",
                "RefundAtEvent.environment",
                "PaymentAtEvent.environment",
                "EndpointAtEvent.environment",
                "Payment.environment",
                "NewPayment.environment",
                "Endpoint.environment",
                "NewEndpoint.environment",
                "PaymentImport.environment",
                "PspAccount.environment",
            ],
            [Environment::Sandbox, Environment::Live].map(|environment| environment.as_str()).to_vec(),
        ),
    ]
}

/// Answers what of the table is not in the description.
fn write(document: &mut OpenApi) -> Vec<&'static str> {
    let mut missing = Vec::new();
    for (places, words) in table() {
        for place in places {
            let found = match place.split_once('?') {
                Some((operation, parameter)) => in_parameter(document, operation, parameter, &words),
                None => in_field(document, place, &words),
            };
            if found.is_none() {
                missing.push(place);
            }
        }
    }
    missing
}

fn in_field(document: &mut OpenApi, place: &str, words: &[&str]) -> Option<()> {
    let (schema, field) = place.split_once('.')?;
    let schema = document.components.as_mut()?.schemas.get_mut(schema)?;
    let RefOr::T(schema) = schema else { return None };
    match schema {
        Schema::Object(object) => in_schema(object.properties.get_mut(field)?, words),
        // What it has besides those that it is made of.
        Schema::AllOf(parts) => parts.items.iter_mut().find_map(|part| match part {
            RefOr::T(Schema::Object(object)) => in_schema(object.properties.get_mut(field)?, words),
            _ => None,
        }),
        _ => None,
    }
}

fn in_parameter(document: &mut OpenApi, operation: &str, parameter: &str, words: &[&str]) -> Option<()> {
    let all = document.paths.paths.values_mut();
    let all = all.flat_map(|item| [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete]);
    let of = |one: &&mut Operation| one.operation_id.as_deref() == Some(operation);
    let found = all.flatten().find(of)?;
    let parameters = found.parameters.as_mut()?.iter_mut().filter_map(|one| match one {
        RefOr::T(one) => Some(one),
        RefOr::Ref(_) => None,
    });
    in_schema(parameters.into_iter().find(|one| one.name == parameter)?.schema.as_mut()?, words)
}

fn in_schema(schema: &mut RefOr<Schema>, words: &[&str]) -> Option<()> {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let nullable = null_too(object).then_some(Value::Null);
            object.enum_values = Some(words.iter().map(|word| Value::from(*word)).chain(nullable).collect());
            Some(())
        }
        RefOr::T(Schema::Array(array)) => match &mut array.items {
            ArrayItems::RefOrSchema(items) => in_schema(items, words),
            _ => None,
        },
        _ => None,
    }
}

fn null_too(object: &Object) -> bool {
    matches!(&object.schema_type, SchemaType::Array(types) if types.contains(&Type::Null))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_word_has_its_place() {
        let mut document = super::super::openapi::document();
        assert_eq!(super::write(&mut document), [] as [&str; 0]);
    }
}
