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
    /// The host that has the server, or on which it is being built.
    pub chosen: Option<String>,
    /// Other hosts that would have done, in the order in which they were to be tried, and what became of each.
    pub candidates: Vec<(String, String)>,
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
    let goes_on = matches!(build.outcome.as_str(), "done" | "running");
    let chosen =
        attempts.last().filter(|last| goes_on && last.failed_step.is_none() && !was_undone(&records, &last.host));
    let chosen = chosen.map(|attempt| attempt.host.clone());
    let mut candidates = Vec::new();
    for host in choice.hosts {
        if Some(&host.name) == chosen.as_ref() {
            continue;
        }
        let what = match (attempts.iter().find(|attempt| attempt.host == host.name), &chosen) {
            (Some(Attempt { failed_step: Some(step), reason, .. }), _) => {
                format!("it was tried; {step} failed: {}", reason.as_deref().unwrap_or("no reason is known"))
            }
            (Some(_), _) => "it was tried and given up".to_owned(),
            (None, Some(chosen)) => format!("it would have done, but {chosen} was chosen before"),
            (None, None) => "it would have done, but was not tried".to_owned(),
        };
        candidates.push((host.name, what));
    }
    Ok(Some(SchedulingReasons {
        chosen,
        candidates,
        dropped: choice.dropped.into_iter().map(|host| (host.name, host.reason)).collect(),
        spare: choice.spare,
        attempts,
    }))
}

/// Whether what was done on that host was taken back.
fn was_undone(records: &[StepRecord], host: &str) -> bool {
    records.iter().any(|record| record.scope() == Some(host) && record.undone.is_some())
}
