use std::{os::unix::fs::PermissionsExt, sync::Arc};

use super::*;
use crate::{error::CommandError, health::Health};

struct Fake;

impl Control for Fake {
    fn status(&self) -> BoxFuture<'_, Vec<Part>> {
        let part = Part { name: "server_watcher".to_owned(), health: Health::Healthy, reason: None, since: None };
        Box::pin(async { vec![part] })
    }

    fn engines(&self) -> BoxFuture<'_, Vec<Part>> {
        let part = Part { name: "libvirt 9.0.0".to_owned(), health: Health::Healthy, reason: None, since: None };
        Box::pin(async { vec![part] })
    }

    fn explain(&self, id: Uuid) -> BoxFuture<'_, anyhow::Result<Seen>> {
        Box::pin(async move { Ok(Seen { path: format!("/servers/{id}"), ..Seen::default() }) })
    }

    fn audit(&self) -> BoxFuture<'_, anyhow::Result<Vec<String>>> {
        Box::pin(async { Ok(vec!["port 1 belongs to nothing".to_owned()]) })
    }
}

fn about() -> About {
    let started = Some(Timestamp::from_secs(1_795_201_430));
    About { pid: 7, version: "1".to_owned(), role: "controller".to_owned(), url: "http://x".to_owned(), started }
}

#[tokio::test]
async fn a_process_answers_however_deep_its_folder_is() {
    let folder = tempfile::tempdir().unwrap();
    for dir in [folder.path().to_owned(), folder.path().join("deep".repeat(50))] {
        std::fs::create_dir_all(&dir).unwrap();
        // The socket of a process that was killed is in the way.
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")));
        serve(&dir, about(), Arc::new(Fake)).unwrap();
        let running = status(&dir).await.unwrap();
        assert_eq!(running.about, about());
        assert_eq!(running.tasks[0].name, "server_watcher");
        assert_eq!(running.engines[0].name, "libvirt 9.0.0");
        assert_eq!(explain(&dir, Uuid::nil()).await.unwrap().path, format!("/servers/{}", Uuid::nil()));
        assert_eq!(audit(&dir).await.unwrap(), ["port 1 belongs to nothing"]);
        let mode = std::fs::metadata(dir.join("control.sock")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn without_a_process_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(status(folder.path()).await, Err(CommandError::NotRunning { .. })));
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")));
    assert!(matches!(audit(folder.path()).await, Err(CommandError::NotRunning { .. })));
    assert!(matches!(audit(&folder.path().join("none")).await, Err(CommandError::NotRunning { .. })));
}

#[tokio::test]
async fn an_unknown_request_is_refused() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    serve(folder.path(), about(), Arc::new(Fake)).unwrap();
    for request in ["dance\n".to_owned(), "x".repeat(10_000)] {
        let mut stream = tokio::net::UnixStream::connect(folder.path().join("control.sock")).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        // What was not read makes the system reset the connection after the answer.
        let _ = stream.read_to_string(&mut text).await;
        assert!(text.is_empty() || text.starts_with(r#"{"error":"unknown request"#), "{text}");
    }
}
