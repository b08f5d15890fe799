//! Runs the binary.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How one run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary with an environment in English and no settings file but those named.
pub(crate) fn ferrostack(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferrostack"));
    command.args(args).env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(args: &[&str]) -> Ended {
    let output = ferrostack(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// An address of this machine that was free a moment ago.
pub(crate) fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A cloud that runs until the value is dropped.
pub(crate) struct Cloud {
    child: Child,
    pub(crate) address: String,
    lines: mpsc::Receiver<String>,
}

impl Cloud {
    /// Starts `ferrostack up --simulated` and waits for its word that it is ready.
    pub(crate) fn start(state_dir: &Path) -> Self {
        Self::start_as(&["up", "--simulated"], state_dir)
    }

    /// The same with another command.
    pub(crate) fn start_as(command: &[&str], state_dir: &Path) -> Self {
        let address = free_address();
        let mut args = command.to_vec();
        args.extend(["--state-dir", state_dir.to_str().unwrap(), "--listen", &address]);
        let mut child = ferrostack(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut cloud = Self { child, address, lines };
        match cloud.lines.recv_timeout(Duration::from_secs(60)) {
            Ok(line) if line == "ready" => cloud,
            other => panic!("not ready: {other:?}: {}", cloud.end("-KILL").err),
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal and waits for the end; what it said on standard error.
    pub(crate) fn end(&mut self, signal: &str) -> Ended {
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        let mut err = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            let _ = pipe.read_to_string(&mut err);
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ended { code, out: self.lines.try_iter().collect(), err }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
