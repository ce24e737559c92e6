//! Whom a cluster runs as.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
};

use crate::{
    Outcome,
    command::{capture, succeeds},
};

/// Whom the cluster runs as: PostgreSQL refuses root.
pub(crate) struct User {
    /// A name with its ids; none means that we are already somebody else than root.
    other: Option<(&'static str, u32, u32)>,
}

impl User {
    pub(crate) fn for_cluster() -> Outcome<Self> {
        if !is_root() {
            return Ok(User { other: None });
        }
        for name in ["postgres", "nobody"] {
            let id = |what: &str| {
                capture(Command::new("id").args([what, name])).ok().and_then(|text| text.trim().parse().ok())
            };
            if let (Some(uid), Some(gid)) = (id("-u"), id("-g")) {
                return Ok(User { other: Some((name, uid, gid)) });
            }
        }
        Err("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as".into())
    }

    pub(crate) fn make_dir(&self, dir: &Path) -> Outcome {
        let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
        fs::create_dir_all(dir).map_err(fail)?;
        match self.other {
            Some((_, uid, gid)) => chown(dir, Some(uid), Some(gid)).map_err(fail),
            None => Ok(()),
        }
    }

    /// A command that will run as this user, in a directory the user can be in.
    pub(crate) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = match self.other {
            None => Command::new(program),
            Some((name, uid, gid)) => {
                let mut command;
                if succeeds(Command::new("setpriv").arg("--version")) {
                    command = Command::new("setpriv");
                    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
                } else {
                    command = Command::new("runuser");
                    command.args(["-u", name, "--"]);
                }
                command.arg(program);
                command
            }
        };
        command.current_dir(dir).env("LC_ALL", "C");
        command
    }
}

pub(crate) fn is_root() -> bool {
    // Our own process, as the kernel shows it; where it does not, `id` knows.
    match fs::metadata("/proc/self") {
        Ok(own) => own.uid() == 0,
        Err(_) => capture(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0"),
    }
}
