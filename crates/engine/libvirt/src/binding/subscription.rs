//! What libvirt's event thread calls, and what it passes on.

use std::{
    ffi::{c_int, c_void},
    sync::Arc,
};

use uuid::Uuid;

use super::functions::{Functions, RawConnect, RawDomain};
use crate::{Lifecycle, LifecycleKind};

/// Takes what libvirt tells. Runs on libvirt's event thread: it must not wait, nor call libvirt.
pub(crate) trait Listener: Send + Sync {
    /// Something happened to a domain.
    fn lifecycle(&self, event: Lifecycle);
    /// The connection is no longer there.
    fn closed(&self);
}

/// What the callbacks are given.
pub(super) struct Context {
    pub(super) functions: &'static Functions,
    pub(super) listener: Arc<dyn Listener>,
}

impl Context {
    /// One for libvirt to keep, until it calls [`release`].
    pub(super) fn for_libvirt(&self) -> *mut c_void {
        let copy = Self { functions: self.functions, listener: Arc::clone(&self.listener) };
        Box::into_raw(Box::new(copy)).cast()
    }
}

/// `virFreeCallback` for what [`Context::for_libvirt`] made.
pub(super) unsafe extern "C" fn release(context: *mut c_void) {
    // SAFETY: made by `for_libvirt`; libvirt calls this once, after the last callback.
    drop(unsafe { Box::from_raw(context.cast::<Context>()) });
}

/// `virConnectCloseFunc`.
pub(super) unsafe extern "C" fn closed(_connect: *mut RawConnect, _reason: c_int, context: *mut c_void) {
    // SAFETY: made by `for_libvirt`, alive until `release`.
    let context = unsafe { &*context.cast::<Context>() };
    context.listener.closed();
}

/// `virConnectDomainEventCallback`.
pub(super) unsafe extern "C" fn lifecycle(
    _connect: *mut RawConnect,
    domain: *mut RawDomain,
    event: c_int,
    detail: c_int,
    context: *mut c_void,
) -> c_int {
    // SAFETY: as in `closed`.
    let context = unsafe { &*context.cast::<Context>() };
    let mut bytes = [0_u8; 16];
    // SAFETY: libvirt lends the domain for this call; the buffer has VIR_UUID_BUFLEN bytes. No question goes to libvirtd.
    if unsafe { (context.functions.domain_uuid)(domain, bytes.as_mut_ptr()) } == 0 {
        let uuid = Uuid::from_bytes(bytes);
        context.listener.lifecycle(Lifecycle { uuid, event: LifecycleKind::from_raw(event), detail });
    }
    0
}
