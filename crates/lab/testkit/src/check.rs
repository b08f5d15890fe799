//! What must hold when nothing is under way: looked up from the outside, through APIs and nodes, not by the services' own
//! reconcilers (whose opinion is asked besides).

use std::collections::BTreeSet;

use ferrostack_agent_api::{Agents, Power};
use ferrostack_db::{Read, args};
use serde_json::Value;

use crate::TestCloud;

impl TestCloud {
    /// Everything that contradicts: leaks, servers in the middle of nothing, nodes that have what nobody wants.
    pub async fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let servers = self.ok("admin", "GET", "/compute/v2.1/servers/detail?all_tenants=1", Value::Null).await;
        let servers = servers["servers"].as_array().cloned().unwrap_or_default();
        let (mut placed, mut running) = (BTreeSet::new(), BTreeSet::new());
        let mut all = BTreeSet::new();
        for server in &servers {
            let (id, status) = (text(&server["id"]), text(&server["status"]));
            all.insert(id.clone());
            if !server["OS-EXT-STS:task_state"].is_null() {
                problems.push(format!(
                    "server {id} is {status} with task {} and no live operation",
                    server["OS-EXT-STS:task_state"]
                ));
            }
            match status.as_str() {
                "ACTIVE" => {
                    running.insert(id.clone());
                    placed.insert(id);
                }
                "SHUTOFF" => {
                    placed.insert(id);
                }
                "ERROR" if server["fault"]["message"].as_str().is_none_or(str::is_empty) => {
                    problems.push(format!("server {id} is in ERROR without a reason"));
                }
                "ERROR" => {}
                other => problems.push(format!("server {id} is {other} and no operation is live")),
            }
        }
        self.domains_match(&placed, &running, &mut problems).await;
        self.allocations_match(&placed, &mut problems).await;
        self.ports_match(&all, &placed, &mut problems).await;
        self.quota_matches(all.len(), &mut problems).await;
        if let Err(error) = ferrostack_network::full_sync(&self.controllers[1].network).await {
            problems.push(format!("OVN could not be brought up to date: {error}"));
        }
        match ferrostack_network::audit(&self.controllers[1].network).await {
            Ok(differences) => problems.extend(differences.iter().map(|difference| format!("OVN: {difference}"))),
            Err(error) => problems.push(format!("OVN could not be compared: {error}")),
        }
        problems.extend(
            self.controllers[1]
                .compute
                .audit()
                .await
                .expect("an audit")
                .into_iter()
                .map(|line| format!("audit: {line}")),
        );
        problems
    }

    async fn domains_match(&self, placed: &BTreeSet<String>, running: &BTreeSet<String>, problems: &mut Vec<String>) {
        let mut found = BTreeSet::new();
        for node in self.nodes.nodes() {
            let Some(agent) = self.nodes.agent(&node) else { continue };
            for domain in agent.domains().await.expect("a node answers") {
                let id = domain.server.to_string();
                if !found.insert(id.clone()) {
                    problems.push(format!("two nodes have a domain of server {id}"));
                }
                if placed.contains(&id) && (domain.power == Power::Running) != running.contains(&id) {
                    problems
                        .push(format!("the domain of server {id} is {:?}, its status says otherwise", domain.power));
                }
            }
        }
        for id in found.symmetric_difference(placed) {
            problems
                .push(format!("server {id}: a domain {}", if found.contains(id) { "too many" } else { "is missing" }));
        }
    }

    async fn allocations_match(&self, placed: &BTreeSet<String>, problems: &mut Vec<String>) {
        let providers = self.ok("admin", "GET", "/placement/resource_providers", Value::Null).await;
        let mut found = BTreeSet::new();
        for provider in providers["resource_providers"].as_array().into_iter().flatten() {
            let path = format!("/placement/resource_providers/{}/allocations", text(&provider["uuid"]));
            let answer = self.ok("admin", "GET", &path, Value::Null).await;
            for consumer in answer["allocations"].as_object().into_iter().flat_map(|all| all.keys()) {
                if !found.insert(consumer.clone()) {
                    problems.push(format!("consumer {consumer} has allocations at two providers"));
                }
            }
        }
        for id in found.symmetric_difference(placed) {
            problems.push(format!(
                "server {id}: an allocation {}",
                if found.contains(id) { "too many" } else { "is missing" }
            ));
        }
    }

    async fn ports_match(&self, all: &BTreeSet<String>, placed: &BTreeSet<String>, problems: &mut Vec<String>) {
        let ports = self.ok("admin", "GET", "/network/v2.0/ports", Value::Null).await;
        let mut found = BTreeSet::new();
        for port in ports["ports"].as_array().into_iter().flatten() {
            if !text(&port["device_owner"]).starts_with("compute:") {
                continue;
            }
            let (id, server) = (text(&port["id"]), text(&port["device_id"]));
            if !all.contains(&server) {
                problems.push(format!("port {id} belongs to server {server}, which does not exist"));
            }
            let bound = !text(&port["binding:host_id"]).is_empty();
            if bound != placed.contains(&server) {
                problems.push(format!("port {id} of server {server} is {}bound", if bound { "" } else { "not " }));
            }
            if !found.insert(server.clone()) {
                problems.push(format!("server {server} has two ports"));
            }
        }
        for id in placed.difference(&found) {
            problems.push(format!("server {id} has lost its port"));
        }
    }

    async fn quota_matches(&self, servers: usize, problems: &mut Vec<String>) {
        let row = self
            .db
            .one(
                "SELECT used FROM quota_usage WHERE project_id = ? AND resource = ?",
                args!["demo", "compute.instances"],
            )
            .await;
        let used: i64 = row.expect("a query").map_or(0, |row| row.get("used").expect("a number"));
        if usize::try_from(used).ok() != Some(servers) {
            problems.push(format!("quota counts {used} instances, there are {servers}"));
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
