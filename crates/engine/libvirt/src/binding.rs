//! The part of `libvirt.so.0` that is used, safe but blocking.
//!
//! Theory of operation. The library is loaded when the first connection is opened, once for the process, and stays: its
//! threads and callbacks may run at any time. libvirt's objects are reference counted and may be used from all threads;
//! its error record is per thread, so each call reads it on the thread that made the call, before anything else is
//! called. Events (and the closing of a connection) are noticed by libvirt's own event loop, which runs on one thread of
//! ours for as long as the process lives; callbacks run there and only put what they got into channels.
//!
//! `unsafe` is confined to this module.
#![allow(unsafe_code, reason = "a foreign library is called; each block says why it may be")]

mod connection;
mod domain;
mod event_loop;
mod functions;
mod subscription;

pub(crate) use connection::Connection;
pub(crate) use domain::Domain;
pub(crate) use subscription::Listener;
