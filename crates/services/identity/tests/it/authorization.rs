//! Who may do what: every route, asked by who may and by who may not.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_http::{Access, RouteInfo};
use ferrostack_identity::routes;
use serde_json::json;

use crate::cloud::{Cloud, each};

/// Who may, of those that are asked about here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Everybody with a token.
    Anybody,
    /// Who owns the thing, readers of the system, administrators.
    OwnerOrReader,
    /// Readers of the system, administrators.
    Reader,
    /// Who owns the thing, and administrators.
    OwnerOrAdmin,
    /// Administrators.
    Admin,
}

/// Each action of each route.
fn table() -> BTreeMap<&'static str, Who> {
    use Who::{Admin, Anybody, OwnerOrAdmin, OwnerOrReader, Reader};
    let lines: [(Who, &[&str]); 5] = [
        (
            Anybody,
            &[
                "get_auth_catalog",
                "get_auth_projects",
                "get_auth_domains",
                "get_auth_system",
                "get_region",
                "list_regions",
            ],
        ),
        (
            OwnerOrReader,
            &[
                "validate_token",
                "check_token",
                "get_domain",
                "get_project",
                "list_project_tags",
                "get_project_tag",
                "get_user",
                "list_groups_for_user",
                "list_user_projects",
            ],
        ),
        (
            Reader,
            &[
                "list_domains",
                "list_projects",
                "list_users",
                "get_group",
                "list_groups",
                "list_users_in_group",
                "check_user_in_group",
                "get_role",
                "list_roles",
                "get_implied_role",
                "list_implied_roles",
                "list_role_inference_rules",
                "check_implied_role",
                "check_grant",
                "list_grants",
                "check_system_grant_for_user",
                "list_system_grants_for_user",
                "check_system_grant_for_group",
                "list_system_grants_for_group",
                "list_role_assignments",
                "get_service",
                "list_services",
                "get_endpoint",
                "list_endpoints",
            ],
        ),
        (OwnerOrAdmin, &["revoke_token"]),
        (
            Admin,
            &[
                "create_domain",
                "update_domain",
                "delete_domain",
                "create_project",
                "update_project",
                "delete_project",
                "update_project_tags",
                "create_project_tag",
                "delete_project_tags",
                "delete_project_tag",
                "create_user",
                "update_user",
                "delete_user",
                "create_group",
                "update_group",
                "delete_group",
                "add_user_to_group",
                "remove_user_from_group",
                "create_role",
                "update_role",
                "delete_role",
                "create_implied_role",
                "delete_implied_role",
                "create_grant",
                "revoke_grant",
                "create_system_grant_for_user",
                "revoke_system_grant_for_user",
                "create_system_grant_for_group",
                "revoke_system_grant_for_group",
                "create_region",
                "update_region",
                "delete_region",
                "create_service",
                "update_service",
                "delete_service",
                "create_endpoint",
                "update_endpoint",
                "delete_endpoint",
            ],
        ),
    ];
    lines.into_iter().flat_map(|(who, names)| names.iter().map(move |name| (*name, who))).collect()
}

fn action(info: &RouteInfo) -> Option<&'static str> {
    match info.access {
        Access::Policy(action) => action.strip_prefix("identity:"),
        _ => None,
    }
}

#[test]
fn the_table_has_every_action() {
    let asked: BTreeSet<&str> = routes().infos().iter().filter_map(|info| action(info)).collect();
    assert_eq!(asked, table().into_keys().collect());
}

/// Things that belong to nobody who asks here: in a domain of their own.
struct Others {
    values: BTreeMap<&'static str, String>,
    token: String,
}

async fn others(cloud: &Cloud, admin: &str) -> Others {
    let domain =
        cloud.post("/v3/domains", admin, json!({"domain": {"name": "other"}})).await.expect(201).text("/domain/id");
    let within = |name: &str| json!({"name": name, "domain_id": domain});
    let user = cloud.post("/v3/users", admin, json!({"user": within("u")})).await.expect(201).text("/user/id");
    let group = cloud.post("/v3/groups", admin, json!({"group": within("g")})).await.expect(201).text("/group/id");
    let project =
        cloud.post("/v3/projects", admin, json!({"project": within("p")})).await.expect(201).text("/project/id");
    let service = cloud.get("/v3/services", admin).await.expect(200).text("/services/0/id");
    let endpoint = cloud.get("/v3/endpoints", admin).await.expect(200).text("/endpoints/0/id");
    let values = [
        ("domain_id", domain),
        ("user_id", user),
        ("group_id", group),
        ("project_id", project),
        ("role_id", cloud.role(admin, "member").await),
        ("implied_role_id", cloud.role(admin, "reader").await),
        ("region_id", "RegionOne".to_owned()),
        ("service_id", service),
        ("endpoint_id", endpoint),
        ("tag", "blue".to_owned()),
    ];
    Others { values: values.into_iter().collect(), token: admin.to_owned() }
}

impl Others {
    /// Calls a route about them.
    async fn ask(&self, cloud: &Cloud, info: &RouteInfo, token: &str) -> u16 {
        let path =
            info.path.split('/').map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => self.values[name].as_str(),
                None => part,
            });
        let path = path.collect::<Vec<_>>().join("/");
        let method = format!("{} x-subject-token={}", info.method, self.token);
        cloud.first.call(&method, &path, token, Some(json!({}))).await.status
    }
}

#[tokio::test]
async fn nobody_does_more_than_the_table_says() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let others = others(&cloud, &admin).await;
        let member = cloud.demo().await;
        let reader = cloud.user(&admin, "watcher").await;
        let role = cloud.role(&admin, "reader").await;
        cloud.put(&format!("/v3/system/users/{reader}/roles/{role}"), &admin).await.expect(204);
        let reader = cloud.token("watcher", "secret", json!({"system": {"all": true}})).await;
        let table = table();
        for info in routes().infos() {
            let Some(action) = action(&info) else { continue };
            let (route, who) = (format!("{} {}", info.method, info.path), table[action]);
            assert_eq!(others.ask(&cloud, &info, "").await, 401, "{route} without a token");
            assert_eq!(others.ask(&cloud, &info, "gAAAAA").await, 401, "{route} with a token that is none");
            let allowed = |status: u16| status != 401 && status != 403;
            let status = others.ask(&cloud, &info, &member).await;
            assert_eq!(allowed(status), who == Who::Anybody, "{route} by a stranger: {status}");
            let status = others.ask(&cloud, &info, &reader).await;
            let may = matches!(who, Who::Anybody | Who::OwnerOrReader | Who::Reader);
            assert_eq!(allowed(status), may, "{route} by a reader of the system: {status}");
        }
    }
}

#[tokio::test]
async fn owners_see_what_is_theirs() {
    for cloud in each().await {
        let (token, made) = (cloud.demo().await, &cloud.made);
        let (user, project) = (made.demo_user_id.as_ref().unwrap(), made.demo_project_id.as_ref().unwrap());
        for path in [
            "/v3/domains/default".to_owned(),
            format!("/v3/projects/{project}"),
            format!("/v3/projects/{project}/tags"),
            format!("/v3/users/{user}"),
            format!("/v3/users/{user}/groups"),
            format!("/v3/users/{user}/projects"),
        ] {
            assert_eq!(cloud.get(&path, &token).await.status, 200, "{path}");
        }
        for path in
            ["/v3/users/nobody".to_owned(), "/v3/projects/none".to_owned(), format!("/v3/users/{}", made.admin_user_id)]
        {
            assert_eq!(cloud.get(&path, &token).await.status, 403, "{path}: it does not tell whether it exists");
        }
        let admin = cloud.admin().await;
        assert_eq!(cloud.get("/v3/users/nobody", &admin).await.status, 404);
    }
}

#[tokio::test]
async fn managers_of_a_domain_manage_it_and_no_other() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let domain =
            cloud.post("/v3/domains", &admin, json!({"domain": {"name": "shop"}})).await.expect(201).text("/domain/id");
        let user = cloud.user(&admin, "boss").await;
        let role = cloud.role(&admin, "manager").await;
        cloud.put(&format!("/v3/domains/{domain}/users/{user}/roles/{role}"), &admin).await.expect(204);
        let boss = cloud.token("boss", "secret", json!({"domain": {"id": domain}})).await;

        // The domain of the token is the one that is meant when none is named.
        let made = cloud.post("/v3/users", &boss, json!({"user": {"name": "clerk"}})).await.expect(201);
        assert_eq!(made.text("/user/domain_id"), domain);
        cloud.post("/v3/projects", &boss, json!({"project": {"name": "till"}})).await.expect(201);
        cloud.post("/v3/users", &boss, json!({"user": {"name": "spy", "domain_id": "default"}})).await.expect(403);
        cloud
            .post("/v3/projects", &boss, json!({"project": {"name": "lair", "domain_id": "default"}}))
            .await
            .expect(403);
        cloud.delete(&format!("/v3/users/{user}"), &boss).await.expect(403);

        // Lists are those of the domain, whatever is asked for.
        for path in ["/v3/users", "/v3/users?domain_id=default"] {
            let users = cloud.get(path, &boss).await.expect(200);
            assert_eq!(users.body["users"].as_array().unwrap().len(), 1, "{path}");
            assert_eq!(users.text("/users/0/name"), "clerk");
        }
    }
}
