//! A process that runs, and what it tells.

use std::time::Duration;

use ferrostack_base::Clock;
use ferrostack_db::{DbOptions, testing::TestDb};

use crate::program::{Cloud, run};

#[test]
fn a_cloud_starts_tells_how_it_does_and_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut cloud = Cloud::start(folder.path());
        let status = run(&["status", "--state-dir", dir]);
        assert_eq!(status.code, 0, "{status:?}");
        assert!(status.out.contains(&format!("Process {}: up --simulated", cloud.pid())), "{}", status.out);
        assert!(status.out.contains(&cloud.address), "{}", status.out);
        let json = run(&["status", "--json", "--state-dir", dir]);
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["healthy"], true, "{json}");
        assert_eq!(json["process"]["pid"], cloud.pid());
        assert_eq!(json["roles"].as_array().unwrap().len(), 1, "{json}");
        assert_eq!(json["roles"][0]["health"], "healthy");
        let audit = run(&["audit", "--state-dir", dir]);
        assert_eq!((audit.code, audit.out.lines().count()), (0, 1), "{audit:?}");
        assert!(std::net::TcpStream::connect(&cloud.address).is_ok());

        let ended = cloud.end(signal);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.out.is_empty(), "more than the word ready: {}", ended.out);
        assert!(
            ended.err.contains("The cloud is ready at http://") && ended.err.trim_end().ends_with("Stopped."),
            "{}",
            ended.err
        );
        let status = run(&["status", "--state-dir", dir]);
        assert_eq!(status.code, 1, "{status:?}");
        assert!(status.out.contains("No Ferrostack runs on this machine"), "{}", status.out);
        assert_eq!(run(&["audit", "--state-dir", dir]).code, 3);
    }
}

#[test]
fn a_killed_cloud_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    Cloud::start(folder.path()).end("-KILL");
    let status = run(&["status", "--state-dir", dir]);
    assert!(status.out.contains("No Ferrostack runs on this machine"), "{status:?}");
    assert_eq!(run(&["audit", "--state-dir", dir]).code, 3);
    let cloud = Cloud::start(folder.path());
    let status = run(&["status", "--state-dir", dir]);
    assert_eq!(status.code, 0, "{status:?}");
    drop(cloud);
}

#[test]
fn a_client_that_keeps_its_connection_does_not_hold_up_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(folder.path());
    let idle = std::net::TcpStream::connect(&cloud.address).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(cloud.end("-TERM").code));
    assert_eq!(receiver.recv_timeout(Duration::from_secs(15)), Ok(0));
    drop(idle);
}

#[test]
fn a_controller_runs_without_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let mut controller = Cloud::start_as(&["controller"], folder.path());
    let status = run(&["status", "--state-dir", folder.path().to_str().unwrap()]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains(": controller, version"), "{}", status.out);
    assert!(status.out.contains("\nNodes\n  none\n"), "{}", status.out);
    assert_eq!(controller.end("-TERM").code, 0);
}

#[tokio::test]
async fn two_controllers_share_a_database_server() {
    let Some(database) = TestDb::mariadb(Clock::system(), &[]).await.unwrap() else { return };
    let DbOptions::MariaDb { url, .. } = &database.options else { panic!("another database: {:?}", database.options) };
    let folder = tempfile::tempdir().unwrap();
    let dirs = [folder.path().join("a"), folder.path().join("b")];
    let command = ["controller", "--database", url];
    let mut controllers = dirs.each_ref().map(|dir| Cloud::start_as(&command, dir));
    for (dir, controller) in dirs.iter().zip(&controllers) {
        let status = run(&["status", "--json", "--state-dir", dir.to_str().unwrap(), "--database", url]);
        assert_eq!(status.code, 0, "{status:?}");
        let json: serde_json::Value = serde_json::from_str(&status.out).unwrap();
        assert_eq!(json["process"]["pid"], controller.pid());
        assert_eq!(json["roles"].as_array().unwrap().len(), 2, "{json}");
    }
    assert_eq!(run(&["migrate", "--database", url]).out, "The database is up to date.\n");
    let [first, second] = &mut controllers;
    assert_eq!(first.end("-TERM").code, 0);
    let status = run(&["status", "--state-dir", dirs[0].to_str().unwrap(), "--database", url]);
    assert_eq!(status.code, 0, "the other one is alive: {status:?}");
    assert!(status.out.contains("No Ferrostack runs on this machine"), "{}", status.out);
    assert_eq!(second.end("-TERM").code, 0);
    let status = run(&["status", "--state-dir", dirs[0].to_str().unwrap(), "--database", url]);
    assert_eq!(status.code, 1, "none is alive: {status:?}");
}
