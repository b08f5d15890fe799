use serde_json::{Value, json};

use crate::cloud::{ADMIN_PASSWORD, Answer, Cloud, DEMO_PASSWORD, controller, each};

fn demo_scope(cloud: &Cloud) -> Value {
    json!({"project": {"id": cloud.made.demo_project_id}})
}

async fn by_token(cloud: &Cloud, token: &str, scope: Value) -> Answer {
    let mut auth = json!({"identity": {"methods": ["token"], "token": {"id": token}}});
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    cloud.post("/v3/auth/tokens", "", json!({"auth": auth})).await
}

async fn look(cloud: &Cloud, token: &str, subject: &str, query: &str) -> Answer {
    let method = format!("GET x-subject-token={subject}");
    cloud.first.call(&method, &format!("/v3/auth/tokens{query}"), token, None).await
}

#[tokio::test]
async fn a_token_of_a_project_says_all_that_clients_read() {
    for cloud in each().await {
        let answer = cloud.first.log_in("demo", DEMO_PASSWORD, demo_scope(&cloud)).await.expect(201);
        assert_eq!(answer.header("vary"), Some("X-Auth-Token"));
        let token = answer.header("x-subject-token").unwrap().to_owned();
        assert!(token.starts_with("gAAAAA"), "a Fernet token of these years: {token}");
        let body = &answer.body["token"];
        assert_eq!(body["methods"], json!(["password"]));
        let user = json!({
            "domain": {"id": "default", "name": "Default"},
            "id": cloud.made.demo_user_id,
            "name": "demo",
            "password_expires_at": null,
        });
        assert_eq!(body["user"], user);
        let project =
            json!({"domain": {"id": "default", "name": "Default"}, "id": cloud.made.demo_project_id, "name": "demo"});
        assert_eq!(body["project"], project);
        assert_eq!(body["is_domain"], false);
        let names: Vec<&Value> = body["roles"].as_array().unwrap().iter().map(|role| &role["name"]).collect();
        assert_eq!(names, ["member", "reader"]);
        assert_eq!(body["audit_ids"].as_array().unwrap().len(), 1);
        let times = [body["issued_at"].as_str().unwrap(), body["expires_at"].as_str().unwrap()];
        assert!(times.iter().all(|time| time.len() == 27 && time.ends_with(".000000Z")), "{times:?}");
        let times = times.map(|time| ferrostack_base::Timestamp::parse(time).unwrap());
        assert_eq!(times[1].secs() - times[0].secs(), 3600);

        let catalog = body["catalog"].as_array().unwrap();
        assert_eq!(catalog.len(), 2);
        let compute = catalog.iter().find(|service| service["type"] == "compute").unwrap();
        assert_eq!(compute["name"], "nova");
        assert_eq!(compute["endpoints"].as_array().unwrap().len(), 3);
        let endpoint = &compute["endpoints"][0];
        assert_eq!(endpoint["url"], "http://cloud:5555/compute/v2.1");
        assert_eq!((&endpoint["region"], &endpoint["region_id"]), (&json!("RegionOne"), &json!("RegionOne")));

        // Asked about, from memory or not, the token says the same.
        assert_eq!(look(&cloud, &token, &token, "").await.expect(200).body, answer.body);
        if let Some(second) = cloud.second() {
            let seen = second.call(&format!("GET x-subject-token={token}"), "/v3/auth/tokens", &token, None).await;
            assert_eq!(seen.expect(200).body, answer.body);
        }
        let short = look(&cloud, &token, &token, "?nocatalog").await.expect(200);
        assert!(short.body["token"].get("catalog").is_none());
        assert_eq!(short.header("x-subject-token"), Some(token.as_str()));
        let head = cloud
            .first
            .call(&format!("HEAD x-subject-token={token}"), "/v3/auth/tokens", &token, None)
            .await
            .expect(200);
        assert!(head.body.is_null());
    }
}

#[tokio::test]
async fn each_scope_has_its_own_fields() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let role = cloud.role(&admin, "admin").await;
        let grant = format!("/v3/domains/default/users/{}/roles/{role}", cloud.made.admin_user_id);
        cloud.put(&grant, &admin).await.expect(204);
        let body =
            |scope| async { cloud.first.log_in("admin", ADMIN_PASSWORD, scope).await.expect(201).body["token"].take() };

        let system = body(json!({"system": {"all": true}})).await;
        assert_eq!(system["system"], json!({"all": true}));
        assert!(system["catalog"].is_array() && system.get("project").is_none());
        let domain = body(json!({"domain": {"name": "Default"}})).await;
        assert_eq!(domain["domain"], json!({"id": "default", "name": "Default"}));
        assert!(domain["roles"].is_array() && domain.get("is_domain").is_none());
        for scope in [json!(null), json!("unscoped"), json!({"unscoped": {}})] {
            let none = body(scope).await;
            assert!(
                ["catalog", "roles", "project", "domain", "system"].iter().all(|key| none.get(key).is_none()),
                "{none}"
            );
        }
        let by_name = body(json!({"project": {"name": "ADMIN", "domain": {"name": "default"}}})).await;
        assert_eq!(by_name["project"]["name"], "admin", "names are found without regard to case");
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    for cloud in each().await {
        let wrong = cloud.first.log_in("demo", "wrong", json!(null)).await.expect(401).body;
        for (name, password, scope) in [
            ("nobody", DEMO_PASSWORD, json!(null)),
            ("service", "", json!(null)),
            ("demo", DEMO_PASSWORD, json!({"project": {"id": cloud.made.admin_project_id}})),
            ("demo", DEMO_PASSWORD, json!({"project": {"name": "no such", "domain": {"id": "default"}}})),
            ("demo", DEMO_PASSWORD, json!({"project": {"name": "demo", "domain": {"name": "no such"}}})),
            ("demo", DEMO_PASSWORD, json!({"domain": {"id": "default"}})),
            ("demo", DEMO_PASSWORD, json!({"system": {"all": true}})),
            ("demo", DEMO_PASSWORD, json!({"OS-TRUST:trust": {"id": "x"}})),
        ] {
            assert_eq!(
                cloud.first.log_in(name, password, scope.clone()).await.expect(401).body,
                wrong,
                "{name} {scope}"
            );
        }
        for (auth, status) in [
            (json!({"identity": {"methods": []}}), 401),
            (json!({"identity": {"methods": ["totp"]}}), 401),
            (json!({"identity": {"methods": ["password"]}}), 400),
            (
                json!({"identity": {"methods": ["password"], "password": {"user": {"name": "demo", "password": "x"}}}}),
                400,
            ),
            (json!({"identity": {"methods": "password"}}), 400),
            (json!({}), 400),
        ] {
            cloud.post("/v3/auth/tokens", "", json!({"auth": auth})).await.expect(status);
        }
        let two = json!({"system": {"all": true}, "domain": {"id": "default"}});
        cloud.first.log_in("demo", DEMO_PASSWORD, two).await.expect(400);
    }
}

#[tokio::test]
async fn a_token_makes_tokens_for_other_scopes_that_end_no_later() {
    for cloud in each().await {
        let first = cloud.first.log_in("demo", DEMO_PASSWORD, json!(null)).await.expect(201);
        let parent = first.header("x-subject-token").unwrap().to_owned();
        cloud.wait(600);
        let second = by_token(&cloud, &parent, demo_scope(&cloud)).await.expect(201);
        let (one, two) = (&first.body["token"], &second.body["token"]);
        assert_eq!(one["expires_at"], two["expires_at"]);
        assert_eq!(two["methods"], json!(["token", "password"]));
        assert_eq!(two["audit_ids"][1], one["audit_ids"][0], "the chain is known by its first token");
        let child = second.header("x-subject-token").unwrap().to_owned();
        let third = by_token(&cloud, &child, json!({"project": {"name": "demo", "domain": {"id": "default"}}}))
            .await
            .expect(201);
        assert_eq!(third.body["token"]["audit_ids"][1], one["audit_ids"][0]);

        // Revoking one does not touch the others.
        cloud.first.call(&format!("DELETE x-subject-token={child}"), "/v3/auth/tokens", &child, None).await.expect(204);
        assert_eq!(cloud.status_of(&child).await, 401);
        assert_eq!(look(&cloud, &parent, &child, "").await.status, 404);
        by_token(&cloud, &child, json!(null)).await.expect(404);
        by_token(&cloud, &parent, demo_scope(&cloud)).await.expect(201);
    }
}

#[tokio::test]
async fn both_methods_must_be_of_one_user() {
    for cloud in each().await {
        let token = cloud.demo().await;
        let auth = |name: &str, password: &str| {
            let user = json!({"name": name, "password": password, "domain": {"id": "default"}});
            json!({"auth": {"identity": {"methods": ["password", "token"], "password": {"user": user}, "token": {"id": token}}}})
        };
        let both = cloud.post("/v3/auth/tokens", "", auth("demo", DEMO_PASSWORD)).await.expect(201);
        assert_eq!(both.body["token"]["methods"], json!(["token", "password"]));
        cloud.post("/v3/auth/tokens", "", auth("admin", ADMIN_PASSWORD)).await.expect(401);
        cloud.post("/v3/auth/tokens", "", auth("demo", "wrong")).await.expect(401);
    }
}

#[tokio::test]
async fn the_default_project_is_taken_where_no_scope_is_asked_for() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let (user, project) = (cloud.user(&admin, "ann").await, cloud.project(&admin, "home").await);
        cloud
            .patch(&format!("/v3/users/{user}"), &admin, json!({"user": {"default_project_id": project}}))
            .await
            .expect(200);
        let log_in = |scope| cloud.first.log_in("ann", "secret", scope);
        assert!(log_in(json!(null)).await.expect(201).body["token"].get("project").is_none(), "no role there");
        let role = cloud.role(&admin, "member").await;
        cloud.put(&format!("/v3/projects/{project}/users/{user}/roles/{role}"), &admin).await.expect(204);
        assert_eq!(log_in(json!(null)).await.expect(201).body["token"]["project"]["id"], json!(project));
        assert!(log_in(json!({"unscoped": {}})).await.expect(201).body["token"].get("project").is_none());
        cloud
            .patch(&format!("/v3/projects/{project}"), &admin, json!({"project": {"enabled": false}}))
            .await
            .expect(200);
        assert!(log_in(json!(null)).await.expect(201).body["token"].get("project").is_none(), "it is disabled");
    }
}

#[tokio::test]
async fn a_token_ends() {
    for cloud in each().await {
        let (demo, service) = (cloud.demo().await, cloud.admin().await);
        cloud.wait(3599);
        assert_eq!(cloud.status_of(&demo).await, 200);
        cloud.wait(2);
        assert_eq!(cloud.status_of(&demo).await, 401);
        by_token(&cloud, &demo, json!(null)).await.expect(404);
        assert_eq!(look(&cloud, &service, &demo, "").await.status, 401, "that one is over as well");
        let service = cloud.admin().await;
        assert_eq!(look(&cloud, &service, &demo, "").await.status, 404);
        assert_eq!(look(&cloud, &service, &demo, "?allow_expired=1").await.status, 200, "a long operation may go on");
        cloud.wait(48 * 3600);
        let service = cloud.admin().await;
        assert_eq!(look(&cloud, &service, &demo, "?allow_expired=1").await.status, 404);
    }
}

#[tokio::test]
async fn what_is_no_token_is_none() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let mut forged = admin.clone();
        forged.replace_range(40..41, if &admin[40..41] == "A" { "B" } else { "A" });
        for text in ["", "x", &forged, &"A".repeat(20_000)] {
            assert_eq!(look(&cloud, &admin, text, "").await.status, 404);
        }
        assert_eq!(look(&cloud, &forged, &admin, "").await.status, 401);
        assert_eq!(cloud.get("/v3/auth/tokens", &admin).await.status, 404, "no token to look at");
    }
}

/// Changes that void tokens at once; each with what makes them.
#[tokio::test]
async fn revocations_hold_at_once_on_every_controller() {
    for cloud in each().await {
        let second = cloud.second();
        let admin = cloud.admin().await;
        let role = cloud.role(&admin, "member").await;
        let group =
            cloud.post("/v3/groups", &admin, json!({"group": {"name": "g"}})).await.expect(201).text("/group/id");
        let cases = [
            "user",
            "password",
            "own password",
            "project",
            "role",
            "delete user",
            "delete project",
            "group role",
            "membership",
            "domain",
        ];
        for (number, case) in cases.into_iter().enumerate() {
            let name = format!("user{number}");
            let domain = cloud
                .post("/v3/domains", &admin, json!({"domain": {"name": name}}))
                .await
                .expect(201)
                .text("/domain/id");
            let user = json!({"user": {"name": name, "password": "secret", "domain_id": domain}});
            let user = cloud.post("/v3/users", &admin, user).await.expect(201).text("/user/id");
            let project = cloud.project(&admin, &name).await;
            let by_group = matches!(case, "group role" | "membership");
            let grant = match by_group {
                true => format!("/v3/projects/{project}/groups/{group}/roles/{role}"),
                false => format!("/v3/projects/{project}/users/{user}/roles/{role}"),
            };
            cloud.put(&grant, &admin).await.expect(204);
            let membership = format!("/v3/groups/{group}/users/{user}");
            cloud.put(&membership, &admin).await.expect(204);
            let log_in = |password: &'static str| {
                let user = json!({"id": user, "password": password});
                let identity = json!({"methods": ["password"], "password": {"user": user}});
                cloud.post(
                    "/v3/auth/tokens",
                    "",
                    json!({"auth": {"identity": identity, "scope": {"project": {"id": project}}}}),
                )
            };
            let token = log_in("secret").await.expect(201).header("x-subject-token").unwrap().to_owned();
            let seen_by_second = async || match &second {
                Some(second) => {
                    second.call(&format!("GET x-subject-token={token}"), "/v3/auth/tokens", &admin, None).await.status
                }
                None => look(&cloud, &admin, &token, "").await.status,
            };
            assert_eq!((cloud.status_of(&token).await, seen_by_second().await), (200, 200), "{case}");

            let (user_path, project_path) = (format!("/v3/users/{user}"), format!("/v3/projects/{project}"));
            let change = match case {
                "user" => cloud.patch(&user_path, &admin, json!({"user": {"enabled": false}})).await,
                "password" => cloud.patch(&user_path, &admin, json!({"user": {"password": "new"}})).await,
                "own password" => {
                    let body = json!({"user": {"password": "new", "original_password": "secret"}});
                    cloud.post(&format!("{user_path}/password"), "", body).await
                }
                "project" => cloud.patch(&project_path, &admin, json!({"project": {"enabled": false}})).await,
                "domain" => {
                    cloud.patch(&format!("/v3/domains/{domain}"), &admin, json!({"domain": {"enabled": false}})).await
                }
                "delete user" => cloud.delete(&user_path, &admin).await,
                "delete project" => cloud.delete(&project_path, &admin).await,
                "membership" => cloud.delete(&membership, &admin).await,
                _ => cloud.delete(&grant, &admin).await,
            };
            assert!([200, 204].contains(&change.status), "{case}: {}", change.body);
            assert_eq!(cloud.status_of(&token).await, 401, "{case}");
            assert_eq!(seen_by_second().await, 404, "{case}");
            assert_eq!(cloud.status_of(&admin).await, 200, "{case}: others are not touched");

            // What is undone does not bring old tokens back, while new ones are good in the same second.
            let undone = match case {
                "user" => cloud.patch(&user_path, &admin, json!({"user": {"enabled": true}})).await,
                "project" => cloud.patch(&project_path, &admin, json!({"project": {"enabled": true}})).await,
                "domain" => {
                    cloud.patch(&format!("/v3/domains/{domain}"), &admin, json!({"domain": {"enabled": true}})).await
                }
                "password" | "own password" => {
                    log_in("secret").await.expect(401);
                    let token = log_in("new").await.expect(201).header("x-subject-token").unwrap().to_owned();
                    assert_eq!(cloud.status_of(&token).await, 200, "{case}");
                    continue;
                }
                _ => continue,
            };
            undone.expect(200);
            assert_eq!(cloud.status_of(&token).await, 401, "{case}");
            let token = log_in("secret").await.expect(201).header("x-subject-token").unwrap().to_owned();
            assert_eq!(cloud.status_of(&token).await, 200, "{case}");
        }
    }
}

#[tokio::test]
async fn a_role_that_is_given_is_in_the_tokens_that_there_are() {
    for cloud in each().await {
        let (admin, demo) = (cloud.admin().await, cloud.demo().await);
        assert_eq!(cloud.get("/v3/users", &demo).await.status, 403);
        let role = cloud.role(&admin, "admin").await;
        let (user, project) = (cloud.made.demo_user_id.as_ref().unwrap(), cloud.made.demo_project_id.as_ref().unwrap());
        let grant = format!("/v3/projects/{project}/users/{user}/roles/{role}");
        cloud.put(&grant, &admin).await.expect(204);
        assert_eq!(cloud.get("/v3/users", &demo).await.status, 200);
        cloud.delete(&grant, &admin).await.expect(204);
        assert_eq!(cloud.get("/v3/users", &demo).await.status, 403);
        assert_eq!(cloud.status_of(&demo).await, 200);
    }
}

#[tokio::test]
async fn scopes_to_choose_from() {
    for cloud in each().await {
        let (admin, demo) = (cloud.admin().await, cloud.token("demo", DEMO_PASSWORD, json!({"unscoped": {}})).await);
        let names = |answer: Answer, list: &str| -> Vec<String> {
            let items = answer.expect(200).body[list].take();
            let mut names: Vec<String> =
                items.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(cloud.get("/v3/auth/projects", &demo).await, "projects"), ["demo"]);
        assert_eq!(names(cloud.get("/v3/auth/projects", &admin).await, "projects"), ["admin", "demo"]);
        assert!(names(cloud.get("/v3/auth/domains", &demo).await, "domains").is_empty());
        assert_eq!(cloud.get("/v3/auth/system", &admin).await.expect(200).body["system"], json!([{"all": true}]));
        assert_eq!(cloud.get("/v3/auth/system", &demo).await.expect(200).body["system"], json!([]));
        let group =
            cloud.post("/v3/groups", &admin, json!({"group": {"name": "g"}})).await.expect(201).text("/group/id");
        let (user, role) = (cloud.made.demo_user_id.as_ref().unwrap(), cloud.role(&admin, "reader").await);
        cloud.put(&format!("/v3/groups/{group}/users/{user}"), &admin).await.expect(204);
        cloud.put(&format!("/v3/domains/default/groups/{group}/roles/{role}"), &admin).await.expect(204);
        assert_eq!(names(cloud.get("/v3/auth/domains", &demo).await, "domains"), ["Default"]);

        cloud.get("/v3/auth/catalog", &demo).await.expect(403);
        let catalog = cloud.get("/v3/auth/catalog", &admin).await.expect(200);
        assert_eq!(catalog.body["catalog"].as_array().unwrap().len(), 2);
        assert_eq!(catalog.text("/links/self"), "http://cloud:5555/identity/v3/auth/catalog");
    }
}

#[tokio::test]
async fn a_revocation_outlives_the_process() {
    for cloud in each().await {
        let (admin, demo) = (cloud.admin().await, cloud.demo().await);
        cloud.first.call(&format!("DELETE x-subject-token={demo}"), "/v3/auth/tokens", &admin, None).await.expect(204);
        let again = controller(&cloud.test, &cloud.keys);
        let ask = async |token: &str| again.call("GET", "/v3/auth/projects", token, None).await.status;
        assert_eq!((ask(&admin).await, ask(&demo).await), (200, 401));
    }
}
