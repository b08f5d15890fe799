//! A network service on a simulated OVN.

use std::{ops::Deref, sync::Arc};

use ferrostack_base::Clock;
use ferrostack_db::testing::TestDb;
use ferrostack_network::{
    MIGRATIONS, Network, NetworkOptions, PublicNetwork, ensure_public_network, ovn, run_southbound_watcher, run_syncer,
};
use ferrostack_ovn::{Connection, Event};
use ferrostack_sim::ovsdb::Ovsdb;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::api::Api;
pub use crate::api::id;

/// A cloud of one service.
pub struct Cloud {
    pub net: Network,
    pub ovsdb: Ovsdb,
    events: std::sync::Mutex<Option<(UnboundedReceiver<Event>, UnboundedReceiver<Event>)>>,
    api: Api,
    _db: TestDb,
}

impl Cloud {
    /// One on each database.
    pub async fn each() -> Vec<Self> {
        Self::each_with(NetworkOptions::default()).await
    }

    pub async fn each_with(options: NetworkOptions) -> Vec<Self> {
        let databases = TestDb::each(Clock::system(), &[ferrostack_quota::MIGRATIONS, MIGRATIONS]).await.unwrap();
        databases.into_iter().map(|db| Self::on(db, options.clone())).collect()
    }

    fn on(db: TestDb, options: NetworkOptions) -> Self {
        let ovsdb = Ovsdb::in_memory();
        let clock = Clock::system();
        let (northbound, events) = Connection::start(clock.clone(), ovn::connection_settings(ovsdb.endpoint()));
        let (southbound, bindings) = Connection::start(clock.clone(), ovn::southbound_settings(ovsdb.endpoint()));
        let net = Network::new(db.db.clone(), northbound, southbound, options, clock);
        let api = Api::new(&net);
        Self { net, ovsdb, events: std::sync::Mutex::new(Some((events, bindings))), api, _db: db }
    }

    /// Lets this controller write to OVN.
    pub fn sync(&self) {
        let (events, bindings) = self.events.lock().unwrap().take().unwrap();
        tokio::spawn(run_syncer(self.net.clone(), events, Arc::new(|| true)));
        tokio::spawn(run_southbound_watcher(self.net.clone(), bindings, Arc::new(|| true)));
    }

    /// Whether nothing waits to be written to OVN.
    pub async fn net_is_quiet(&self) -> bool {
        let rows = ferrostack_db::Read::all(&self._db.db, "SELECT id FROM network_sync LIMIT 1", vec![]).await.unwrap();
        rows.is_empty()
    }

    pub async fn public(&self) -> String {
        let wanted = PublicNetwork {
            name: "public".into(),
            project_id: "admin".into(),
            physical_network: "public".into(),
            cidr: "172.24.4.0/24".parse().unwrap(),
            gateway_ip: None,
            pool: None,
        };
        ensure_public_network(&self.net, &wanted).await.unwrap().to_string()
    }

    /// A router with its gateway on the public network and an interface on a new subnet: router, network, subnet.
    pub async fn routed(&self, token: &str) -> (String, String, String) {
        let public = self.public().await;
        let network = self.network(token, "inside").await;
        let subnet = self.subnet(token, &network, "10.1.0.0/24").await;
        let body = json!({"router": {"name": "r", "external_gateway_info": {"network_id": public}}});
        let router = id(&self.post(token, "/v2.0/routers", body).await.ok()["router"]);
        self.put(token, &format!("/v2.0/routers/{router}/add_router_interface"), json!({"subnet_id": subnet}))
            .await
            .ok();
        (router, network, subnet)
    }
}

impl Deref for Cloud {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
