//! The command line.

use clap::{Parser, Subcommand};

use crate::failure::{EXIT_CODES, Failure};
use crate::serve;

/// A self-hosted refund server: gives back captured payments through any PSP, once, and tells the merchant
#[derive(Debug, Parser)]
#[command(name = "redress", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::command::Serve),
}

impl Cli {
    /// Does what was asked.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Serve(serve) => serve::command::run(serve).await,
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
}
