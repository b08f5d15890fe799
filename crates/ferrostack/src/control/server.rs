//! The side of the process that runs.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use ferrostack_base::Clock;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use super::{About, Control, Reply, Running, address};
use crate::error::CommandError;

/// A request is one word, perhaps with an id.
const LONGEST_REQUEST: u64 = 64;
/// How long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the socket in a state folder that this process holds, and answers on it until the process ends.
///
/// # Errors
/// [`CommandError::Path`] names the socket.
pub fn serve(dir: &Path, about: About, control: Arc<dyn Control>) -> Result<(), CommandError> {
    let listener = open(dir).map_err(|source| CommandError::Path { path: dir.join("control.sock"), source })?;
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (about, control) = (about.clone(), control.clone());
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, about, &*control).await {
                            tracing::debug!(%error, "a client of the control socket went away");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket takes no connection");
                    Clock::system().sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(())
}

fn open(dir: &Path) -> io::Result<UnixListener> {
    let (path, _open) = address::of(dir)?;
    // What an earlier process left; it has ended, since we hold the lock.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn answer(stream: UnixStream, about: About, control: &dyn Control) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut request = String::new();
    let mut reader = BufReader::new(reader.take(LONGEST_REQUEST));
    Clock::system().timeout(PATIENCE, reader.read_line(&mut request)).await.map_err(io::Error::other)??;
    let failed = |error: anyhow::Error| Reply::Error(format!("{error:#}"));
    let reply = match request.trim().split_once(' ').unwrap_or((request.trim(), "")) {
        ("status", "") => {
            Reply::Status(Running { about, engines: control.engines().await, tasks: control.status().await })
        }
        ("audit", "") => control.audit().await.map_or_else(failed, Reply::Audit),
        ("explain", id) => match id.parse() {
            Ok(id) => control.explain(id).await.map_or_else(failed, Reply::Explain),
            Err(error) => Reply::Error(format!("{id:?} is no id: {error}")),
        },
        (other, _) => Reply::Error(format!("unknown request {other:?}")),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    writer.shutdown().await
}
