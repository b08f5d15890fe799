use ferrostack_agent_api::NodeFacts;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);
const DOWN_AFTER: Duration = Duration::from_secs(60);

fn node(name: &str) -> ComputeNode {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes());
    ComputeNode {
        id,
        number: 1,
        name: name.to_owned(),
        facts: NodeFacts {
            version: 1,
            id,
            name: name.to_owned(),
            hypervisor_type: "QEMU".to_owned(),
            hypervisor_version: 10_002_000,
            architecture: "x86_64".to_owned(),
            vcpus: 16,
            memory_mb: 65_536,
            disk_gb: 1000,
            host_ip: std::net::IpAddr::from([127, 0, 0, 1]),
        },
        disabled: false,
        disabled_reason: None,
        zone: "nova".to_owned(),
        last_seen: NOW,
        registered: NOW,
    }
}

fn candidate(node: &ComputeNode, vcpus: i64) -> Candidate {
    Candidate { provider: node.id, name: node.name.clone(), free: Resources::from([("VCPU".to_owned(), vcpus)]) }
}

fn demand() -> Demand {
    Demand { resources: Resources::from([("VCPU".to_owned(), 1)]), ..Demand::default() }
}

fn reason(demand: &Demand, node: ComputeNode, has_room: bool) -> String {
    let candidates: Vec<_> = has_room.then(|| candidate(&node, 8)).into_iter().collect();
    let choice = choose(demand, &candidates, &[node], NOW, DOWN_AFTER, 3);
    assert!(choice.hosts.is_empty());
    choice.dropped[0].reason.clone()
}

#[test]
fn every_host_that_is_passed_over_has_a_reason() {
    assert!(reason(&demand(), node("a"), false).contains("1 VCPU"));
    let disabled = ComputeNode { disabled: true, disabled_reason: Some("disk change".to_owned()), ..node("a") };
    assert!(reason(&demand(), disabled, true).contains("disk change"));
    let silent = ComputeNode { last_seen: NOW - Duration::from_secs(61), ..node("a") };
    assert!(reason(&demand(), silent, true).contains("last heard"));
    let zone = Demand { zone: Some("west".to_owned()), ..demand() };
    assert!(reason(&zone, node("a"), true).contains("west"));
    let arm = Demand { architecture: Some("aarch64".to_owned()), ..demand() };
    assert!(reason(&arm, node("a"), true).contains("aarch64"));
    let together = Demand { together_with: Some(vec!["b".to_owned()]), ..demand() };
    assert!(reason(&together, node("a"), true).contains("together"));
    let apart = Demand { apart_from: vec!["a".to_owned()], ..demand() };
    assert!(reason(&apart, node("a"), true).contains("apart"));
    let forced = Demand { forced_host: Some("b".to_owned()), ..demand() };
    assert!(reason(&forced, node("a"), true).contains("another host"));
}

#[test]
fn an_administrator_may_name_a_disabled_host() {
    let node = ComputeNode { disabled: true, ..node("a") };
    let demand = Demand { forced_host: Some("a".to_owned()), ..demand() };
    let choice = choose(&demand, &[candidate(&node, 8)], std::slice::from_ref(&node), NOW, DOWN_AFTER, 3);
    assert_eq!(choice.hosts.len(), 1);
}

#[test]
fn the_freest_hosts_come_first_and_the_rest_is_spare() {
    let nodes: Vec<_> = ["a", "b", "c", "d"].map(node).to_vec();
    let candidates: Vec<_> = nodes.iter().zip([2, 64, 32, 1]).map(|(node, vcpus)| candidate(node, vcpus)).collect();
    let choice = choose(&demand(), &candidates, &nodes, NOW, DOWN_AFTER, 3);
    let names: Vec<_> = choice.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "a"]);
    assert_eq!(choice.spare, 1);
}

#[test]
fn equal_hosts_take_turns() {
    let nodes: Vec<_> = ["a", "b"].map(node).to_vec();
    let candidates: Vec<_> = nodes.iter().map(|node| candidate(node, 8)).collect();
    let first = || choose(&demand(), &candidates, &nodes, NOW, DOWN_AFTER, 3).hosts[0].name.clone();
    let seen: std::collections::HashSet<_> = (0..200).map(|_| first()).collect();
    assert_eq!(seen.len(), 2);
}
