//! One connection to an OVSDB server: requests with their answers, notifications, `echo` (RFC 7047 section 4.1).
//!
//! Theory of operation. Two tasks own the stream. The writer takes finished messages from a queue. The reader hands each
//! answer to the request that waits for it and each notification to its monitor, in the order in which they arrived; and
//! because a server sends the changes of a transaction before its answer, whoever has the answer knows that the changes
//! are already in the monitor's queue. When the stream ends, all that wait get [`OvnError::ConnectionLost`]: whether
//! their request was carried out is unknown. Dropping the last handle ends both tasks.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, oneshot, watch},
    task::AbortHandle,
};
use uuid::Uuid;

use crate::{
    DatabaseSchema, ErrorKind, MESSAGE_LIMIT, MessageReader, MonitorVersion, Operation, OperationResult, OvnError,
    Update, WatchedTable, operation::results_from_json,
};

/// A handle on a connection; clones share it.
#[derive(Clone, Debug)]
pub struct Client(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    tasks: [AbortHandle; 2],
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[derive(Debug)]
struct Shared {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Mutex<Waiting>,
    lost: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
struct Waiting {
    next_id: u64,
    // `None` once the connection is lost: nothing will ever answer.
    requests: Option<HashMap<u64, oneshot::Sender<Result<Json, Json>>>>,
    monitors: HashMap<String, MonitorSink>,
}

#[derive(Debug)]
struct MonitorSink {
    version: MonitorVersion,
    updates: mpsc::UnboundedSender<Update>,
    delivered: Arc<AtomicU64>,
}

/// A running monitor.
#[derive(Debug)]
pub struct Monitor {
    /// The method that the server understood.
    pub version: MonitorVersion,
    /// Whether `initial` has only what changed since the transaction that was named; if not, it has everything.
    pub found: bool,
    /// The contents when the monitor began.
    pub initial: Update,
    /// What changed since, in order; ends with the connection.
    pub updates: mpsc::UnboundedReceiver<Update>,
    /// How many updates have been put into `updates` so far.
    pub delivered: Arc<AtomicU64>,
}

impl Client {
    /// Takes over a stream to a server. Must be called within a tokio runtime.
    pub fn connect<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (reader, mut writer) = tokio::io::split(stream);
        let (outgoing, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = Mutex::new(Waiting { requests: Some(HashMap::new()), ..Waiting::default() });
        let shared = Arc::new(Shared { outgoing, waiting, lost: watch::Sender::new(None) });
        let writing = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Some(message) = queue.recv().await {
                    if let Err(error) = writer.write_all(&message).await {
                        return shared.lose(format!("writing failed: {error}"));
                    }
                    if queue.is_empty()
                        && let Err(error) = writer.flush().await
                    {
                        return shared.lose(format!("writing failed: {error}"));
                    }
                }
            }
        });
        let reading = tokio::spawn({
            let shared = shared.clone();
            async move {
                let mut messages = MessageReader::new(reader, MESSAGE_LIMIT);
                let reason = loop {
                    match messages.next().await {
                        Ok(Some(message)) => {
                            if let Err(error) = shared.take(message) {
                                break error.to_string();
                            }
                        }
                        Ok(None) => break "the server closed it".to_owned(),
                        Err(error) => break error.to_string(),
                    }
                };
                shared.lose(reason);
            }
        });
        Self(Arc::new(Handle { shared, tasks: [writing.abort_handle(), reading.abort_handle()] }))
    }

    /// Sends a request and waits for its answer. Requests may overlap.
    ///
    /// # Errors
    /// [`OvnError::Refused`] when the server answers with an error; [`OvnError::ConnectionLost`].
    pub async fn request(&self, method: &str, params: Json) -> Result<Json, OvnError> {
        let (answer, answered) = oneshot::channel();
        self.0.shared.send(method, params, answer)?;
        match answered.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(refused(method, &error)),
            Err(_) => Err(self.0.shared.lost_error()),
        }
    }

    /// Does all of the operations or none.
    ///
    /// # Errors
    /// [`OvnError::Operation`] with the one that failed; nothing was done then. After [`OvnError::ConnectionLost`] it is
    /// unknown whether all or nothing was done.
    pub async fn transact(&self, database: &str, operations: &[Operation]) -> Result<Vec<OperationResult>, OvnError> {
        let mut params = vec![Json::from(database)];
        params.extend(operations.iter().map(Operation::to_json));
        let answer = self.request("transact", Json::Array(params)).await?;
        results_from_json(operations, &answer)
    }

    /// The names of the server's databases.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub async fn list_databases(&self) -> Result<Vec<String>, OvnError> {
        let answer = self.request("list_dbs", json!([])).await?;
        serde_json::from_value(answer).map_err(OvnError::MalformedJson)
    }

    /// A database's schema.
    ///
    /// # Errors
    /// As [`Self::request`]; [`OvnError::Protocol`] when it is none.
    pub async fn schema(&self, database: &str) -> Result<DatabaseSchema, OvnError> {
        DatabaseSchema::from_json(&self.request("get_schema", json!([database])).await?)
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub async fn echo(&self) -> Result<(), OvnError> {
        self.request("echo", json!([])).await.map(drop)
    }

    /// Watches tables with the best method that the server has. `since` is the last transaction already known, from an
    /// earlier connection to the same database.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub async fn monitor(
        &self,
        database: &str,
        tables: &[WatchedTable],
        since: Option<Uuid>,
    ) -> Result<Monitor, OvnError> {
        for version in [MonitorVersion::Since, MonitorVersion::Conditional] {
            match self.monitor_as(version, database, tables, since).await {
                Err(OvnError::Refused { kind: ErrorKind::UnknownMethod, .. }) => {}
                decided => return decided,
            }
        }
        self.monitor_as(MonitorVersion::Plain, database, tables, None).await
    }

    /// Watches tables with one method.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub async fn monitor_as(
        &self,
        version: MonitorVersion,
        database: &str,
        tables: &[WatchedTable],
        since: Option<Uuid>,
    ) -> Result<Monitor, OvnError> {
        let conditional = version != MonitorVersion::Plain;
        let requests: serde_json::Map<String, Json> =
            tables.iter().map(|table| (table.table.as_ref().to_owned(), table.to_json(conditional))).collect();
        let id = format!("monitor-{}", Uuid::new_v4());
        let mut params = vec![json!(database), json!(id), Json::Object(requests)];
        if version == MonitorVersion::Since {
            params.push(json!(since.unwrap_or_default().to_string()));
        }
        // The sink must be there before the answer: notifications may follow it at once.
        let (sender, updates) = mpsc::unbounded_channel();
        let delivered = Arc::new(AtomicU64::new(0));
        let sink = MonitorSink { version, updates: sender, delivered: delivered.clone() };
        self.0.shared.lock().monitors.insert(id.clone(), sink);
        let answer = self.request(version.method(), Json::Array(params)).await;
        let begun = answer.and_then(|answer| match (version, answer.as_array().map(Vec::as_slice)) {
            (MonitorVersion::Since, Some([Json::Bool(found), Json::String(last), contents])) => {
                let initial = Update::from_json(version, contents)?;
                Ok((*found, Update { last_transaction: Uuid::parse_str(last).ok(), ..initial }))
            }
            (MonitorVersion::Since, _) => {
                Err(OvnError::protocol("result of monitor_cond_since", "expected a list of three"))
            }
            _ => Ok((false, Update::from_json(version, &answer)?)),
        });
        match begun {
            Ok((found, initial)) => Ok(Monitor { version, found, initial, updates, delivered }),
            Err(error) => {
                self.0.shared.lock().monitors.remove(&id);
                Err(error)
            }
        }
    }

    /// Waits for the end of the connection and says what ended it.
    pub async fn closed(&self) -> String {
        let mut lost = self.0.shared.lost.subscribe();
        let reason = lost.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_default()
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.0.shared.lost.borrow().is_some()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost_error(&self) -> OvnError {
        OvnError::ConnectionLost { reason: self.lost.borrow().clone().unwrap_or_else(|| "it was closed here".into()) }
    }

    fn send(&self, method: &str, params: Json, answer: oneshot::Sender<Result<Json, Json>>) -> Result<(), OvnError> {
        let mut waiting = self.lock();
        let id = waiting.next_id;
        waiting.next_id += 1;
        let Some(requests) = waiting.requests.as_mut() else { return Err(self.lost_error()) };
        let message = serde_json::to_vec(&json!({"method": method, "params": params, "id": id}));
        requests.insert(id, answer);
        self.outgoing.send(message.map_err(OvnError::MalformedJson)?).map_err(|_| self.lost_error())
    }

    fn take(&self, mut message: Json) -> Result<(), OvnError> {
        match message["method"].as_str() {
            None => {
                let id = message["id"].as_u64();
                let waiting = id.and_then(|id| self.lock().requests.as_mut().and_then(|requests| requests.remove(&id)));
                if let Some(answer) = waiting {
                    // Whoever asked may have gone away meanwhile.
                    let error = message["error"].take();
                    let _ = answer.send(if error.is_null() { Ok(message["result"].take()) } else { Err(error) });
                }
                Ok(())
            }
            Some("echo") => {
                let reply = json!({"result": message["params"], "error": null, "id": message["id"]});
                let reply = serde_json::to_vec(&reply).map_err(OvnError::MalformedJson)?;
                self.outgoing.send(reply).map_err(|_| self.lost_error())
            }
            Some("update" | "update2" | "update3") => self.notify(&message["params"]),
            Some(_) => Ok(()),
        }
    }

    fn notify(&self, params: &Json) -> Result<(), OvnError> {
        let mut waiting = self.lock();
        let Some((id, sink)) = params[0].as_str().and_then(|id| waiting.monitors.get_key_value(id)) else {
            return Ok(());
        };
        let (last, contents) = match sink.version {
            MonitorVersion::Since => (params[1].as_str().and_then(|id| Uuid::parse_str(id).ok()), &params[2]),
            _ => (None, &params[1]),
        };
        let update = Update { last_transaction: last, ..Update::from_json(sink.version, contents)? };
        sink.delivered.fetch_add(1, Ordering::SeqCst);
        if sink.updates.send(update).is_err() {
            let id = id.clone();
            waiting.monitors.remove(&id);
            let cancel = json!({"method": "monitor_cancel", "params": [id], "id": format!("cancel-{id}")});
            let cancel = serde_json::to_vec(&cancel).map_err(OvnError::MalformedJson)?;
            self.outgoing.send(cancel).map_err(|_| self.lost_error())?;
        }
        Ok(())
    }

    /// Ends everything that waits: senders are dropped, which their receivers see.
    fn lose(&self, reason: String) {
        self.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            if first {
                *lost = Some(reason);
            }
            first
        });
        let mut waiting = self.lock();
        waiting.requests = None;
        waiting.monitors.clear();
    }
}

/// An error in the place of a result is either a word or an `<error>` object.
fn refused(method: &str, error: &Json) -> OvnError {
    let word = error.as_str().or_else(|| error["error"].as_str()).unwrap_or_default();
    let details = error["details"].as_str().unwrap_or_default().to_owned();
    OvnError::Refused { method: method.to_owned(), kind: ErrorKind::from_word(word), details }
}

#[cfg(test)]
mod tests;
