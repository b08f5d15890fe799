use serde_json::{Value, json};
use uuid::Uuid;

use crate::cloud::Cloud;

fn claim(provider: Uuid, resources: Value, generation: Option<i64>) -> Value {
    json!({"allocations": {provider.to_string(): {"resources": resources}}, "project_id": "p", "user_id": "u",
        "consumer_generation": generation, "consumer_type": "INSTANCE"})
}

#[tokio::test]
async fn a_consumer_takes_changes_and_gives_back() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4, "MEMORY_MB": 1024})).await;
        let path = format!("/allocations/{}", Uuid::new_v4());
        assert_eq!(cloud.get(&path).await.body, json!({"allocations": {}}));
        assert_eq!(cloud.put(&path, claim(node, json!({"VCPU": 2, "MEMORY_MB": 512}), None)).await.status, 204);
        let shown = cloud.get(&path).await;
        let expected = json!({"allocations": {node.to_string(): {"resources": {"VCPU": 2, "MEMORY_MB": 512}, "generation": 2}},
            "project_id": "p", "user_id": "u", "consumer_generation": 1, "consumer_type": "INSTANCE"});
        assert_eq!(shown.body, expected);
        assert_eq!(cloud.used(node, "VCPU").await, 2);

        for wrong in [None, Some(7)] {
            let stale = cloud.put(&path, claim(node, json!({"VCPU": 1}), wrong)).await;
            assert_eq!((stale.status, stale.code()), (409, "placement.concurrent_update"), "{wrong:?}");
        }
        assert_eq!(
            cloud.put(&path, claim(node, json!({"VCPU": 4}), Some(1))).await.status,
            204,
            "its own two count as free"
        );
        assert_eq!((cloud.used(node, "VCPU").await, cloud.used(node, "MEMORY_MB").await), (4, 0));
        let full = cloud.put(&format!("/allocations/{}", Uuid::new_v4()), claim(node, json!({"VCPU": 1}), None)).await;
        assert_eq!(full.status, 409);
        assert!(full.detail().contains("exceed the capacity"), "{full:?}");

        let empty = json!({"allocations": {}, "project_id": "p", "user_id": "u", "consumer_generation": 2, "consumer_type": "INSTANCE"});
        assert_eq!(cloud.put(&path, empty).await.status, 204);
        assert_eq!(cloud.get(&path).await.body, json!({"allocations": {}}));
        assert_eq!(cloud.used(node, "VCPU").await, 0);
        assert_eq!(cloud.put(&path, claim(node, json!({"VCPU": 1}), None)).await.status, 204, "it is new again");
        assert_eq!(cloud.delete(&path).await.status, 204);
        assert_eq!(cloud.delete(&path).await.status, 404);
        assert_eq!(cloud.used(node, "VCPU").await, 0);
    }
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4})).await;
        let units = json!({"resource_provider_generation": 1, "inventories":
            {"VCPU": {"total": 4}, "DISK_GB": {"total": 100, "min_unit": 10, "max_unit": 50, "step_size": 5}}});
        assert_eq!(cloud.put(&format!("/resource_providers/{node}/inventories"), units).await.status, 200);
        let consumer = format!("/allocations/{}", Uuid::new_v4());
        for (resources, status) in [
            (json!({"VCPU": 1, "DISK_GB": 5}), 409),
            (json!({"VCPU": 1, "DISK_GB": 55}), 409),
            (json!({"VCPU": 1, "DISK_GB": 12}), 409),
            (json!({"VCPU": 1, "MEMORY_MB": 1}), 409),
            (json!({"VCPU": 1, "CUSTOM_NONE": 1}), 400),
            (json!({"VCPU": 0}), 400),
            (json!({}), 400),
        ] {
            let refused = cloud.put(&consumer, claim(node, resources.clone(), None)).await;
            assert_eq!(refused.status, status, "{resources}: {refused:?}");
        }
        let unknown = cloud.put(&consumer, claim(Uuid::new_v4(), json!({"VCPU": 1}), None)).await;
        assert_eq!(unknown.status, 400);
        assert_eq!(cloud.put("/allocations/x", claim(node, json!({"VCPU": 1}), None)).await.status, 400);
        assert_eq!((cloud.used(node, "VCPU").await, cloud.used(node, "DISK_GB").await), (0, 0));
        assert_eq!(cloud.get(&consumer).await.body, json!({"allocations": {}}));
        assert_eq!(cloud.generation(node).await, 2);
    }
}

#[tokio::test]
async fn several_consumers_change_together_or_not_at_all() {
    for cloud in Cloud::each().await {
        let (from, to) = (
            cloud.provider("from", None, json!({"VCPU": 2})).await,
            cloud.provider("to", None, json!({"VCPU": 2})).await,
        );
        let (server, migration) = (Uuid::new_v4(), Uuid::new_v4());
        assert_eq!(
            cloud.put(&format!("/allocations/{server}"), claim(from, json!({"VCPU": 2}), None)).await.status,
            204
        );
        // As in a migration: the old place is held by another consumer while the server takes the new one.
        let moved = json!({server.to_string(): claim(to, json!({"VCPU": 2}), Some(1)), migration.to_string(): claim(from, json!({"VCPU": 2}), None)});
        assert_eq!(cloud.post("/allocations", moved).await.status, 204);
        assert_eq!((cloud.used(from, "VCPU").await, cloud.used(to, "VCPU").await), (2, 2));
        let held = cloud.get(&format!("/resource_providers/{from}/allocations")).await;
        assert_eq!(
            held.body["allocations"],
            json!({migration.to_string(): {"resources": {"VCPU": 2}, "consumer_generation": 1}})
        );

        let half = json!({migration.to_string(): {"allocations": {}, "project_id": "p", "user_id": "u", "consumer_generation": 1, "consumer_type": "MIGRATION"},
            Uuid::new_v4().to_string(): claim(to, json!({"VCPU": 1}), None)});
        assert_eq!(cloud.post("/allocations", half).await.status, 409);
        assert_eq!(cloud.used(from, "VCPU").await, 2, "the one that would have been possible was not done either");
    }
}

#[tokio::test]
async fn usages_are_counted_by_owner_and_type() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 10})).await;
        for (version, user, consumer_type) in
            [("1.39", "a", Some("INSTANCE")), ("1.39", "b", Some("VOLUME")), ("1.12", "a", None)]
        {
            let mut body = json!({"allocations": {node.to_string(): {"resources": {"VCPU": 2}}}, "project_id": "p", "user_id": user});
            if let Some(consumer_type) = consumer_type {
                body["consumer_generation"] = Value::Null;
                body["consumer_type"] = json!(consumer_type);
            }
            let path = format!("/allocations/{}", Uuid::new_v4());
            assert_eq!(cloud.send(Some("admin"), version, "PUT", &path, Some(body)).await.status, 204);
        }
        let usages = async |query: &str| cloud.get(&format!("/usages?{query}")).await.body["usages"].clone();
        let two = json!({"consumer_count": 1, "VCPU": 2});
        assert_eq!(usages("project_id=p").await, json!({"INSTANCE": two, "VOLUME": two, "unknown": two}));
        assert_eq!(usages("project_id=p&consumer_type=all").await, json!({"all": {"consumer_count": 3, "VCPU": 6}}));
        assert_eq!(usages("project_id=p&user_id=a&consumer_type=unknown").await, json!({"unknown": two}));
        assert_eq!(usages("project_id=other").await, json!({}));
        let old = cloud.send(Some("admin"), "1.37", "GET", "/usages?project_id=p&user_id=a", None).await;
        assert_eq!(old.body, json!({"usages": {"VCPU": 4}}));
        for query in ["", "project_id=", "project_id=p&colour=red", "project_id=p&consumer_type=small"] {
            assert_eq!(cloud.get(&format!("/usages?{query}")).await.status, 400, "{query}");
        }
    }
}

#[tokio::test]
async fn old_clients_need_no_owner() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 10})).await;
        let path = format!("/allocations/{}", Uuid::new_v4());
        let body = json!({"allocations": [{"resource_provider": {"uuid": node}, "resources": {"VCPU": 2}}]});
        assert_eq!(cloud.send(Some("admin"), "1.7", "PUT", &path, Some(body.clone())).await.status, 204);
        assert_eq!(cloud.send(Some("admin"), "1.8", "PUT", &path, Some(body)).await.status, 400);
        let shown = cloud.get(&path).await.body;
        assert_eq!(
            (shown["project_id"].as_str(), shown["consumer_type"].as_str()),
            (Some("00000000-0000-0000-0000-000000000000"), Some("unknown"))
        );
        let old = cloud.send(Some("admin"), "1.11", "GET", &path, None).await.body;
        assert_eq!(old.as_object().unwrap().keys().collect::<Vec<_>>(), ["allocations"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_written_together_get_their_own_answers() {
    for cloud in Cloud::each().await {
        let cloud = &cloud;
        let nodes = [
            cloud.provider("one", None, json!({"VCPU": 8})).await,
            cloud.provider("two", None, json!({"VCPU": 8})).await,
        ];
        let same = Uuid::new_v4();
        let requests = (0..30).map(|nth: usize| {
            let node = nodes[nth % 2];
            let (consumer, body, expected) = match nth % 5 {
                0 => (Uuid::new_v4(), claim(node, json!({"VCPU": 1}), Some(3)), "stale"),
                1 => (Uuid::new_v4(), claim(node, json!({"VCPU": 9}), None), "too much"),
                // Six want to be the first to give this consumer something.
                2 => (same, claim(node, json!({"VCPU": 1}), None), "one of six"),
                _ => (Uuid::new_v4(), claim(node, json!({"VCPU": 1}), None), "fits"),
            };
            async move { (expected, cloud.put(&format!("/allocations/{consumer}"), body).await) }
        });
        let mut firsts = 0;
        for (expected, answer) in futures::future::join_all(requests).await {
            match expected {
                "fits" => assert_eq!(answer.status, 204, "{answer:?}"),
                "one of six" if answer.status == 204 => firsts += 1,
                "too much" => {
                    assert_eq!((answer.status, answer.code()), (409, "placement.undefined_code"), "{answer:?}")
                }
                _ => assert_eq!((answer.status, answer.code()), (409, "placement.concurrent_update"), "{answer:?}"),
            }
        }
        assert_eq!(firsts, 1);
        assert_eq!(cloud.used(nodes[0], "VCPU").await + cloud.used(nodes[1], "VCPU").await, 13);
    }
}
