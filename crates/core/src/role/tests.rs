use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_micros(1_795_014_400_000_000);

fn sum(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).expect("a currency"))
}

fn who(role: Role) -> Standing {
    Standing {
        role,
        limits: RefundLimits::parse("KWD:5000 SAR:10000").unwrap(),
        password_temporary: false,
        second_factor_at: Some(NOW),
    }
}

fn refund(minor: i64, code: &str, given_minor: i64) -> Act {
    Act::Refund { amount: sum(minor, code), given_minor }
}

/// Every act, in the order of the table below.
fn acts() -> [Act; 15] {
    [
        Act::View,
        Act::Export,
        refund(1, "SAR", 0),
        Act::CancelRefund,
        Act::RefreshRefund,
        Act::Resend,
        Act::Dispute,
        Act::ImportPayments,
        Act::CloseCase,
        Act::SeeSettings,
        Act::SeeAudit,
        Act::ManageEndpoints,
        Act::ManageKeys,
        Act::ManageAccounts,
        Act::ManageUsers,
    ]
}

#[test]
fn each_role_may_this_and_no_more() {
    // View, Export, Refund, Cancel, Refresh, Resend, Dispute, Import, CloseCase, SeeSettings, SeeAudit, and four to manage.
    for (role, table) in [
        (Role::Viewer, "yy-------------"),
        (Role::Support, "yyyyyy---------"),
        (Role::Manager, "yyyyyyyyyyy----"),
        (Role::Admin, "yyyyyyyyyyyyyyy"),
    ] {
        let told: String =
            acts().iter().map(|act| if may(&who(role), act, NOW).is_ok() { 'y' } else { '-' }).collect();
        assert_eq!(told, table, "{role}");
    }
}

#[test]
fn whoever_may_not_is_told_the_role_that_may() {
    for (role, act, least) in [
        (Role::Viewer, refund(1, "SAR", 0), Role::Support),
        (Role::Support, Act::CloseCase, Role::Manager),
        (Role::Manager, Act::ManageUsers, Role::Admin),
    ] {
        assert_eq!(may(&who(role), &act, NOW), Err(Why::Role { least }));
    }
}

#[test]
fn support_refunds_up_to_its_limit_of_each_payment() {
    let support = who(Role::Support);
    let limit = sum(10_000, "SAR");
    assert_eq!(may(&support, &refund(10_000, "SAR", 0), NOW), Ok(()));
    assert_eq!(may(&support, &refund(10_001, "SAR", 0), NOW), Err(Why::OverLimit { limit }));
    // Many small ones come to the same.
    assert_eq!(may(&support, &refund(4_000, "SAR", 6_000), NOW), Ok(()));
    assert_eq!(may(&support, &refund(4_000, "SAR", 6_001), NOW), Err(Why::OverLimit { limit }));
    assert_eq!(may(&support, &refund(1, "SAR", i64::MAX), NOW), Err(Why::OverLimit { limit }));
    // Not 5 000 of something else.
    assert_eq!(
        may(&support, &refund(5_001, "KWD", 0), NOW),
        Err(Why::OverLimit { limit: sum(5_000, "KWD") })
    );
    let currency = Currency::from_code("VND").unwrap();
    assert_eq!(may(&support, &refund(1, "VND", 0), NOW), Err(Why::NoLimit { currency }));
    for role in [Role::Manager, Role::Admin] {
        assert_eq!(may(&who(role), &refund(i64::MAX, "VND", 0), NOW), Ok(()), "{role}");
    }
}

#[test]
fn what_releases_money_or_sets_up_needs_a_fresh_second_factor() {
    let admin = |second_factor_at| Standing { second_factor_at, ..who(Role::Admin) };
    let last = NOW.plus(SECOND_FACTOR_FRESH);
    let later = last.plus(Duration::from_micros(1));
    for act in acts() {
        let needs = act.needs_second_factor();
        let told = |without| if needs { Err(without) } else { Ok(()) };
        assert_eq!(may(&admin(None), &act, NOW), told(Why::SecondFactorMissing), "{act:?}");
        assert_eq!(may(&admin(Some(NOW)), &act, last), Ok(()), "{act:?}");
        assert_eq!(may(&admin(Some(NOW)), &act, later), told(Why::SecondFactorOld), "{act:?}");
        assert_eq!(
            may(&admin(Some(later)), &act, NOW),
            told(Why::SecondFactorOld),
            "{act:?}: a clock set back"
        );
    }
    assert!(Act::CloseCase.needs_second_factor() && !refund(1, "SAR", 0).needs_second_factor());
}

#[test]
fn with_a_password_of_somebody_else_nothing_may_be_done() {
    for role in Role::ALL {
        let new = Standing { password_temporary: true, ..who(role) };
        for act in acts() {
            assert!(may(&new, &act, NOW).is_err(), "{role} {act:?}");
        }
        assert_eq!(may(&new, &Act::View, NOW), Err(Why::PasswordTemporary));
    }
}

#[test]
fn names_are_read_back() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    assert_eq!(Role::parse("root"), None);
}

#[test]
fn limits_are_one_a_currency_and_more_than_zero() {
    assert_eq!(RefundLimits::new(vec![sum(0, "SAR")]), Err(LimitsError::NotPositive));
    assert_eq!(
        RefundLimits::new(vec![sum(1, "SAR"), sum(2, "KWD"), sum(3, "SAR")]),
        Err(LimitsError::Twice(Currency::from_code("SAR").unwrap()))
    );
    assert_eq!(RefundLimits::parse(""), Some(RefundLimits::NONE));
    let two = RefundLimits::new(vec![sum(2, "SAR"), sum(1, "KWD")]).unwrap();
    assert_eq!(two.to_string(), "KWD:1 SAR:2");
    for text in ["SAR", "SAR:", "SAR:x", "sar:1", "SAR:-1", "SAR:1 SAR:2", "SAR:99999999999999999999"] {
        assert_eq!(RefundLimits::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn limits_are_read_back(sar in 1..i64::MAX, kwd in 1..i64::MAX, vnd in 1..i64::MAX) {
        let limits = RefundLimits::new(vec![sum(vnd, "VND"), sum(sar, "SAR"), sum(kwd, "KWD")]).unwrap();
        prop_assert_eq!(RefundLimits::parse(&limits.to_string()), Some(limits));
    }

    #[test]
    fn a_larger_role_may_at_least_as_much(act in 0..15_usize, shown in proptest::option::of(0..2_000_000_000_i64), temporary: bool) {
        let standing = |role| Standing {
            password_temporary: temporary,
            second_factor_at: shown.map(|ago| Timestamp::from_micros(NOW.as_micros() - ago)),
            ..who(role)
        };
        let told = Role::ALL.map(|role| may(&standing(role), &acts()[act], NOW).is_ok());
        prop_assert!(told.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", told);
    }

    #[test]
    fn support_never_gives_back_more_than_its_limit(amount in 1..i64::MAX, given in 0..i64::MAX) {
        let told = may(&who(Role::Support), &refund(amount, "SAR", given), NOW);
        prop_assert_eq!(told.is_ok(), i128::from(amount) + i128::from(given) <= 10_000);
    }
}
