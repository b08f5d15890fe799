//! What compute relies on.

use std::collections::{BTreeMap, BTreeSet};

use ferrostack_contracts::{CandidateQuery, ErrorKind, Inventory, Placement as _, ProviderSpec, Resources};
use serde_json::json;
use uuid::Uuid;

use crate::cloud::{Cloud, colleague};

fn spec(name: &str, vcpus: i64) -> ProviderSpec {
    let whole = |total, allocation_ratio| Inventory {
        total,
        reserved: 0,
        min_unit: 1,
        max_unit: total,
        step_size: 1,
        allocation_ratio,
    };
    ProviderSpec {
        id: Uuid::new_v4(),
        name: name.to_owned(),
        inventories: BTreeMap::from([
            ("VCPU".to_owned(), whole(vcpus, 1.0)),
            ("MEMORY_MB".to_owned(), whole(4096, 1.5)),
        ]),
        traits: BTreeSet::from(["COMPUTE_NODE".to_owned(), "CUSTOM_FAST".to_owned()]),
    }
}

fn amounts(vcpus: i64) -> Resources {
    Resources::from([("VCPU".to_owned(), vcpus), ("MEMORY_MB".to_owned(), 256)])
}

#[tokio::test]
async fn nodes_register_and_change() {
    for cloud in Cloud::each().await {
        let mut node = spec("node", 4);
        cloud.placement.ensure_provider(&node).await.unwrap();
        let generation = cloud.generation(node.id).await;
        cloud.placement.ensure_provider(&node).await.unwrap();
        assert_eq!(cloud.generation(node.id).await, generation, "nothing changed, nothing is written");

        node.name = "renamed".to_owned();
        node.inventories.remove("MEMORY_MB");
        node.inventories.get_mut("VCPU").unwrap().total = 8;
        node.traits = BTreeSet::from(["HW_CPU_X86_VMX".to_owned()]);
        cloud.placement.ensure_provider(&node).await.unwrap();
        let inventories =
            cloud.get(&format!("/resource_providers/{}/inventories", node.id)).await.body["inventories"].clone();
        assert_eq!(inventories.as_object().unwrap().keys().collect::<Vec<_>>(), ["VCPU"]);
        assert_eq!(inventories["VCPU"]["total"], 8);
        let traits = cloud.get(&format!("/resource_providers/{}/traits", node.id)).await.body["traits"].clone();
        assert_eq!(traits, json!(["CUSTOM_FAST", "HW_CPU_X86_VMX"]), "custom traits stay: they may be the operator's");
        let twin = ProviderSpec { id: Uuid::new_v4(), ..node };
        assert_eq!(
            cloud.placement.ensure_provider(&twin).await.unwrap_err().kind,
            ErrorKind::Conflict,
            "the name is taken"
        );
    }
}

#[tokio::test]
async fn claims_and_releases_may_be_repeated() {
    for cloud in Cloud::each().await {
        let (one, two) = (spec("one", 2), spec("two", 4));
        cloud.placement.ensure_provider(&one).await.unwrap();
        cloud.placement.ensure_provider(&two).await.unwrap();
        let query = CandidateQuery {
            resources: amounts(3),
            required: BTreeSet::from(["COMPUTE_NODE".to_owned()]),
            ..CandidateQuery::default()
        };
        let found = cloud.placement.candidates(&query).await.unwrap();
        assert_eq!(found.iter().map(|candidate| candidate.name.as_str()).collect::<Vec<_>>(), ["two"]);
        assert_eq!(found[0].free, Resources::from([("VCPU".to_owned(), 4), ("MEMORY_MB".to_owned(), 6144)]));

        let server = Uuid::new_v4();
        cloud.placement.claim(server, two.id, &amounts(3), "p", "u").await.unwrap();
        let generation = cloud.generation(two.id).await;
        cloud.placement.claim(server, two.id, &amounts(3), "p", "u").await.unwrap();
        assert_eq!(
            (cloud.used(two.id, "VCPU").await, cloud.generation(two.id).await),
            (3, generation),
            "the second time changes nothing"
        );
        assert_eq!(cloud.placement.candidates(&query).await.unwrap(), []);
        let refused = cloud.placement.claim(Uuid::new_v4(), two.id, &amounts(2), "p", "u").await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Exhausted, "{refused}");
        assert_eq!(
            cloud.placement.claim(server, Uuid::new_v4(), &amounts(1), "p", "u").await.unwrap_err().kind,
            ErrorKind::NotFound
        );

        cloud.placement.claim(server, one.id, &amounts(2), "p", "u").await.unwrap();
        assert_eq!((cloud.used(one.id, "VCPU").await, cloud.used(two.id, "VCPU").await), (2, 0), "it has moved");
        assert_eq!(cloud.placement.consumers(one.id).await.unwrap(), [server]);
        cloud.placement.release(server).await.unwrap();
        cloud.placement.release(server).await.unwrap();
        assert_eq!(cloud.used(one.id, "VCPU").await, 0);
        assert_eq!(cloud.placement.consumers(one.id).await.unwrap(), Vec::<Uuid>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_claims_for_twenty_places() {
    for cloud in Cloud::each().await {
        let node = spec("node", 20);
        cloud.placement.ensure_provider(&node).await.unwrap();
        let controllers = [cloud.placement.clone(), colleague(&cloud).await];
        let claims = (0..50).map(|nth| {
            let (placement, provider) = (controllers[nth % 2].clone(), node.id);
            let resources = Resources::from([("VCPU".to_owned(), 1), ("MEMORY_MB".to_owned(), 16)]);
            tokio::spawn(async move { placement.claim(Uuid::new_v4(), provider, &resources, "p", "u").await })
        });
        let results = futures::future::join_all(claims).await;
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().map(Result::unwrap).partition(Result::is_ok);
        assert_eq!(won.len(), 20);
        for refusal in lost {
            assert_eq!(refusal.unwrap_err().kind, ErrorKind::Exhausted, "nothing else may go wrong");
        }
        assert_eq!((cloud.used(node.id, "VCPU").await, cloud.used(node.id, "MEMORY_MB").await), (20, 320));
        assert_eq!(cloud.placement.consumers(node.id).await.unwrap().len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_come_and_go_leave_nothing_behind() {
    for cloud in Cloud::each().await {
        let (one, two) = (spec("one", 4), spec("two", 4));
        cloud.placement.ensure_provider(&one).await.unwrap();
        cloud.placement.ensure_provider(&two).await.unwrap();
        let controllers = [cloud.placement.clone(), colleague(&cloud).await];
        let lives = (0..8).map(|nth| {
            let (placement, nodes) = (controllers[nth % 2].clone(), [one.id, two.id]);
            tokio::spawn(async move {
                for round in 0..10 {
                    let server = Uuid::new_v4();
                    for node in [nodes[round % 2], nodes[(round + 1) % 2]] {
                        match placement.claim(server, node, &amounts(1), "p", "u").await {
                            Err(error) if error.kind != ErrorKind::Exhausted => panic!("{error}"),
                            _ => {}
                        }
                    }
                    placement.release(server).await.unwrap();
                }
            })
        });
        for life in futures::future::join_all(lives).await {
            life.unwrap();
        }
        for node in [one.id, two.id] {
            assert_eq!((cloud.used(node, "VCPU").await, cloud.used(node, "MEMORY_MB").await), (0, 0));
        }
    }
}

#[tokio::test]
async fn controllers_see_each_others_writes_at_once() {
    for cloud in Cloud::each().await {
        let other = colleague(&cloud).await;
        let node = spec("node", 4);
        assert_eq!(
            other.candidates(&CandidateQuery { resources: amounts(1), ..CandidateQuery::default() }).await.unwrap(),
            []
        );
        cloud.placement.ensure_provider(&node).await.unwrap();
        let query = CandidateQuery { resources: amounts(4), ..CandidateQuery::default() };
        assert_eq!(other.candidates(&query).await.unwrap().len(), 1);
        other.claim(Uuid::new_v4(), node.id, &amounts(1), "p", "u").await.unwrap();
        assert_eq!(cloud.placement.candidates(&query).await.unwrap(), []);
    }
}
