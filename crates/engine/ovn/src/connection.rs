//! A connection that comes back: dials again with growing pauses, watches the same tables each time, and keeps the
//! replica.
//!
//! Theory of operation. One task owns the life of the connection: dial, read the schema, begin the monitor, fill the
//! replica, then apply notifications until the stream ends or an `echo` stays unanswered. A transaction uses the
//! connection of the moment and is never repeated here: after [`OvnError::ConnectionLost`] only the caller can tell by
//! looking whether it was done. After a success it waits until the replica has what it changed, so that a caller reads
//! its own writes. After each reconnection that could not be continued from history an [`Event::Resync`] says that
//! anything may have changed.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ferrostack_base::Clock;
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};
use uuid::Uuid;

use crate::{Change, Client, DatabaseSchema, Endpoint, Operation, OperationResult, OvnError, Replica, WatchedTable};

/// What to connect to and what to watch.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// The server.
    pub endpoint: Endpoint,
    /// The database, such as `OVN_Northbound`.
    pub database: String,
    /// The tables kept in the replica. What the server's schema lacks is left out.
    pub tables: Vec<WatchedTable>,
    /// The key of `external_ids` by which the replica finds rows.
    pub index_key: String,
    /// The first pause after a failure; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a silent server is trusted before it is asked for a sign of life, and how long it has to give one;
    /// `None`: for ever.
    pub probe_after: Option<Duration>,
}

impl ConnectionSettings {
    /// Watches `tables`, with pauses from 100 ms to 8 s, and a probe after 5 s where a network can swallow the server.
    pub fn new(
        endpoint: Endpoint,
        database: impl Into<String>,
        index_key: impl Into<String>,
        tables: Vec<WatchedTable>,
    ) -> Self {
        let remote = !matches!(endpoint, Endpoint::InProcess(_));
        Self {
            endpoint,
            database: database.into(),
            tables,
            index_key: index_key.into(),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(8),
            probe_after: remote.then_some(Duration::from_secs(5)),
        }
    }
}

/// What the connection reports. The replica is up to date when an event is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The replica was filled anew: anything may have changed.
    Resync,
    /// These rows changed.
    Changed(Vec<Change>),
    /// The connection is gone, or could not be made; it will be tried again.
    Disconnected {
        /// Why, with its causes.
        cause: String,
    },
}

/// A handle on the connection; clones share it, and the last one ends it.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    state: Arc<State>,
    task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct State {
    settings: ConnectionSettings,
    clock: Clock,
    replica: Replica,
    session: watch::Sender<Option<Session>>,
    events: mpsc::UnboundedSender<Event>,
}

#[derive(Debug, Clone)]
struct Session {
    client: Client,
    schema: Arc<DatabaseSchema>,
    delivered: Arc<AtomicU64>,
    applied: watch::Receiver<u64>,
}

impl Connection {
    /// Begins to connect, in the background. The receiver may be dropped if nobody wants the events. Must be called
    /// within a tokio runtime.
    pub fn start(clock: Clock, settings: ConnectionSettings) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, received) = mpsc::unbounded_channel();
        let replica = Replica::new(&settings.index_key);
        let state = Arc::new(State { settings, clock, replica, session: watch::Sender::new(None), events });
        let task = tokio::spawn({
            let state = state.clone();
            async move { state.run().await }
        })
        .abort_handle();
        (Self(Arc::new(Handle { state, task })), received)
    }

    /// The copy of the watched tables; empty until [`Self::connected`].
    pub fn replica(&self) -> &Replica {
        &self.0.state.replica
    }

    /// Waits until the server is reached and the replica is filled. Has no end of its own: give it a time-out.
    pub async fn connected(&self) {
        // The sender lives in the state, so waiting cannot fail while we hold it.
        let _ = self.0.state.session.subscribe().wait_for(Option::is_some).await;
    }

    /// Whether the server is reached now.
    pub fn is_connected(&self) -> bool {
        self.0.state.session.borrow().is_some()
    }

    /// The server's schema: what this version of OVN offers.
    ///
    /// # Errors
    /// [`OvnError::NotConnected`].
    pub fn schema(&self) -> Result<Arc<DatabaseSchema>, OvnError> {
        self.session().map(|session| session.schema)
    }

    /// Does all of the operations or none; when it returns, the replica has what was changed.
    ///
    /// # Errors
    /// [`OvnError::NotConnected`] when nothing was sent; else as [`Client::transact`].
    pub async fn transact(&self, operations: &[Operation]) -> Result<Vec<OperationResult>, OvnError> {
        let mut session = self.session()?;
        let results = session.client.transact(&self.0.state.settings.database, operations).await?;
        let delivered = session.delivered.load(Ordering::SeqCst);
        // An error means that the connection ended meanwhile: done is done, and a resync brings the rest.
        let _ = session.applied.wait_for(|applied| *applied >= delivered).await;
        Ok(results)
    }

    fn session(&self) -> Result<Session, OvnError> {
        let session = self.0.state.session.borrow().clone();
        session.ok_or_else(|| OvnError::NotConnected { endpoint: self.0.state.settings.endpoint.to_string() })
    }
}

impl State {
    async fn run(&self) {
        let mut pause = self.settings.first_pause;
        let mut known = None;
        let mut reported = false;
        loop {
            let mut reached = false;
            let error = self.live(&mut known, &mut reached).await;
            self.session.send_replace(None);
            if reached || !reported {
                let cause = ferrostack_base::chain(&error).to_string();
                tracing::warn!(endpoint = %self.settings.endpoint, database = self.settings.database, %cause, "OVSDB is away");
                let _ = self.events.send(Event::Disconnected { cause });
                reported = true;
            }
            if reached {
                pause = self.settings.first_pause;
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(self.settings.longest_pause);
        }
    }

    /// One life of the connection, from dialling to its end. `known` is the last transaction that the replica has.
    async fn live(&self, known: &mut Option<Uuid>, reached: &mut bool) -> OvnError {
        let client = match self.settings.endpoint.connect().await {
            Ok(stream) => Client::connect(stream),
            Err(error) => return error,
        };
        match self.follow(&client, known, reached).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn follow(
        &self,
        client: &Client,
        known: &mut Option<Uuid>,
        reached: &mut bool,
    ) -> Result<Infallible, OvnError> {
        let database = &self.settings.database;
        let schema = Arc::new(client.schema(database).await?);
        let tables = offered(&schema, &self.settings.tables);
        let mut monitor = client.monitor(database, &tables, *known).await?;
        if let Some(last) = monitor.initial.last_transaction {
            *known = Some(last);
        }
        let first = if monitor.found {
            Event::Changed(self.replica.apply(std::mem::take(&mut monitor.initial)))
        } else {
            self.replica.reset(&schema, &tables, std::mem::take(&mut monitor.initial));
            Event::Resync
        };
        tracing::info!(endpoint = %self.settings.endpoint, %database, version = %schema.version, "OVSDB is reached");
        *reached = true;
        let (applied, receiver) = watch::channel(0);
        let delivered = monitor.delivered.clone();
        self.session.send_replace(Some(Session { client: client.clone(), schema, delivered, applied: receiver }));
        let _ = self.events.send(first);
        loop {
            let received = match self.settings.probe_after {
                Some(patience) => self.clock.timeout(patience, monitor.updates.recv()).await.map_err(|_| patience),
                None => Ok(monitor.updates.recv().await),
            };
            match received {
                Ok(Some(update)) => {
                    *known = update.last_transaction.or(*known);
                    let changes = self.replica.apply(update);
                    applied.send_modify(|count| *count += 1);
                    let _ = self.events.send(Event::Changed(changes));
                }
                Ok(None) => return Err(OvnError::ConnectionLost { reason: client.closed().await }),
                Err(patience) => {
                    let answered = self.clock.timeout(patience, client.echo()).await;
                    answered.unwrap_or_else(|_| Err(OvnError::ConnectionLost { reason: "no sign of life".into() }))?;
                }
            }
        }
    }
}

/// The watched tables and columns that the server has.
fn offered(schema: &DatabaseSchema, wanted: &[WatchedTable]) -> Vec<WatchedTable> {
    let mut tables = wanted.to_vec();
    tables.retain_mut(|watched| {
        let Some(table) = schema.tables.get(&watched.table) else {
            tracing::info!(database = %schema.name, table = %watched.table, "this OVSDB does not have the table");
            return false;
        };
        if let Some(columns) = &mut watched.columns {
            columns.retain(|column| table.columns.contains_key(column));
        }
        true
    });
    tables
}
