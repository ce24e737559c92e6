//! Each API held to its own description: schemathesis makes requests of it, good ones and bad ones, as a merchant and as
//! nobody.

use std::time::Duration;

use super::{
    part::{Ran, Stop},
    site::{Site, With},
};

/// Made-up requests for each operation, besides those of the description's examples and of the borders of its values.
const CASES: u32 = 30;

/// Names another number.
const CASES_VARIABLE: &str = "REDRESS_CONFORMANCE_CASES";

/// For a part with [`CASES`], of which the longest takes some twenty seconds here; and for each further one.
const LIMIT: Duration = Duration::from_secs(600);
const LIMIT_OF_ONE_MORE: Duration = Duration::from_secs(1);

const JUDGE: With<'static> = With::PythonPackage("schemathesis");

pub(super) fn own(site: &mut Site) -> Ran {
    run(site, "v1", "signed")
}

pub(super) fn own_as_nobody(site: &mut Site) -> Ran {
    run(site, "v1", "unsigned")
}

pub(super) fn portone(site: &mut Site) -> Ran {
    run(site, "portone", "signed")
}

pub(super) fn portone_as_nobody(site: &mut Site) -> Ran {
    run(site, "portone", "unsigned")
}

pub(super) fn sgate(site: &mut Site) -> Ran {
    run(site, "sgate", "signed")
}

pub(super) fn sgate_as_nobody(site: &mut Site) -> Ran {
    run(site, "sgate", "unsigned")
}

fn run(site: &mut Site, api: &str, how: &str) -> Ran {
    let cases = cases(std::env::var(CASES_VARIABLE).ok().as_deref())?;
    // What is not here is said before a server is started for it.
    site.interpreter(JUDGE)?;
    site.packages.need_python("PyJWT")?;
    let own = site.own()?.display().to_string();
    let limit = LIMIT + LIMIT_OF_ONE_MORE * cases.saturating_sub(CASES);
    site.script_within(limit, JUDGE, "described.py", &[&site.program(), &own, api, how, &cases.to_string()])
}

fn cases(given: Option<&str>) -> Result<u32, Stop> {
    let Some(given) = given else { return Ok(CASES) };
    let number = given.parse().ok().filter(|cases| *cases > 0);
    number.ok_or_else(|| Stop::Failed(format!("{CASES_VARIABLE} must be a whole number from 1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_cases_is_a_number() {
        assert_eq!(cases(None).unwrap(), CASES);
        assert_eq!(cases(Some("2000")).unwrap(), 2000);
        for wrong in ["", "0", "-1", "many"] {
            assert!(cases(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
