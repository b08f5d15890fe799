//! Security groups: rules take effect, and what only a removed rule allowed is cut.

use serde_json::{Value, json};

use crate::{api::id, guest::speaks, world::World};

#[tokio::test]
async fn real_rules_take_effect_and_cut_what_only_they_allowed() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let group = id(&world
        .post("admin", "/v2.0/security-groups", json!({"security_group": {"name": "web"}}))
        .await
        .ok()["security_group"]);
    let rule = async |more: Value| {
        let mut body = json!({"direction": "ingress", "ethertype": "IPv4", "security_group_id": group});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        id(
            &world.post("admin", "/v2.0/security-group-rules", json!({"security_group_rule": body})).await.ok()["security_group_rule"],
        )
    };
    let a = world.server(&network, json!({"security_groups": [group]})).await;
    let b = world.server(&network, json!({"security_groups": [group]})).await;
    a.guest.configure(&a.mac);
    b.guest.configure(&b.mac);
    let to = b.addresses[0].as_str();
    let (web, other) = (b.guest.listen(80), b.guest.listen(81));
    assert!(!a.guest.pings(to) && a.guest.connect(to, 80).is_none(), "nothing may come in");

    let ping = rule(json!({"protocol": "icmp"})).await;
    world.until("ping is allowed", async || a.guest.pings(to)).await;
    let first = rule(json!({"protocol": "tcp", "port_range_min": 80, "port_range_max": 80})).await;
    rule(json!({"protocol": "tcp", "port_range_min": 81, "port_range_max": 81})).await;
    world.settle().await;
    let mut near = None;
    world
        .until("TCP is allowed", async || {
            near = a.guest.connect(to, 80);
            near.is_some()
        })
        .await;
    let (mut near, (mut far, _)) = (near.unwrap(), web.accept().unwrap());
    let mut kept_near = a.guest.connect(to, 81).unwrap();
    let (mut kept_far, _) = other.accept().unwrap();
    assert!(speaks(&mut near, &mut far) && speaks(&mut far, &mut near));
    assert!(speaks(&mut kept_near, &mut kept_far));

    world.delete("admin", &format!("/v2.0/security-group-rules/{ping}")).await.ok();
    world.until("ping is allowed no more", async || !a.guest.pings(to)).await;
    world.delete("admin", &format!("/v2.0/security-group-rules/{first}")).await.ok();
    world.until("the connection is cut", async || !speaks(&mut near, &mut far)).await;
    assert!(!speaks(&mut far, &mut near), "both ways");
    assert!(a.guest.connect(to, 80).is_none(), "and there is no new one");
    assert!(speaks(&mut kept_near, &mut kept_far) && speaks(&mut kept_far, &mut kept_near), "others live on");

    // Members of a group are allowed by the group.
    rule(json!({"remote_group_id": group})).await;
    world.until("members reach each other", async || a.guest.pings(to)).await;
    let stranger = world.server(&network, json!({})).await;
    stranger.guest.configure(&stranger.mac);
    assert!(!stranger.guest.pings(to), "who is no member does not");
    world
        .put("admin", &format!("/v2.0/ports/{}", stranger.port), json!({"port": {"security_groups": [group]}}))
        .await
        .ok();
    world.until("who joins the group does", async || stranger.guest.pings(to)).await;
}

#[tokio::test]
async fn real_guests_cannot_pretend_to_be_others() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let group = world.ids("admin", "/v2.0/security-groups?name=default").await.remove(0);
    // By group a further address would not be known: several ports may have it.
    let open =
        json!({"security_group_rule": {"direction": "ingress", "ethertype": "IPv4", "security_group_id": group}});
    world.post("admin", "/v2.0/security-group-rules", open).await.ok();
    let a = world.server(&network, json!({})).await;
    let b = world.server(&network, json!({})).await;
    b.guest.configure(&b.mac);
    a.guest.space.ip("addr add 10.0.1.99/24 dev eth0");
    assert!(!a.guest.pings(&b.addresses[0]), "another address");
    let body = json!({"port": {"allowed_address_pairs": [{"ip_address": "10.0.1.99"}]}});
    world.put("admin", &format!("/v2.0/ports/{}", a.port), body).await.ok();
    world.until("an allowed one", async || a.guest.pings(&b.addresses[0])).await;
    let body = json!({"port": {"allowed_address_pairs": [], "security_groups": [], "port_security_enabled": false}});
    world.put("admin", &format!("/v2.0/ports/{}", b.port), body).await.ok();
    let body = json!({"port": {"allowed_address_pairs": [], "security_groups": [], "port_security_enabled": false}});
    world.put("admin", &format!("/v2.0/ports/{}", a.port), body).await.ok();
    a.guest.space.ip("addr del 10.0.1.99/24 dev eth0");
    a.guest.space.ip("addr add 10.0.1.77/24 dev eth0");
    world.until("any, without port security", async || a.guest.pings(&b.addresses[0])).await;
}
