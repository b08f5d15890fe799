//! The side of the commands.

use std::{io, path::Path, time::Duration};

use ferrostack_base::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};
use uuid::Uuid;

use super::{Reply, Running, Seen, address};
use crate::error::CommandError;

/// How long a process may take for its status.
const STATUS: Duration = Duration::from_secs(5);
/// How long it may take to ask engines for a resource.
const EXPLAIN: Duration = Duration::from_secs(20);
/// How long it may take to compare everything.
const AUDIT: Duration = Duration::from_secs(50);

/// What the process that holds the state folder says of itself.
///
/// # Errors
/// [`CommandError::NotRunning`], [`CommandError::NoAnswer`], or [`CommandError::Path`] when the socket may not be used.
pub async fn status(dir: &Path) -> Result<Running, CommandError> {
    match ask(dir, "status", STATUS).await? {
        Reply::Status(running) => Ok(running),
        other => Err(unexpected(dir, &other)),
    }
}

/// Lets the process compare what it keeps; one line for each discrepancy.
///
/// # Errors
/// As [`status`].
pub async fn audit(dir: &Path) -> Result<Vec<String>, CommandError> {
    match ask(dir, "audit", AUDIT).await? {
        Reply::Audit(lines) => Ok(lines),
        other => Err(unexpected(dir, &other)),
    }
}

/// What the API and the engines show of a resource.
///
/// # Errors
/// As [`status`].
pub async fn explain(dir: &Path, id: Uuid) -> Result<Seen, CommandError> {
    match ask(dir, &format!("explain {id}"), EXPLAIN).await? {
        Reply::Explain(seen) => Ok(seen),
        other => Err(unexpected(dir, &other)),
    }
}

async fn ask(dir: &Path, request: &str, patience: Duration) -> Result<Reply, CommandError> {
    let answered = Clock::system().timeout(patience, exchange(dir, request)).await;
    let text = match answered {
        Ok(Ok(text)) => text,
        Ok(Err(source)) => return Err(refused(dir, source)),
        Err(elapsed) => return Err(no_answer(dir, elapsed.to_string())),
    };
    serde_json::from_str(&text).map_err(|error| no_answer(dir, error.to_string()))
}

async fn exchange(dir: &Path, request: &str) -> io::Result<String> {
    let (path, _open) = address::of(dir)?;
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

fn refused(dir: &Path, source: io::Error) -> CommandError {
    match source.kind() {
        // No folder, no socket, or the socket of a process that was killed.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::ConnectionRefused => {
            CommandError::NotRunning { dir: dir.to_owned() }
        }
        io::ErrorKind::PermissionDenied => CommandError::Path { path: dir.join("control.sock"), source },
        _ => no_answer(dir, source.to_string()),
    }
}

fn unexpected(dir: &Path, reply: &Reply) -> CommandError {
    match reply {
        Reply::Error(reason) => no_answer(dir, reason.clone()),
        other => no_answer(dir, format!("{other:?}")),
    }
}

fn no_answer(dir: &Path, reason: String) -> CommandError {
    CommandError::NoAnswer { dir: dir.to_owned(), reason }
}
