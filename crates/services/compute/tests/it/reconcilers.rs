//! What goes wrong in spite of everything is found and repaired.

use ferrostack_agent_api::{Agent, DomainSpec, Wanted};
use ferrostack_base::{Fence, Generation};
use ferrostack_contracts::{Network, Placement, Resources};
use ferrostack_db::{DbError, args};
use serde_json::json;
use uuid::Uuid;

use crate::cloud::Cloud;

async fn sql(cloud: &Cloud, text: &'static str) {
    cloud
        .db
        .db
        .tx(|tx| async move { tx.exec(text, args![]).await.map(drop) })
        .await
        .map_err(|error: DbError| panic!("{error}"))
        .unwrap();
}

/// One discrepancy, which names that; afterwards none.
async fn found_and_repaired(cloud: &Cloud, text: &str) {
    let found = cloud.compute.audit().await.unwrap();
    assert!(found.iter().any(|line| line.contains(text)), "{text}: {found:?}");
    // One repair may bring another one to light.
    for _ in 0..2 {
        cloud.reconcile().await;
        cloud.settle().await;
    }
    cloud.assert_clean().await;
}

fn spec(server: Uuid) -> DomainSpec {
    DomainSpec {
        server,
        name: "instance-000000ff".to_owned(),
        hostname: "lost".to_owned(),
        fence: Fence(1),
        generation: Generation(1),
        power: Wanted::On,
        vcpus: 1,
        memory_mb: 64,
        disk_gb: 1,
        image: None,
        interfaces: vec![],
        config_drive: None,
        hardware: Default::default(),
        shutdown_timeout_s: 60,
        project_id: "demo".to_owned(),
        request_id: "req-lost".to_owned(),
    }
}

#[tokio::test]
async fn domains_that_nobody_wants_are_removed() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    cloud.node(1).put_domain(&spec(Uuid::new_v4())).await.unwrap();
    found_and_repaired(&cloud, "there is no such server").await;
    let elsewhere = if cloud.show(id).await["OS-EXT-SRV-ATTR:host"] == "compute-1" { 2 } else { 1 };
    cloud.node(elsewhere).put_domain(&spec(id.0)).await.unwrap();
    found_and_repaired(&cloud, "the server is not on this node").await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE");
    cloud.delete(id).await;
    cloud.settle().await;
    cloud.node(elsewhere).put_domain(&DomainSpec { fence: Fence(9), ..spec(id.0) }).await.unwrap();
    found_and_repaired(&cloud, "the server is deleted").await;
}

#[tokio::test]
async fn allocations_follow_servers() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    cloud.placement.release(id.0).await.unwrap();
    found_and_repaired(&cloud, "without an allocation").await;
    assert!(cloud.placement.allocations().contains_key(&id.0));
    cloud.delete(id).await;
    cloud.settle().await;
    let provider = cloud.domains(1).await.len(); // none left
    assert_eq!(provider, 0);
    let facts = cloud.node(1).facts().await.unwrap();
    let some = Resources::from([("VCPU".to_owned(), 1)]);
    cloud.placement.claim(id.0, facts.id, &some, "demo", "user-demo").await.unwrap();
    found_and_repaired(&cloud, "where it is not").await;
    // A consumer that is no server may be somebody else's: it is reported and stays.
    let other = Uuid::new_v4();
    cloud.placement.claim(other, facts.id, &some, "demo", "user-demo").await.unwrap();
    cloud.reconcile().await;
    let expected = format!("{other} holds an allocation of node compute-1, but no server has that id");
    assert_eq!(cloud.compute.audit().await.unwrap(), [expected]);
    assert_eq!(cloud.placement.allocations().keys().collect::<Vec<_>>(), [&other]);
}

#[tokio::test]
async fn what_servers_without_a_record_left_behind_is_reported() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    sql(&cloud, "DELETE FROM server").await;
    let found = cloud.compute.audit().await.unwrap();
    for text in [format!("{id} holds an allocation of node"), format!("belongs to server {id}, which has no record")] {
        assert!(found.iter().any(|line| line.contains(&text)), "{text}: {found:?}");
    }
}

#[tokio::test]
async fn ports_follow_servers() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    cloud.network.bind(id.0, "compute-9").await.unwrap();
    found_and_repaired(&cloud, "is bound to").await;
    let host = cloud.show(id).await["OS-EXT-SRV-ATTR:host"].as_str().map(str::to_owned);
    assert!(cloud.network.ports().values().all(|(_, bound)| *bound == host));
}

#[tokio::test]
async fn a_state_without_its_operation_does_not_last() {
    for cloud in Cloud::each().await {
        let id = cloud.boot(json!({})).await;
        sql(&cloud, "UPDATE server SET stage = 'building', status = 'BUILD', vm_state = 'building', power_state = 0, host = NULL").await;
        found_and_repaired(&cloud, "no operation is live").await;
        let server = cloud.show(id).await;
        assert_eq!(server["status"], "ERROR");
        assert!(server["fault"]["message"].as_str().unwrap().contains("lost"));
        sql(&cloud, "UPDATE server SET operation_id = '70a599e0-31e7-49b7-b260-868f441e862b', task_state = 'deleting'")
            .await;
        found_and_repaired(&cloud, "deleting").await;
        assert_eq!(cloud.get("member:demo", "/servers").await["servers"], json!([]), "the deletion was accepted again");
    }
}

#[tokio::test]
async fn states_and_quotas_are_verified() {
    for cloud in Cloud::each().await {
        let id = cloud.boot(json!({})).await;
        sql(&cloud, "UPDATE server SET status = 'SHUTOFF'").await;
        found_and_repaired(&cloud, "does not follow").await;
        assert_eq!(cloud.show(id).await["status"], "ACTIVE");
        sql(&cloud, "UPDATE quota_usage SET used = used + 5 WHERE resource = 'compute.cores'").await;
        found_and_repaired(&cloud, "compute.cores").await;
        sql(&cloud, "INSERT INTO quota_ledger (id, resource, project_id, amount) VALUES ('gone', 'compute.instances', 'demo', 1)").await;
        sql(&cloud, "UPDATE quota_usage SET used = used + 1 WHERE resource = 'compute.instances'").await;
        found_and_repaired(&cloud, "gone").await;
    }
}
