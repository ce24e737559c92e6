//! All that a database holds, for comparing before and after.

use std::collections::BTreeMap;

use crate::value::Row;

/// Every row of every table, rows sorted, by table name.
pub type Dump = BTreeMap<String, Vec<Row>>;
