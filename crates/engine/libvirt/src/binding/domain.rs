//! A domain, for the length of a call or two.

use std::{
    ffi::{CStr, c_char, c_int, c_uint},
    ptr::NonNull,
    time::Duration,
};

use uuid::Uuid;

use super::{
    connection::{Raw, c_string},
    functions::{RawDomain, RawDomainInfo, RawStream},
};
use crate::{
    DomainInfo, DomainState, DomainStatus, DomainSummary, LibvirtError, Metadata, Screenshot, Stop, Undefine, XmlKind,
};

const SHUTDOWN_ACPI: c_uint = 1;
const DESTROY_GRACEFUL: c_uint = 1;
const UNDEFINE_MANAGED_SAVE: c_uint = 1;
const UNDEFINE_SNAPSHOTS_METADATA: c_uint = 2;
const UNDEFINE_NVRAM: c_uint = 4;
const UNDEFINE_KEEP_NVRAM: c_uint = 8;
const UNDEFINE_CHECKPOINTS_METADATA: c_uint = 16;
const XML_INACTIVE: c_uint = 2;
const METADATA_ELEMENT: c_int = 2;
const AFFECT_LIVE: c_uint = 1;
const AFFECT_CONFIG: c_uint = 2;

/// A reference to a domain; it holds one to its connection, so it may outlive the `Connection`.
pub(crate) struct Domain {
    raw: Raw,
    domain: NonNull<RawDomain>,
    // For errors, too.
    uuid: Option<Uuid>,
}

impl Domain {
    pub(super) fn new(raw: Raw, domain: NonNull<RawDomain>) -> Self {
        let mut bytes = [0_u8; 16];
        // Now, not when something has failed: each of libvirt's functions forgets the error of the one before.
        // SAFETY: the domain is a live reference; the buffer has VIR_UUID_BUFLEN bytes. This asks nobody.
        let done = unsafe { (raw.functions.domain_uuid)(domain.as_ptr(), bytes.as_mut_ptr()) };
        let uuid = (done == 0).then(|| Uuid::from_bytes(bytes));
        Self { raw, domain, uuid }
    }

    fn check(&self, function: &'static str, result: c_int) -> Result<c_int, LibvirtError> {
        self.raw.check(function, result, self.uuid)
    }

    /// Its id.
    pub(crate) fn uuid(&self) -> Option<Uuid> {
        self.uuid
    }

    fn name(&self) -> String {
        // SAFETY: the text belongs to the reference, and is copied.
        let name = unsafe { (self.raw.functions.domain_name)(self.domain.as_ptr()) };
        if name.is_null() {
            return String::new();
        }
        // SAFETY: a NUL-terminated string, as above.
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }

    pub(super) fn summary(&self) -> Result<DomainSummary, LibvirtError> {
        // SAFETY: the domain is a live reference.
        let persistent = unsafe { (self.raw.functions.is_persistent)(self.domain.as_ptr()) };
        let persistent = self.check("virDomainIsPersistent", persistent)? == 1;
        let uuid = self.uuid().unwrap_or_default();
        Ok(DomainSummary { uuid, name: self.name(), status: self.status()?, persistent })
    }

    pub(crate) fn status(&self) -> Result<DomainStatus, LibvirtError> {
        let (mut state, mut reason) = (0, 0);
        // SAFETY: the domain is a live reference; the results have the right type.
        let asked = unsafe { (self.raw.functions.state)(self.domain.as_ptr(), &raw mut state, &raw mut reason, 0) };
        self.check("virDomainGetState", asked)?;
        Ok(DomainStatus { state: DomainState::from_raw(state), reason })
    }

    pub(crate) fn info(&self) -> Result<DomainInfo, LibvirtError> {
        let mut info = RawDomainInfo::default();
        // SAFETY: the domain is a live reference; the structure is laid out as libvirt's.
        let asked = unsafe { (self.raw.functions.info)(self.domain.as_ptr(), &raw mut info) };
        self.check("virDomainGetInfo", asked)?;
        Ok(DomainInfo {
            state: DomainState::from_raw(i32::from(info.state)),
            max_memory_kib: info.max_mem,
            memory_kib: info.memory,
            vcpus: u32::from(info.vcpus),
            cpu_time: Duration::from_nanos(info.cpu_time),
        })
    }

    pub(crate) fn xml(&self, kind: XmlKind) -> Result<String, LibvirtError> {
        let flags = match kind {
            XmlKind::Current => 0,
            XmlKind::Inactive => XML_INACTIVE,
        };
        // SAFETY: the domain is a live reference; the string is ours.
        let text = unsafe { (self.raw.functions.xml)(self.domain.as_ptr(), flags) };
        self.raw.take_string("virDomainGetXMLDesc", text, self.uuid)
    }

    pub(crate) fn create(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.create)(self.domain.as_ptr(), 0) };
        self.check("virDomainCreateWithFlags", done).map(drop)
    }

    pub(crate) fn shutdown(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.shutdown)(self.domain.as_ptr(), SHUTDOWN_ACPI) };
        self.check("virDomainShutdownFlags", done).map(drop)
    }

    pub(crate) fn reboot(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference. VIR_DOMAIN_REBOOT_ACPI_POWER_BTN has the same value as for shutdown.
        let done = unsafe { (self.raw.functions.reboot)(self.domain.as_ptr(), SHUTDOWN_ACPI) };
        self.check("virDomainReboot", done).map(drop)
    }

    pub(crate) fn reset(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.reset)(self.domain.as_ptr(), 0) };
        self.check("virDomainReset", done).map(drop)
    }

    pub(crate) fn destroy(&self, stop: Stop) -> Result<(), LibvirtError> {
        let flags = match stop {
            Stop::Forced => 0,
            Stop::Graceful => DESTROY_GRACEFUL,
        };
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.destroy)(self.domain.as_ptr(), flags) };
        self.check("virDomainDestroyFlags", done).map(drop)
    }

    /// Lets a paused domain go on.
    pub(crate) fn resume(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.resume)(self.domain.as_ptr()) };
        self.check("virDomainResume", done).map(drop)
    }

    /// Ends the domain's process and keeps its memory, with which it goes on when it is started.
    pub(crate) fn managed_save(&self) -> Result<(), LibvirtError> {
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.managed_save)(self.domain.as_ptr(), 0) };
        self.check("virDomainManagedSave", done).map(drop)
    }

    pub(crate) fn undefine(&self, what: Undefine) -> Result<(), LibvirtError> {
        let mut flags = if what.nvram { UNDEFINE_NVRAM } else { UNDEFINE_KEEP_NVRAM };
        for (wanted, flag) in [
            (what.managed_save, UNDEFINE_MANAGED_SAVE),
            (what.snapshots_metadata, UNDEFINE_SNAPSHOTS_METADATA),
            (what.checkpoints_metadata, UNDEFINE_CHECKPOINTS_METADATA),
        ] {
            flags |= if wanted { flag } else { 0 };
        }
        // SAFETY: the domain is a live reference.
        let done = unsafe { (self.raw.functions.undefine)(self.domain.as_ptr(), flags) };
        self.check("virDomainUndefineFlags", done).map(drop)
    }

    /// Replaces our element in the definition, and in the running domain when it runs.
    pub(crate) fn set_metadata(&self, element: &str) -> Result<(), LibvirtError> {
        let element = c_string("the metadata", element)?;
        let key = c_string("the metadata's prefix", Metadata::PREFIX)?;
        let namespace = c_string("the metadata's namespace", Metadata::NAMESPACE)?;
        let live = if self.status()?.is_active() { AFFECT_LIVE } else { 0 };
        // SAFETY: the domain is a live reference; the strings live for the call.
        let done = unsafe {
            (self.raw.functions.set_metadata)(
                self.domain.as_ptr(),
                METADATA_ELEMENT,
                element.as_ptr(),
                key.as_ptr(),
                namespace.as_ptr(),
                live | AFFECT_CONFIG,
            )
        };
        self.check("virDomainSetMetadata", done).map(drop)
    }

    pub(crate) fn screenshot(&self, screen: u32) -> Result<Screenshot, LibvirtError> {
        let stream = Stream::new(self.raw)?;
        // SAFETY: the domain and the stream are live; the string is ours.
        let media_type =
            unsafe { (self.raw.functions.screenshot)(self.domain.as_ptr(), stream.stream.as_ptr(), screen, 0) };
        let media_type = self.raw.take_string("virDomainScreenshot", media_type, self.uuid)?;
        Ok(Screenshot { media_type, data: stream.read_all()? })
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and not used any more; this asks nobody.
        unsafe { (self.raw.functions.domain_free)(self.domain.as_ptr()) };
    }
}

/// Bytes from libvirtd.
struct Stream {
    raw: Raw,
    stream: NonNull<RawStream>,
}

impl Stream {
    fn new(raw: Raw) -> Result<Self, LibvirtError> {
        // SAFETY: the connection is open; 0 = a blocking stream.
        let stream = unsafe { (raw.functions.stream_new)(raw.connect.as_ptr(), 0) };
        let stream = NonNull::new(stream).ok_or_else(|| raw.error("virStreamNew", None))?;
        Ok(Self { raw, stream })
    }

    fn read_all(&self) -> Result<Vec<u8>, LibvirtError> {
        let mut data = Vec::new();
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            // SAFETY: the stream is live; the buffer has that length.
            let got = unsafe {
                (self.raw.functions.stream_recv)(
                    self.stream.as_ptr(),
                    buffer.as_mut_ptr().cast::<c_char>(),
                    buffer.len(),
                )
            };
            if got < 0 {
                let error = self.raw.error("virStreamRecv", None);
                // SAFETY: the stream is live; it must be aborted or finished before it is freed.
                unsafe { (self.raw.functions.stream_abort)(self.stream.as_ptr()) };
                return Err(error);
            }
            if got == 0 {
                break;
            }
            data.extend_from_slice(&buffer[..usize::try_from(got).unwrap_or(0)]);
        }
        // SAFETY: as above.
        let finished = unsafe { (self.raw.functions.stream_finish)(self.stream.as_ptr()) };
        self.raw.check("virStreamFinish", finished, None)?;
        Ok(data)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: ours, and finished or aborted or never begun.
        unsafe { (self.raw.functions.stream_free)(self.stream.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        Lifecycle,
        binding::{Connection, Listener},
    };

    struct Deaf;

    impl Listener for Deaf {
        fn lifecycle(&self, _: Lifecycle) {}
        fn closed(&self) {}
    }

    #[test]
    fn a_domain_that_went_away_is_told_as_that() {
        // libvirt's own mock-up lives in the library: it needs no daemon.
        let connection = match Connection::open("test:///default", None, Arc::new(Deaf)) {
            Ok(connection) => connection,
            Err(error) => return eprintln!("skipped: {}", ferrostack_base::chain(&error)),
        };
        let xml = "<domain type='test'><name>x</name><memory>1024</memory><os><type>hvm</type></os></domain>";
        let made = connection.define(xml).unwrap();
        // The mock-up knows nothing of firmware, so none of [`Undefine`]'s flags will do.
        // SAFETY: the domain is a live reference.
        let done = unsafe { (made.raw.functions.undefine)(made.domain.as_ptr(), 0) };
        assert_eq!(done, 0);
        let error = made.status().unwrap_err();
        assert!(error.is_no_such_domain(), "{error}");
    }
}
