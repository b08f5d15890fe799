//! Why a server is where it is, or nowhere; for `explain`.

use ferrostack_db::{DbError, Read};
use ferrostack_saga::{
    Operation, StepRecord,
    store::{of_resource, steps},
};
use serde::Serialize;

use crate::{
    app::scheduler::Choice,
    model::{Server, ServerId},
    sagas::CreateServer,
};

/// What the scheduler thought, and what then happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchedulingReasons {
    /// Hosts in the order in which they were to be tried.
    pub chosen: Vec<String>,
    /// Hosts that were passed over, and why.
    pub dropped: Vec<(String, String)>,
    /// Further hosts that would have done.
    pub spare: usize,
    /// What happened on each host that was tried.
    pub attempts: Vec<Attempt>,
}

/// A step that failed on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The host.
    pub host: String,
    /// The step at which it ended; `None` when no step failed.
    pub failed_step: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What the scheduler thought when the server was built; `None` when its operation is not in the archive any more.
///
/// # Errors
/// What the database says.
pub async fn scheduling_reasons(db: &impl Read, server: ServerId) -> Result<Option<SchedulingReasons>, DbError> {
    let operations = of_resource(db, &Server::resource(server).to_string()).await?;
    let Some(build) = operations.iter().rev().find(|operation| operation.kind == CreateServer::KIND) else {
        return Ok(None);
    };
    let records = steps(db, build.id).await?;
    let choice = records.iter().find(|record| record.name == "choose_hosts").and_then(StepRecord::result::<Choice>);
    let choice = choice.unwrap_or(Choice { hosts: Vec::new(), dropped: Vec::new(), spare: 0 });
    let mut attempts: Vec<Attempt> = Vec::new();
    for record in &records {
        let Some(host) = record.scope() else { continue };
        if attempts.last().is_none_or(|attempt| attempt.host != host) {
            attempts.push(Attempt { host: host.to_owned(), failed_step: None, reason: None });
        }
        if let (false, Some(attempt)) = (record.ok, attempts.last_mut()) {
            attempt.failed_step = Some(record.step().to_owned());
            attempt.reason =
                serde_json::from_str::<ferrostack_saga::Failure>(&record.output).ok().map(|failure| failure.reason);
        }
    }
    Ok(Some(SchedulingReasons {
        chosen: choice.hosts.into_iter().map(|host| host.name).collect(),
        dropped: choice.dropped.into_iter().map(|host| (host.name, host.reason)).collect(),
        spare: choice.spare,
        attempts,
    }))
}
