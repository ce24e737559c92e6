//! Options that several commands share.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use redress_core::environment::Environment;

/// `--json`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct JsonFlag {
    /// Print JSON for programs instead of text for people
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--merchant`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MerchantArg {
    /// The merchant's code, as M948164, or its id
    #[arg(long, value_name = "CODE")]
    pub(crate) merchant: String,
}

/// `--author` and `--reason`: who decides, and why. Both are kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct DecisionArgs {
    /// Why; it is kept for the audit trail
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who decides; it is kept for the audit trail
    #[arg(long, value_name = "NAME")]
    pub(crate) author: String,
}

/// Reads `sandbox` or `live`.
pub(crate) fn environment() -> impl TypedValueParser<Value = Environment> {
    PossibleValuesParser::new(["sandbox", "live"])
        .try_map(|text| Environment::parse(&text).ok_or("must be sandbox or live"))
}
