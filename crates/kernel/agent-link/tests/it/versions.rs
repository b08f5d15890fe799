//! Version N speaks with N-1, and with N+1.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::StatusCode, routing::get};
use ferrostack_agent_api::{Agent, AgentErrorKind, DomainSpec, NodeFacts, OneShot, Wanted};
use ferrostack_agent_link::{NodeReport, RemoteAgent, ReportAnswer, Role};
use serde_json::{Value, json};

use super::{
    raw::Raw,
    world::{ANY_PORT, SERVER, Served, World, spec},
};

/// What a controller of the version before sends: without the fields that were added since.
fn older_spec() -> Value {
    json!({
        "server": SERVER, "name": "instance-00000007", "hostname": "web", "fence": 1, "generation": 1, "power": "On",
        "vcpus": 1, "memory_mb": 1024, "disk_gb": 1, "image": null,
        "interfaces": [{
            "port_id": SERVER, "network_id": SERVER, "mac": "fa:16:3e:00:00:01", "mtu": 1442,
            "addresses": [{"ip": "10.0.0.4", "prefix": 24, "gateway": null}],
        }],
        "project_id": "demo", "request_id": "req-1",
    })
}

#[test]
fn older_json_is_read_with_defaults() {
    let spec: DomainSpec = serde_json::from_value(older_spec()).unwrap();
    assert_eq!((spec.config_drive, spec.hardware.len(), spec.shutdown_timeout_s), (None, 0, 60));
    assert_eq!(spec.interfaces[0].metadata, None);
    let shot = json!({"server": SERVER, "fence": 1, "number": SERVER, "kind": "HardReboot"});
    assert_eq!(serde_json::from_value::<OneShot>(shot).unwrap().shutdown_timeout_s, 60);
    let answer: ReportAnswer = serde_json::from_value(json!({})).unwrap();
    assert_eq!(answer.version, 0);
}

fn facts() -> Value {
    json!({
        "version": 1, "id": SERVER, "name": "compute-1", "hypervisor_type": "QEMU", "hypervisor_version": 7_002_000,
        "architecture": "x86_64", "vcpus": 4, "memory_mb": 8192, "disk_gb": 100, "host_ip": "10.0.0.2",
    })
}

#[test]
fn newer_json_is_read_without_what_is_not_known() {
    let mut newer = older_spec();
    newer["cpu_pinning"] = json!({"policy": "dedicated"});
    newer["interfaces"][0]["trusted"] = json!(true);
    serde_json::from_value::<DomainSpec>(newer).unwrap();
    let mut facts = facts();
    facts["numa"] = json!([1, 2]);
    let report: NodeReport =
        serde_json::from_value(json!({"facts": facts, "address": "10.0.0.2:8082", "mood": "good"})).unwrap();
    assert_eq!((report.version.as_str(), report.facts.vcpus), ("", 4));
}

/// An agent of another version: it answers newer facts, lacks newer calls, and refuses in its own way.
fn other_agent(asked: Arc<Mutex<Vec<String>>>) -> Router {
    let newer = |mut value: Value| {
        value["added_later"] = json!({"a": 1});
        Json(value)
    };
    Router::new()
        .route("/v1/facts", get(move || async move { newer(facts()) }))
        .route(
            "/v1/domains/{server}",
            axum::routing::put(move |body: String| async move {
                asked.lock().unwrap().push(body);
                (StatusCode::CONFLICT, Json(json!({"kind": "Draining", "message": "the node is being emptied"})))
            }),
        )
        .route("/v1/domains", get(|| async { Json(json!([{"server": "not what was expected"}])) }))
}

#[tokio::test]
async fn an_agent_of_another_version_is_understood_as_far_as_possible() {
    let world = World::new();
    let asked = Arc::default();
    let link = world.link(Role::Agent, "compute-1");
    let served = Served::routes(&link, ANY_PORT, other_agent(Arc::clone(&asked))).await;
    let remote = RemoteAgent::new(world.controller(), "compute-1", served.address);

    let facts: NodeFacts = remote.facts().await.unwrap();
    assert_eq!((facts.name.as_str(), facts.vcpus), ("compute-1", 4));

    let error = remote.put_domain(&spec(1, 1, Wanted::On)).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (AgentErrorKind::Refused, "the node is being emptied (Draining)"));
    let sent: DomainSpec = serde_json::from_str(&asked.lock().unwrap()[0]).unwrap();
    assert_eq!(sent, spec(1, 1, Wanted::On));

    // A call that it does not have says nothing about the server.
    let error = remote.console_log(SERVER, None).await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Refused, "{error:?}");
    // An answer that is not understood: it did something.
    let error = remote.domains().await.unwrap_err();
    assert_eq!(error.kind, AgentErrorKind::Unreachable, "{error:?}");
}

#[tokio::test]
async fn an_older_controllers_request_is_taken_and_an_unknown_one_is_refused_as_such() {
    let world = World::new();
    let node = world.node().await;
    // The requests of other versions can't be made with this version's client: they are put together by hand.
    let mut raw = Raw::new(&world.issue(Role::Controller, "controller-1"), node.served.address).await;
    let path = format!("/v1/domains/{SERVER}");
    let (status, answer) = raw.call("PUT", &path, &older_spec()).await;
    assert_eq!((status, answer["power"].as_str()), (200, Some("Running")), "{answer}");

    for (method, path) in [("GET", "/v1/migrations"), ("PATCH", "/v1/facts")] {
        let (status, answer) = raw.call(method, path, &Value::Null).await;
        assert_eq!((status, answer["kind"].as_str()), (404, Some("Refused")), "{answer}");
    }
    let (status, answer) = raw.call("PUT", "/v1/domains/00000000-0000-0000-0000-000000000001", &older_spec()).await;
    assert_eq!((status, answer["kind"].as_str()), (422, Some("Refused")), "{answer}");
    let unknown = json!({"server": SERVER, "fence": 1, "number": SERVER, "kind": "Levitate"});
    let (status, answer) = raw.call("POST", "/v1/one-shots", &unknown).await;
    assert_eq!((status, answer["kind"].as_str()), (422, Some("Refused")), "{answer}");
    let mut wrong = older_spec();
    wrong["vcpus"] = json!("hunter2");
    let (_, answer) = raw.call("PUT", &path, &wrong).await;
    assert!(!answer.to_string().contains("hunter2") && answer.to_string().contains("wrong type"), "{answer}");
}
