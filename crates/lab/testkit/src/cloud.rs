//! The cloud under test.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use ferrostack_auth::{Microversion, Policy};
use ferrostack_base::Clock;
use ferrostack_compute::{Compute, ComputeDeps, ComputeOptions};
use ferrostack_db::{Db, Migrations, testing::TestDb};
use ferrostack_http::{
    Dialect, Gate, Service, Versions,
    axum::{Router, body::Body, http::Request},
};
use ferrostack_image::{ContainerFormat, GuestImage, Image, ImageOptions, ImageSource, ensure_image};
use ferrostack_image_format::DiskFormat;
use ferrostack_network::{Network, NetworkOptions};
use ferrostack_placement::{Placement, PlacementOptions};
use ferrostack_saga::{Saga, SagaOptions, matrix::Setup};
use ferrostack_sim::{
    node::{OvnPlug, SimNodeOptions, SimNodes},
    ovsdb::Ovsdb,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::Tokens;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A new database on the server that the test run offers.
    MariaDb,
}

/// One controller: all services but identity, whose place [`Tokens`] takes.
pub struct Controller {
    /// Its part in operations.
    pub saga: Saga,
    /// Its services.
    pub compute: Compute,
    /// Its services.
    pub network: Network,
    /// Its services.
    pub placement: Placement,
    router: Router,
}

/// Two controllers, two nodes.
pub struct TestCloud {
    /// The clock of everything but tasks' own progress.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// The controllers. The first one runs under the test's faults.
    pub controllers: Vec<Controller>,
    /// The nodes.
    pub nodes: SimNodes,
    /// OVN.
    pub ovn: Ovsdb,
    /// Tasks of the controllers; they end with the cloud.
    tasks: tokio::task::JoinSet<()>,
    _database: TestDb,
    _files: tempfile::TempDir,
}

/// The tables of everything here.
const MIGRATIONS: [Migrations; 6] = [
    ferrostack_saga::MIGRATIONS,
    ferrostack_quota::MIGRATIONS,
    ferrostack_placement::MIGRATIONS,
    ferrostack_image::MIGRATIONS,
    ferrostack_network::MIGRATIONS,
    ferrostack_compute::MIGRATIONS,
];

impl TestCloud {
    /// A cloud with two controllers and two nodes; `None` when this test run has no such database.
    pub async fn start(database: Database, setup: Setup) -> Option<Self> {
        let clock = Clock::manual();
        let test_db = match database {
            Database::Sqlite => TestDb::sqlite(clock.clone(), &MIGRATIONS).await.expect("SQLite opens"),
            Database::MariaDb => TestDb::mariadb(clock.clone(), &MIGRATIONS).await.expect("MariaDB answers")?,
        };
        let db = test_db.db.clone();
        let files = tempfile::tempdir().expect("a temporary folder");
        let ovn = Ovsdb::in_memory();
        let plug = OvnPlug { northd: ovn.northd(), bridge_mappings: String::new() };
        let nodes = SimNodes::new(clock.clone(), Arc::new(plug));
        for number in 1..=2 {
            nodes.add(SimNodeOptions::numbered(number)).expect("a node in memory");
        }
        let mut cloud = Self {
            clock,
            db,
            controllers: Vec::new(),
            nodes,
            ovn,
            tasks: tokio::task::JoinSet::new(),
            _database: test_db,
            _files: files,
        };
        let first = cloud.join("one", setup.clone()).await;
        let second = cloud.join("two", Setup { inject: None, bug: setup.bug }).await;
        // Controllers tell each other when they have committed something (hints, not truth); here the leader is told
        // every few milliseconds.
        let leader = second.network.clone();
        cloud.tasks.spawn(async move {
            loop {
                leader.wake();
                Clock::system().sleep(Duration::from_millis(3)).await;
            }
        });
        cloud.controllers = vec![first, second];
        cloud.furnish().await;
        Some(cloud)
    }

    async fn join(&mut self, name: &str, setup: Setup) -> Controller {
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let options = SagaOptions { node: name.to_owned(), ..SagaOptions::default() };
        let saga = Saga::start_with(db.clone(), options, setup.inject, setup.bug).await.expect("a lease");
        let image = Image::new(db.clone(), ImageOptions::new(self._files.path().join("images")));
        image.start().await.expect("an image store");
        let placement = Placement::new(db.clone(), PlacementOptions::default());
        let settings = ferrostack_network::ovn::connection_settings(self.ovn.endpoint());
        let (northbound, events) = ferrostack_ovn::Connection::start(clock.clone(), settings);
        let settings = ferrostack_network::ovn::southbound_settings(self.ovn.endpoint());
        let (southbound, bindings) = ferrostack_ovn::Connection::start(clock.clone(), settings);
        let network = Network::new(db.clone(), northbound, southbound, NetworkOptions::default(), clock);
        // One of them syncs OVN, as the leaseholder would.
        let leads = name == "two";
        self.tasks.spawn(ferrostack_network::run_syncer(network.clone(), events, Arc::new(move || leads)));
        let watcher = ferrostack_network::run_southbound_watcher(network.clone(), bindings, Arc::new(move || leads));
        self.tasks.spawn(watcher);
        let compute = Compute::new(ComputeDeps {
            db,
            saga: saga.clone(),
            image: Arc::new(image.clone()),
            network: Arc::new(network.clone()),
            placement: Arc::new(placement.clone()),
            agents: Arc::new(self.nodes.clone()),
            options: ComputeOptions::default(),
        });
        let router = router(&compute, &network, &placement);
        if name == "one" {
            let tiny = GuestImage {
                name: "tiny".to_owned(),
                owner: None,
                disk_format: DiskFormat::Raw,
                container_format: ContainerFormat::Bare,
                min_disk: 0,
                min_ram: 0,
                properties: Default::default(),
                source: ImageSource::Bytes(Bytes::from(vec![0; 4096])),
            };
            ensure_image(&image, tiny).await.expect("an image");
        }
        Controller { saga, compute, network, placement, router }
    }

    /// Makes the nodes known, and a flavor `m`, an image `tiny` and a network `net` of project `demo`.
    async fn furnish(&self) {
        self.report_nodes().await;
        let flavor = json!({"flavor": {"name": "m", "id": "m", "ram": 512, "vcpus": 1, "disk": 1}});
        self.ok("admin", "POST", "/compute/v2.1/flavors", flavor).await;
        let network =
            self.ok("member:demo", "POST", "/network/v2.0/networks", json!({"network": {"name": "net"}})).await;
        let subnet =
            json!({"subnet": {"network_id": network["network"]["id"], "cidr": "10.0.0.0/24", "ip_version": 4}});
        self.ok("member:demo", "POST", "/network/v2.0/subnets", subnet).await;
    }

    /// The nodes report what they are, as they do every few seconds.
    pub async fn report_nodes(&self) {
        self.controllers[0].compute.register_nodes().await.expect("nodes report");
    }

    /// A request to a controller; answers status and body.
    pub async fn call(&self, controller: usize, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).header("x-auth-token", token);
        let request =
            request.header("content-type", "application/json").header("openstack-api-version", "placement 1.39");
        let request = request.body(body).expect("a request");
        let Ok(response) = self.controllers[controller].router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// A request to the second controller that must succeed.
    pub async fn ok(&self, token: &str, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(1, token, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Asks a controller for a server on the network `net`; answers its id. The name is the API's, the rest is fixed.
    pub async fn create_server(&self, controller: usize, name: &str) -> String {
        let images = self.db_one("SELECT id FROM image").await;
        let networks = self.db_one("SELECT id FROM network").await;
        let body =
            json!({"server": {"name": name, "flavorRef": "m", "imageRef": images, "networks": [{"uuid": networks}]}});
        let (status, answer) = self.call(controller, "member:demo", "POST", "/compute/v2.1/servers", body).await;
        assert_eq!(status, 202, "{answer}");
        answer["server"]["id"].as_str().expect("an id").to_owned()
    }

    async fn db_one(&self, sql: &str) -> String {
        let row = ferrostack_db::Read::one(&self.db, sql, vec![]).await.expect("a query").expect("a row");
        row.at(0).expect("text")
    }
}

impl Drop for TestCloud {
    fn drop(&mut self) {
        for controller in &self.controllers {
            controller.saga.kill();
        }
    }
}

fn router(compute: &Compute, network: &Network, placement: &Placement) -> Router {
    // Image answers no requests here, but compute asks it under the same policy.
    let actions = [
        ferrostack_compute::ACTIONS,
        ferrostack_image::ACTIONS,
        ferrostack_network::ACTIONS,
        ferrostack_placement::ACTIONS,
    ];
    let gate = Gate { authenticator: Arc::new(Tokens), policy: Arc::new(Policy::new(actions).expect("a policy")) };
    let service = |name, dialect, versions| Service { name, dialect, versions, gate: gate.clone(), observer: None };
    let v2_1 = Microversion::new(2, 1);
    let versions = Versions { service: "compute", legacy_header: None, min: v2_1, max: v2_1, default: v2_1 };
    let network_edge = service("network", Dialect::Network, None);
    Router::new()
        .nest_service(
            "/compute/v2.1",
            service("compute", Dialect::Compute, Some(versions)).mount(ferrostack_compute::routes(), compute.clone()),
        )
        .nest_service("/network/v2.0", network_edge.mount(ferrostack_network::routes(), network.clone()))
        .nest_service(
            "/placement",
            service("placement", Dialect::Placement, Some(ferrostack_placement::VERSIONS))
                .mount(ferrostack_placement::routes(), placement.clone()),
        )
}
