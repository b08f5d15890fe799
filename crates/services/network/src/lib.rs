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

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

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
pub use ovn::{
    Difference, DifferenceKind, Leader, audit, engine_objects, full_sync, run_southbound_watcher, run_syncer,
};
pub use policy::ACTIONS;

/// The service's state; clones share it.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    db: Db,
    northbound: Connection,
    southbound: Connection,
    liveness: ovn::Liveness,
    moved: Mutex<BTreeSet<PortId>>,
    options: NetworkOptions,
    clock: Clock,
    cursors: app::address::Cursors,
    default_groups: app::security_group::DefaultGroups,
    wake: Arc<Notify>,
}

impl Network {
    /// The service on this database and these connections to the Northbound and the Southbound database (which watch
    /// [`ovn::connection_settings`]'s and [`ovn::southbound_settings`]'s tables).
    pub fn new(db: Db, northbound: Connection, southbound: Connection, options: NetworkOptions, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            db,
            northbound,
            southbound,
            liveness: ovn::Liveness::default(),
            moved: Mutex::default(),
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

    /// OVN's Southbound database.
    pub(crate) fn southbound(&self) -> &Connection {
        &self.0.southbound
    }

    /// Which chassis are alive.
    pub(crate) fn liveness(&self) -> &ovn::Liveness {
        &self.0.liveness
    }

    /// Lets the syncer look at ports that may have become up or down.
    pub(crate) fn ports_moved(&self, ports: BTreeSet<PortId>) {
        if !ports.is_empty() {
            self.0.moved.lock().unwrap_or_else(PoisonError::into_inner).extend(ports);
            self.wake();
        }
    }

    /// Takes the ports that may have become up or down.
    pub(crate) fn take_moved(&self) -> BTreeSet<PortId> {
        std::mem::take(&mut *self.0.moved.lock().unwrap_or_else(PoisonError::into_inner))
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
