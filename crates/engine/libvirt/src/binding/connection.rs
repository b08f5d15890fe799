//! A connection to libvirtd.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong},
    ptr::{self, NonNull},
    sync::Arc,
    thread,
};

use uuid::Uuid;

use super::{
    domain::Domain,
    event_loop,
    functions::{Functions, RawConnect, RawDomain, RawNodeInfo, functions},
    subscription::{self, Context, Listener},
};
use crate::{DomainSummary, ErrorCode, ErrorDomain, KeepAlive, LibvirtError, ListFilter, NodeInfo, Versions};

/// `VIR_DOMAIN_EVENT_ID_LIFECYCLE`.
const LIFECYCLE: c_int = 0;
const LIST_ACTIVE: c_uint = 1;
const LIST_INACTIVE: c_uint = 2;

/// An open connection. All calls block; most wait for libvirtd.
pub(crate) struct Connection {
    raw: Raw,
    event: c_int,
    close_registered: bool,
}

/// The pointer, and how to call with it.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    pub(super) functions: &'static Functions,
    pub(super) connect: NonNull<RawConnect>,
}

// SAFETY: libvirt's connections are made to be used from several threads at a time.
unsafe impl Send for Raw {}
// SAFETY: as above.
unsafe impl Sync for Raw {}

impl Connection {
    /// Opens a connection and subscribes to what happens to all domains.
    pub(crate) fn open(
        uri: &str,
        keepalive: Option<KeepAlive>,
        listener: Arc<dyn Listener>,
    ) -> Result<Self, LibvirtError> {
        let functions = functions()?;
        event_loop::start(functions)?;
        let address = c_string("the address of libvirtd", uri)?;
        // SAFETY: the string lives for the call.
        let connect = unsafe { (functions.open)(address.as_ptr()) };
        let Some(connect) = NonNull::new(connect) else {
            return Err(LibvirtError::Unavailable { uri: uri.to_owned(), message: last_message(functions) });
        };
        let mut connection = Self { raw: Raw { functions, connect }, event: -1, close_registered: false };
        connection.subscribe(&Context { functions, listener })?;
        if let Some(keepalive) = keepalive {
            let interval = c_int::try_from(keepalive.interval.as_secs()).unwrap_or(c_int::MAX).max(1);
            // SAFETY: the connection is open. 1 = the other side can't; that is fine.
            let set = unsafe { (functions.set_keepalive)(connect.as_ptr(), interval, keepalive.count) };
            connection.raw.check("virConnectSetKeepAlive", set, None)?;
        }
        Ok(connection)
    }

    fn subscribe(&mut self, context: &Context) -> Result<(), LibvirtError> {
        let Raw { functions, connect } = self.raw;
        let given = context.for_libvirt();
        // SAFETY: the callbacks take what `for_libvirt` made; libvirt frees it by `release` when it took it.
        let registered =
            unsafe { (functions.register_close)(connect.as_ptr(), subscription::closed, given, subscription::release) };
        if registered < 0 {
            // SAFETY: libvirt did not take it.
            unsafe { subscription::release(given) };
        }
        self.raw.check("virConnectRegisterCloseCallback", registered, None)?;
        self.close_registered = true;

        let given = context.for_libvirt();
        // SAFETY: as above; a null domain = all of them.
        let event = unsafe {
            (functions.register_event)(
                connect.as_ptr(),
                ptr::null_mut(),
                LIFECYCLE,
                subscription::lifecycle,
                given,
                subscription::release,
            )
        };
        if event < 0 {
            // SAFETY: libvirt did not take it.
            unsafe { subscription::release(given) };
        }
        self.event = self.raw.check("virConnectDomainEventRegisterAny", event, None)?;
        Ok(())
    }

    /// Whether the connection is still there, as far as this side knows. Asks nobody.
    pub(crate) fn is_alive(&self) -> bool {
        self.raw.is_alive()
    }

    /// libvirtd's version and the hypervisor's.
    pub(crate) fn versions(&self) -> Result<Versions, LibvirtError> {
        let (mut libvirt, mut hypervisor): (c_ulong, c_ulong) = (0, 0);
        let Raw { functions, connect } = self.raw;
        // SAFETY: the connection is open and the result has the right type.
        let asked = unsafe { (functions.lib_version)(connect.as_ptr(), &raw mut libvirt) };
        self.raw.check("virConnectGetLibVersion", asked, None)?;
        // SAFETY: as above.
        let asked = unsafe { (functions.hypervisor_version)(connect.as_ptr(), &raw mut hypervisor) };
        self.raw.check("virConnectGetVersion", asked, None)?;
        Ok(Versions { libvirt, hypervisor })
    }

    /// The capabilities document.
    pub(crate) fn capabilities(&self) -> Result<String, LibvirtError> {
        // SAFETY: the connection is open; the string is ours.
        let text = unsafe { (self.raw.functions.capabilities)(self.raw.connect.as_ptr()) };
        self.raw.take_string("virConnectGetCapabilities", text, None)
    }

    /// What the machine has.
    pub(crate) fn node_info(&self) -> Result<NodeInfo, LibvirtError> {
        let mut info = RawNodeInfo::default();
        // SAFETY: the connection is open; the structure is laid out as libvirt's.
        let asked = unsafe { (self.raw.functions.node_info)(self.raw.connect.as_ptr(), &raw mut info) };
        self.raw.check("virNodeGetInfo", asked, None)?;
        let model: Vec<u8> = info.model.iter().map(|byte| byte.cast_unsigned()).take_while(|byte| *byte != 0).collect();
        Ok(NodeInfo {
            architecture: String::from_utf8_lossy(&model).into_owned(),
            memory_kib: info.memory,
            cpus: info.cpus,
            mhz: info.mhz,
            numa_nodes: info.nodes,
            sockets: info.sockets,
            cores: info.cores,
            threads: info.threads,
        })
    }

    /// The domains, with their states. One that goes away meanwhile is left out.
    pub(crate) fn domains(&self, filter: ListFilter) -> Result<Vec<DomainSummary>, LibvirtError> {
        let flags = match filter {
            ListFilter::All => LIST_ACTIVE | LIST_INACTIVE,
            ListFilter::Active => LIST_ACTIVE,
            ListFilter::Inactive => LIST_INACTIVE,
        };
        let Raw { functions, connect } = self.raw;
        let mut list: *mut *mut RawDomain = ptr::null_mut();
        // SAFETY: the connection is open; libvirt puts a list of its own making there.
        let count = unsafe { (functions.list_domains)(connect.as_ptr(), &raw mut list, flags) };
        let count = self.raw.check("virConnectListAllDomains", count, None)?;
        let mut domains = Vec::new();
        for index in 0..usize::try_from(count).unwrap_or(0) {
            // SAFETY: the list has `count` pointers, each a reference that is ours from now on.
            domains.extend(NonNull::new(unsafe { *list.add(index) }).map(|raw| Domain::new(self.raw, raw)));
        }
        // SAFETY: the list itself is ours too; its pointers were taken out.
        unsafe { (functions.free)(list.cast()) };
        let mut summaries = Vec::with_capacity(domains.len());
        for domain in domains {
            match domain.summary() {
                Ok(summary) => summaries.push(summary),
                Err(error) if error.is_no_such_domain() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(summaries)
    }

    /// The domain with that id.
    pub(crate) fn domain(&self, uuid: Uuid) -> Result<Domain, LibvirtError> {
        // SAFETY: the connection is open; an id has VIR_UUID_BUFLEN bytes.
        let domain =
            unsafe { (self.raw.functions.lookup_by_uuid)(self.raw.connect.as_ptr(), uuid.as_bytes().as_ptr()) };
        match NonNull::new(domain) {
            Some(domain) => Ok(Domain::new(self.raw, domain)),
            None => Err(self.raw.error("virDomainLookupByUUID", Some(uuid))),
        }
    }

    /// Defines a domain, or replaces the definition of the one with the same id.
    pub(crate) fn define(&self, xml: &str) -> Result<Domain, LibvirtError> {
        let xml = c_string("the domain's description", xml)?;
        // SAFETY: the connection is open; the string lives for the call.
        let domain = unsafe { (self.raw.functions.define)(self.raw.connect.as_ptr(), xml.as_ptr(), 0) };
        match NonNull::new(domain) {
            Some(domain) => Ok(Domain::new(self.raw, domain)),
            None => Err(self.raw.error("virDomainDefineXMLFlags", None)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (raw, event, close_registered) = (self.raw, self.event, self.close_registered);
        let close = move || {
            let Raw { functions, connect } = { raw };
            // SAFETY: the last use of the connection; the callbacks keep references to it, so they go first.
            unsafe {
                if event >= 0 {
                    (functions.deregister_event)(connect.as_ptr(), event);
                }
                if close_registered {
                    (functions.unregister_close)(connect.as_ptr(), subscription::closed);
                }
                (functions.close)(connect.as_ptr());
            }
        };
        // Closing asks libvirtd, and must not hold up whoever drops the last handle.
        if thread::Builder::new().name("libvirt-close".into()).spawn(close).is_err() {
            tracing::warn!("no thread to close the connection to libvirtd with: it stays open");
        }
    }
}

impl Raw {
    fn is_alive(self) -> bool {
        // SAFETY: the connection is open.
        unsafe { (self.functions.is_alive)(self.connect.as_ptr()) == 1 }
    }

    /// `result`, unless it says that the call failed.
    pub(super) fn check(
        self,
        function: &'static str,
        result: c_int,
        uuid: Option<Uuid>,
    ) -> Result<c_int, LibvirtError> {
        if result < 0 { Err(self.error(function, uuid)) } else { Ok(result) }
    }

    /// A string that libvirt made for us.
    pub(super) fn take_string(
        self,
        function: &'static str,
        text: *mut c_char,
        uuid: Option<Uuid>,
    ) -> Result<String, LibvirtError> {
        if text.is_null() {
            return Err(self.error(function, uuid));
        }
        // SAFETY: libvirt gives NUL-terminated strings, allocated for us.
        let taken = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        // SAFETY: it is ours and not used any more.
        unsafe { (self.functions.free)(text.cast()) };
        Ok(taken)
    }

    /// The error of the call that this thread made just now.
    pub(super) fn error(self, function: &'static str, uuid: Option<Uuid>) -> LibvirtError {
        // SAFETY: these read the thread's own record.
        let (code, domain) = unsafe { ((self.functions.last_error_code)(), (self.functions.last_error_domain)()) };
        let message = last_message(self.functions);
        LibvirtError::sort(function, ErrorCode(code), ErrorDomain(domain), message, uuid, !self.is_alive())
    }
}

fn last_message(functions: &Functions) -> String {
    // SAFETY: the text belongs to the thread's record and is copied before anything else is called.
    let text = unsafe { (functions.last_error_message)() };
    if text.is_null() {
        return "no reason given".into();
    }
    // SAFETY: a NUL-terminated string, as above.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

pub(super) fn c_string(field: &'static str, text: &str) -> Result<CString, LibvirtError> {
    CString::new(text).map_err(|_| LibvirtError::NulByte { field })
}
