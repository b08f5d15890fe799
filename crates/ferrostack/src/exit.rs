//! How commands end, for scripts.

use std::process::ExitCode;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and nothing is wrong.
    Success,
    /// 1: the command did its work, and something is wrong, missing or failed.
    Found,
    /// 2: the command line or the settings are wrong; nothing was done.
    Usage,
    /// 3: the machine is in the way: a port, a disk, a permission, the database.
    Environment,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Environment => 3,
        })
    }
}
