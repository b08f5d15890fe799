//! Programs of the node: bounded in time, without input but what they are given, their complaint kept.

use std::{process::Stdio, time::Duration};

use ferrostack_base::Clock;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::error::NodeError;

/// What is kept of a program's complaint, in bytes.
const KEPT: usize = 2000;

/// Runs programs.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    clock: Clock,
}

impl Programs {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Runs a program to its end and gives its output.
    pub(crate) async fn run(&self, patience: Duration, program: &str, args: &[&str]) -> Result<String, NodeError> {
        self.run_with(patience, program, args, "").await
    }

    /// The same with an input.
    pub(crate) async fn run_with(
        &self,
        patience: Duration,
        program: &str,
        args: &[&str],
        input: &str,
    ) -> Result<String, NodeError> {
        let command = || format!("{program} {}", args.join(" "));
        let spawn = |source| NodeError::Spawn { command: command(), source };
        // A program that is given up is killed; the locale keeps complaints in one language.
        let mut child = Command::new(program)
            .args(args)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(spawn)?;
        let stdin = child.stdin.take();
        let ended = self.clock.timeout(patience, async {
            if let Some(mut stdin) = stdin {
                // A program that ended early does not read its input; its exit says more than the broken pipe.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            child.wait_with_output().await
        });
        let output = ended.await.map_err(|_| NodeError::Late { what: command(), after: patience })?.map_err(spawn)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let mut said = String::from_utf8_lossy(&output.stderr).trim().chars().take(KEPT).collect::<String>();
        if said.is_empty() {
            said = output.status.to_string();
        }
        Err(NodeError::Command { command: command(), said })
    }

    /// `ip` with several commands at once, within a namespace.
    pub(crate) async fn ip_within(&self, namespace: &str, lines: &[String]) -> Result<(), NodeError> {
        let args = ["-n", namespace, "-batch", "-"];
        self.run_with(IP_PATIENCE, "ip", &args, &(lines.join("\n") + "\n")).await.map(drop)
    }

    /// `ip` with several commands at once; those that fail are passed over where `force` is set, as when something may
    /// be there or gone already.
    pub(crate) async fn ip(&self, lines: &[String], force: bool) -> Result<(), NodeError> {
        let args: &[&str] = if force { &["-force", "-batch", "-"] } else { &["-batch", "-"] };
        let ran = self.run_with(IP_PATIENCE, "ip", args, &(lines.join("\n") + "\n")).await;
        match ran {
            Err(NodeError::Command { .. }) if force => Ok(()),
            Err(NodeError::Command { command, said }) => {
                Err(NodeError::Command { command: format!("{command} ({})", lines.join("; ")), said })
            }
            other => other.map(drop),
        }
    }
}

/// `ip` waits for the kernel only.
const IP_PATIENCE: Duration = Duration::from_secs(20);
