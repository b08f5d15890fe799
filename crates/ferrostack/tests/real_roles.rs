//! The roles as processes of their own on one machine, with real engines: a controller and an agent, in the namespaces of
//! an isolated cloud, where engines and guests outlive both.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod roles;

use std::time::Duration;

use roles::{Cloud, Role};
use serde_json::json;

#[tokio::test]
async fn real_controller_and_agent_run_servers_and_outlive_each_other() {
    let Some(mut cloud) = Cloud::new("roles") else { return };
    cloud.start(Role::Controller);
    cloud.start(Role::Agent);
    let api = cloud.log_in().await;
    let image = api.image(cloud.image()).await;
    let network = api.network().await;

    let (server, request) = api.boot("first", &image, &network).await;
    api.becomes(&server, "ACTIVE").await;
    let guest = cloud.guest(&server).expect("a guest runs");
    let name = cloud.name().to_owned();
    let status = cloud.run(&["status"]);
    for told in [&format!("{name}: libvirt"), "OVN Northbound", "Everything is well."] {
        assert!(status.contains(told), "{told}: {status}");
    }
    let alone = cloud.status_of_node();
    for told in [": agent, version", &format!("{name}: libvirt"), "ovs-vswitchd", "node_reporter", "127.0.0.1:8081"] {
        assert!(alone.contains(told), "{told}: {alone}");
    }
    assert!(!alone.contains("Controllers"), "{alone}");
    let steps = cloud.run(&["trace", &request]);
    assert!(steps.contains(&format!("{name}/put_domain")), "{steps}");
    let explained = cloud.run(&["explain", &server]);
    assert!(explained.contains("virsh dumpxml"), "{explained}");
    // Its address by OVN, its name by the node's metadata proxy, which has the controller's secret from the bundle.
    let console = api.console(&server, "TINY-BOOT-DONE").await;
    assert!(console.contains("10.7.0.") && console.contains("src=http hostname=first"), "{console}");

    // The agent dies, and comes back to a guest that has not noticed.
    cloud.kill(Role::Agent);
    assert_eq!(api.status(&server).await.as_deref(), Some("ACTIVE"), "silent is not gone");
    cloud.start(Role::Agent);
    assert_eq!(cloud.guest(&server), Some(guest), "the same process");
    api.act(&server, json!({"os-stop": null})).await;
    api.becomes(&server, "SHUTOFF").await;
    api.act(&server, json!({"os-start": null})).await;
    api.becomes(&server, "ACTIVE").await;
    let guest = cloud.guest(&server).expect("a guest runs");

    // It stops when it is told to, and guests go on then, too.
    assert_eq!(cloud.stop(Role::Agent), Some(0));
    assert_eq!(cloud.guest(&server), Some(guest));
    cloud.start(Role::Agent);

    // The controller dies while it builds; the next one goes on, with the node that it knows from the database.
    for millis in [30, 200] {
        let (second, _) = api.boot("second", &image, &network).await;
        ferrostack_base::Clock::system().sleep(Duration::from_millis(millis)).await;
        cloud.kill(Role::Controller);
        cloud.start(Role::Controller);
        api.becomes(&second, "ACTIVE").await;
        assert!(cloud.log(Role::Controller).contains("operation taken over"), "killed after {millis} ms");
        assert!(cloud.guest(&second).is_some());
        api.delete(&second).await;
        assert_eq!(cloud.guest(&second), None);
    }
    assert_eq!(cloud.guest(&server), Some(guest));
    api.delete(&server).await;
    assert_eq!(cloud.guest(&server), None);
    let audit = cloud.run(&["audit"]);
    assert_eq!(audit, "Tables, nodes and network agree.\n");
}
