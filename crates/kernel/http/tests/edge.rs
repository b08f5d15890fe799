//! What every route gets at its service's edge, through a mounted router.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Method, Request, StatusCode},
    response::Response,
};
use ferrostack_auth::{Authenticated, Microversion, Policy, Scope};
use ferrostack_http::{
    AuthFuture, Authenticator, Cx, Dialect, Fault, Gate, Id, Reply, Routes, Schema, Service, Valid, Versions, axum,
};
use ferrostack_policy::{Action, Role};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const ACTIONS: &[Action] = &[
    Action {
        name: "thing:create",
        rule: "role:member and project_id:%(project_id)s",
        scope_types: &[],
        doc: "Make a thing.",
    },
    Action {
        name: "thing:show",
        rule: "role:reader and project_id:%(project_id)s",
        scope_types: &[],
        doc: "See a thing.",
    },
];

static CREATE: Schema = Schema::new(
    r#"{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false}"#,
);

#[derive(Clone, Default)]
struct Things(Arc<AtomicUsize>);

async fn create(Cx(cx): Cx, State(things): State<Things>, Valid(body): Valid<Value>) -> Result<Reply, Fault> {
    tokio::task::yield_now().await; // a client may hang up here
    things.0.fetch_add(1, Ordering::SeqCst);
    Ok(Reply::created(
        &json!({"name": body["name"], "project": cx.require_project()?, "version": cx.microversion().to_string()}),
    ))
}

async fn show(Cx(cx): Cx, Id(id): Id<u32>) -> Result<Reply, Fault> {
    cx.allow("thing:show", &[("project_id", "blue")]).map_err(|_| Fault::not_found("Thing", id))?;
    Ok(Reply::ok(&json!({"id": id})))
}

struct Tokens;

impl Authenticator for Tokens {
    /// `role:project`
    fn authenticate<'a>(&'a self, token: &'a str) -> AuthFuture<'a> {
        Box::pin(async move {
            let (role, project) = token.split_once(':').ok_or_else(|| Fault::unauthorized("no such token"))?;
            Ok(Arc::new(Authenticated {
                user_id: "u".to_owned(),
                user_name: "u".to_owned(),
                user_domain_id: "default".to_owned(),
                user_domain_name: "Default".to_owned(),
                scope: Scope::Project {
                    id: project.to_owned(),
                    name: project.to_owned(),
                    domain_id: "default".to_owned(),
                    domain_name: "Default".to_owned(),
                    is_domain: false,
                },
                roles: vec![Role::from((role.to_owned(), role.to_owned()))],
                expires_at_us: i64::MAX,
                audit_ids: vec![],
                methods: vec![],
            }))
        })
    }
}

fn router(things: Things) -> Router {
    let routes = Routes::new()
        .post("/things", create)
        .policy("thing:create")
        .schema(&CREATE)
        .get("/things/{id}", show)
        .policy("thing:show")
        .get("/newer", || async { Reply::no_content() })
        .public()
        .versions(Microversion::new(2, 5), Microversion::new(2, 9))
        .get("/", || async { Reply::ok(&json!({})) })
        .public();
    Service {
        name: "compute",
        dialect: Dialect::Compute,
        versions: Some(Versions {
            service: "compute",
            legacy_header: Some("x-openstack-nova-api-version"),
            min: Microversion::new(2, 1),
            max: Microversion::new(2, 9),
            default: Microversion::new(2, 1),
        }),
        gate: Gate { authenticator: Arc::new(Tokens), policy: Arc::new(Policy::new([ACTIONS]).unwrap()) },
        observer: None,
    }
    .mount(routes, things)
}

async fn call(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> (Response, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(Things::default()).oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).unwrap_or_default())
}

const MEMBER: (&str, &str) = ("x-auth-token", "member:blue");

#[tokio::test]
async fn without_a_token_nothing_but_public_routes_answers() {
    let (response, body) = call(Method::POST, "/things", &[], r#"{"name": "a"}"#).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(body["unauthorized"]["code"], 401);
    assert_eq!(
        call(Method::POST, "/things", &[("x-auth-token", "bad")], "{}").await.0.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(call(Method::GET, "/", &[], "").await.0.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_wrong_role_is_refused_and_the_wrong_project_finds_nothing() {
    let reader = [("x-auth-token", "reader:blue")];
    assert_eq!(call(Method::POST, "/things", &reader, r#"{"name": "a"}"#).await.0.status(), StatusCode::FORBIDDEN);
    assert_eq!(call(Method::GET, "/things/7", &reader, "").await.0.status(), StatusCode::OK);
    assert_eq!(
        call(Method::GET, "/things/7", &[("x-auth-token", "reader:red")], "").await.0.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(call(Method::GET, "/things/seven", &reader, "").await.0.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bodies_are_checked_before_the_handler_runs() {
    let (response, body) = call(Method::POST, "/things", &[MEMBER], r#"{"name": "a"}"#).await;
    assert_eq!((response.status(), &body["project"]), (StatusCode::CREATED, &json!("blue")));
    for wrong in ["", "{", r#"{"name": 1}"#, r#"{"name": "a", "size": 2}"#] {
        let (response, body) = call(Method::POST, "/things", &[MEMBER], wrong).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{wrong}");
        assert!(body["badRequest"]["message"].is_string());
    }
    let long = format!(r#"{{"name": "{}"}}"#, "a".repeat(5 << 20));
    assert_eq!(call(Method::POST, "/things", &[MEMBER], &long).await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn microversions_are_negotiated_and_named_in_the_answer() {
    let version = |headers: &'static [(&'static str, &'static str)]| async move {
        let (response, _) = call(Method::GET, "/", headers, "").await;
        (response.status().as_u16(), response.headers()["openstack-api-version"].to_str().unwrap().to_owned())
    };
    assert_eq!(version(&[]).await, (200, "compute 2.1".to_owned()));
    assert_eq!(
        version(&[("openstack-api-version", "placement 1.9, compute 2.7")]).await,
        (200, "compute 2.7".to_owned())
    );
    assert_eq!(version(&[("x-openstack-nova-api-version", "2.3")]).await, (200, "compute 2.3".to_owned()));
    assert_eq!(version(&[("openstack-api-version", "compute latest")]).await, (200, "compute 2.9".to_owned()));
    assert_eq!(version(&[("openstack-api-version", "compute 2.10")]).await.0, 406);
    assert_eq!(version(&[("openstack-api-version", "compute two")]).await.0, 400);
    assert_eq!(call(Method::GET, "/newer", &[], "").await.0.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        call(Method::GET, "/newer", &[("openstack-api-version", "compute 2.5")], "").await.0.status(),
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_in_the_dialect_with_a_request_id() {
    let (response, body) = call(Method::GET, "/nothing", &[MEMBER], "").await;
    assert_eq!((response.status(), &body["itemNotFound"]["code"]), (StatusCode::NOT_FOUND, &json!(404)));
    assert!(response.headers()["x-openstack-request-id"].to_str().unwrap().starts_with("req-"));
    assert_eq!(call(Method::PUT, "/things", &[MEMBER], "").await.0.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_change_goes_on_when_its_client_hangs_up() {
    let things = Things::default();
    let request = Request::post("/things").header(MEMBER.0, MEMBER.1).body(Body::from(r#"{"name": "a"}"#)).unwrap();
    let mut answer = Box::pin(router(things.clone()).oneshot(request));
    // Polled until the handler has begun, then dropped, as the server does when the connection closes.
    for _ in 0..1 {
        assert!(futures::poll!(&mut answer).is_pending());
    }
    drop(answer);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(things.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_there_are() {
    let (response, body) = call(Method::DELETE, "/things", &[MEMBER], "").await;
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    assert!(body["badMethod"]["message"].as_str().unwrap().contains("DELETE"));
    assert_eq!(call(Method::POST, "/", &[], "").await.0.headers()["allow"], "GET", "HEAD is answered, not advertised");
}

#[tokio::test]
async fn what_is_no_http_is_answered_with_a_reason() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (address, running) =
        ferrostack_http::serve("127.0.0.1:0".parse().unwrap(), router(Things::default()), std::future::pending())
            .await
            .unwrap();
    tokio::spawn(running);
    let ask = async |request: &str| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = ask("POST /things HTTP/1.1\r\nhost: here\r\ncontent-length: hi mom\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("content-length header must be an integer"),
        "{answer}"
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["error"]["code"], 400);
    // A request that can be read is answered as ever.
    let answer = ask("GET /nothing HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("x-openstack-request-id"), "{answer}");
}
