//! The people of the demo's portal: one of each role, each with a second factor.

use redress_core::id::MerchantId;
use redress_core::role::{RefundLimits, Role};
use redress_engine::admin::AdminError;
use redress_engine::engine::Engine;
use redress_engine::portal::audit::By;
use redress_engine::portal::people::{NewPassword, NewUser};
use redress_engine::world::World;
use secrecy::ExposeSecret;

use super::state::{Merchant, Person, StateFile};
use crate::failure::Failure;

/// What support may give back of one payment: enough for some of the demo's payments, and not for all.
const SUPPORT_LIMITS: &str = "EUR:100000 KWD:50000 SAR:100000 USD:100000 VND:5000000";

/// Makes them on the first start. One that is killed in its middle leaves people whose proofs nobody knows: the next one
/// gives them others.
pub(super) async fn all(
    engine: &Engine,
    kept: &mut StateFile,
    merchant: &Merchant,
    world: &World,
) -> Result<(), Failure> {
    if !kept.state.people.is_empty() {
        return Ok(());
    }
    let merchant = MerchantId::parse(&merchant.id).map_err(|error| Failure::unable(error.to_string()))?;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push(person(engine, merchant, role, world).await?);
    }
    kept.state.people = people;
    kept.save()
}

async fn person(engine: &Engine, merchant: MerchantId, role: Role, world: &World) -> Result<Person, Failure> {
    let email = format!("{role}@demo.example");
    let password = hex::encode(world.random.bytes10());
    let chosen = NewPassword::Chosen(password.as_str().into());
    let user = match engine.user_by_email(&email).await {
        Ok(user) => {
            engine.reset_password(By::Operator, merchant, user.id, chosen).await?;
            user
        }
        Err(AdminError::NotFound(_)) => {
            let limits = RefundLimits::parse(SUPPORT_LIMITS).filter(|_| role == Role::Support);
            let (email, name) = (email.clone(), format!("Demo {role}"));
            let limits = limits.unwrap_or(RefundLimits::NONE);
            let new = NewUser { merchant, email, name, role, limits };
            engine.add_user(By::Operator, new, chosen).await?.0
        }
        Err(error) => return Err(error.into()),
    };
    let given = engine.give_second_factor(By::Operator, merchant, user.id).await?;
    let totp_secret = given.secret.expose_secret().to_owned();
    Ok(Person { email, password, role: role.to_string(), totp_secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_limits() {
        assert_eq!(RefundLimits::parse(SUPPORT_LIMITS).unwrap().amounts().len(), 5);
    }
}
