//! A small cloud: one controller, two nodes, a network, an image, a flavor.

use std::{sync::Arc, time::Duration};

use ferrostack_auth::{Authenticated, Microversion, Policy, Role};
use ferrostack_base::Clock;
use ferrostack_compute::{
    ACTIONS, Compute, ComputeDeps, ComputeOptions, MIGRATIONS, NewFlavor, ServerId,
    testing::{FakeImages, FakeNetwork, FakePlacement},
};
use ferrostack_db::testing::TestDb;
use ferrostack_http::{
    AuthFuture, Authenticator, Dialect, Fault, Gate, Service, Versions,
    axum::{Router, body::Body, http::Request},
};
use ferrostack_reconcile::Reconcilers;
use ferrostack_saga::{Saga, SagaOptions};
use ferrostack_sim::node::{NoNetwork, SimNode, SimNodeOptions, SimNodes};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

/// `admin`, `member:PROJECT`, `reader:PROJECT`, `none:PROJECT`.
struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let (role, project) = token.split_once(':').unwrap_or((token, "admin"));
            let roles: &[&str] = match role {
                "admin" => &["admin", "manager", "member", "reader"],
                "member" => &["member", "reader"],
                "reader" => &["reader"],
                "none" => &[],
                _ => return Err(Fault::unauthorized("no such token")),
            };
            Ok(Arc::new(Authenticated {
                user_id: format!("user-{project}"),
                user_name: project.to_owned(),
                user_domain_id: "default".to_owned(),
                user_domain_name: "Default".to_owned(),
                scope: ferrostack_auth::Scope::Project {
                    id: project.to_owned(),
                    name: project.to_owned(),
                    domain_id: "default".to_owned(),
                    domain_name: "Default".to_owned(),
                    is_domain: false,
                },
                roles: roles.iter().map(|name| Role { id: (*name).to_owned(), name: (*name).to_owned() }).collect(),
                expires_at_us: i64::MAX,
                audit_ids: vec![],
                methods: vec!["password".to_owned()],
            }))
        })
    }
}

pub(crate) struct Cloud {
    pub(crate) compute: Compute,
    pub(crate) nodes: SimNodes,
    pub(crate) network: Arc<FakeNetwork>,
    pub(crate) placement: Arc<FakePlacement>,
    pub(crate) images: Arc<FakeImages>,
    pub(crate) image: Uuid,
    pub(crate) net: Uuid,
    pub(crate) reconcilers: Reconcilers,
    pub(crate) clock: Clock,
    pub(crate) db: TestDb,
    router: Router,
}

/// What nodes and controllers share.
pub(crate) const METADATA_SECRET: &str = "metadata secret";

/// Settings for tests: silent nodes are given up at once.
pub(crate) fn options() -> ComputeOptions {
    ComputeOptions {
        agent_patience: Duration::from_millis(300),
        build_timeout: Duration::from_millis(900),
        metadata_secret: METADATA_SECRET.to_owned().into(),
        ..ComputeOptions::default()
    }
}

impl Cloud {
    /// On SQLite.
    pub(crate) async fn new() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: ComputeOptions) -> Self {
        let db =
            TestDb::sqlite(Clock::system(), &[ferrostack_saga::MIGRATIONS, ferrostack_quota::MIGRATIONS, MIGRATIONS])
                .await
                .unwrap();
        Self::on(db, options).await
    }

    /// On every database of this test run.
    pub(crate) async fn each() -> Vec<Self> {
        Self::each_with(options).await
    }

    /// With other settings.
    pub(crate) async fn each_with(options: impl Fn() -> ComputeOptions) -> Vec<Self> {
        let migrations = [ferrostack_saga::MIGRATIONS, ferrostack_quota::MIGRATIONS, MIGRATIONS];
        let mut all = Vec::new();
        for db in TestDb::each(Clock::system(), &migrations).await.unwrap() {
            all.push(Self::on(db, options()).await);
        }
        all
    }

    async fn on(db: TestDb, options: ComputeOptions) -> Self {
        let clock = Clock::system();
        let nodes = SimNodes::new(clock.clone(), Arc::new(NoNetwork));
        nodes.add(SimNodeOptions::numbered(1)).unwrap();
        nodes.add(SimNodeOptions::numbered(2)).unwrap();
        let saga = Saga::start(db.db.clone(), SagaOptions::default()).await.unwrap();
        let (images, network, placement) =
            (Arc::new(FakeImages::default()), Arc::new(FakeNetwork::default()), Arc::new(FakePlacement::default()));
        let compute = Compute::new(ComputeDeps {
            db: db.db.clone(),
            saga,
            image: images.clone(),
            network: network.clone(),
            placement: placement.clone(),
            agents: Arc::new(nodes.clone()),
            options,
        });
        compute.register_nodes().await.unwrap();
        let flavor = NewFlavor {
            id: Some("1".to_owned()),
            name: "small".to_owned(),
            vcpus: 2,
            memory_mb: 512,
            disk_gb: 1,
            ..NewFlavor::default()
        };
        assert!(compute.ensure_flavor(&flavor).await.unwrap());
        let reconcilers = Reconcilers::new(clock.clone());
        ferrostack_compute::tasks::add_idle(&compute, &reconcilers);
        let (image, net) = (images.add("tiny"), network.add_network("private"));
        let router = router(&compute);
        Self { compute, nodes, network, placement, images, image, net, reconcilers, clock, db, router }
    }

    pub(crate) fn node(&self, number: u8) -> Arc<SimNode> {
        self.nodes.node(&format!("compute-{number}")).unwrap()
    }

    /// Status, headers and body.
    pub(crate) async fn full(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, ferrostack_http::axum::http::HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path).header("host", "cloud:8080");
        if !token.is_empty() {
            request = request.header("x-auth-token", token);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Status and text, without a token but with those headers.
    pub(crate) async fn text(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        self.send(method, path, headers, String::new()).await
    }

    /// The same with a body that is no JSON.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path).header("host", "cloud:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Serves the router on a port of its own; returns `127.0.0.1:PORT`.
    pub(crate) async fn listen(&self) -> String {
        let address = "127.0.0.1:0".parse().unwrap();
        let (bound, running) =
            ferrostack_http::serve(address, self.router.clone(), std::future::pending()).await.unwrap();
        tokio::spawn(running);
        bound.to_string()
    }

    pub(crate) async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (status, _, body) = self.full(token, method, path, body).await;
        (status, body)
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Value {
        let (status, body) = self.call(token, "GET", path, Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// A body for `POST /servers`, on the network.
    pub(crate) fn server_body(&self, extra: Value) -> Value {
        let mut server =
            json!({"name": "web", "flavorRef": "1", "imageRef": self.image, "networks": [{"uuid": self.net}]});
        for (key, value) in extra.as_object().unwrap() {
            server[key] = value.clone();
        }
        json!({"server": server})
    }

    /// Asks for a server as `member:demo`; returns its id.
    pub(crate) async fn create(&self, extra: Value) -> ServerId {
        let (status, body) = self.call("member:demo", "POST", "/servers", self.server_body(extra)).await;
        assert_eq!(status, 202, "{body}");
        body["server"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// Creates a server and waits for it.
    pub(crate) async fn boot(&self, extra: Value) -> ServerId {
        let id = self.create(extra).await;
        self.settle().await;
        assert_eq!(self.show(id).await["status"], "ACTIVE");
        id
    }

    pub(crate) async fn show(&self, id: ServerId) -> Value {
        self.get("admin", &format!("/servers/{id}")).await["server"].clone()
    }

    pub(crate) async fn act(&self, id: ServerId, action: Value) -> (u16, Value) {
        self.call("member:demo", "POST", &format!("/servers/{id}/action"), action).await
    }

    pub(crate) async fn delete(&self, id: ServerId) -> u16 {
        self.call("member:demo", "DELETE", &format!("/servers/{id}"), Value::Null).await.0
    }

    /// Waits until no operation is live.
    pub(crate) async fn settle(&self) {
        for _ in 0..4000 {
            if ferrostack_saga::store::live(&self.db.db).await.unwrap().is_empty() {
                return;
            }
            self.clock.sleep(Duration::from_millis(5)).await;
        }
        panic!("operations do not end: {:?}", ferrostack_saga::store::live(&self.db.db).await.unwrap());
    }

    /// Nothing is wrong.
    pub(crate) async fn assert_clean(&self) {
        assert_eq!(self.compute.audit().await.unwrap(), Vec::<String>::new());
    }

    /// Runs all tasks once; none may fail.
    pub(crate) async fn reconcile(&self) {
        for (name, status) in self.reconcilers.run_once().await {
            assert!(!status.failed, "{name}: {}", status.said);
        }
    }

    /// The domains that a node has.
    pub(crate) async fn domains(&self, number: u8) -> Vec<ferrostack_agent_api::DomainReport> {
        ferrostack_agent_api::Agent::domains(&*self.node(number)).await.unwrap()
    }
}

fn router(compute: &Compute) -> Router {
    let gate = Gate { authenticator: Arc::new(Tokens), policy: Arc::new(Policy::new([ACTIONS]).unwrap()) };
    let v2_1 = Microversion::new(2, 1);
    let versions = Versions {
        service: "compute",
        legacy_header: Some("x-openstack-nova-api-version"),
        min: v2_1,
        max: v2_1,
        default: v2_1,
    };
    let service =
        |versions| Service { name: "compute", dialect: Dialect::Compute, versions, gate: gate.clone(), observer: None };
    let root = service(None).mount(ferrostack_compute::root_routes(), compute.clone());
    let versioned = service(Some(versions)).mount(ferrostack_compute::routes(), compute.clone());
    let metadata = service(None).mount(ferrostack_compute::metadata_routes(), compute.clone());
    let console = service(None).mount(ferrostack_compute::console_routes(), compute.clone());
    // Paths of tests are those below the versioned prefix; the root is at /root.
    Router::new()
        .nest_service("/root", root)
        .nest_service("/metadata", metadata)
        .nest_service("/console", console)
        .fallback_service(versioned)
}
