//! libvirt's own event loop, on one thread for the whole process. It must be registered before the first connection is
//! opened; connections opened before it would have neither events nor keep-alives.

use std::{sync::Mutex, thread, time::Duration};

use super::functions::Functions;
use crate::LibvirtError;

static STARTED: Mutex<bool> = Mutex::new(false);

/// Starts the event loop unless it runs already.
pub(super) fn start(functions: &'static Functions) -> Result<(), LibvirtError> {
    let mut started = STARTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *started {
        return Ok(());
    }
    // SAFETY: called once in the process, before any connection is opened: every opening comes through here first.
    let registered = unsafe { (functions.event_register)() };
    if registered < 0 {
        return Err(LibvirtError::EventLoop { message: "virEventRegisterDefaultImpl failed".into() });
    }
    thread::Builder::new()
        .name("libvirt-events".into())
        .spawn(move || run(functions))
        .map_err(|error| LibvirtError::EventLoop { message: error.to_string() })?;
    *started = true;
    Ok(())
}

fn run(functions: &'static Functions) {
    loop {
        // SAFETY: only this thread runs the loop. It waits inside for whatever libvirt watches.
        if unsafe { (functions.event_run)() } < 0 {
            tracing::warn!("libvirt's event loop reports an error");
            // It would report the same at once again, and fill the log.
            thread::sleep(Duration::from_millis(100));
        }
    }
}
