//! Builds a server.
//!
//! # Theory of operation
//! The server's row was written at accept, with all ids and all that was checked (flavor, image, ports to be made); this
//! operation alone changes it until it ends, unless a deletion overtakes it.
//!
//! `choose_hosts` runs once. `ensure_ports` makes or takes the ports, which outlive the attempt on one host. Then hosts
//! are tried in turn, each in a scope of its own: `claim` its resources, `bind_ports` to it, `put_domain` there, and
//! `wait_for_ports`. A failure that is about the host takes the attempt back and goes on with the next one; any other takes
//! everything back. The server becomes ACTIVE in the transaction that ends the operation, which can't be undone and so
//! comes last.
//!
//! *What a second run of each step finds.* A claim replaces itself; ports are made with ids chosen beforehand; a binding
//! and a domain that are as wanted already are left alone.
//!
//! *A silent node.* A build has a deadline per host, counted from its claim, whoever carries it on. After it the attempt is
//! taken back; what the node can't be told now is written down as a debt (`cleanup_debt`), with this operation's fence.
//!
//! *Overtaken by deletion.* A host is told to make the domain only after `<host>/claim` is in the log, so the log names
//! every host that may have one. The deletion's fence is higher: whoever still runs this operation is refused by the agent
//! and finds at its next step that the operation is not its own any more.

use ferrostack_agent_api::{DomainReport, Wanted};
use ferrostack_base::{Fence, Timestamp};
use ferrostack_contracts::{BoundPort, ErrorKind, PortSpec};
use ferrostack_db::{DbError, Tx};
use ferrostack_saga::{Failure, FailureKind, Operation, StepRecord, Steps};
use serde::{Deserialize, Serialize};

use super::{from_contract, host_from_contract, load};
use crate::{
    Compute,
    app::{
        nodes::host_failed,
        scheduler::{self, Choice, ChosenHost, Wishes},
        settling::settle,
    },
    model::{Domain, DomainChange, Server, ServerFault, ServerId, Stage},
    store,
};

/// The parameters: all else is in the server's row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateServer {
    /// The server.
    pub server: ServerId,
    /// Beyond what the row says.
    pub(crate) wishes: Wishes,
}

impl Operation for CreateServer {
    const KIND: &'static str = "create_server";
    const VERSION: i64 = 1;
    type World = Compute;

    async fn run(&self, op: &mut Steps, compute: &Compute) -> Result<(), Failure> {
        let server = &load(compute, self.server).await?;
        let choice: Choice = op.step("choose_hosts", || scheduler::choose_hosts(compute, server, &self.wishes)).await?;
        if !server.nics.is_empty() && !choice.hosts.is_empty() {
            let origin = op.origin().clone();
            op.step("ensure_ports", || ensure_ports(compute, server, &origin)).await?;
        }
        let mut reasons: Vec<String> =
            choice.dropped.iter().map(|host| format!("{}: {}", host.name, host.reason)).collect();
        for (number, host) in choice.hosts.iter().enumerate() {
            op.enter(&host.name);
            let is_last = number + 1 == choice.hosts.len();
            match build_on(op, compute, server, host, is_last).await {
                Err(failure) if failure.is_about_the_host() => {
                    reasons.push(format!("{}: {}", host.name, failure.reason));
                    op.unwind().await?;
                }
                done => return done,
            }
        }
        Err(no_valid_host(&reasons))
    }

    async fn undo(&self, step: &StepRecord, fence: Fence, compute: &Compute) -> Result<(), Failure> {
        match step.step() {
            "claim" => compute.placement().release(self.server.0).await.map_err(from_contract),
            "ensure_ports" => {
                let server = load(compute, self.server).await?;
                compute.network().release(self.server.0, &server.owned_ports()).await.map_err(from_contract)
            }
            "bind_ports" => compute.network().unbind(self.server.0).await.map_err(from_contract),
            "put_domain" => match step.scope() {
                Some(host) => compute.drop_domain(host, self.server, fence).await,
                None => Err(Failure::new(format!("step {} names no host", step.name))),
            },
            _ => Ok(()),
        }
    }

    async fn failed(&self, tx: &Tx, compute: &Compute, failure: &Failure) -> Result<(), DbError> {
        let Some(mut server) = store::server::lock(tx, self.server).await? else { return Ok(()) };
        let now = compute.now();
        server.stage = Stage::Failed;
        server.operation = None;
        server.host = None;
        server.ports = Vec::new();
        server.fault = Some(ServerFault { code: 500, message: failure.reason.clone(), details: None, created: now });
        settle(tx, &mut server, now).await
    }
}

async fn ensure_ports(compute: &Compute, server: &Server, origin: &ferrostack_auth::Origin) -> Result<(), Failure> {
    let device_owner = format!("compute:{}", server.zone.as_deref().unwrap_or("nova"));
    for nic in &server.nics {
        let spec = PortSpec {
            nic,
            server_id: server.id.0,
            project_id: &server.project_id,
            hostname: &server.hostname,
            device_owner: &device_owner,
        };
        compute.network().ensure_port(origin, spec).await.map_err(from_contract)?;
    }
    Ok(())
}

/// One attempt. The scope is open.
async fn build_on(
    op: &mut Steps,
    compute: &Compute,
    server: &Server,
    host: &ChosenHost,
    is_last: bool,
) -> Result<(), Failure> {
    op.step("claim", || claim(compute, server, host)).await?;
    let since = op.ended_at("claim").unwrap_or_else(|| compute.now());
    let ports = match server.nics.is_empty() {
        true => Vec::new(),
        false => op.step("bind_ports", || bind_ports(compute, server, host)).await?,
    };
    let (fence, request_id) = (op.fence(), op.origin().request_id.clone());
    let change = &DomainChange {
        host: &host.name,
        power: Wanted::On,
        generation: server.generation,
        fence,
        ports: &ports,
        request_id: &request_id,
    };
    let report: DomainReport = op
        .step("put_domain", || async move {
            let spec = compute.domain_spec(server, *change).await?;
            let left = (since + compute.options().build_timeout).since(compute.now());
            compute.put_domain(&host.name, &spec, left, is_last).await.map_err(host_failed)
        })
        .await?;
    if !ports.is_empty() {
        op.step("wait_for_ports", || wait_for_ports(compute, server, since)).await?;
    }
    let (report, ports) = (&report, &ports);
    op.finish(|tx| async move { activate(&tx, compute, server.id, host, report, ports).await }).await
}

async fn claim(compute: &Compute, server: &Server, host: &ChosenHost) -> Result<(), Failure> {
    let resources = server.flavor.resources();
    let claimed =
        compute.placement().claim(server.id.0, host.provider, &resources, &server.project_id, &server.user_id);
    claimed.await.map_err(host_from_contract)
}

async fn bind_ports(compute: &Compute, server: &Server, host: &ChosenHost) -> Result<Vec<BoundPort>, Failure> {
    let mut ports = compute.network().bind(server.id.0, &host.name).await.map_err(host_from_contract)?;
    // The guest's interfaces are in the order in which they were asked for.
    ports.sort_by_key(|port| server.nics.iter().position(|nic| nic.port_id == port.port_id));
    if let Some(nic) = server.nics.iter().find(|nic| !ports.iter().any(|port| port.port_id == nic.port_id)) {
        return Err(Failure::new(format!("port {} is gone", nic.port_id)));
    }
    // A guest asks for its metadata while its server is still being built.
    let bound = &ports;
    let write = |tx: Tx| async move {
        let Some(mut row) = store::server::lock(&tx, server.id).await? else { return Ok(()) };
        row.ports.clone_from(bound);
        settle(&tx, &mut row, compute.now()).await
    };
    compute.db().tx(write).await.map_err(|error: DbError| Failure::from(error))?;
    Ok(ports)
}

async fn wait_for_ports(compute: &Compute, server: &Server, since: Timestamp) -> Result<(), Failure> {
    let left = (since + compute.options().build_timeout).since(compute.now());
    let patience = compute.options().vif_plugging_timeout.min(left);
    compute.network().wait_until_up(server.id.0, patience).await.map_err(|error| match error.kind {
        // Ports that never come up are the host's fault as far as anyone can tell.
        ErrorKind::Unavailable => Failure { kind: FailureKind::Host, reason: error.message },
        _ => from_contract(error),
    })
}

async fn activate(
    tx: &Tx,
    compute: &Compute,
    id: ServerId,
    host: &ChosenHost,
    report: &DomainReport,
    ports: &[BoundPort],
) -> Result<(), DbError> {
    let Some(mut server) = store::server::lock(tx, id).await? else { return Ok(()) };
    let now = compute.now();
    store::domain::put(tx, &Domain::reported(report, &host.name)).await?;
    server.stage = Stage::Built;
    server.operation = None;
    server.host = Some(host.name.clone());
    server.ports = ports.to_vec();
    server.launched = Some(now);
    settle(tx, &mut server, now).await
}

fn no_valid_host(reasons: &[String]) -> Failure {
    let why = if reasons.is_empty() { "no compute node has joined the cloud".to_owned() } else { reasons.join("; ") };
    Failure::new(format!("No valid host was found. {why}"))
}
