//! Short commands of the system, with a time limit.

use std::{process::Stdio, time::Duration};

use ferrostack_base::Clock;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{DaemonError, program};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a command and gives its standard output.
///
/// # Errors
/// [`DaemonError::Command`] with what it said on standard error when it cannot be run, fails, or takes too long.
pub(crate) async fn run(clock: &Clock, program: &str, args: &[&str]) -> Result<String, DaemonError> {
    run_for(clock, PATIENCE, program, args, "").await
}

/// As [`run`], with a text as standard input.
pub(crate) async fn run_with_input(
    clock: &Clock,
    program: &str,
    args: &[&str],
    input: &str,
) -> Result<String, DaemonError> {
    run_for(clock, PATIENCE, program, args, input).await
}

/// As [`run_with_input`], with another time limit.
pub(crate) async fn run_for(
    clock: &Clock,
    patience: Duration,
    program: &str,
    args: &[&str],
    input: &str,
) -> Result<String, DaemonError> {
    let failed = |reason: String| DaemonError::Command { command: line(program, args), reason };
    let path = program::find(program).ok_or_else(|| failed("no such program".to_owned()))?;
    let child = Command::new(path)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read it says why by its own end.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let ended = clock.timeout(patience, child.wait_with_output()).await;
    let output = ended.map_err(|_| failed(format!("no end after {} s", patience.as_secs())))?;
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    Err(failed(if said.is_empty() { output.status.to_string() } else { said.to_owned() }))
}

fn line(program: &str, args: &[&str]) -> String {
    std::iter::once(&program).chain(args).copied().collect::<Vec<_>>().join(" ")
}
