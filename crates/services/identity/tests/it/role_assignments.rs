use serde_json::{Value, json};

use crate::cloud::{Cloud, each};

async fn list(cloud: &Cloud, admin: &str, query: &str) -> Vec<Value> {
    let answer = cloud.get(&format!("/v3/role_assignments?{query}"), admin).await.expect(200);
    answer.body["role_assignments"].as_array().unwrap().clone()
}

#[tokio::test]
async fn assignments_are_listed_as_they_were_made() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let (demo_user, demo) =
            (cloud.made.demo_user_id.as_ref().unwrap(), cloud.made.demo_project_id.as_ref().unwrap());
        let role = cloud.role(&admin, "member").await;
        assert_eq!(list(&cloud, &admin, "").await.len(), 5);
        let of_demo = list(&cloud, &admin, &format!("user.id={demo_user}")).await;
        let expected = json!({
            "links": {"assignment": format!("http://cloud:5555/identity/v3/projects/{demo}/users/{demo_user}/roles/{role}")},
            "scope": {"project": {"id": demo}},
            "user": {"id": demo_user},
            "role": {"id": role},
        });
        assert_eq!(of_demo, [expected]);
        let named = list(&cloud, &admin, &format!("user.id={demo_user}&include_names=True")).await;
        let domain = json!({"id": "default", "name": "Default"});
        assert_eq!(named[0]["user"], json!({"id": demo_user, "name": "demo", "domain": domain}));
        assert_eq!(named[0]["scope"], json!({"project": {"id": demo, "name": "demo", "domain": domain}}));
        assert_eq!(named[0]["role"], json!({"id": role, "name": "member"}));
        let system = list(&cloud, &admin, "scope.system=all").await;
        assert_eq!(system.len(), 1);
        assert_eq!(system[0]["scope"], json!({"system": {"all": true}}));
        assert_eq!(list(&cloud, &admin, &format!("scope.project.id={demo}")).await.len(), 2);
        assert_eq!(list(&cloud, &admin, &format!("role.id={role}")).await.len(), 1);
        assert!(list(&cloud, &admin, "scope.domain.id=default").await.is_empty());
        for bad in [
            "scope.system=all&scope.domain.id=default",
            "user.id=a&group.id=b",
            "include_subtree",
            "group.id=a&effective",
        ] {
            cloud.get(&format!("/v3/role_assignments?{bad}"), &admin).await.expect(400);
        }
    }
}

#[tokio::test]
async fn effective_ones_are_those_of_members_with_what_roles_imply() {
    for cloud in each().await {
        let admin = cloud.admin().await;
        let (user, project) = (cloud.user(&admin, "ann").await, cloud.project(&admin, "p").await);
        let group =
            cloud.post("/v3/groups", &admin, json!({"group": {"name": "g"}})).await.expect(201).text("/group/id");
        let (member, reader) = (cloud.role(&admin, "member").await, cloud.role(&admin, "reader").await);
        cloud.put(&format!("/v3/groups/{group}/users/{user}"), &admin).await.expect(204);
        cloud.put(&format!("/v3/projects/{project}/groups/{group}/roles/{member}"), &admin).await.expect(204);

        let made = list(&cloud, &admin, &format!("scope.project.id={project}")).await;
        assert_eq!(made.len(), 1);
        assert_eq!(made[0]["group"], json!({"id": group}));
        assert!(list(&cloud, &admin, &format!("user.id={user}")).await.is_empty());

        let effective = list(&cloud, &admin, &format!("user.id={user}&effective")).await;
        let mut roles: Vec<&Value> = effective.iter().map(|one| &one["role"]["id"]).collect();
        roles.sort_by_key(|role| **role != json!(member));
        assert_eq!(roles, [&json!(member), &json!(reader)]);
        let base = "http://cloud:5555/identity/v3";
        for one in &effective {
            assert_eq!(one["user"], json!({"id": user}));
            assert_eq!(
                one["links"]["assignment"],
                json!(format!("{base}/projects/{project}/groups/{group}/roles/{member}"))
            );
            assert_eq!(one["links"]["membership"], json!(format!("{base}/groups/{group}/users/{user}")));
        }
        let by_role = list(&cloud, &admin, &format!("user.id={user}&role.id={reader}&effective")).await;
        assert_eq!(by_role.len(), 1);
        assert_eq!(by_role[0]["links"]["prior_role"], json!(format!("{base}/roles/{member}/implies/{reader}")));

        let child = json!({"project": {"name": "c", "parent_id": project}});
        let child = cloud.post("/v3/projects", &admin, child).await.expect(201).text("/project/id");
        cloud.put(&format!("/v3/projects/{child}/users/{user}/roles/{reader}"), &admin).await.expect(204);
        assert_eq!(list(&cloud, &admin, &format!("scope.project.id={project}&include_subtree=1")).await.len(), 2);
    }
}
