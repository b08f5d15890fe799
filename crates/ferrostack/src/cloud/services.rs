//! The services, made and handed to each other.

use std::sync::Arc;

use ferrostack_auth::{FernetKeys, Hasher, HasherSettings, Methods, TokenFormat};
use ferrostack_base::Clock;
use ferrostack_compute::{Compute, ComputeDeps};
use ferrostack_config::Settings;
use ferrostack_db::Db;
use ferrostack_identity::Identity;
use ferrostack_image::Image;
use ferrostack_network::{
    Leader, Network,
    ovn::{connection_settings, southbound_settings},
    run_southbound_watcher, run_syncer,
};
use ferrostack_ovn::Connection;
use ferrostack_placement::{Placement, PlacementOptions};
use ferrostack_saga::Saga;

use super::{options, world::World};

/// All of them.
#[derive(Clone)]
pub(super) struct Services {
    pub(super) identity: Identity,
    pub(super) image: Image,
    pub(super) placement: Placement,
    pub(super) network: Network,
    pub(super) compute: Compute,
    /// OVN's databases by their names.
    pub(super) ovn: [(&'static str, Connection); 2],
}

impl Services {
    /// Makes the services on this database and in this world.
    pub(super) fn new(settings: &Settings, db: &Db, saga: Saga, image: Image, world: &World) -> anyhow::Result<Self> {
        let clock: Clock = db.clock().clone();
        let keys = FernetKeys::load_or_create(&settings.identity.fernet_key_dir)?;
        let hasher = Hasher::new(HasherSettings {
            rounds: settings.identity.password_hash_rounds,
            ..HasherSettings::default()
        })?;
        let identity =
            Identity::new(db.clone(), TokenFormat::new(keys, Methods::default()), hasher, options::identity(settings));
        let placement = Placement::new(db.clone(), PlacementOptions::default());
        let (network, ovn) = network(settings, db, clock, world);
        let compute = Compute::new(ComputeDeps {
            db: db.clone(),
            saga,
            image: Arc::new(image.clone()),
            network: Arc::new(network.clone()),
            placement: Arc::new(placement.clone()),
            agents: world.agents.clone(),
            options: options::compute(settings, world),
        });
        Ok(Self { identity, image, placement, network, compute, ovn })
    }
}

/// The network service, its syncer, and the task that watches the chassis. With one controller it is always ours to write
/// to OVN.
fn network(settings: &Settings, db: &Db, clock: Clock, world: &World) -> (Network, [(&'static str, Connection); 2]) {
    let leader: Leader = Arc::new(|| true);
    let (northbound, northbound_events) =
        Connection::start(clock.clone(), connection_settings(world.northbound.clone()));
    let (southbound, southbound_events) =
        Connection::start(clock.clone(), southbound_settings(world.southbound.clone()));
    let ovn = [("Northbound", northbound.clone()), ("Southbound", southbound.clone())];
    let network = Network::new(db.clone(), northbound, southbound, options::network(settings), clock);
    tokio::spawn(run_syncer(network.clone(), northbound_events, leader.clone()));
    tokio::spawn(run_southbound_watcher(network.clone(), southbound_events, leader));
    (network, ovn)
}
