//! Stopping, starting, rebooting, and what guests do by themselves.

use ferrostack_agent_api::Power;
use ferrostack_sim::node::Silence;
use serde_json::{Value, json};

use crate::cloud::Cloud;

#[tokio::test]
async fn a_server_is_stopped_started_and_rebooted() {
    for cloud in Cloud::each().await {
        let id = cloud.boot(json!({})).await;
        assert_eq!(cloud.act(id, json!({"os-start": null})).await.0, 409);
        assert_eq!(cloud.act(id, json!({"os-stop": null})).await, (202, Value::Null));
        cloud.settle().await;
        let server = cloud.show(id).await;
        assert_eq!((server["status"].as_str(), server["OS-EXT-STS:power_state"].as_i64()), (Some("SHUTOFF"), Some(4)));
        assert_eq!(cloud.act(id, json!({"os-stop": null})).await.0, 409);
        assert_eq!(cloud.act(id, json!({"reboot": {"type": "SOFT"}})).await.0, 409);
        assert_eq!(cloud.act(id, json!({"os-start": {}})).await.0, 202);
        cloud.settle().await;
        assert_eq!(cloud.show(id).await["status"], "ACTIVE");
        assert_eq!(cloud.act(id, json!({"os-stop": null})).await.0, 202);
        cloud.settle().await;
        assert_eq!(cloud.act(id, json!({"reboot": {"type": "HARD"}})).await.0, 202);
        cloud.settle().await;
        assert_eq!(cloud.show(id).await["status"], "ACTIVE", "a hard reboot starts what is off");
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn a_reboot_is_seen_on_the_console() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({"name": "Web 1"})).await;
    let console = async |lines: Value| {
        let (status, body) = cloud.act(id, json!({"os-getConsoleOutput": lines})).await;
        assert_eq!(status, 200, "{body}");
        body["output"].as_str().unwrap().to_owned()
    };
    let before = console(json!({})).await;
    assert!(before.contains("web-1 login:"), "{before}");
    assert_eq!(console(json!({"length": 3})).await.lines().count(), 3);
    assert_eq!(cloud.act(id, json!({"reboot": {"type": "SOFT"}})).await.0, 202);
    cloud.settle().await;
    assert_eq!(console(json!({})).await.lines().count(), 2 * before.lines().count());
    assert_eq!(cloud.act(id, json!({"levitate": null})).await.0, 400);
    let reader = cloud.call("reader:demo", "POST", &format!("/servers/{id}/action"), json!({"os-stop": null})).await;
    assert_eq!(reader.0, 403);
}

#[tokio::test]
async fn a_guest_that_powers_off_is_shut_off_and_stays_so() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let host = cloud.show(id).await["OS-EXT-SRV-ATTR:host"].as_str().unwrap().to_owned();
    let node = cloud.nodes.node(&host).unwrap();
    assert!(node.happens(id.0, Power::Shutdown).unwrap());
    cloud.reconcile().await;
    let server = cloud.show(id).await;
    assert_eq!((server["status"].as_str(), server["OS-EXT-STS:power_state"].as_i64()), (Some("SHUTOFF"), Some(4)));
    node.restart().unwrap();
    cloud.reconcile().await;
    assert_eq!(cloud.show(id).await["status"], "SHUTOFF", "nobody asked for it to run again");
    assert!(node.happens(id.0, Power::Running).unwrap());
    cloud.reconcile().await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE", "started by hand");
    assert!(node.happens(id.0, Power::Shutdown).unwrap());
    cloud.reconcile().await;
    assert_eq!(cloud.act(id, json!({"os-start": null})).await.0, 202);
    cloud.settle().await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE");
    cloud.assert_clean().await;
}

#[tokio::test]
async fn a_domain_that_was_removed_by_hand_is_shut_off() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    for number in [1, 2] {
        if let Some(domain) = cloud.domains(number).await.first() {
            ferrostack_agent_api::Agent::drop_domain(&*cloud.node(number), id.0, domain.fence).await.unwrap();
        }
    }
    cloud.reconcile().await;
    assert_eq!(cloud.show(id).await["status"], "SHUTOFF");
    // Starting it defines it again: the fence of the operation is higher than that of the removal.
    assert_eq!(cloud.act(id, json!({"os-start": null})).await.0, 202);
    cloud.settle().await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE");
    cloud.assert_clean().await;
}

#[tokio::test]
async fn a_guest_that_crashes_is_shut_off_with_its_power_state() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let host = cloud.show(id).await["OS-EXT-SRV-ATTR:host"].as_str().unwrap().to_owned();
    assert!(cloud.nodes.node(&host).unwrap().happens(id.0, Power::Crashed).unwrap());
    cloud.reconcile().await;
    let server = cloud.show(id).await;
    assert_eq!((&server["status"], &server["OS-EXT-STS:vm_state"]), (&json!("SHUTOFF"), &json!("stopped")));
    assert_eq!(server["OS-EXT-STS:power_state"], 6);
    assert_eq!(cloud.act(id, json!({"os-start": null})).await.0, 202);
    cloud.settle().await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE");
    cloud.assert_clean().await;
}

#[tokio::test]
async fn an_operation_waits_for_a_silent_node_and_says_so() {
    for action in [json!({"os-stop": null}), json!({"reboot": {"type": "HARD"}})] {
        let cloud = Cloud::new().await;
        let id = cloud.boot(json!({})).await;
        let silence = |silence| {
            for number in [1, 2] {
                cloud.node(number).misbehave(|faults| faults.silence = silence);
            }
        };
        silence(Silence::Before);
        assert_eq!(cloud.act(id, action.clone()).await.0, 202);
        let reason = loop {
            let live = ferrostack_saga::store::live(&cloud.db.db).await.unwrap();
            if let Some(reason) = live.first().expect("it waits").reason.clone() {
                break reason;
            }
            cloud.clock.sleep(std::time::Duration::from_millis(5)).await;
        };
        assert!(reason.contains("does not answer"), "{reason}");
        silence(Silence::No);
        cloud.settle().await;
        let expected = if action.get("reboot").is_some() { "ACTIVE" } else { "SHUTOFF" };
        assert_eq!(cloud.show(id).await["status"], expected);
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn only_a_stuck_operation_can_be_retried() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let unknown = cloud.compute.retry(ferrostack_saga::OperationId::new()).await.unwrap_err();
    assert!(matches!(unknown, ferrostack_compute::ComputeError::NotFound { .. }), "{unknown}");
    let silence = |silence| {
        for number in [1, 2] {
            cloud.node(number).misbehave(|faults| faults.silence = silence);
        }
    };
    silence(Silence::Before);
    assert_eq!(cloud.act(id, json!({"os-stop": null})).await.0, 202);
    let operation = ferrostack_saga::store::live(&cloud.db.db).await.unwrap()[0].id;
    let running = cloud.compute.retry(operation).await.unwrap_err();
    assert!(matches!(running, ferrostack_compute::ComputeError::Conflict { .. }), "{running}");
    // As if it had been parked: whoever runs it now finds at its next step that it is not its own any more.
    let park = "UPDATE operation SET state = 'stuck', epoch = epoch + 1";
    let done: Result<(), ferrostack_db::DbError> =
        cloud.db.db.tx(|tx| async move { tx.exec(park, vec![]).await.map(drop) }).await;
    done.unwrap();
    silence(Silence::No);
    cloud.clock.sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(cloud.compute.retry(operation).await.unwrap(), format!("server {id}"));
    cloud.settle().await;
    cloud.assert_clean().await;
}

#[tokio::test]
async fn a_stop_that_the_node_refuses_leaves_the_server_as_it_was() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    for number in [1, 2] {
        cloud.node(number).misbehave(|faults| faults.refuse = (1, "the monitor is busy".to_owned()));
    }
    assert_eq!(cloud.act(id, json!({"os-stop": null})).await.0, 202);
    cloud.settle().await;
    let server = cloud.show(id).await;
    assert_eq!((&server["status"], &server["OS-EXT-STS:task_state"]), (&json!("ACTIVE"), &Value::Null));
    let list = cloud.get("reader:demo", &format!("/servers/{id}/os-instance-actions")).await;
    assert_eq!(list["instanceActions"][0]["message"], "Error");
    // It can be stopped afterwards: generations moved on.
    assert_eq!(cloud.act(id, json!({"os-stop": null})).await.0, 202);
    cloud.settle().await;
    assert_eq!(cloud.show(id).await["status"], "SHUTOFF");
    cloud.assert_clean().await;
}

#[tokio::test]
async fn a_silent_node_keeps_its_servers_as_they_were() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    for number in [1, 2] {
        cloud.node(number).misbehave(|faults| faults.silence = Silence::Before);
    }
    cloud.reconcile().await;
    assert_eq!(cloud.show(id).await["status"], "ACTIVE");
    let (status, body) = cloud.act(id, json!({"os-getConsoleOutput": {}})).await;
    assert_eq!((status, body["serviceUnavailable"]["code"].as_u64()), (503, Some(503)), "{body}");
}
