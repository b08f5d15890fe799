//! The network service: networks, subnets, ports, routers, floating IPs and security groups (Neutron's API v2.0), and
//! their translation into OVN's Northbound database.
//!
//! A request is answered as soon as the database has it. The same transaction puts the changed resources into a queue;
//! one controller's syncer ([`run_syncer`]) takes them from there and brings OVN to what the database says. See
//! [`ovn`] for how that is kept right when controllers, connections and OVN itself fail.

mod api;
mod app;
mod contract;
mod error;
mod ids;
mod migrations;
mod options;
pub mod ovn;
mod policy;
mod query;
mod store;
mod wire;

use std::sync::Arc;

use ferrostack_base::Clock;
use ferrostack_db::Db;
use ferrostack_ovn::Connection;
use tokio::sync::Notify;

pub use api::{root_routes, routes};
pub use app::public_network::{PublicNetwork, ensure_public_network};
pub use error::NetworkError;
pub use ids::{FloatingIpId, Kind, NetworkId, PortId, RouterId, SecurityGroupId, SecurityGroupRuleId, SubnetId};
pub use migrations::MIGRATIONS;
pub use options::{NetworkOptions, QuotaDefaults};
pub use ovn::{Difference, DifferenceKind, Leader, audit, full_sync, run_gateway_chooser, run_syncer};
pub use policy::ACTIONS;

/// The service's state; clones share it.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    db: Db,
    northbound: Connection,
    options: NetworkOptions,
    clock: Clock,
    cursors: app::address::Cursors,
    default_groups: app::security_group::DefaultGroups,
    wake: Arc<Notify>,
}

impl Network {
    /// The service on this database and this connection to the Northbound database (which watches
    /// [`ovn::connection_settings`]'s tables).
    pub fn new(db: Db, northbound: Connection, options: NetworkOptions, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            db,
            northbound,
            options,
            clock,
            cursors: app::address::Cursors::default(),
            default_groups: app::security_group::DefaultGroups::default(),
            wake: Arc::new(Notify::new()),
        }))
    }

    /// The database.
    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    /// OVN's Northbound database.
    pub(crate) fn northbound(&self) -> &Connection {
        &self.0.northbound
    }

    /// The operator's settings.
    pub(crate) fn options(&self) -> &NetworkOptions {
        &self.0.options
    }

    /// The time.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Which address comes next in each subnet.
    pub(crate) fn cursors(&self) -> &app::address::Cursors {
        &self.0.cursors
    }

    /// The default groups that are known to exist.
    pub(crate) fn default_groups(&self) -> &app::security_group::DefaultGroups {
        &self.0.default_groups
    }

    /// Wakes the syncer, here: after a commit, or when another controller says that it committed something.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    pub(crate) fn wakeup(&self) -> &Arc<Notify> {
        &self.0.wake
    }
}
