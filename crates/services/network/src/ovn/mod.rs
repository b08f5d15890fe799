//! OVN side: translation and syncer.
//!
//! Theory of operation. Every change of a resource puts a row into the queue `network_sync`, in the same transaction.
//! The syncer of one controller takes the oldest rows, reads what the database says *now* of the resources they name,
//! translates that into rows of the Northbound database (`translate_*`, pure functions), compares these with the copy of
//! the Northbound database in memory (`plan`), and sends what differs as one transaction. Then it removes exactly the
//! queue's rows that it had seen. A resource that is gone has no rows, so that deleting is the same thing.
//!
//! - **Identity.** The identifier of each row is the resource's own id, or derived from it (`names`), and
//!   `external_ids:ferrostack:owner` names the resource (`Owner`). Whatever is done twice, after a lost answer or by two
//!   controllers, is found done the second time. What others wrote into the Northbound database is left alone.
//! - **One writer.** A session writes a token of its own into `NB_Global`, reads the database only after that, and every
//!   transaction demands (`wait`) that the token is still there. A controller that was taken for dead and wakes up again
//!   is refused by OVN itself, and so can never put older rows over newer ones (`session`).
//! - **One bad resource** cannot stop others: a batch that is refused is sent again resource by resource, and what is
//!   refused then waits in the queue, each time longer, with its reason in the log (`deferred`).
//! - **Full synchronization** is the same procedure for everything that the database has and everything in the
//!   Northbound database that is ours. It runs when a controller begins to lead, and after each connection that could
//!   not be continued (`full_sync`); the queue comes first meanwhile.
//! - **Port status** goes the other way: a port is `ACTIVE` when the Southbound database says that it is up, on a chassis
//!   that is alive (`chassis`), and the leader writes that into the port's row (`status`).
//! - **Gateways.** External router ports refer to one of a fixed number of groups of chassis. Which chassis are in them
//!   follows from the Southbound database (`gateways`), and changes without touching any router.

mod chassis;
mod deferred;
mod dhcp_option;
mod difference;
mod explain;
mod full_sync;
mod gateways;
mod names;
mod owner;
mod plan;
mod records;
mod session;
mod southbound_watcher;
mod status;
mod syncer;
mod translate_deployment;
mod translate_floating_ip;
mod translate_network;
mod translate_port;
mod translate_router;
mod translate_security_group;
mod translate_subnet;
mod wanted;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ferrostack_ovn::{ConnectionSettings, Endpoint, northbound, southbound};

pub(crate) use chassis::Liveness;
pub use difference::{Difference, DifferenceKind};
pub use explain::engine_objects;
pub use full_sync::{audit, full_sync};
pub(crate) use owner::Owner;
pub use southbound_watcher::run_southbound_watcher;
pub(crate) use status::wait_ports_up;
pub use syncer::run_syncer;
pub(crate) use translate_subnet::name_servers;

/// Whether this controller is the one that writes to OVN; asked before each piece of work.
pub type Leader = Arc<dyn Fn() -> bool + Send + Sync>;

/// How to connect to the Northbound database: all tables that have a row type, found by the owner of their rows.
pub fn connection_settings(endpoint: Endpoint) -> ConnectionSettings {
    ConnectionSettings::new(endpoint, northbound::DATABASE, names::OWNER, northbound::watched())
}

/// How to connect to the Southbound database. northd copies the owners of rows.
pub fn southbound_settings(endpoint: Endpoint) -> ConnectionSettings {
    ConnectionSettings::new(endpoint, southbound::DATABASE, names::OWNER, southbound::watched())
}
