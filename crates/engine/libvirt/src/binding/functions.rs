//! The functions of the library, found by name when it is loaded. Signatures are those of libvirt's `libvirt-host.h`,
//! `libvirt-domain.h`, `libvirt-event.h` and `libvirt-stream.h`; libvirt has never changed one since it was released.

use std::{
    ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ulonglong, c_void},
    sync::OnceLock,
};

use libloading::Library;

use crate::LibvirtError;

/// The library's name; the number is its binary interface, the same since 2005.
pub(crate) const LIBRARY: &str = "libvirt.so.0";

/// `virConnect`.
#[repr(C)]
pub(crate) struct RawConnect {
    _opaque: [u8; 0],
}

/// `virDomain`.
#[repr(C)]
pub(crate) struct RawDomain {
    _opaque: [u8; 0],
}

/// `virStream`.
#[repr(C)]
pub(crate) struct RawStream {
    _opaque: [u8; 0],
}

/// `virNodeInfo`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct RawNodeInfo {
    pub(crate) model: [c_char; 32],
    pub(crate) memory: c_ulong,
    pub(crate) cpus: c_uint,
    pub(crate) mhz: c_uint,
    pub(crate) nodes: c_uint,
    pub(crate) sockets: c_uint,
    pub(crate) cores: c_uint,
    pub(crate) threads: c_uint,
}

/// `virDomainInfo`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct RawDomainInfo {
    pub(crate) state: c_uchar,
    pub(crate) max_mem: c_ulong,
    pub(crate) memory: c_ulong,
    pub(crate) vcpus: std::ffi::c_ushort,
    pub(crate) cpu_time: c_ulonglong,
}

/// `virFreeCallback`.
pub(crate) type FreeCallback = unsafe extern "C" fn(*mut c_void);
/// `virConnectCloseFunc`.
pub(crate) type CloseCallback = unsafe extern "C" fn(*mut RawConnect, c_int, *mut c_void);
/// `virConnectDomainEventCallback`: for `VIR_DOMAIN_EVENT_ID_LIFECYCLE` it is this one.
pub(crate) type LifecycleCallback =
    unsafe extern "C" fn(*mut RawConnect, *mut RawDomain, c_int, c_int, *mut c_void) -> c_int;
/// `virErrorFunc`; the record is not looked at.
pub(crate) type ErrorCallback = unsafe extern "C" fn(*mut c_void, *mut c_void);

macro_rules! functions {
    ($($field:ident = $name:literal: fn($($arg:ty),* $(,)?) $(-> $ret:ty)?;)*) => {
        /// The functions in use.
        pub(crate) struct Functions {
            $(pub(crate) $field: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
            // The functions' code lives in it.
            _library: Library,
        }

        impl Functions {
            fn find(library: Library) -> Result<Self, LibvirtError> {
                $(
                    // SAFETY: the type is the function's declaration in libvirt's headers.
                    let $field = *unsafe { library.get($name) }
                        .map_err(|source| LibvirtError::FunctionMissing { function: $name, source })?;
                )*
                Ok(Self { $($field,)* _library: library })
            }
        }
    };
}

functions! {
    initialize = "virInitialize": fn() -> c_int;
    set_error_func = "virSetErrorFunc": fn(*mut c_void, Option<ErrorCallback>);
    last_error_code = "virGetLastErrorCode": fn() -> c_int;
    last_error_domain = "virGetLastErrorDomain": fn() -> c_int;
    last_error_message = "virGetLastErrorMessage": fn() -> *const c_char;
    event_register = "virEventRegisterDefaultImpl": fn() -> c_int;
    event_run = "virEventRunDefaultImpl": fn() -> c_int;

    open = "virConnectOpen": fn(*const c_char) -> *mut RawConnect;
    close = "virConnectClose": fn(*mut RawConnect) -> c_int;
    is_alive = "virConnectIsAlive": fn(*mut RawConnect) -> c_int;
    set_keepalive = "virConnectSetKeepAlive": fn(*mut RawConnect, c_int, c_uint) -> c_int;
    register_close = "virConnectRegisterCloseCallback":
        fn(*mut RawConnect, CloseCallback, *mut c_void, FreeCallback) -> c_int;
    unregister_close = "virConnectUnregisterCloseCallback": fn(*mut RawConnect, CloseCallback) -> c_int;
    register_event = "virConnectDomainEventRegisterAny":
        fn(*mut RawConnect, *mut RawDomain, c_int, LifecycleCallback, *mut c_void, FreeCallback) -> c_int;
    deregister_event = "virConnectDomainEventDeregisterAny": fn(*mut RawConnect, c_int) -> c_int;
    lib_version = "virConnectGetLibVersion": fn(*mut RawConnect, *mut c_ulong) -> c_int;
    hypervisor_version = "virConnectGetVersion": fn(*mut RawConnect, *mut c_ulong) -> c_int;
    capabilities = "virConnectGetCapabilities": fn(*mut RawConnect) -> *mut c_char;
    node_info = "virNodeGetInfo": fn(*mut RawConnect, *mut RawNodeInfo) -> c_int;
    list_domains = "virConnectListAllDomains": fn(*mut RawConnect, *mut *mut *mut RawDomain, c_uint) -> c_int;

    lookup_by_uuid = "virDomainLookupByUUID": fn(*mut RawConnect, *const c_uchar) -> *mut RawDomain;
    define = "virDomainDefineXMLFlags": fn(*mut RawConnect, *const c_char, c_uint) -> *mut RawDomain;
    domain_free = "virDomainFree": fn(*mut RawDomain) -> c_int;
    domain_uuid = "virDomainGetUUID": fn(*mut RawDomain, *mut c_uchar) -> c_int;
    domain_name = "virDomainGetName": fn(*mut RawDomain) -> *const c_char;
    is_persistent = "virDomainIsPersistent": fn(*mut RawDomain) -> c_int;
    create = "virDomainCreateWithFlags": fn(*mut RawDomain, c_uint) -> c_int;
    shutdown = "virDomainShutdownFlags": fn(*mut RawDomain, c_uint) -> c_int;
    reboot = "virDomainReboot": fn(*mut RawDomain, c_uint) -> c_int;
    resume = "virDomainResume": fn(*mut RawDomain) -> c_int;
    managed_save = "virDomainManagedSave": fn(*mut RawDomain, c_uint) -> c_int;
    reset = "virDomainReset": fn(*mut RawDomain, c_uint) -> c_int;
    destroy = "virDomainDestroyFlags": fn(*mut RawDomain, c_uint) -> c_int;
    undefine = "virDomainUndefineFlags": fn(*mut RawDomain, c_uint) -> c_int;
    xml = "virDomainGetXMLDesc": fn(*mut RawDomain, c_uint) -> *mut c_char;
    state = "virDomainGetState": fn(*mut RawDomain, *mut c_int, *mut c_int, c_uint) -> c_int;
    info = "virDomainGetInfo": fn(*mut RawDomain, *mut RawDomainInfo) -> c_int;
    set_metadata = "virDomainSetMetadata":
        fn(*mut RawDomain, c_int, *const c_char, *const c_char, *const c_char, c_uint) -> c_int;
    screenshot = "virDomainScreenshot": fn(*mut RawDomain, *mut RawStream, c_uint, c_uint) -> *mut c_char;

    stream_new = "virStreamNew": fn(*mut RawConnect, c_uint) -> *mut RawStream;
    stream_recv = "virStreamRecv": fn(*mut RawStream, *mut c_char, usize) -> c_int;
    stream_finish = "virStreamFinish": fn(*mut RawStream) -> c_int;
    stream_abort = "virStreamAbort": fn(*mut RawStream) -> c_int;
    stream_free = "virStreamFree": fn(*mut RawStream) -> c_int;

    // The C library's, found through libvirt: what libvirt allocates for us goes back to the same allocator.
    free = "free": fn(*mut c_void);
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// The library's functions; loads it when it is not yet loaded. A failure is tried again by the next call, since the
/// package may be installed meanwhile.
pub(crate) fn functions() -> Result<&'static Functions, LibvirtError> {
    if let Some(functions) = FUNCTIONS.get() {
        return Ok(functions);
    }
    // SAFETY: libvirt's initialisers only set up GLib types; it is never unloaded.
    let library =
        unsafe { Library::new(LIBRARY) }.map_err(|source| LibvirtError::LibraryMissing { library: LIBRARY, source })?;
    let functions = FUNCTIONS.get_or_init({
        let found = Functions::find(library)?;
        || found
    });
    // SAFETY: both may be called at any time and repeatedly.
    unsafe {
        (functions.initialize)();
        (functions.set_error_func)(std::ptr::null_mut(), Some(ignore_error));
    }
    Ok(functions)
}

/// Without it libvirt prints each error to the standard error.
unsafe extern "C" fn ignore_error(_data: *mut c_void, _error: *mut c_void) {}
