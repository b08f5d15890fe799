//! Finds, starts, adopts and watches the engines of an all-in-one: `ovsdb-server` and `ovs-vswitchd`, the Northbound and
//! Southbound databases with `ovn-northd`, `ovn-controller`, `virtlogd` and `libvirtd`. It knows nothing of who uses it.
//!
//! # Theory of operation
//! *One description for each engine* ([`Daemon`], all of them in `catalog.rs`): its program, package and lowest version,
//! its arguments, its pid file, how one knows that it is ready. Everything else is done by going over that list.
//!
//! *Who runs an engine* ([`Owner`]). Where systemd runs, its units do, and we only ask it to start them. Where none does,
//! we start them in the standard places, detached into sessions of their own, so that they outlive us. What somebody else
//! has started in the standard places is used as it is.
//!
//! *Nothing is remembered that could be wrong.* An engine is found by its pid file, and the process behind it must be
//! that program with that pid file ([`process`]). It is ours when its environment has our mark, which its own restarts
//! inherit. So there is no ledger to be out of step after a crash at any point, and [`Engines::ensure`] may be interrupted
//! and run again: it looks at what is, and does what is missing.
//!
//! *What is not ours is not touched*: bridges carry our mark in their `external_ids`; a `br-int` of somebody else is
//! refused ([`DaemonError::ForeignBridge`]).
//!
//! *Several clouds on one machine* live each in a network namespace and a mount namespace of their own ([`isolate`]); the
//! standard places are then private directories, and everything above holds in there without a difference.
//!
//! ```no_run
//! # async fn example() -> Result<(), ferrostack_daemons::DaemonError> {
//! use ferrostack_daemons::{EngineOptions, Engines, ExternalBridge};
//! let options = EngineOptions {
//!     external: Some(ExternalBridge { addresses: vec!["172.24.4.1/24".parse().unwrap()], ..ExternalBridge::default() }),
//!     ..EngineOptions::new("/var/lib/ferrostack", "node-1")
//! };
//! let running = Engines::ensure(options).await?;
//! tokio::spawn({
//!     let running = running.clone();
//!     async move { running.watch().await }
//! });
//! let northbound = running.northbound();
//! # drop(northbound);
//! # Ok(())
//! # }
//! ```

mod bridge;
mod catalog;
mod command;
mod daemon;
mod database;
mod engines;
mod error;
mod external;
mod health;
mod host_network;
mod init_system;
pub mod isolate;
mod kvm;
mod nat;
pub mod offload;
mod open_vswitch;
mod options;
mod places;
pub mod process;
mod program;
mod running;
mod state;
mod stop;
mod version;
mod watch;

pub use daemon::{Daemon, Owner, Ready};
pub use engines::Engines;
pub use error::{DaemonError, LogTail};
pub use external::ExternalState;
pub use health::EngineHealth;
pub use nat::Masquerade;
pub use options::{Datapath, DatapathChoice, Encapsulation, EngineOptions, ExternalBridge, StartBy};
pub use running::Running;
pub use stop::{purge, stop};
pub use version::Version;
