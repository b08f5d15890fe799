//! What the machine may put in the way. Each failure names cause and cure, and leaves nothing half made.

use std::{fs, net::TcpListener, path::Path, time::Duration};

use ferrostack_base::Clock;
use ferrostack_db::{Db, DbError, DbOptions, args};

use crate::program::{Cloud, Ended, ferrostack, free_address, run};

fn in_dir(command: &[&str], dir: &Path) -> Ended {
    let mut args = command.to_vec();
    args.extend(["--state-dir", dir.to_str().unwrap()]);
    run(&args)
}

/// Ends with 3 and a message that has all of `parts`.
fn assert_refused(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(ended.out, "", "{ended:?}");
    assert!(ended.err.lines().any(|line| line.starts_with("Error: ") || line.starts_with("오류: ")), "{}", ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "no {part:?} in {}", ended.err);
    }
}

#[test]
fn a_port_that_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let command = ["up", "--simulated", "--listen", &address];
    assert_refused(
        &in_dir(&command, folder.path()),
        &[&format!("The address {address} is in use by another program."), "--listen", "api.listen"],
    );
    let korean = ["up", "--simulated", "--language", "ko", "--listen", &address];
    assert_refused(&in_dir(&korean, folder.path()), &[&address, "사용하고 있습니다", "--listen"]);
}

#[test]
fn an_address_of_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    // TEST-NET-1 of RFC 5737 is nobody's.
    let command = ["up", "--simulated", "--listen", "192.0.2.1:8080"];
    assert_refused(&in_dir(&command, folder.path()), &["192.0.2.1:8080 does not belong to this machine"]);
}

#[test]
fn a_state_folder_below_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let dir = file.path().join("state");
    for command in [&["up", "--simulated"][..], &["controller"], &["migrate"]] {
        assert_refused(&in_dir(command, &dir), &[dir.to_str().unwrap(), "cannot be used", "--state-dir", "Cause: "]);
    }
    assert_refused(&in_dir(&["up", "--simulated", "--language", "ko"], &dir), &["사용할 수 없습니다", "원인: "]);
}

#[test]
fn a_state_folder_without_permission() {
    // Not even root may make folders there.
    assert_refused(&in_dir(&["up", "--simulated"], Path::new("/proc/ferrostack")), &["/proc/ferrostack", "Cause: "]);
}

#[test]
fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrostack.db");
    let poem = "This is not a database.\n".repeat(100);
    fs::write(&file, &poem).unwrap();
    let address = free_address();
    for command in [&["up", "--simulated", "--listen", &address][..], &["migrate"], &["status"], &["trace", "req-1"]] {
        let parts = [file.to_str().unwrap(), "cannot be used as a database", "restore a backup", "Cause: "];
        assert_refused(&in_dir(command, folder.path()), &parts);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), poem, "the file was changed");
}

#[tokio::test]
async fn a_database_of_a_newer_program() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(in_dir(&["migrate"], folder.path()).code, 0);
    {
        let options = DbOptions::Sqlite { path: folder.path().join("ferrostack.db") };
        let db = Db::open(options, Clock::system()).await.unwrap();
        db.tx(|tx| async move {
            tx.exec("UPDATE schema_version SET version = ? WHERE component = 'saga'", args![4711]).await?;
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
    }
    let address = free_address();
    for command in [&["up", "--simulated", "--listen", &address][..], &["migrate"], &["status"], &["explain", "1"]] {
        let parts = ["saga", "4711", "Start the newer program", "Nothing was changed"];
        assert_refused(&in_dir(command, folder.path()), &parts);
    }
    let korean = in_dir(&["status", "--language", "ko"], folder.path());
    assert_refused(&korean, &["saga", "4711", "최신 프로그램"]);
}

#[tokio::test]
async fn a_database_of_an_older_program() {
    let folder = tempfile::tempdir().unwrap();
    // A database without any tables is the oldest.
    let options = DbOptions::Sqlite { path: folder.path().join("ferrostack.db") };
    drop(Db::open(options, Clock::system()).await.unwrap());
    assert_refused(&in_dir(&["status"], folder.path()), &["are of version 0", "ferrostack migrate"]);
    assert_eq!(in_dir(&["migrate"], folder.path()).code, 0);
    assert_eq!(in_dir(&["status"], folder.path()).code, 1, "no controller is alive");
}

#[test]
fn no_database_and_no_process() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["status"][..], &["trace", "req-1"], &["explain", "1"]] {
        let parts = ["There is no database", "ferrostack.db", "ferrostack up --simulated"];
        assert_refused(&in_dir(command, folder.path()), &parts);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a command that looks made something");
    assert_refused(&in_dir(&["audit"], folder.path()), &["No Ferrostack runs", folder.path().to_str().unwrap()]);
}

#[test]
fn a_database_server_that_does_not_answer() {
    let url = format!("mysql://stack:geheim@{}/ferrostack", free_address());
    let ended = run(&["status", "--database", &url]);
    assert_refused(&ended, &["mysql://stack:***@127.0.0.1", "Check that the server runs", "Cause: "]);
    assert!(!ended.err.contains("geheim"), "{}", ended.err);
}

#[test]
fn a_state_folder_that_another_process_uses() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(folder.path());
    let address = free_address();
    for command in
        [&["up", "--simulated", "--listen", &address][..], &["controller", "--listen", &address], &["migrate"]]
    {
        let pid = format!("process {}", cloud.pid());
        assert_refused(&in_dir(command, folder.path()), &[&pid, folder.path().to_str().unwrap(), "--state-dir"]);
    }
}

#[test]
fn a_wrong_name_of_an_isolated_cloud_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "a/b", "-x"] {
        let ended = in_dir(&["up", "--listen", "127.0.0.1:0", &format!("--isolate={name}")], folder.path());
        assert_ne!(ended.code, 0, "{name:?}");
        assert!(ended.err.contains("isolate") || ended.err.contains("name"), "{name:?}: {}", ended.err);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_process_that_hangs_is_told_apart_from_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(in_dir(&["migrate"], folder.path()).code, 0);
    let _silent = std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")).unwrap();
    let mut child = ferrostack(&["status", "--state-dir", folder.path().to_str().unwrap()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait for the answer");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("gives no answer"));
}
