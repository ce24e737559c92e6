//! Packages of the system, where it is one that has `apt-get`.

use std::process::{Command, Stdio};

use crate::{
    Outcome,
    command::{run, succeeds},
    user::is_root,
};

/// Installs packages; `what` names them for the person at the terminal.
///
/// # Errors
/// Says why they cannot be installed here.
pub fn install(what: &str, packages: &[&str]) -> Outcome {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        return Err("there is no apt-get to install it with".into());
    }
    let sudo = !is_root();
    if sudo && !succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Err("installing it needs root, or sudo without a password".into());
    }
    eprintln!("xtask: {what} is not here; installing the packages {}", packages.join(", "));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    for args in [&["update"][..], &install] {
        let mut command = Command::new(if sudo { "sudo" } else { "env" });
        command.args(sudo.then_some("-n")).args(sudo.then_some("env"));
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args).stdin(Stdio::null());
        run(&mut command)?;
    }
    Ok(())
}
