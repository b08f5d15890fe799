//! The durable operations on servers.

mod create_server;
mod delete_server;
pub(crate) mod power;
mod reboot_server;
mod start_server;
mod stop_server;

use ferrostack_contracts::{ContractError, ErrorKind};
use ferrostack_saga::{Failure, Operation};

pub use create_server::CreateServer;
pub use delete_server::DeleteServer;
pub use reboot_server::RebootServer;
pub use start_server::StartServer;
pub use stop_server::StopServer;

use crate::{
    Compute,
    model::{Server, ServerId},
    store,
};

/// The kinds of all operations of this service; the failure matrix covers each.
pub const OPERATION_KINDS: &[&str] =
    &[CreateServer::KIND, DeleteServer::KIND, StopServer::KIND, StartServer::KIND, RebootServer::KIND];

pub(crate) fn register(compute: &Compute) {
    compute.saga().register::<CreateServer>(compute.clone());
    compute.saga().register::<DeleteServer>(compute.clone());
    compute.saga().register::<StopServer>(compute.clone());
    compute.saga().register::<StartServer>(compute.clone());
    compute.saga().register::<RebootServer>(compute.clone());
}

/// The row that the operation is about.
async fn load(compute: &Compute, id: ServerId) -> Result<Server, Failure> {
    let server = store::server::get(compute.db(), id).await?;
    server.ok_or_else(|| Failure::new(format!("server {id} has no record")))
}

/// What another service's refusal means where no other host can be tried.
pub(crate) fn from_contract(error: ContractError) -> Failure {
    let reason = ferrostack_base::chain(&error).to_string();
    match error.kind {
        ErrorKind::Unavailable => Failure::transient(reason),
        _ => Failure::new(reason),
    }
}

/// What another service's refusal means where another host can be tried.
fn host_from_contract(error: ContractError) -> Failure {
    match error.kind {
        ErrorKind::Unavailable => from_contract(error),
        _ => Failure::host(ferrostack_base::chain(&error).to_string()),
    }
}
