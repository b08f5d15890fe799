//! A process that runs until it is dropped.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long a start may take, engines included, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) struct Running {
    child: Child,
    log: File,
}

impl Running {
    /// Starts it and waits for its word that it is ready.
    pub(super) fn start(mut command: Command) -> Self {
        let log = tempfile::tempfile().unwrap();
        command.stdout(Stdio::piped()).stderr(log.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut running = Self { child, log };
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line == "ready" => running,
            other => panic!("not ready: {other:?}: {command:?}:\n{}", running.log()),
        }
    }

    /// What it has said on standard error.
    pub(super) fn log(&mut self) -> String {
        let mut text = String::new();
        self.log.seek(SeekFrom::Start(0)).unwrap();
        self.log.read_to_string(&mut text).unwrap();
        text
    }

    /// Tells it to stop; its exit code.
    pub(super) fn stop(mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
