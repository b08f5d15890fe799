//! Processes: is the one behind a pid file really that engine?
//!
//! A pid file may be stale, and its number may by now be another program's. A process is an engine's when it lives (a
//! zombie does not), its program has the engine's name, it was not told another pid file than this one, and it is in our
//! network namespace: another cloud's engine may stand in a file that we see.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use ferrostack_base::Clock;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The variable in the environment of engines that we have started; its value is our mark.
pub const MARK_VARIABLE: &str = "FERROSTACK_ENGINES";

/// A living process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since the boot: with the number, this names a process for good.
    pub started: u64,
    /// The file that it runs; still the old one when a newer one was installed over it.
    pub program: PathBuf,
    /// Its arguments, the program's name first.
    pub args: Vec<String>,
}

impl Process {
    /// Looks at a process; `None` when it does not live.
    pub fn read(pid: i32) -> Option<Self> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let (state, started) = parse_stat(&fs::read_to_string(folder.join("stat")).ok()?)?;
        if matches!(state, 'Z' | 'X') {
            return None;
        }
        let program = fs::read_link(folder.join("exe")).ok()?;
        let program = match program.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
            Some(path) => PathBuf::from(path),
            None => program,
        };
        let args = fs::read(folder.join("cmdline")).ok()?;
        let args = args.split(|byte| *byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned());
        let mut args: Vec<_> = args.collect();
        while args.last().is_some_and(String::is_empty) {
            args.pop();
        }
        Some(Self { pid, started, program, args })
    }

    /// The process that a pid file names, when it is `program` with this pid file.
    pub fn of_pid_file(pid_file: &Path, program: &str) -> Option<Self> {
        let pid: i32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
        let process = Self::read(pid)?;
        let own_network = same_namespace(pid, "net");
        (process.is(program) && process.may_have_pid_file(pid_file) && own_network).then_some(process)
    }

    /// Whether it runs a program of that name.
    pub fn is(&self, program: &str) -> bool {
        self.program.file_name().is_some_and(|name| name == program)
    }

    /// Whether it was told this pid file, or none (then it has the default one).
    fn may_have_pid_file(&self, pid_file: &Path) -> bool {
        let mut told = None;
        let mut args = self.args.iter().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--pid-file" | "--pidfile" => told = args.next().map(String::as_str),
                arg => told = arg.strip_prefix("--pidfile=").or(arg.strip_prefix("--pid-file=")).or(told),
            }
        }
        told.is_none_or(|told| without_var(Path::new(told)) == without_var(pid_file))
    }

    /// Whether it still lives.
    pub fn lives(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.started == self.started)
    }

    /// Our mark in its environment, if it was started with one.
    pub fn mark(&self) -> Option<String> {
        let environment = fs::read(format!("/proc/{}/environ", self.pid)).ok()?;
        environment.split(|byte| *byte == 0).find_map(|entry| {
            let entry = std::str::from_utf8(entry).ok()?;
            entry.strip_prefix(MARK_VARIABLE)?.strip_prefix('=').map(str::to_owned)
        })
    }

    /// The memory that it has, in bytes (resident set).
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    }

    /// Sends it a signal, and nobody else: the number may have become another one's since we looked.
    pub fn signal(&self, signal: Signal) {
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && self.lives()
        {
            // It may have ended in between, which is what signals are sent for.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }

    /// The process of the same program that watches over it (`--monitor`), which ends after it.
    pub fn monitor(&self) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let parent = Self::read(rest.split_whitespace().nth(1)?.parse().ok()?)?;
        (parent.program == self.program).then_some(parent)
    }

    /// Asks it to end, kills it after `patience`, and waits for its monitor. Whether they are gone.
    pub async fn end(&self, clock: &Clock, patience: Duration) -> bool {
        let monitor = self.monitor();
        self.signal(Signal::TERM);
        let mut gone = self.gone(clock, patience).await;
        if !gone {
            self.signal(Signal::KILL);
            gone = self.gone(clock, Duration::from_secs(5)).await;
        }
        match monitor {
            Some(monitor) => gone & monitor.gone(clock, Duration::from_secs(5)).await,
            None => gone,
        }
    }

    async fn gone(&self, clock: &Clock, patience: Duration) -> bool {
        let step = Duration::from_millis(10);
        for _ in 0..patience.as_millis() / step.as_millis() {
            if !self.lives() {
                return true;
            }
            clock.sleep(step).await;
        }
        !self.lives()
    }
}

/// State and start of a process. The name, in parentheses, may itself have spaces and parentheses.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    // The state is field 3 of proc(5), the start field 22.
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// `/var/run` is a link to `/run`; scripts write either.
fn without_var(path: &Path) -> PathBuf {
    match path.strip_prefix("/var/run") {
        Ok(rest) => Path::new("/run").join(rest),
        Err(_) => path.to_path_buf(),
    }
}

fn same_namespace(pid: i32, kind: &str) -> bool {
    let own = fs::read_link(format!("/proc/self/ns/{kind}"));
    let its = fs::read_link(format!("/proc/{pid}/ns/{kind}"));
    matches!((own, its), (Ok(own), Ok(its)) if own == its)
}

/// All living processes.
pub(crate) fn all() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    struct Running(Child);
    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A process of the given program name; `args` come after those that make it last.
    fn start(folder: &Path, program: &str, args: &[&str]) -> Running {
        let file = folder.join(program);
        if !file.exists() {
            fs::copy("/bin/bash", &file).unwrap();
        }
        // It waits for its input, which ends with us.
        let script = ["-c", "read line", program];
        let mut command = Command::new(&file);
        command.args(script).args(args).env(MARK_VARIABLE, "mark-1").stdin(Stdio::piped());
        let child = command.spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let running = Running(child);
        // Between fork and exec it is still this test program.
        while !Process::read(pid).is_some_and(|process| process.is(program)) {
            std::thread::yield_now();
        }
        running
    }

    fn write_pid(file: &Path, running: &Running) {
        fs::write(file, format!("{}\n", running.0.id())).unwrap();
    }

    #[test]
    fn a_process_is_an_engine_only_by_program_and_pid_file() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("northd.pid");
        assert_eq!(Process::of_pid_file(&pid_file, "ovn-northd"), None, "no pid file");
        fs::write(&pid_file, "not a number").unwrap();
        assert_eq!(Process::of_pid_file(&pid_file, "ovn-northd"), None, "no number");
        fs::write(&pid_file, "999999999").unwrap();
        assert_eq!(Process::of_pid_file(&pid_file, "ovn-northd"), None, "no such process");

        let told = format!("--pidfile={}", pid_file.display());
        let engine = start(folder.path(), "ovn-northd", &[&told]);
        write_pid(&pid_file, &engine);
        let found = Process::of_pid_file(&pid_file, "ovn-northd").unwrap();
        assert_eq!(found.mark().as_deref(), Some("mark-1"));
        assert!(found.lives() && found.memory() > 0);
        assert_eq!(Process::of_pid_file(&pid_file, "ovn-controller"), None, "another program");

        let other_place = start(folder.path(), "ovn-northd", &["--pidfile=/run/other.pid"]);
        write_pid(&pid_file, &other_place);
        assert_eq!(Process::of_pid_file(&pid_file, "ovn-northd"), None, "the same program with another pid file");
        let by_hand = start(folder.path(), "ovn-northd", &[]);
        write_pid(&pid_file, &by_hand);
        assert!(Process::of_pid_file(&pid_file, "ovn-northd").is_some(), "was told none");
    }

    #[test]
    fn a_zombie_does_not_live() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = start(folder.path(), "ovn-northd", &[]);
        let process = Process::read(i32::try_from(engine.0.id()).unwrap()).unwrap();
        engine.0.kill().unwrap();
        // Nobody has waited for it yet.
        while process.lives() {
            std::thread::yield_now();
        }
        assert!(fs::exists(format!("/proc/{}", process.pid)).unwrap());
    }

    #[test]
    fn a_reused_number_is_another_process() {
        let own = Process::read(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(own.lives());
        assert!(!Process { started: own.started + 1, ..own }.lives());
    }

    #[test]
    fn names_with_parentheses_are_read() {
        let stat = "12 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(parse_stat(stat), Some(('S', 4711)));
        assert_eq!(parse_stat("12 (short) S 1"), None);
    }

    #[test]
    fn var_run_is_run() {
        assert_eq!(without_var(Path::new("/var/run/ovn/x.pid")), Path::new("/run/ovn/x.pid"));
        assert_eq!(without_var(Path::new("/var/lib/x.pid")), Path::new("/var/lib/x.pid"));
    }
}
