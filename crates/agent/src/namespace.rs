//! Network namespaces: made and removed by name, and entered by a thread.

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot;

use crate::{command::Programs, error::NodeError};

/// Where `ip netns` keeps its names.
const FOLDER: &str = "/run/netns";

/// The file of a namespace.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

/// Makes a namespace; there already is fine.
pub(crate) async fn ensure(programs: &Programs, name: &str) -> Result<(), NodeError> {
    if path(name).exists() {
        if within(name, || Ok(())).await.is_ok() {
            return Ok(());
        }
        // A name without a namespace behind it: whoever mounted it is gone.
        remove(programs, name).await?;
    }
    programs.ip(&[format!("netns add {name}")], false).await
}

/// Removes a namespace; gone already is fine.
pub(crate) async fn remove(programs: &Programs, name: &str) -> Result<(), NodeError> {
    if !path(name).exists() {
        return Ok(());
    }
    programs.ip(&[format!("netns del {name}")], true).await?;
    if path(name).exists() {
        return Err(NodeError::refused(format!("the network namespace {name} could not be removed")));
    }
    Ok(())
}

/// Does something within a namespace, such as binding a socket, which then stays there wherever it is used. On a thread of
/// its own that ends afterwards: no other work is ever done on a thread that has moved.
pub(crate) async fn within<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, NodeError> {
    let path = path(name);
    let entered = {
        let path = path.clone();
        move || {
            let file = File::open(path)?;
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            work()
        }
    };
    let (answer, answered) = oneshot::channel();
    let spawned = thread::Builder::new().name("namespace".to_owned()).spawn(move || {
        // Whoever asked may have gone away.
        let _ = answer.send(entered());
    });
    spawned.map_err(NodeError::io(&path))?;
    let done = answered.await.unwrap_or_else(|_| Err(io::Error::other("the thread in the namespace ended early")));
    done.map_err(NodeError::io(path))
}
