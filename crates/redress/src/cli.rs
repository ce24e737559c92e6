//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    backup, case, doctor, endpoint, events, key, merchant, migrate, payments, psp_account, refund, restore,
    sandbox, settings, user, verify,
};
use crate::failure::{EXIT_CODES, Failure};
use crate::{demo, serve};

/// A self-hosted refund server: gives back captured payments through any PSP, once, and tells the merchant
///
/// Commands other than serve and demo work beside a running server and take effect within a second.
#[derive(Debug, Parser)]
#[command(name = "redress", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::command::Serve),
    Migrate(migrate::Migrate),
    Doctor(doctor::Doctor),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Merchant(merchant::MerchantArgs),
    User(user::UserArgs),
    Key(key::KeyArgs),
    PspAccount(psp_account::PspAccountArgs),
    Endpoint(endpoint::EndpointArgs),
    Payments(payments::PaymentsArgs),
    Refund(refund::RefundArgs),
    Events(events::EventsArgs),
    Case(case::CaseArgs),
    Sandbox(sandbox::SandboxArgs),
    Settings(settings::SettingsArgs),
}

impl Cli {
    /// Does what was asked.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve::command::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Doctor(args) => doctor::run(args).await,
            Command::Verify(args) => verify::run(args).await,
            Command::Backup(args) => backup::run(args).await,
            Command::Restore(args) => restore::run(args).await,
            Command::Merchant(args) => merchant::run(args).await,
            Command::User(args) => user::run(args).await,
            Command::Key(args) => key::run(args).await,
            Command::PspAccount(args) => psp_account::run(args).await,
            Command::Endpoint(args) => endpoint::run(args).await,
            Command::Payments(args) => payments::run(args).await,
            Command::Refund(args) => refund::run(args).await,
            Command::Events(args) => events::run(args).await,
            Command::Case(args) => case::run(args).await,
            Command::Sandbox(args) => sandbox::run(args).await,
            Command::Settings(_) => settings::run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_says_what_it_is() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                let helped = argument.get_help().is_some();
                assert!(helped, "{} {} has no help", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn every_command_stands_in_the_table_for_operators() {
        let page = include_str!("../../../docs/operate.md");
        let rows: Vec<Vec<_>> = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
            .map(|names| names.split(|c: char| " `,;".contains(c)).collect())
            .collect();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let stands = |action: &str| rows.iter().any(|row| row.contains(&name) && row.contains(&action));
            assert!(stands(name), "{name}");
            for action in command.get_subcommands() {
                assert!(stands(action.get_name()), "{name} {}", action.get_name());
            }
        }
    }

    #[test]
    fn every_command_that_opens_a_store_takes_settings_and_data() {
        for words in [
            "serve",
            "migrate",
            "doctor",
            "verify",
            "backup --to x.db",
            "restore --from x.db --verify",
            "key rotate-master",
            "merchant list",
            "user list --merchant M1",
            "key list --merchant M1",
            "psp-account list",
            "endpoint list --merchant M1",
            "payments import x.csv --merchant M1",
            "refund show rf_00000000000000000000000000",
            "case list",
        ] {
            for place in ["--config x.toml", "--data x"] {
                let line = format!("redress {words} {place}");
                Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
            let both = format!("redress {words} --config x.toml --data x");
            assert!(Cli::try_parse_from(both.split(' ')).is_err(), "{both}");
        }
        assert!(Cli::try_parse_from("redress sandbox --listen 127.0.0.1:1 --data x".split(' ')).is_ok());
        assert!(Cli::try_parse_from("redress sandbox --data x --config x".split(' ')).is_err());
    }

    #[test]
    fn every_command_that_speaks_to_a_server_says_which_and_takes_no_store() {
        for words in [
            "refund create order-1",
            "refund get rf_1",
            "refund list",
            "refund cancel rf_1",
            "refund watch rf_1",
            "events tail",
        ] {
            for server in ["--profile p", "--url https://refunds.example", "--profile p --profiles x.toml"] {
                let line = format!("redress {words} {server}");
                Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
            for wrong in
                ["--data x", "--config x.toml", "--profile p --url https://refunds.example", "--key rk_1"]
            {
                let line = format!("redress {words} {wrong}");
                assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
            }
        }
    }

    #[test]
    fn what_a_person_decides_has_an_author_and_a_reason() {
        let refund = "rf_00000000000000000000000000";
        let whole = format!("redress refund close {refund} --outcome failed --author a --reason b");
        assert!(Cli::try_parse_from(whole.split(' ')).is_ok());
        for left_out in ["--outcome failed", "--author a", "--reason b"] {
            let line = whole.replace(left_out, "");
            assert!(Cli::try_parse_from(line.split_whitespace()).is_err(), "{line}");
        }
    }
}
