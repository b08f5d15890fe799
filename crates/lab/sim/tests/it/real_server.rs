//! A real `ovsdb-server` with OVN's own schemas, where the machine has them (Debian: openvswitch-common, ovn-common).

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_ovn::Endpoint;
use tempfile::TempDir;

const SCHEMAS: [&str; 2] = ["/usr/share/ovn/ovn-nb.ovsschema", "/usr/share/ovn/ovn-sb.ovsschema"];

/// A running server; it ends with this value.
pub(crate) struct RealServer {
    child: Child,
    dir: TempDir,
}

impl RealServer {
    /// Starts one; `None`, with a line that says why, when the machine has none.
    pub(crate) async fn start() -> Option<Self> {
        if let Some(missing) = SCHEMAS.iter().find(|schema| !Path::new(schema).exists()) {
            eprintln!("skipped: {missing} is not installed");
            return None;
        }
        if Command::new("ovsdb-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: ovsdb-server is not installed");
            return None;
        }
        let dir = TempDir::new().unwrap();
        let mut server = Command::new("ovsdb-server");
        server.env("OVS_RUNDIR", dir.path()).env("OVS_LOGDIR", dir.path()).stderr(Stdio::null());
        for (schema, file) in SCHEMAS.iter().zip(["nb.db", "sb.db"]) {
            let file = dir.path().join(file);
            assert!(Command::new("ovsdb-tool").arg("create").arg(&file).arg(schema).status().unwrap().success());
            server.arg(file);
        }
        let socket = dir.path().join("db.sock");
        server.arg(format!("--remote=punix:{}", socket.display())).arg("--unixctl=none");
        let child = server.spawn().unwrap();
        let started = Self { child, dir };
        let clock = Clock::system();
        for _ in 0..500 {
            if socket.exists() {
                return Some(started);
            }
            clock.sleep(Duration::from_millis(10)).await;
        }
        panic!("ovsdb-server did not open its socket within 5 s");
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Unix(self.dir.path().join("db.sock"))
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
