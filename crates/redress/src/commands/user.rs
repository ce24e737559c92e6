//! `redress user`.

use std::io::{BufRead, Read};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use redress_core::role::{RefundLimits, Role};
use redress_engine::engine::Engine;
use redress_engine::portal::audit::By;
use redress_engine::portal::passwords::PASSWORD_BYTES_MAX;
use redress_engine::portal::people::{NewPassword, NewUser, PortalUser, UserChange};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::options::{JsonFlag, MerchantArg};
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, print_once, print_table, time};
use crate::place::PlaceArgs;

/// Add, list and change the people who may sign in to the portal
#[derive(Args, Debug)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a person; a drawn password is printed once, and must be changed at the first sign-in
    Add(AddArgs),
    /// List a merchant's people, disabled ones too, oldest first
    List {
        #[command(flatten)]
        merchant: MerchantArg,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Let a person sign in no more, and end their sessions at once
    Disable(UserArg),
    /// Let a disabled person sign in again
    Enable(UserArg),
    /// Give a person another role, or other limits
    Role(RoleArgs),
    /// Give a person another password and end their sessions; a drawn one is printed once, and must be changed
    Password {
        #[command(flatten)]
        user: UserArg,
        #[command(flatten)]
        password: PasswordArg,
    },
    /// A person's second factor
    SecondFactor(SecondFactorArgs),
    /// End all sessions of a person at once
    SignOut(UserArg),
}

#[derive(Args, Debug)]
struct UserArg {
    /// The person's email address
    #[arg(value_name = "EMAIL")]
    email: String,
}

#[derive(Args, Debug)]
struct PasswordArg {
    /// Read a password that the person chose from the first line of standard input, instead of drawing one
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args, Debug)]
struct LimitsArg {
    /// How much of one payment a support user may give back, in one currency; may be repeated. In other currencies:
    /// nothing
    #[arg(long = "limit", value_name = "CURRENCY=AMOUNT", value_parser = limit)]
    limits: Vec<Amount>,
}

#[derive(Args, Debug)]
struct AddArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// What the person signs in with; nobody else may have it, at any merchant
    #[arg(long)]
    email: String,
    /// What others call the person
    #[arg(long)]
    name: String,
    /// viewer looks; support refunds up to its limits; manager refunds, imports and closes cases; admin sets up the rest
    #[arg(long, value_parser = role())]
    role: Role,
    #[command(flatten)]
    limits: LimitsArg,
    #[command(flatten)]
    password: PasswordArg,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
struct RoleArgs {
    #[command(flatten)]
    user: UserArg,
    /// The role from now on
    #[arg(value_parser = role())]
    role: Role,
    #[command(flatten)]
    limits: LimitsArg,
}

#[derive(Args, Debug)]
struct SecondFactorArgs {
    #[command(subcommand)]
    action: SecondFactorAction,
}

#[derive(Debug, Subcommand)]
enum SecondFactorAction {
    /// Take it away, as when authenticator and recovery codes are lost, and end the person's sessions
    Reset(UserArg),
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .try_map(|text| Role::parse(&text).ok_or("must be a role"))
}

fn limit(text: &str) -> Result<Amount, String> {
    let (code, amount) = text.split_once('=').ok_or("must be CURRENCY=AMOUNT, as SAR=100.00")?;
    let currency = Currency::from_code(code).map_err(|error| error.to_string())?;
    let sum = Decimal::from_text(amount).map_err(|error| error.to_string())?;
    let minor = sum.to_minor_as_written(amount, currency).map_err(|error| error.to_string())?;
    Ok(Amount::new(minor, currency))
}

impl LimitsArg {
    fn read(self) -> Result<RefundLimits, Failure> {
        RefundLimits::new(self.limits).map_err(|error| Failure::found(error.to_string()))
    }
}

impl PasswordArg {
    fn read(&self) -> Result<NewPassword, Failure> {
        if !self.password_stdin {
            return Ok(NewPassword::Drawn);
        }
        let fail = |error: std::io::Error| Failure::unable(format!("standard input: {error}"));
        let longest = u64::try_from(PASSWORD_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().take(longest).read_line(&mut line).map_err(fail)?;
        Ok(NewPassword::Chosen(line.trim_end_matches(['\r', '\n']).into()))
    }
}

pub(crate) async fn run(args: UserArgs) -> Result<(), Failure> {
    let engine = open::for_tool(&args.place.settings()?).await?.engine;
    match args.action {
        Action::Add(add) => run_add(&engine, add).await,
        Action::List { merchant, json } => run_list(&engine, &merchant.merchant, json).await,
        Action::Disable(arg) => set_disabled(&engine, &arg.email, true).await,
        Action::Enable(arg) => set_disabled(&engine, &arg.email, false).await,
        Action::Role(args) => run_role(&engine, args).await,
        Action::Password { user, password } => run_password(&engine, &user.email, &password).await,
        Action::SecondFactor(args) => match args.action {
            SecondFactorAction::Reset(arg) => reset_second_factor(&engine, &arg.email).await,
        },
        Action::SignOut(arg) => {
            let user = engine.user_by_email(&arg.email).await?;
            let ended = engine.end_sessions(By::Operator, user.merchant, user.id).await?;
            print(&format!("{ended} sessions of {} are ended", user.email))
        }
    }
}

async fn run_add(engine: &Engine, add: AddArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&add.merchant.merchant).await?;
    let AddArgs { email, name, role, limits, password, json, .. } = add;
    let new = NewUser { merchant: merchant.id, email, name, role, limits: limits.read()? };
    let (user, password) = engine.add_user(By::Operator, new, password.read()?).await?;
    if json.json {
        let mut value = shown(&user);
        value["password"] = json!(password.as_ref().map(|password| password.expose_secret()));
        return print_with_password(&user.email, &format!("{value:#}"), password.is_some());
    }
    let mut text = format!("added {} {} ({})", user.role, user.email, user.id);
    if user.role == Role::Support && user.limits == RefundLimits::NONE {
        text += "\nwithout a --limit in a currency, nothing can be refunded in it";
    }
    print_password(&user.email, text, password.as_ref())
}

async fn run_list(engine: &Engine, merchant: &str, json: JsonFlag) -> Result<(), Failure> {
    let merchant = engine.merchant_named(merchant).await?;
    let all = engine.list_users(merchant.id).await?;
    if json.json {
        return print_json(&all.iter().map(shown).collect());
    }
    let rows: Vec<_> = all
        .iter()
        .map(|user| {
            [
                user.email.clone(),
                user.role.to_string(),
                limits(user).join(", "),
                (if user.has_second_factor { "set up" } else { "none" }).to_owned(),
                user.signed_in_at.map_or_else(|| "never".to_owned(), time),
                user.disabled_at.map_or_else(String::new, |at| format!("disabled {}", time(at))),
                one_line(&user.name),
            ]
        })
        .collect();
    let headings = ["EMAIL", "ROLE", "LIMITS", "SECOND FACTOR", "SIGNED IN", "", "NAME"];
    print_table("people", headings, &rows)
}

async fn set_disabled(engine: &Engine, email: &str, disabled: bool) -> Result<(), Failure> {
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let name = if disabled { "disabled" } else { "enabled" };
    changed(engine, email, change, name).await
}

async fn run_role(engine: &Engine, args: RoleArgs) -> Result<(), Failure> {
    // Other limits only where some are given: a manager who is support again has those of before.
    let limits = if args.limits.limits.is_empty() { None } else { Some(args.limits.read()?) };
    let change = UserChange { role: Some(args.role), limits, ..UserChange::default() };
    changed(engine, &args.user.email, change, args.role.as_str()).await
}

async fn changed(engine: &Engine, email: &str, change: UserChange, name: &str) -> Result<(), Failure> {
    let user = engine.user_by_email(email).await?;
    let changed = engine.change_user(By::Operator, user.merchant, user.id, change).await?;
    let is = if changed.is_some() { "is now" } else { "was already" };
    print(&format!("{} {is} {name}", user.email))
}

async fn run_password(engine: &Engine, email: &str, password: &PasswordArg) -> Result<(), Failure> {
    let user = engine.user_by_email(email).await?;
    let drawn = engine.reset_password(By::Operator, user.merchant, user.id, password.read()?).await?;
    let text = format!("{} has another password, and is signed out everywhere", user.email);
    print_password(&user.email, text, drawn.as_ref())
}

async fn reset_second_factor(engine: &Engine, email: &str) -> Result<(), Failure> {
    let user = engine.user_by_email(email).await?;
    let reset = engine.reset_second_factor(By::Operator, user.merchant, user.id).await?;
    let had = if reset { "has no second factor any more, and is signed out everywhere" } else { "had none" };
    print(&format!("{} {had}", user.email))
}

fn print_password(email: &str, mut text: String, drawn: Option<&SecretString>) -> Result<(), Failure> {
    if let Some(password) = drawn {
        text += "\nthe password, shown now and never again, to be changed at the first sign-in:\n  ";
        text += password.expose_secret();
    }
    print_with_password(email, &text, drawn.is_some())
}

/// Prints a text with which a password may be lost.
fn print_with_password(email: &str, text: &str, drawn: bool) -> Result<(), Failure> {
    if !drawn {
        return print(text);
    }
    let lost = format!("The password of {email} is lost: `redress user password` draws another");
    print_once(text, &lost)
}

fn limits(user: &PortalUser) -> Vec<String> {
    user.limits.amounts().iter().map(ToString::to_string).collect()
}

fn shown(user: &PortalUser) -> Value {
    json!({
        "id": user.id.to_string(),
        "merchant": user.merchant.to_string(),
        "email": user.email,
        "name": user.name,
        "role": user.role.as_str(),
        "limits": limits(user),
        "second_factor": user.has_second_factor,
        "password_temporary": user.password_temporary,
        "created_at": time(user.created_at),
        "signed_in_at": user.signed_in_at.map(time),
        "disabled_at": user.disabled_at.map(time),
    })
}
