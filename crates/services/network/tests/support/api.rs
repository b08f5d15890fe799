//! The service's API as clients see it, with a fake identity service: the token `ROLE:PROJECT` is a user of that role in
//! that project, `admin` one of the project `admin`.

#![allow(dead_code, reason = "each of the test programs uses a part of it")]

use std::sync::Arc;

use ferrostack_auth::{Authenticated, Policy, Scope};
use ferrostack_http::{
    AuthFuture, Authenticator, Dialect, Fault, Gate, Service,
    axum::{
        Router,
        body::Body,
        http::{Method, Request},
    },
};
use ferrostack_network::{ACTIONS, Network};
use ferrostack_policy::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Who tokens are.
struct Tokens;

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let (role, project) = token.split_once(':').unwrap_or((token, "admin"));
            let implied: &[&str] = match role {
                "admin" => &["admin", "manager", "member", "reader"],
                "member" => &["member", "reader"],
                "reader" => &["reader"],
                "stranger" => &[],
                _ => return Err(Fault::unauthorized("no such token")),
            };
            Ok(Arc::new(Authenticated {
                user_id: format!("user-{project}"),
                user_name: "somebody".into(),
                user_domain_id: "default".into(),
                user_domain_name: "Default".into(),
                scope: Scope::Project {
                    id: project.into(),
                    name: project.into(),
                    domain_id: "default".into(),
                    domain_name: "Default".into(),
                    is_domain: false,
                },
                roles: implied.iter().map(|name| Role { id: (*name).into(), name: (*name).into() }).collect(),
                expires_at_us: i64::MAX,
                audit_ids: vec![],
                methods: vec!["password".into()],
            }))
        })
    }
}

/// The service behind its router.
pub struct Api {
    pub router: Router,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// Asserts a refusal.
    #[track_caller]
    pub fn refused(self, status: u16, kind: &str) -> String {
        assert_eq!(
            (self.status, self.body["NeutronError"]["type"].as_str().unwrap_or_default()),
            (status, kind),
            "{}",
            self.body
        );
        self.body["NeutronError"]["message"].as_str().unwrap().to_owned()
    }
}

impl Api {
    pub fn new(net: &Network) -> Self {
        let gate = Gate { authenticator: Arc::new(Tokens), policy: Arc::new(Policy::new([ACTIONS]).unwrap()) };
        let service = Service { name: "network", dialect: Dialect::Network, versions: None, gate, observer: None };
        let root = service.clone().mount(ferrostack_network::root_routes(), net.clone());
        let router = Router::new()
            .nest_service("/network/v2.0", service.mount(ferrostack_network::routes(), net.clone()))
            .nest_service("/network", root);
        Self { router }
    }

    pub async fn call(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/network{path}")).header("host", "cloud:9696");
        if !token.is_empty() {
            request = request.header("x-auth-token", token);
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status, body }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::GET, path, None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::DELETE, path, None).await
    }

    /// Ids of a list.
    pub async fn ids(&self, token: &str, path: &str) -> Vec<String> {
        let body = self.get(token, path).await.ok();
        let list = body.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
        list.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn network(&self, token: &str, name: &str) -> String {
        id(&self.post(token, "/v2.0/networks", json!({"network": {"name": name}})).await.ok()["network"])
    }

    pub async fn subnet(&self, token: &str, network: &str, cidr: &str) -> String {
        let body = json!({"subnet": {"network_id": network, "cidr": cidr, "ip_version": if cidr.contains(':') { 6 } else { 4 }}});
        id(&self.post(token, "/v2.0/subnets", body).await.ok()["subnet"])
    }

    pub async fn port(&self, token: &str, network: &str) -> Value {
        self.post(token, "/v2.0/ports", json!({"port": {"network_id": network}})).await.ok()["port"].clone()
    }
}

/// The id of a resource.
pub fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}
