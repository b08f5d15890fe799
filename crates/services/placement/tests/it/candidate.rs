use serde_json::{Value, json};
use uuid::Uuid;

use crate::cloud::Cloud;

async fn candidates(cloud: &Cloud, query: &str) -> Value {
    let answer = cloud.get(&format!("/allocation_candidates?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.body
}

fn count(body: &Value) -> usize {
    body["allocation_requests"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_answer_can_be_put_as_an_allocation() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4, "MEMORY_MB": 1024})).await;
        cloud.set_traits(node, &["HW_CPU_X86_VMX"]).await;
        let body = candidates(&cloud, "resources=VCPU:1,MEMORY_MB:512").await;
        let id = node.to_string();
        assert_eq!(
            body,
            json!({"allocation_requests": [{"allocations": {&id: {"resources": {"VCPU": 1, "MEMORY_MB": 512}}}, "mappings": {"": [id]}}],
                "provider_summaries": {&id: {
                    "resources": {"VCPU": {"capacity": 4, "used": 0}, "MEMORY_MB": {"capacity": 1024, "used": 0}},
                    "traits": ["HW_CPU_X86_VMX"], "parent_provider_uuid": null, "root_provider_uuid": id}}})
        );
        let mut claim = body["allocation_requests"][0].clone();
        claim["project_id"] = json!("p");
        claim["user_id"] = json!("u");
        claim["consumer_generation"] = Value::Null;
        claim["consumer_type"] = json!("INSTANCE");
        assert_eq!(cloud.put(&format!("/allocations/{}", Uuid::new_v4()), claim).await.status, 204);
        let after = candidates(&cloud, "resources=VCPU:1,MEMORY_MB:512").await;
        assert_eq!(after["provider_summaries"][&id]["resources"]["VCPU"], json!({"capacity": 4, "used": 1}));
        assert_eq!(count(&candidates(&cloud, "resources=VCPU:4").await), 0);
    }
}

#[tokio::test]
async fn older_versions_show_less() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 4, "MEMORY_MB": 1024})).await;
        let ask = async |version: &str| {
            cloud.send(Some("admin"), version, "GET", "/allocation_candidates?resources=VCPU:1", None).await
        };
        assert_eq!(ask("1.9").await.status, 404);
        let oldest = ask("1.10").await.body;
        let request = json!({"allocations": [{"resource_provider": {"uuid": node}, "resources": {"VCPU": 1}}]});
        assert_eq!(oldest["allocation_requests"][0], request);
        assert_eq!(
            oldest["provider_summaries"][node.to_string()],
            json!({"resources": {"VCPU": {"capacity": 4, "used": 0}}})
        );
        let newer = ask("1.27").await.body;
        assert_eq!(newer["provider_summaries"][node.to_string()]["resources"].as_object().unwrap().len(), 2);
        assert!(newer["allocation_requests"][0].get("mappings").is_none());
    }
}

#[tokio::test]
async fn disks_are_shared_by_aggregate() {
    for cloud in Cloud::each().await {
        let (left, _) = (
            cloud.provider("left", None, json!({"VCPU": 4})).await,
            cloud.provider("right", None, json!({"VCPU": 4, "DISK_GB": 50})).await,
        );
        let shared = cloud.provider("shared", None, json!({"DISK_GB": 1000})).await;
        let aggregate = Uuid::new_v4();
        for member in [left, shared] {
            cloud.set_aggregates(member, &[aggregate]).await;
        }
        assert_eq!(count(&candidates(&cloud, "resources=VCPU:1,DISK_GB:10").await), 1, "nobody shares yet");
        cloud.set_traits(shared, &["MISC_SHARES_VIA_AGGREGATE"]).await;
        let both = candidates(&cloud, "resources=VCPU:1,DISK_GB:10").await;
        assert_eq!(count(&both), 2);
        assert_eq!(both["provider_summaries"].as_object().unwrap().len(), 3);
        assert_eq!(count(&candidates(&cloud, "resources=DISK_GB:10").await), 2, "once, at whatever anchor");
        assert_eq!(count(&candidates(&cloud, &format!("resources=VCPU:1,DISK_GB:10&in_tree={left}")).await), 0);
        let split = format!("resources=VCPU:1&in_tree={left}&resources1=DISK_GB:10&in_tree1={shared}");
        assert_eq!(count(&candidates(&cloud, &split).await), 1);
        assert_eq!(count(&candidates(&cloud, "resources=VCPU:1,DISK_GB:100").await), 1);
    }
}

#[tokio::test]
async fn groups_choose_within_a_tree() {
    for cloud in Cloud::each().await {
        let node = cloud.provider("node", None, json!({"VCPU": 8})).await;
        for name in ["pf1", "pf2"] {
            let pf = cloud.provider(name, Some(node), json!({"SRIOV_NET_VF": 2})).await;
            let switch = format!("CUSTOM_{}", name.to_uppercase());
            assert_eq!(cloud.admin("PUT", &format!("/traits/{switch}"), None).await.status, 201);
            cloud.set_traits(pf, &[&switch]).await;
        }
        let number = async |query: &str| count(&candidates(&cloud, query).await);
        assert_eq!(number("resources=VCPU:1,SRIOV_NET_VF:1").await, 2);
        assert_eq!(number("resources=VCPU:1&resources1=SRIOV_NET_VF:1&required1=CUSTOM_PF2").await, 1);
        assert_eq!(number("resources1=SRIOV_NET_VF:1&resources2=SRIOV_NET_VF:1&group_policy=none").await, 4);
        assert_eq!(number("resources1=SRIOV_NET_VF:1&resources2=SRIOV_NET_VF:1&group_policy=isolate").await, 2);
        assert_eq!(
            number("resources1=SRIOV_NET_VF:2&resources2=SRIOV_NET_VF:1&group_policy=none").await,
            2,
            "three are too many for one"
        );
        assert_eq!(
            number("resources_A=SRIOV_NET_VF:1&required_B=CUSTOM_PF1&same_subtree=_A,_B&group_policy=none").await,
            1
        );
        assert_eq!(number("resources=VCPU:1,SRIOV_NET_VF:1&root_required=HW_CPU_X86_VMX").await, 0);
        assert_eq!(number("resources=VCPU:1,SRIOV_NET_VF:1&root_required=!HW_CPU_X86_VMX&limit=1").await, 1);
        let flat = cloud
            .send(Some("admin"), "1.28", "GET", "/allocation_candidates?resources=VCPU:1,SRIOV_NET_VF:1", None)
            .await;
        assert_eq!(count(&flat.body), 0, "before 1.29 a tree gives only one provider");
    }
}

#[tokio::test]
async fn malformed_queries_are_refused() {
    let cloud = Cloud::each().await.remove(0);
    for (query, code) in [
        ("", "placement.query.missing_value"),
        ("resources=", "placement.undefined_code"),
        ("resources=NOPE:1", "placement.undefined_code"),
        ("resources=VCPU:1&required=NOPE", "placement.undefined_code"),
        ("resources=VCPU:1&required=HW_CPU_X86_VMX,!HW_CPU_X86_VMX", "placement.undefined_code"),
        ("resources=VCPU:1&limit=0", "placement.undefined_code"),
        ("resources=VCPU:1&colour=red", "placement.undefined_code"),
        ("resources@=VCPU:1", "placement.undefined_code"),
        ("resources1=VCPU:1&resources2=VCPU:1", "placement.undefined_code"),
        ("resources=VCPU:1&group_policy=some", "placement.undefined_code"),
        ("resources=VCPU:1&in_tree=x", "placement.undefined_code"),
        ("resources=VCPU:1&root_required=COMPUTE_NODE&root_required=COMPUTE_NODE", "placement.query.duplicate_key"),
        ("resources=VCPU:1&root_required=COMPUTE_NODE,!COMPUTE_NODE", "placement.query.bad_value"),
        ("resources=VCPU:1&required_A=COMPUTE_NODE", "placement.query.bad_value"),
        ("resources_A=VCPU:1&same_subtree=_A,_B", "placement.query.bad_value"),
    ] {
        let refused = cloud.get(&format!("/allocation_candidates?{query}")).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{query}: {refused:?}");
    }
    let unknown_tree = cloud.get(&format!("/allocation_candidates?resources=VCPU:1&in_tree={}", Uuid::new_v4())).await;
    assert_eq!((unknown_tree.status, count(&unknown_tree.body)), (200, 0));
}
