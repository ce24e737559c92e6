//! Redress's own history of tables.

use crate::migration::Migration;

/// Every step, oldest first. A released step never changes; what comes later is a new step at the end.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "core", sql: include_str!("../../../migrations/0001_core.sql") },
    Migration {
        version: 2,
        name: "turns_and_words",
        sql: include_str!("../../../migrations/0002_turns_and_words.sql"),
    },
    Migration {
        version: 3,
        name: "event_order_and_rights",
        sql: include_str!("../../../migrations/0003_event_order_and_rights.sql"),
    },
    Migration { version: 4, name: "copies", sql: include_str!("../../../migrations/0004_copies.sql") },
    Migration {
        version: 5,
        name: "endpoint_health",
        sql: include_str!("../../../migrations/0005_endpoint_health.sql"),
    },
    Migration {
        version: 6,
        name: "idempotency_keys",
        sql: include_str!("../../../migrations/0006_idempotency_keys.sql"),
    },
    Migration {
        version: 7,
        name: "payment_imports",
        sql: include_str!("../../../migrations/0007_payment_imports.sql"),
    },
    Migration {
        version: 8,
        name: "lists_of_one_environment",
        sql: include_str!("../../../migrations/0008_lists_of_one_environment.sql"),
    },
    Migration {
        version: 9,
        name: "portal_users",
        sql: include_str!("../../../migrations/0009_portal_users.sql"),
    },
    Migration {
        version: 10,
        name: "lists_for_people",
        sql: include_str!("../../../migrations/0010_lists_for_people.sql"),
    },
    Migration {
        version: 11,
        name: "daily_sums",
        sql: include_str!("../../../migrations/0011_daily_sums.sql"),
    },
    Migration {
        version: 12,
        name: "keys_in_use",
        sql: include_str!("../../../migrations/0012_keys_in_use.sql"),
    },
    Migration {
        version: 13,
        name: "evidence_of_cases",
        sql: include_str!("../../../migrations/0013_evidence_of_cases.sql"),
    },
    Migration {
        version: 14,
        name: "late_checks",
        sql: include_str!("../../../migrations/0014_late_checks.sql"),
    },
    Migration {
        version: 15,
        name: "revoked_merchants",
        sql: include_str!("../../../migrations/0015_revoked_merchants.sql"),
    },
    Migration { version: 16, name: "rotations", sql: include_str!("../../../migrations/0016_rotations.sql") },
    Migration {
        version: 17,
        name: "contracts_in_use",
        sql: include_str!("../../../migrations/0017_contracts_in_use.sql"),
    },
];
