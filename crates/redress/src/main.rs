//! The program `redress`. All of it is in the library beside this file, so that what reads files can be tested from outside.

fn main() -> std::process::ExitCode {
    redress::main()
}
