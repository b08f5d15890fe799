//! Each route with no token, with a token without any role, and with one of another project.

use ferrostack_http::{Access, axum::http::Method};
use ferrostack_network::routes;
use serde_json::{Value, json};

use crate::cloud::{Cloud, id};

const NOBODY: &str = "3a06dfc7-d239-4aad-9a57-21cd171c72e5";

/// A body that passes the route's schema.
fn body(path: &str) -> Option<Value> {
    let collection = path.trim_start_matches('/');
    Some(match collection {
        "networks" | "networks/{id}" => json!({"network": {"name": "x"}}),
        "subnets" => json!({"subnet": {"network_id": NOBODY, "cidr": "10.0.0.0/24"}}),
        "subnets/{id}" => json!({"subnet": {"name": "x"}}),
        "ports" => json!({"port": {"network_id": NOBODY}}),
        "ports/{id}" => json!({"port": {"name": "x"}}),
        "routers" | "routers/{id}" => json!({"router": {"name": "x"}}),
        "routers/{id}/add_router_interface" | "routers/{id}/remove_router_interface" => json!({"subnet_id": NOBODY}),
        "routers/{id}/add_extraroutes" | "routers/{id}/remove_extraroutes" => json!({"router": {"routes": []}}),
        "floatingips" => json!({"floatingip": {"floating_network_id": NOBODY}}),
        "floatingips/{id}" => json!({"floatingip": {"description": "x"}}),
        "security-groups" | "security-groups/{id}" => json!({"security_group": {"name": "x"}}),
        "security-group-rules" => json!({"security_group_rule": {"security_group_id": NOBODY, "direction": "ingress"}}),
        "quotas/{project}" => json!({"quota": {"network": 1}}),
        tags if tags.ends_with("/tags") => json!({"tags": ["x"]}),
        _ => return None,
    })
}

#[tokio::test]
async fn no_route_lets_strangers_in() {
    let cloud = Cloud::each().await.remove(0);
    let (router, network, subnet) = cloud.routed("member:p").await;
    let port = id(&cloud.port("member:p", &network).await);
    let floating = json!({"floatingip": {"floating_network_id": cloud.public().await}});
    let floating = id(&cloud.post("member:p", "/v2.0/floatingips", floating).await.ok()["floatingip"]);
    let group = cloud.get("member:p", "/v2.0/security-groups").await.ok()["security_groups"][0].clone();
    let rule = id(&group["security_group_rules"][0]);
    cloud.put("member:p", &format!("/v2.0/networks/{network}/tags"), json!({"tags": ["t"]})).await.ok();
    let own = |path: &str| {
        let ids = [
            ("networks", network.as_str()),
            ("subnets", &subnet),
            ("ports", &port),
            ("routers", &router),
            ("floatingips", &floating),
            ("security-groups", group["id"].as_str().unwrap()),
            ("security-group-rules", &rule),
        ];
        let collection = path.split('/').nth(1).unwrap_or_default();
        let id = ids.iter().find(|(name, _)| *name == collection).map_or(NOBODY, |(_, id)| *id);
        path.replace("{id}", id).replace("{project}", "p").replace("{tag}", "t").replace("{alias}", "router")
    };
    let mut checked = 0;
    for info in routes().infos() {
        let Access::Policy(action) = info.access else { continue };
        checked += 1;
        let path = format!("/v2.0{}", own(info.path));
        let what = format!("{} {}", info.method, info.path);
        let body = || if info.method == Method::GET || info.method == Method::DELETE { None } else { body(info.path) };
        assert_eq!(info.schemas.is_empty(), body().is_none(), "{what} has no case");
        assert_eq!(cloud.call("", info.method.clone(), &path, body()).await.status, 401, "{what}");
        if action != "get_extension" {
            assert_eq!(cloud.call("stranger:p", info.method.clone(), &path, body()).await.status, 403, "{what}");
        }
        if info.method != Method::GET {
            assert_eq!(cloud.call("reader:p", info.method.clone(), &path, body()).await.status, 403, "{what}");
        }
        if info.path.contains("{id}") || info.path.contains("{project}") {
            let status = cloud.call("member:q", info.method.clone(), &path, body()).await.status;
            assert!(status == 404 || status == 403, "{what}: {status}");
            assert!(!info.path.contains("{id}") || status == 404, "{what}: {status}");
        }
    }
    assert_eq!(checked, routes().infos().len() - 1, "all but the list of resources");
    // And nothing of it was done.
    for path in [
        format!("networks/{network}"),
        format!("ports/{port}"),
        format!("routers/{router}"),
        format!("floatingips/{floating}"),
    ] {
        cloud.get("member:p", &format!("/v2.0/{path}")).await.ok();
    }
}
