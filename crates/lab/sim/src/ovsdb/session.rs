//! A client's session: a task that reads requests and one that writes what is queued for the client.

use std::{collections::BTreeMap, io};

use ferrostack_ovn::{MESSAGE_LIMIT, MessageReader};
use serde_json::Value as Json;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
};

use super::{Ovsdb, monitor::Monitor};

/// What the server knows of a session. Dropping it ends the session.
#[derive(Debug)]
pub(crate) struct SessionState {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// By the client's name for it, as JSON.
    pub(crate) monitors: BTreeMap<MonitorId, Monitor>,
    // Closed by being dropped.
    _alive: watch::Sender<()>,
}

/// The client's own name for a monitor, any JSON; ordered by its text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct MonitorId(pub(crate) Json);

impl Ord for MonitorId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.to_string().cmp(&other.0.to_string())
    }
}

impl PartialOrd for MonitorId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl SessionState {
    /// Queues a message. A session whose client is gone takes it and drops it.
    pub(crate) fn send(&self, message: &Json) {
        let _ = self.outgoing.send(message.to_string().into_bytes());
    }
}

/// Begins to serve a stream.
pub(crate) fn begin<S>(server: Ovsdb, stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (outgoing, queue) = mpsc::unbounded_channel();
    let (alive, ended) = watch::channel(());
    let id = {
        let mut state = server.lock();
        if state.faults.unreachable {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let id = state.next_session;
        state.next_session += 1;
        state.sessions.insert(id, SessionState { outgoing, monitors: BTreeMap::new(), _alive: alive });
        id
    };
    let (reader, writer) = tokio::io::split(stream);
    let writing = tokio::spawn(write(server.clone(), writer, queue, ended.clone()));
    tokio::spawn(async move {
        read(&server, id, reader, ended).await;
        server.lock().end_session(id);
        // The writer gives back its half of the stream, so that the client sees the end.
        writing.abort();
    });
    Ok(())
}

async fn read<R: AsyncRead + Unpin>(server: &Ovsdb, id: u64, reader: R, mut ended: watch::Receiver<()>) {
    let mut messages = MessageReader::new(reader, MESSAGE_LIMIT);
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            _ = ended.changed() => return,
        };
        match message {
            Ok(Some(message)) => server.lock().handle(id, &message),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = %ferrostack_base::chain(&error), "a session of the simulated OVSDB server ends");
                return;
            }
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(
    server: Ovsdb,
    mut writer: W,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    mut ended: watch::Receiver<()>,
) {
    while let Some(message) = queue.recv().await {
        let delay = server.lock().faults.delay.clone();
        let sending = async {
            if let Some((clock, duration)) = delay {
                clock.sleep(duration).await;
            }
            writer.write_all(&message).await?;
            writer.flush().await
        };
        let sent = tokio::select! {
            biased;
            _ = ended.changed() => return,
            sent = sending => sent,
        };
        if sent.is_err() {
            return;
        }
    }
}
