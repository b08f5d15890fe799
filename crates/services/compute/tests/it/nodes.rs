//! Compute nodes as zones, services and hypervisors.

use serde_json::{Value, json};

use crate::cloud::Cloud;

#[tokio::test]
async fn nodes_are_services_and_hypervisors() {
    let cloud = Cloud::new().await;
    cloud.boot(json!({})).await;
    let services = cloud.get("admin", "/os-services?binary=nova-compute").await["services"].clone();
    assert_eq!(services.as_array().unwrap().len(), 2);
    assert_eq!(
        (&services[0]["host"], &services[0]["state"], &services[0]["status"]),
        (&json!("compute-1"), &json!("up"), &json!("enabled"))
    );
    let others = cloud.get("admin", "/os-services").await["services"].clone();
    assert!(
        others
            .as_array()
            .unwrap()
            .iter()
            .any(|service| service["binary"] == "nova-conductor" && service["zone"] == "internal")
    );
    let list = cloud.get("admin", "/os-hypervisors").await["hypervisors"].clone();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let id = &list[0]["id"];
    let shown = cloud.get("admin", &format!("/os-hypervisors/{id}")).await["hypervisor"].clone();
    assert_eq!(shown["vcpus"], 16);
    let all = cloud.get("admin", "/os-hypervisors/detail").await["hypervisors"].clone();
    assert_eq!(all.as_array().unwrap().iter().map(|node| node["running_vms"].as_i64().unwrap()).sum::<i64>(), 1);
    let sums = cloud.get("admin", "/os-hypervisors/statistics").await["hypervisor_statistics"].clone();
    assert_eq!((&sums["count"], &sums["vcpus"], &sums["vcpus_used"]), (&json!(2), &json!(32), &json!(2)));
    assert_eq!(cloud.get("admin", "/os-hypervisors/compute/search").await["hypervisors"].as_array().unwrap().len(), 2);
    let with = cloud.get("admin", "/os-hypervisors/compute/servers").await["hypervisors"].clone();
    assert_eq!(with.as_array().unwrap().iter().filter(|node| node.get("servers").is_some()).count(), 1);
    assert_eq!(cloud.call("admin", "GET", "/os-hypervisors/moon/search", Value::Null).await.0, 404);
    assert_eq!(cloud.call("admin", "GET", "/os-hypervisors/99", Value::Null).await.0, 404);
    let zones = cloud.get("reader:demo", "/os-availability-zone").await["availabilityZoneInfo"].clone();
    assert_eq!(zones, json!([{"zoneName": "nova", "zoneState": {"available": true}, "hosts": null}]));
    let detail = cloud.get("admin", "/os-availability-zone/detail").await["availabilityZoneInfo"].clone();
    assert_eq!(detail.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_disabled_node_gets_no_new_servers() {
    let cloud = Cloud::new().await;
    let body = json!({"host": "compute-1", "binary": "nova-compute", "disabled_reason": "new disks"});
    assert_eq!(cloud.call("admin", "PUT", "/os-services/disable-log-reason", body).await.0, 200);
    for _ in 0..3 {
        let id = cloud.boot(json!({})).await;
        assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], "compute-2");
        let reasons = ferrostack_compute::scheduling_reasons(&cloud.db.db, id).await.unwrap().unwrap();
        assert!(reasons.dropped[0].1.contains("new disks"), "{reasons:?}");
    }
    cloud.compute.register_nodes().await.unwrap();
    let services = cloud.get("admin", "/os-services?host=compute-1").await["services"].clone();
    assert_eq!(
        (&services[0]["status"], &services[0]["disabled_reason"]),
        (&json!("disabled"), &json!("new disks")),
        "a report changes nothing about it"
    );
    let body = json!({"host": "compute-1", "binary": "nova-compute"});
    assert_eq!(cloud.call("admin", "PUT", "/os-services/enable", body).await.0, 200);
    let unknown = json!({"host": "moon", "binary": "nova-compute"});
    assert_eq!(cloud.call("admin", "PUT", "/os-services/disable", unknown).await.0, 404);
    assert_eq!(cloud.call("admin", "PUT", "/os-services/disable", json!({"host": "x"})).await.0, 400);
}
