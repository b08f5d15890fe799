//! An identity service as the binary mounts it, with its first users.

use std::{sync::Arc, time::Duration};

use ferrostack_auth::{FernetKeys, Hasher, HasherSettings, Methods, Policy, TokenFormat};
use ferrostack_base::{Clock, Secret};
use ferrostack_db::testing::TestDb;
use ferrostack_http::{
    Dialect, Gate, Service,
    axum::{
        Router,
        body::Body,
        http::{HeaderMap, Request},
    },
};
use ferrostack_identity::{
    ACTIONS, BootstrapSpec, Bootstrapped, CatalogEntry, Identity, IdentityOptions, MIGRATIONS, bootstrap, routes,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const ADMIN_PASSWORD: &str = "admin-secret";
pub(crate) const DEMO_PASSWORD: &str = "demo-secret";

/// One controller.
#[derive(Clone)]
pub(crate) struct Controller {
    pub(crate) identity: Identity,
    pub(crate) router: Router,
}

/// A cloud with one controller or more.
pub(crate) struct Cloud {
    pub(crate) clock: Clock,
    pub(crate) test: TestDb,
    pub(crate) keys: String,
    pub(crate) first: Controller,
    pub(crate) made: Bootstrapped,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}", self.body);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no text at {pointer}: {}", self.body))
            .to_owned()
    }
}

pub(crate) fn spec() -> BootstrapSpec {
    BootstrapSpec {
        admin_password: Secret::new(ADMIN_PASSWORD.to_owned()),
        demo_password: Some(Secret::new(DEMO_PASSWORD.to_owned())),
        public_url: "http://cloud:5555".to_owned(),
        internal_url: None,
        admin_url: None,
        region: "RegionOne".to_owned(),
        catalog: vec![
            CatalogEntry::new("identity", "keystone", "/identity"),
            CatalogEntry::new("compute", "nova", "/compute/v2.1"),
        ],
    }
}

pub(crate) fn controller(test: &TestDb, keys: &str) -> Controller {
    let hasher = Hasher::new(HasherSettings { rounds: 4, threads: 1, queue: 64 }).unwrap();
    let tokens = TokenFormat::new(FernetKeys::new([keys]).unwrap(), Methods::default());
    let identity = Identity::new(test.db.clone(), tokens, hasher, IdentityOptions::default());
    let gate = Gate { authenticator: Arc::new(identity.clone()), policy: Arc::new(Policy::new([ACTIONS]).unwrap()) };
    let service = Service { name: "identity", dialect: Dialect::Identity, versions: None, gate, observer: None };
    Controller { router: service.mount(routes(), identity.clone()), identity }
}

/// A cloud on each database that this test run has.
pub(crate) async fn each() -> Vec<Cloud> {
    let clock = Clock::manual();
    let mut clouds = Vec::new();
    for test in TestDb::each(clock.clone(), &[MIGRATIONS]).await.unwrap() {
        let keys = FernetKeys::generate();
        let first = controller(&test, &keys);
        let made = bootstrap(&first.identity, spec()).await.unwrap();
        clouds.push(Cloud { clock: clock.clone(), test, keys, first, made });
    }
    clouds
}

impl Controller {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// `method` is the verb, after it perhaps headers: `GET x-subject-token=abc`.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut words = method.split(' ');
        let mut request = Request::builder().method(words.next().unwrap()).uri(path).header("host", "cloud:5555");
        for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
            request = request.header(name, value);
        }
        if !token.is_empty() {
            request = request.header("x-auth-token", token);
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Logs in; the answer has the token in its header.
    pub(crate) async fn log_in(&self, name: &str, password: &str, scope: Value) -> Answer {
        let user = json!({"name": name, "password": password, "domain": {"id": "default"}});
        let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
        if !scope.is_null() {
            auth["scope"] = scope;
        }
        self.call("POST", "/v3/auth/tokens", "", Some(json!({"auth": auth}))).await
    }
}

impl Cloud {
    /// Another controller on the same database; none on SQLite, whose file belongs to one process.
    pub(crate) fn second(&self) -> Option<Controller> {
        (self.test.db.engine() == ferrostack_db::Engine::MariaDb).then(|| controller(&self.test, &self.keys))
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.first.call("GET", path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.first.call("POST", path, token, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: Value) -> Answer {
        self.first.call("PATCH", path, token, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str) -> Answer {
        self.first.call("PUT", path, token, None).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.first.call("DELETE", path, token, None).await
    }

    /// The token of a user of the default domain.
    pub(crate) async fn token(&self, name: &str, password: &str, scope: Value) -> String {
        self.first.log_in(name, password, scope).await.expect(201).header("x-subject-token").unwrap().to_owned()
    }

    /// A token of the administrator for the project `admin`.
    pub(crate) async fn admin(&self) -> String {
        self.token("admin", ADMIN_PASSWORD, json!({"project": {"id": self.made.admin_project_id}})).await
    }

    /// A token of the user `demo` for the project `demo`.
    pub(crate) async fn demo(&self) -> String {
        self.token("demo", DEMO_PASSWORD, json!({"project": {"id": self.made.demo_project_id}})).await
    }

    /// Whether a token is valid, as its owner sees it.
    pub(crate) async fn status_of(&self, token: &str) -> u16 {
        self.first.call(&format!("GET x-subject-token={token}"), "/v3/auth/tokens", token, None).await.status
    }

    /// The id of a role.
    pub(crate) async fn role(&self, admin: &str, name: &str) -> String {
        self.get(&format!("/v3/roles?name={name}"), admin).await.expect(200).text("/roles/0/id")
    }

    /// A new user of the default domain with the password `secret`; its id.
    pub(crate) async fn user(&self, admin: &str, name: &str) -> String {
        let body = json!({"user": {"name": name, "password": "secret"}});
        self.post("/v3/users", admin, body).await.expect(201).text("/user/id")
    }

    /// A new project of the default domain; its id.
    pub(crate) async fn project(&self, admin: &str, name: &str) -> String {
        self.post("/v3/projects", admin, json!({"project": {"name": name}})).await.expect(201).text("/project/id")
    }

    /// Lets the time go on.
    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
