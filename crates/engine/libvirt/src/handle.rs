//! libvirt for async code.
//!
//! Theory of operation. libvirt's calls block, some for seconds: each runs on a thread of the runtime's blocking pool,
//! and at most [`Settings::calls`] at a time, so that a libvirtd that hangs can't take all threads. A call that is given
//! up after [`Settings::call_timeout`] keeps its place until libvirt returns.
//!
//! There is one connection. It is opened by the first call, and looked at before each: when it is dead (libvirtd was
//! restarted), a new one is opened first. When it dies *during* a call, a call that may be repeated is repeated once on a
//! new connection; `reboot` and `reset` are not, since nobody knows whether the first one arrived. Guests live on while
//! libvirtd is away; only its answers are missing. A keeper task opens the connection again as soon as it is lost, so
//! that events flow even when nobody calls, and tells listeners by [`Event::Reconnected`] that they missed some.

mod keeper;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ferrostack_base::Clock;
use tokio::sync::{Mutex, Notify, Semaphore, broadcast};
use uuid::Uuid;

use crate::{
    DomainConfig, DomainDescription, DomainInfo, DomainStatus, DomainSummary, Event, HostCapabilities, LibvirtError,
    Lifecycle, ListFilter, Metadata, NodeInfo, Screenshot, Settings, Stop, Undefine, Versions, XmlKind,
    binding::{Connection, Domain, Listener},
    config::metadata_element,
};

/// Events that a slow listener may be behind; then it is told that it missed some (`RecvError::Lagged`).
const EVENTS: usize = 1024;

/// A handle on libvirtd; clones share the connection.
#[derive(Clone)]
pub struct Libvirt {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    connection: Mutex<Option<Arc<Connection>>>,
    places: Arc<Semaphore>,
    listener: Arc<EventSender>,
    opened: AtomicU64,
}

/// Passes libvirt's events on, from its thread to whoever listens.
struct EventSender {
    events: broadcast::Sender<Event>,
    lost: Arc<Notify>,
}

impl Listener for EventSender {
    fn lifecycle(&self, event: Lifecycle) {
        // Nobody listens: fine.
        let _ = self.events.send(Event::Lifecycle(event));
    }

    fn closed(&self) {
        let _ = self.events.send(Event::Disconnected);
        self.lost.notify_one();
    }
}

/// Whether a call may be made twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Yes,
    No,
}

impl Libvirt {
    /// A handle; nothing is loaded or opened yet. Must be called within a tokio runtime.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let lost = Arc::new(Notify::new());
        let (events, _) = broadcast::channel(EVENTS);
        let shared = Arc::new(Shared {
            connection: Mutex::new(None),
            places: Arc::new(Semaphore::new(settings.calls.max(1))),
            listener: Arc::new(EventSender { events, lost: Arc::clone(&lost) }),
            opened: AtomicU64::new(0),
            settings,
            clock,
        });
        keeper::spawn(&shared, lost);
        Self { shared }
    }

    /// A handle with an open connection.
    ///
    /// # Errors
    /// The library is missing, or libvirtd does not answer.
    pub async fn connect(settings: Settings, clock: Clock) -> Result<Self, LibvirtError> {
        let handle = Self::new(settings, clock);
        handle.ping().await?;
        Ok(handle)
    }

    /// Where libvirtd is looked for.
    pub fn uri(&self) -> &str {
        &self.shared.settings.uri
    }

    /// All that happens to domains from now on. Nothing comes before the connection is open: list the domains after
    /// subscribing.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.listener.events.subscribe()
    }

    /// Whether libvirtd answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), LibvirtError> {
        self.versions().await.map(drop)
    }

    /// libvirtd's version and QEMU's.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn versions(&self) -> Result<Versions, LibvirtError> {
        self.call("virConnectGetLibVersion", Repeat::Yes, |connection| connection.versions()).await
    }

    /// The capabilities document, as libvirt gives it.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn capabilities_xml(&self) -> Result<String, LibvirtError> {
        self.call("virConnectGetCapabilities", Repeat::Yes, |connection| connection.capabilities()).await
    }

    /// What the host and its emulator can do.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn capabilities(&self) -> Result<HostCapabilities, LibvirtError> {
        let xml = self.capabilities_xml().await?;
        Ok(HostCapabilities::parse(&xml).map_err(crate::DescriptionError::from)?)
    }

    /// What the host has.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn node_info(&self) -> Result<NodeInfo, LibvirtError> {
        self.call("virNodeGetInfo", Repeat::Yes, |connection| connection.node_info()).await
    }

    /// The domains, ours and others'.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn domains(&self, filter: ListFilter) -> Result<Vec<DomainSummary>, LibvirtError> {
        self.call("virConnectListAllDomains", Repeat::Yes, move |connection| connection.domains(filter)).await
    }

    /// The domains that carry our metadata, with it.
    ///
    /// # Errors
    /// libvirtd does not answer.
    pub async fn own_domains(&self) -> Result<Vec<(DomainSummary, Metadata)>, LibvirtError> {
        let mut own = Vec::new();
        for summary in self.domains(ListFilter::All).await? {
            match self.description(summary.uuid, XmlKind::Current).await {
                Ok(DomainDescription { metadata: Some(metadata), .. }) => own.push((summary, metadata)),
                Ok(_) => {}
                Err(error) if error.is_no_such_domain() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(own)
    }

    /// Defines the domain, or replaces its definition; a running one goes on as it was started.
    ///
    /// # Errors
    /// The description can't be written; libvirt refuses it; libvirtd does not answer.
    pub async fn define(&self, config: &DomainConfig) -> Result<(), LibvirtError> {
        self.define_xml(config.to_xml()?).await.map(drop)
    }

    /// Defines a domain by libvirt's own XML; its id.
    ///
    /// # Errors
    /// libvirt refuses it; libvirtd does not answer.
    pub async fn define_xml(&self, xml: String) -> Result<Uuid, LibvirtError> {
        let define = move |connection: &Connection| Ok(connection.define(&xml)?.uuid().unwrap_or_default());
        self.call("virDomainDefineXMLFlags", Repeat::Yes, define).await
    }

    /// Starts a defined domain.
    ///
    /// # Errors
    /// No such domain; it runs already (`WrongState`); QEMU does not start; libvirtd does not answer.
    pub async fn create(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainCreateWithFlags", Repeat::Yes, uuid, Domain::create).await
    }

    /// Presses the guest's ACPI power button; the guest may ignore it.
    ///
    /// # Errors
    /// No such domain; it does not run (`WrongState`); libvirtd does not answer.
    pub async fn shutdown(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainShutdownFlags", Repeat::Yes, uuid, Domain::shutdown).await
    }

    /// Presses the power button, and lets the domain start again when its guest is down; the guest may ignore it.
    ///
    /// # Errors
    /// As [`Libvirt::shutdown`].
    pub async fn reboot(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainReboot", Repeat::No, uuid, Domain::reboot).await
    }

    /// Presses the reset button: the guest starts anew at once, in the same QEMU process.
    ///
    /// # Errors
    /// As [`Libvirt::shutdown`].
    pub async fn reset(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainReset", Repeat::No, uuid, Domain::reset).await
    }

    /// Ends the domain's process; the definition stays.
    ///
    /// # Errors
    /// No such domain; it does not run (`WrongState`); its process does not end; libvirtd does not answer.
    pub async fn destroy(&self, uuid: Uuid, stop: Stop) -> Result<(), LibvirtError> {
        self.domain_call("virDomainDestroyFlags", Repeat::Yes, uuid, move |domain| domain.destroy(stop)).await
    }

    /// Lets a paused domain go on.
    ///
    /// # Errors
    /// No such domain; it is not paused (`WrongState`); libvirtd does not answer.
    pub async fn resume(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainResume", Repeat::Yes, uuid, Domain::resume).await
    }

    /// Ends the domain's process and keeps its memory on the disk, with which [`Libvirt::create`] lets it go on as if
    /// nothing had been. When it fails the domain goes on at once.
    ///
    /// # Errors
    /// No such domain; it does not run (`WrongState`); no room for its memory; libvirtd does not answer.
    pub async fn managed_save(&self, uuid: Uuid) -> Result<(), LibvirtError> {
        self.domain_call("virDomainManagedSave", Repeat::Yes, uuid, Domain::managed_save).await
    }

    /// Removes the definition. A running domain goes on without one until it ends.
    ///
    /// # Errors
    /// No such domain; libvirtd does not answer.
    pub async fn undefine(&self, uuid: Uuid, what: Undefine) -> Result<(), LibvirtError> {
        self.domain_call("virDomainUndefineFlags", Repeat::Yes, uuid, move |domain| domain.undefine(what)).await
    }

    /// libvirt's description of the domain.
    ///
    /// # Errors
    /// No such domain; libvirtd does not answer.
    pub async fn xml(&self, uuid: Uuid, kind: XmlKind) -> Result<String, LibvirtError> {
        self.domain_call("virDomainGetXMLDesc", Repeat::Yes, uuid, move |domain| domain.xml(kind)).await
    }

    /// The same, read.
    ///
    /// # Errors
    /// As [`Libvirt::xml`]; it is not understood.
    pub async fn description(&self, uuid: Uuid, kind: XmlKind) -> Result<DomainDescription, LibvirtError> {
        Ok(DomainDescription::parse(&self.xml(uuid, kind).await?)?)
    }

    /// What the domain does, and why.
    ///
    /// # Errors
    /// No such domain; libvirtd does not answer.
    pub async fn status(&self, uuid: Uuid) -> Result<DomainStatus, LibvirtError> {
        self.domain_call("virDomainGetState", Repeat::Yes, uuid, Domain::status).await
    }

    /// What the domain uses.
    ///
    /// # Errors
    /// No such domain; libvirtd does not answer.
    pub async fn info(&self, uuid: Uuid) -> Result<DomainInfo, LibvirtError> {
        self.domain_call("virDomainGetInfo", Repeat::Yes, uuid, Domain::info).await
    }

    /// Replaces the caller's notes in the definition, and in the running domain.
    ///
    /// # Errors
    /// A value that XML can't express; no such domain; libvirtd does not answer.
    pub async fn set_metadata(&self, uuid: Uuid, metadata: &Metadata) -> Result<(), LibvirtError> {
        let element = metadata_element(metadata)?;
        let set = move |domain: &Domain| domain.set_metadata(&element);
        self.domain_call("virDomainSetMetadata", Repeat::Yes, uuid, set).await
    }

    /// A picture of the domain's screen; `screen` 0 is the first.
    ///
    /// # Errors
    /// No such domain; it does not run (`WrongState`); it has no screen; libvirtd does not answer.
    pub async fn screenshot(&self, uuid: Uuid, screen: u32) -> Result<Screenshot, LibvirtError> {
        self.domain_call("virDomainScreenshot", Repeat::Yes, uuid, move |domain| domain.screenshot(screen)).await
    }

    async fn domain_call<T: Send + 'static>(
        &self,
        function: &'static str,
        repeat: Repeat,
        uuid: Uuid,
        work: impl Fn(&Domain) -> Result<T, LibvirtError> + Send + Sync + 'static,
    ) -> Result<T, LibvirtError> {
        self.call(function, repeat, move |connection| work(&connection.domain(uuid)?)).await
    }

    async fn call<T: Send + 'static>(
        &self,
        function: &'static str,
        repeat: Repeat,
        work: impl Fn(&Connection) -> Result<T, LibvirtError> + Send + Sync + 'static,
    ) -> Result<T, LibvirtError> {
        let shared = &self.shared;
        let after = shared.settings.call_timeout;
        let twice = async {
            let work = Arc::new(work);
            let first = shared.once(function, Arc::clone(&work)).await;
            match (first, repeat) {
                (Err(LibvirtError::ConnectionLost { .. }), Repeat::Yes) => match shared.once(function, work).await {
                    Err(LibvirtError::ConnectionLost { message, .. }) => {
                        Err(LibvirtError::Unavailable { uri: shared.settings.uri.clone(), message })
                    }
                    second => second,
                },
                (first, _) => first,
            }
        };
        shared.clock.timeout(after, twice).await.unwrap_or(Err(LibvirtError::TimedOut { function, after }))
    }
}

impl Shared {
    /// Makes a call on an open connection.
    async fn once<T: Send + 'static>(
        self: &Arc<Self>,
        function: &'static str,
        work: Arc<impl Fn(&Connection) -> Result<T, LibvirtError> + Send + Sync + 'static>,
    ) -> Result<T, LibvirtError> {
        let connection = self.connection().await?;
        self.blocking(function, move || work(&connection)).await
    }

    /// The connection; opens one where there is none or a dead one.
    async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>, LibvirtError> {
        let mut current = self.connection.lock().await;
        if let Some(connection) = current.as_ref().filter(|connection| connection.is_alive()) {
            return Ok(Arc::clone(connection));
        }
        *current = None;
        let (uri, keepalive) = (self.settings.uri.clone(), self.settings.keepalive);
        let listener = Arc::clone(&self.listener);
        let open = move || Connection::open(&uri, keepalive, listener).map(Arc::new);
        let connection = match self.blocking("virConnectOpen", open).await {
            Ok(connection) => connection,
            Err(error) => {
                if self.opened.load(Ordering::SeqCst) > 0 {
                    // The dead one may have gone before libvirt told us so: the keeper must not wait for that.
                    self.listener.lost.notify_one();
                }
                return Err(error);
            }
        };
        *current = Some(Arc::clone(&connection));
        if self.opened.fetch_add(1, Ordering::SeqCst) > 0 {
            tracing::info!(uri = %self.settings.uri, "connected to libvirtd again");
            let _ = self.listener.events.send(Event::Reconnected);
        }
        Ok(connection)
    }

    /// Runs what blocks on a thread for that, when there is a place.
    async fn blocking<T: Send + 'static>(
        &self,
        function: &'static str,
        work: impl FnOnce() -> Result<T, LibvirtError> + Send + 'static,
    ) -> Result<T, LibvirtError> {
        let gone = |_| LibvirtError::ShuttingDown { function };
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(gone)?;
        let on_thread = move || {
            let done = work();
            drop(place); // not before: the thread is taken until here, even when nobody waits any more
            done
        };
        tokio::task::spawn_blocking(on_thread).await.map_err(|_| LibvirtError::ShuttingDown { function })?
    }
}

impl std::fmt::Debug for Libvirt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Libvirt").field("uri", &self.shared.settings.uri).finish_non_exhaustive()
    }
}
