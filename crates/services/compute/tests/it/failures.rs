//! Builds that fail, on one host or on all, and deletions that overtake them.

use std::time::Duration;

use ferrostack_compute::ComputeOptions;
use ferrostack_sim::node::{Silence, SimNodeOptions};
use serde_json::{Value, json};

use crate::cloud::{Cloud, options};

#[tokio::test]
async fn a_host_that_refuses_is_passed_over() {
    for cloud in Cloud::each().await {
        let body = json!({"name": "a"});
        cloud.node(1).misbehave(|faults| faults.refuse = (9, "the hypervisor is gone".to_owned()));
        // Whichever host comes first, the server ends on the second one.
        for _ in 0..4 {
            let id = cloud.boot(body.clone()).await;
            assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], "compute-2");
            if let Some(reasons) = ferrostack_compute::scheduling_reasons(&cloud.db.db, id).await.unwrap() {
                let failed = reasons.attempts.iter().find(|attempt| attempt.host == "compute-1");
                assert!(
                    failed.is_none_or(|attempt| attempt.reason.as_ref().unwrap().contains("hypervisor")),
                    "{reasons:?}"
                );
            }
        }
        assert_eq!(cloud.domains(1).await.len(), 0);
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn when_no_host_can_the_fault_says_why_for_each() {
    for cloud in Cloud::each().await {
        cloud.node(1).misbehave(|faults| faults.refuse = (9, "no hypervisor".to_owned()));
        cloud.network.break_host("compute-2");
        let id = cloud.create(json!({})).await;
        cloud.settle().await;
        let server = cloud.show(id).await;
        assert_eq!((&server["status"], &server["OS-EXT-STS:vm_state"]), (&json!("ERROR"), &json!("error")));
        assert_eq!(server["fault"]["code"], 500);
        let message = server["fault"]["message"].as_str().unwrap();
        assert!(message.starts_with("No valid host was found."), "{message}");
        assert!(
            message.contains("compute-1: no hypervisor") && message.contains("compute-2: ports on compute-2"),
            "{message}"
        );
        assert_eq!(cloud.placement.allocations().len(), 0);
        assert_eq!(cloud.network.ports().len(), 0);
        assert_eq!(cloud.domains(1).await.len() + cloud.domains(2).await.len(), 0);
        assert_eq!(cloud.act(id, json!({"os-start": null})).await.0, 409);
        assert_eq!(cloud.act(id, json!({"os-getConsoleOutput": {}})).await.0, 409);
        cloud.assert_clean().await;
        assert_eq!(cloud.delete(id).await, 204);
        cloud.settle().await;
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn an_image_that_lies_is_named_in_the_fault() {
    let cloud = Cloud::new().await;
    let lie = format!("image {} says that it is qcow2, but its data is raw", cloud.image);
    cloud.node(1).misbehave(|faults| faults.refuse = (9, lie.clone()));
    // Another node may have a good copy.
    let id = cloud.boot(json!({})).await;
    assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], "compute-2");
    cloud.node(2).misbehave(|faults| faults.refuse = (9, lie.clone()));
    let id = cloud.create(json!({})).await;
    cloud.settle().await;
    let server = cloud.show(id).await;
    let message = server["fault"]["message"].as_str().unwrap();
    assert!(server["status"] == "ERROR" && message.contains(&lie), "{message}");
    assert!(cloud.get("admin", &format!("/servers/{id}/os-interface")).await["interfaceAttachments"] == json!([]));
    cloud.assert_clean().await;
}

#[tokio::test]
async fn it_is_told_which_host_was_chosen_and_which_would_have_done() {
    let cloud = Cloud::new().await;
    let reasons = async |id| ferrostack_compute::scheduling_reasons(&cloud.db.db, id).await.unwrap().unwrap();
    let id = cloud.boot(json!({})).await;
    let host = cloud.show(id).await["OS-EXT-SRV-ATTR:host"].as_str().unwrap().to_owned();
    let told = reasons(id).await;
    assert_eq!(told.chosen.as_deref(), Some(host.as_str()));
    let [(other, what)] = told.candidates.as_slice() else { panic!("{told:?}") };
    assert!(*other != host && what.contains(&format!("{host} was chosen before")), "{told:?}");
    cloud.node(1).misbehave(|faults| faults.refuse = (9, "no hypervisor".to_owned()));
    cloud.node(2).misbehave(|faults| faults.refuse = (9, "no hypervisor".to_owned()));
    let id = cloud.create(json!({})).await;
    cloud.settle().await;
    let told = reasons(id).await;
    assert_eq!((told.chosen.as_ref(), told.candidates.len()), (None, 2));
    let tried = "it was tried; put_domain failed: no hypervisor";
    assert!(told.candidates.iter().all(|(_, what)| what == tried), "{told:?}");
}

#[tokio::test]
async fn a_flavor_that_fits_nowhere_names_what_is_missing() {
    let cloud = Cloud::new().await;
    let flavor = json!({"flavor": {"name": "huge", "id": "huge", "vcpus": 20, "ram": 1, "disk": 9999}});
    cloud.call("admin", "POST", "/flavors", flavor).await;
    let id = cloud.create(json!({"flavorRef": "huge"})).await;
    cloud.settle().await;
    let message = cloud.show(id).await["fault"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("compute-1: it has no room for 9999 DISK_GB"), "{message}");
    let reasons = ferrostack_compute::scheduling_reasons(&cloud.db.db, id).await.unwrap().unwrap();
    assert_eq!((reasons.chosen, reasons.candidates.len(), reasons.dropped.len()), (None, 0, 2));
    assert_eq!(cloud.network.ports().len(), 0, "no port was made for nothing");
}

#[tokio::test]
async fn a_silent_node_owes_what_it_may_have_made() {
    for silence in [Silence::Before, Silence::After] {
        let cloud = Cloud::new().await;
        cloud.node(1).misbehave(|faults| faults.silence = silence);
        for _ in 0..4 {
            let id = cloud.boot(json!({"networks": [{"uuid": cloud.net}]})).await;
            assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], "compute-2", "{silence:?}");
        }
        cloud.node(1).misbehave(|faults| faults.silence = Silence::No);
        cloud.reconcile().await;
        assert_eq!(cloud.domains(1).await, vec![], "{silence:?}: the debt is paid");
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn a_node_that_takes_too_long_is_given_up() {
    let cloud = Cloud::with(ComputeOptions { build_timeout: Duration::from_millis(100), ..options() }).await;
    cloud.node(1).misbehave(|faults| faults.delay = Duration::from_secs(600));
    for _ in 0..3 {
        let id = cloud.boot(json!({})).await;
        assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], "compute-2");
    }
    cloud.node(1).misbehave(|faults| faults.delay = Duration::ZERO);
    cloud.reconcile().await;
    cloud.assert_clean().await;
}

#[tokio::test]
async fn a_deletion_overtakes_a_build_at_any_moment() {
    for cloud in Cloud::each().await {
        for round in 0..40u64 {
            let id = cloud.create(json!({"name": format!("r{round}")})).await;
            cloud.clock.sleep(Duration::from_micros(round * 400)).await;
            assert_eq!(cloud.delete(id).await, 204);
            assert!([204, 404].contains(&cloud.delete(id).await), "deleting twice is fine");
        }
        cloud.settle().await;
        assert_eq!(cloud.get("member:demo", "/servers").await["servers"], json!([]));
        assert_eq!(cloud.placement.allocations().len(), 0);
        assert_eq!(cloud.network.ports().len(), 0);
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn a_deletion_overtakes_a_build_that_waits_for_its_node() {
    let cloud = Cloud::new().await;
    let options = |number| SimNodeOptions { boot_time: Duration::from_secs(3600), ..SimNodeOptions::numbered(number) };
    let slow =
        Cloud::with(ComputeOptions { build_timeout: Duration::from_secs(3600), ..crate::cloud::options() }).await;
    drop(cloud);
    for number in [3, 4] {
        slow.nodes.add(options(number)).unwrap();
    }
    for number in [1, 2] {
        slow.node(number).misbehave(|faults| faults.refuse = (99, "not this one".to_owned()));
    }
    slow.compute.register_nodes().await.unwrap();
    let body = slow.server_body(json!({"availability_zone": "nova:compute-3"}));
    let (status, body) = slow.call("admin", "POST", "/servers", body).await;
    assert_eq!(status, 202, "{body}");
    let id = body["server"]["id"].as_str().unwrap().to_owned();
    while slow.domains(3).await.is_empty() {
        slow.clock.sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(slow.get("admin", &format!("/servers/{id}")).await["server"]["status"], "BUILD");
    assert_eq!(slow.call("admin", "DELETE", &format!("/servers/{id}"), Value::Null).await.0, 204);
    slow.settle().await;
    assert_eq!(slow.domains(3).await, vec![]);
    slow.assert_clean().await;
}

#[tokio::test]
async fn a_server_is_deleted_although_its_node_is_silent() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    for number in [1, 2] {
        cloud.node(number).misbehave(|faults| faults.silence = Silence::Before);
    }
    assert_eq!(cloud.delete(id).await, 204);
    cloud.settle().await;
    assert_eq!(cloud.call("member:demo", "GET", &format!("/servers/{id}"), Value::Null).await.0, 404);
    for number in [1, 2] {
        cloud.node(number).misbehave(|faults| faults.silence = Silence::No);
    }
    assert_eq!(cloud.domains(1).await.len() + cloud.domains(2).await.len(), 1);
    cloud.reconcile().await;
    assert_eq!(cloud.domains(1).await.len() + cloud.domains(2).await.len(), 0);
    cloud.assert_clean().await;
}
