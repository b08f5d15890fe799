//! A placement service with a database of its own and tokens that say who they are.

use std::sync::Arc;

use ferrostack_auth::{Authenticated, Policy, Scope};
use ferrostack_base::Clock;
use ferrostack_db::{Db, Engine, testing::TestDb};
use ferrostack_http::{
    AuthFuture, Authenticator, Dialect, Fault, Gate, Service,
    axum::{
        Router,
        body::Body,
        http::{HeaderMap, Request, header},
    },
};
use ferrostack_placement::{ACTIONS, MIGRATIONS, Placement, PlacementOptions, VERSIONS, routes};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

/// Tokens are `ROLE` or `ROLE:PROJECT`; unknown roles are no tokens.
struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let (role, project) = token.split_once(':').unwrap_or((token, "home"));
            let roles: &[&str] = match role {
                "admin" => &["admin", "member", "reader"],
                "service" => &["service"],
                "member" => &["member", "reader"],
                "reader" => &["reader"],
                _ => return Err(Fault::unauthorized("unknown token")),
            };
            Ok(Arc::new(Authenticated {
                user_id: format!("{role}-user"),
                user_name: role.to_owned(),
                user_domain_id: "default".to_owned(),
                user_domain_name: "Default".to_owned(),
                scope: Scope::Project {
                    id: project.to_owned(),
                    name: project.to_owned(),
                    domain_id: "default".to_owned(),
                    domain_name: "Default".to_owned(),
                    is_domain: false,
                },
                roles: roles.iter().map(|name| ((*name).to_owned(), (*name).to_owned()).into()).collect(),
                expires_at_us: i64::MAX,
                audit_ids: Vec::new(),
                methods: vec!["password".to_owned()],
            }))
        })
    }
}

pub(crate) struct Cloud {
    pub(crate) placement: Placement,
    pub(crate) test_db: TestDb,
    router: Router,
}

/// Another controller: on SQLite a second handle in this process, on MariaDB connections of its own.
pub(crate) async fn colleague(cloud: &Cloud) -> Placement {
    let db = match cloud.test_db.db.engine() {
        Engine::Sqlite => cloud.test_db.db.clone(),
        Engine::MariaDb => Db::open(cloud.test_db.options.clone(), Clock::system()).await.unwrap(),
    };
    Placement::new(db, PlacementOptions::default())
}

/// A controller's routes.
pub(crate) fn router(placement: Placement) -> Router {
    let policy = Arc::new(Policy::new([ACTIONS]).unwrap());
    let gate = Gate { authenticator: Arc::new(Tokens), policy };
    let service =
        Service { name: "placement", dialect: Dialect::Placement, versions: Some(VERSIONS), gate, observer: None };
    Router::new().nest("/placement", service.mount(routes(), placement))
}

/// An administrator's request at the newest version.
pub(crate) fn request(method: &str, path: &str, body: &Value) -> Request<Body> {
    let request = Request::builder().method(method).uri(format!("/placement{path}")).header("x-auth-token", "admin");
    let request = request.header("openstack-api-version", "placement 1.39");
    request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap()
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The first error's code.
    pub(crate) fn code(&self) -> &str {
        self.body["errors"][0]["code"].as_str().unwrap_or_default()
    }

    /// The first error's text.
    pub(crate) fn detail(&self) -> &str {
        self.body["errors"][0]["detail"].as_str().unwrap_or_default()
    }
}

impl Cloud {
    /// One on each database.
    pub(crate) async fn each() -> Vec<Self> {
        let databases = TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap();
        databases.into_iter().map(Self::on).collect()
    }

    pub(crate) fn on(test_db: TestDb) -> Self {
        let placement = Placement::new(test_db.db.clone(), PlacementOptions::default());
        let router = router(placement.clone());
        Self { placement, test_db, router }
    }

    /// Sends a request below `/placement`.
    pub(crate) async fn send(
        &self,
        token: Option<&str>,
        version: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/placement{path}"));
        request =
            request.header("openstack-api-version", format!("placement {version}")).header(header::HOST, "cloud.test");
        if let Some(token) = token {
            request = request.header("x-auth-token", token);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap();
        self.raw(request).await
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The administrator, at the newest version.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send(Some("admin"), "1.39", method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.admin("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.admin("PUT", path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.admin("POST", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.admin("DELETE", path, None).await
    }

    /// A provider with these inventories, given as `{"VCPU": 4}`.
    pub(crate) async fn provider(&self, name: &str, parent: Option<Uuid>, totals: Value) -> Uuid {
        let uuid = Uuid::new_v4();
        let made =
            self.post("/resource_providers", json!({"name": name, "uuid": uuid, "parent_provider_uuid": parent})).await;
        assert_eq!(made.status, 200, "{made:?}");
        let inventories: Value =
            totals.as_object().unwrap().iter().map(|(class, total)| (class.clone(), json!({"total": total}))).collect();
        let body = json!({"resource_provider_generation": 0, "inventories": inventories});
        let set = self.put(&format!("/resource_providers/{uuid}/inventories"), body).await;
        assert_eq!(set.status, 200, "{set:?}");
        uuid
    }

    pub(crate) async fn generation(&self, provider: Uuid) -> i64 {
        self.get(&format!("/resource_providers/{provider}")).await.body["generation"].as_i64().unwrap()
    }

    pub(crate) async fn set_traits(&self, provider: Uuid, traits: &[&str]) {
        let body = json!({"resource_provider_generation": self.generation(provider).await, "traits": traits});
        let set = self.put(&format!("/resource_providers/{provider}/traits"), body).await;
        assert_eq!(set.status, 200, "{set:?}");
    }

    pub(crate) async fn set_aggregates(&self, provider: Uuid, aggregates: &[Uuid]) {
        let body = json!({"resource_provider_generation": self.generation(provider).await, "aggregates": aggregates});
        let set = self.put(&format!("/resource_providers/{provider}/aggregates"), body).await;
        assert_eq!(set.status, 200, "{set:?}");
    }

    /// What is used of a provider's class.
    pub(crate) async fn used(&self, provider: Uuid, class: &str) -> i64 {
        self.get(&format!("/resource_providers/{provider}/usages")).await.body["usages"][class].as_i64().unwrap()
    }
}
