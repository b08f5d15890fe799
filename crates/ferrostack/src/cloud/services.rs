//! The services, made and handed to each other.

use std::sync::Arc;

use ferrostack_agent_api::Agents;
use ferrostack_auth::{FernetKeys, Hasher, HasherSettings, Methods, TokenFormat};
use ferrostack_base::Clock;
use ferrostack_compute::{Compute, ComputeDeps};
use ferrostack_config::Settings;
use ferrostack_db::Db;
use ferrostack_identity::Identity;
use ferrostack_image::Image;
use ferrostack_network::Network;
use ferrostack_ovn::Endpoint;
use ferrostack_placement::{Placement, PlacementOptions};
use ferrostack_saga::Saga;

use super::options;

/// All of them.
#[derive(Clone)]
pub(super) struct Services {
    pub(super) identity: Identity,
    pub(super) image: Image,
    pub(super) placement: Placement,
    pub(super) network: Network,
    pub(super) compute: Compute,
}

impl Services {
    /// Makes the services on this database, for the nodes of `agents` and the OVN at `northbound`.
    pub(super) fn new(settings: &Settings, db: &Db, saga: Saga, agents: Arc<dyn Agents>, northbound: Endpoint) -> anyhow::Result<Self> {
        let clock: Clock = db.clock().clone();
        let keys = FernetKeys::load_or_create(&settings.identity.fernet_key_dir)?;
        let hasher = Hasher::new(HasherSettings { rounds: settings.identity.password_hash_rounds, ..HasherSettings::default() })?;
        let identity = Identity::new(db.clone(), TokenFormat::new(keys, Methods::default()), hasher, options::identity(settings));
        let image = Image::new(db.clone(), options::image(settings));
        let placement = Placement::new(db.clone(), PlacementOptions::default());
        let (connection, events) = ferrostack_ovn::Connection::start(clock.clone(), ferrostack_network::ovn::connection_settings(northbound));
        let network = Network::new(db.clone(), connection, options::network(settings), clock);
        tokio::spawn(ferrostack_network::run_syncer(network.clone(), events, Arc::new(|| true)));
        let compute = Compute::new(ComputeDeps {
            db: db.clone(),
            saga,
            image: Arc::new(image.clone()),
            network: Arc::new(network.clone()),
            placement: Arc::new(placement.clone()),
            agents,
            options: options::compute(settings),
        });
        Ok(Self { identity, image, placement, network, compute })
    }
}
