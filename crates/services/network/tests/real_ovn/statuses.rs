//! Statuses of ports.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn real_ports_are_active_while_a_living_chassis_has_their_interface() {
    let Some(mut world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let port = world.server_port(&network, json!({})).await;
    let server = world.guest(&port);
    world.settle().await;
    assert_eq!(world.status(&server.port).await, "DOWN", "nobody has it");
    server.guest.plug(&world.engines, &server.port);
    world.until_status(&server.port, "ACTIVE").await;
    server.guest.unplug(&world.engines);
    world.until_status(&server.port, "DOWN").await;
    server.guest.plug(&world.engines, &server.port);
    world.until_status(&server.port, "ACTIVE").await;

    world.engines.controller.kill();
    world.until_status(&server.port, "DOWN").await;
    assert!(world.engines.sbctl(&["show"]).contains("node-1"), "nobody told OVN that it died");
    world.engines.start_controller();
    world.until_status(&server.port, "ACTIVE").await;
    world.engines.controller.stop();
    world.until_status(&server.port, "DOWN").await;
    world.engines.start_controller();
    world.until_status(&server.port, "ACTIVE").await;

    // Another host is wanted: what this one has does not count.
    let path = format!("/v2.0/ports/{}", server.port);
    world.put("admin", &path, json!({"port": {"binding:host_id": "node-2"}})).await.ok();
    world.settle().await;
    assert_eq!(world.status(&server.port).await, "DOWN");
    world.put("admin", &path, json!({"port": {"binding:host_id": "node-1"}})).await.ok();
    world.until_status(&server.port, "ACTIVE").await;
    let routers: Vec<String> = world.ids("admin", "/v2.0/ports?device_owner=network:distributed").await;
    assert_eq!(routers.len(), 1);
}
