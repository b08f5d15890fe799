//! `ferrostack status`

use std::time::Duration;

use ferrostack_base::Timestamp;
use ferrostack_config::Settings;
use ferrostack_db::{Db, DbError};
use ferrostack_saga::store::{self, Controller, Live};
use ferrostack_words::Words;
use serde::Serialize;

use super::Answer;
use crate::{
    cloud, columns,
    control::{self, Running},
    database,
    error::CommandError,
    exit::Exit,
    health::{Health, Part, time},
};

/// How many operations are listed for people, the oldest first; programs get all.
const LISTED: usize = 50;

/// Everything that has a health. What the database knows is there whether or not a process runs.
#[derive(Debug, Serialize)]
struct Report {
    healthy: bool,
    /// The process on this machine, if one runs.
    process: Option<Running>,
    roles: Vec<Part>,
    nodes: Vec<Part>,
    operations: Vec<Operation>,
    /// It is of a node alone, which knows of nothing else.
    #[serde(skip)]
    of_node: bool,
}

/// A live operation.
#[derive(Debug, Serialize)]
struct Operation {
    id: String,
    kind: String,
    resource: String,
    request_id: String,
    state: String,
    health: Health,
    reason: Option<String>,
    #[serde(with = "time")]
    since: Option<Timestamp>,
}

/// Shows roles, nodes, operations and background tasks. Ends with [`Exit::Found`] when something is down or stuck, or no
/// controller is alive.
///
/// # Errors
/// The database cannot be used.
pub async fn run(settings: &Settings, words: Words, json: bool) -> anyhow::Result<Answer> {
    let process = running(settings).await?;
    let report = match (database::open_existing(settings, &cloud::migrations()).await, process) {
        (Ok(db), process) => {
            gather(&db, settings, words, process).await.map_err(|error| database::refused(settings, error))?
        }
        // The machine of a node, which has no tables.
        (Err(CommandError::NoDatabase { .. }), Some(process)) => Report::of_node(process),
        (Err(error), _) => return Err(error.into()),
    };
    let exit = if report.healthy { Exit::Success } else { Exit::Found };
    let text = if json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text(words, settings) };
    Ok(Answer { text, exit })
}

/// The process of this machine: the one with the services, or else that of a node.
async fn running(settings: &Settings) -> Result<Option<Running>, CommandError> {
    for dir in [&settings.state.dir, &settings.agent.dir] {
        match control::status(dir).await {
            Err(CommandError::NotRunning { .. }) => {}
            running => return running.map(Some),
        }
    }
    Ok(None)
}

async fn gather(db: &Db, settings: &Settings, words: Words, process: Option<Running>) -> Result<Report, DbError> {
    let now = db.now().await?;
    let controllers = store::controllers(db).await?;
    let live = store::live(db).await?;
    let operations: Vec<_> = live.into_iter().map(|live| operation(words, live, &controllers, now)).collect();
    let roles: Vec<_> = controllers.iter().map(|controller| role(words, controller, now)).collect();
    let nodes = cloud::nodes(db, Duration::from_secs(settings.agent.down_after_s)).await?;
    let parts = || {
        roles
            .iter()
            .chain(&nodes)
            .chain(process.iter().flat_map(|running| running.engines.iter().chain(&running.tasks)))
    };
    let healthy = roles.iter().any(|role| role.health != Health::Down)
        && parts().all(|part| part.health != Health::Down)
        && operations.iter().all(|operation| operation.health != Health::Down);
    Ok(Report { healthy, process, roles, nodes, operations, of_node: false })
}

/// A controller is as alive as its lease.
fn role(words: Words, controller: &Controller, now: Timestamp) -> Part {
    let alive = controller.expires > now;
    let lapsed = || words.get("cli.status.lease_lapsed", &[("seconds", &now.since(controller.expires).as_secs())]);
    Part {
        name: controller.node.clone(),
        health: if alive { Health::Healthy } else { Health::Down },
        reason: (!alive).then(lapsed),
        since: Some(controller.started),
    }
}

fn operation(words: Words, live: Live, controllers: &[Controller], now: Timestamp) -> Operation {
    let is_owner = |controller: &&Controller| Some(&controller.incarnation) == live.owner.as_ref();
    let owned = controllers.iter().find(is_owner).is_some_and(|owner| owner.expires > now);
    let failure = live.failure.map(|failure| failure.reason);
    let (health, reason) = match (live.state.as_str(), live.reason.or(failure)) {
        ("stuck", reason) => (Health::Down, reason),
        (_, None) if !owned => (Health::Degraded, Some(words.text("cli.status.without_owner"))),
        ("running", None) => (Health::Healthy, None),
        (_, reason) => (Health::Degraded, reason),
    };
    Operation {
        id: live.id.to_string(),
        kind: live.kind,
        resource: live.resource,
        request_id: live.origin.request_id,
        state: live.state,
        health,
        reason,
        since: Some(live.created),
    }
}

impl Report {
    fn of_node(process: Running) -> Self {
        let healthy = process.engines.iter().chain(&process.tasks).all(|part| part.health != Health::Down);
        let (roles, nodes, operations) = (Vec::new(), Vec::new(), Vec::new());
        Self { healthy, process: Some(process), roles, nodes, operations, of_node: true }
    }

    fn text(&self, words: Words, settings: &Settings) -> String {
        let mut text = match &self.process {
            Some(Running { about, .. }) => words.get(
                "cli.status.process",
                &[("pid", &about.pid), ("role", &about.role), ("version", &about.version), ("url", &about.url)],
            ),
            None => words.get("cli.status.no_process", &[("path", &settings.state.dir.display())]),
        };
        text.push('\n');
        if !self.of_node {
            text += &parts(words, "cli.status.roles", &self.roles);
            text += &parts(words, "cli.status.nodes", &self.nodes);
            text += &self.operations_text(words);
        }
        if let Some(running) = &self.process {
            text += &parts(words, "cli.status.engines", &running.engines);
            text += &parts(words, "cli.status.tasks", &running.tasks);
        }
        if self.healthy {
            text += &format!("\n{}\n", words.text("cli.status.all_well"));
        }
        text
    }

    fn operations_text(&self, words: Words) -> String {
        let rows = self.operations.iter().take(LISTED).map(|operation| {
            let reason = operation.reason.clone().unwrap_or_default();
            let state = super::trace::outcome(words, &operation.state);
            let since = operation.since.map(Timestamp::to_iso).unwrap_or_default();
            vec![operation.kind.clone(), operation.resource.clone(), state, since, operation.request_id.clone(), reason]
        });
        let heads = [
            "cli.status.column_operation",
            "cli.status.column_resource",
            "cli.status.column_state",
            "cli.status.column_since",
            "cli.status.column_request",
            "cli.status.column_reason",
        ];
        let mut text = section(words, "cli.status.operations", &heads, rows.collect());
        if let Some(more) = self.operations.len().checked_sub(LISTED).filter(|more| *more > 0) {
            text += &format!("  {}\n", words.get("cli.status.more", &[("count", &more)]));
        }
        text
    }
}

fn parts(words: Words, title: &str, parts: &[Part]) -> String {
    let rows = parts.iter().map(|part| {
        let since = part.since.map(Timestamp::to_iso).unwrap_or_default();
        vec![part.name.clone(), part.health.text(words), since, part.reason.clone().unwrap_or_default()]
    });
    let heads =
        ["cli.status.column_name", "cli.status.column_health", "cli.status.column_since", "cli.status.column_reason"];
    section(words, title, &heads, rows.collect())
}

fn section(words: Words, title: &str, heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let title = words.text(title);
    if rows.is_empty() {
        return format!("\n{title}\n  {}\n", words.text("cli.status.none"));
    }
    let heads: Vec<_> = heads.iter().map(|key| words.text(key)).collect();
    format!("\n{title}\n{}", columns::table(&heads, &rows))
}

#[cfg(test)]
mod tests {
    use ferrostack_auth::Origin;
    use ferrostack_base::Fence;
    use ferrostack_saga::{Failure, OperationId};
    use ferrostack_words::Language;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_201_430);

    fn controller(incarnation: &str, expires: Timestamp) -> Controller {
        Controller { incarnation: incarnation.to_owned(), node: "node-1".to_owned(), started: NOW, expires }
    }

    fn live(state: &str, owner: &str, reason: Option<&str>, failure: Option<&str>) -> Live {
        Live {
            id: OperationId::new(),
            kind: "create_server".to_owned(),
            version: 1,
            resource: "server 1".to_owned(),
            params: "{}".to_owned(),
            origin: Origin { request_id: "req-1".to_owned(), global_request_id: None, user_id: None, project_id: None },
            state: state.to_owned(),
            owner: Some(owner.to_owned()),
            epoch: 1,
            fence: Fence(1),
            failure: failure.map(Failure::new),
            reason: reason.map(str::to_owned),
            created: NOW,
        }
    }

    #[test]
    fn a_controller_is_as_alive_as_its_lease() {
        let words = Words::new(Language::English);
        let alive = role(words, &controller("a", NOW + Duration::from_secs(1)), NOW);
        assert_eq!((alive.health, alive.reason), (Health::Healthy, None));
        let gone = role(words, &controller("a", NOW - Duration::from_secs(7)), NOW);
        assert_eq!(gone.health, Health::Down);
        assert!(gone.reason.is_some_and(|reason| reason.contains("7 s")));
    }

    #[test]
    fn operations_tell_why_they_do_not_go_on() {
        let words = Words::new(Language::English);
        let controllers = [controller("a", NOW + Duration::from_secs(9)), controller("b", NOW)];
        for (state, owner, reason, failure, health, told) in [
            ("running", "a", None, None, Health::Healthy, None),
            ("running", "a", Some("the node is silent"), None, Health::Degraded, Some("the node is silent")),
            ("unwinding", "a", None, Some("no room"), Health::Degraded, Some("no room")),
            ("unwinding", "a", Some("still there"), Some("no room"), Health::Degraded, Some("still there")),
            ("stuck", "b", Some("still there"), Some("no room"), Health::Down, Some("still there")),
        ] {
            let operation = operation(words, live(state, owner, reason, failure), &controllers, NOW);
            assert_eq!((operation.health, operation.reason.as_deref()), (health, told), "{state} {owner}");
        }
        let orphan = operation(words, live("running", "b", None, None), &controllers, NOW);
        assert_eq!(orphan.health, Health::Degraded);
        assert!(orphan.reason.is_some_and(|reason| reason.contains("controller")));
    }
}
