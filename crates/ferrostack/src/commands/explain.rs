//! `ferrostack explain ID`

use ferrostack_base::Timestamp;
use ferrostack_config::Settings;
use ferrostack_db::{Row, Value};
use ferrostack_saga::store;
use ferrostack_words::Words;

use super::{Answer, trace};
use crate::{
    cloud, columns,
    control::{self, Seen},
    database,
    error::CommandError,
};

/// All that is known of a resource. The operations on it are read by its name.
#[derive(Debug, Default)]
pub struct Explained {
    /// As operations name it: `server 1bea47ed-...`.
    pub resource: String,
    /// Its name for people.
    pub name: String,
    /// Its status as the API shows it, for kinds that have one.
    pub status: Option<String>,
    /// Why it has that status, where something is known: the fault of a server.
    pub reason: Option<String>,
    /// What the scheduler found for each host, the chosen one first.
    pub hosts: Vec<Verdict>,
    /// The rows that the controllers keep of it.
    pub rows: Vec<Record>,
    /// What the node has, as it reported last; only for what lives on a node.
    pub observed: Option<Vec<Record>>,
    /// What the API and the engines show now, when the cloud runs.
    pub seen: Option<Seen>,
}

/// What the scheduler found for a host.
#[derive(Debug)]
pub struct Verdict {
    /// The host.
    pub host: String,
    /// Why it was dropped; `None`: it was chosen.
    pub dropped: Option<String>,
}

/// A row, or something like it, as it is.
#[derive(Debug)]
pub struct Record {
    /// Its table, or what it is.
    pub title: String,
    /// Names and values; what is empty is left out.
    pub fields: Vec<(String, String)>,
}

impl Record {
    /// A row of a table; columns that may hold secrets are named in `hidden`.
    pub fn of(table: &str, row: &Row, hidden: &[&str]) -> Self {
        let fields = row.iter().filter_map(|(column, value)| {
            let text = match value {
                Value::Null => return None,
                _ if hidden.contains(&column) => "***".to_owned(),
                Value::Int(micros) if column.ends_with("_us") => Timestamp::from_micros(*micros).to_iso_micros(),
                Value::Int(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text.clone(),
                Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            };
            Some((column.to_owned(), text))
        });
        Self { title: table.to_owned(), fields: fields.collect() }
    }
}

/// Explains why a resource is as it is.
///
/// # Errors
/// The database cannot be used.
pub async fn run(settings: &Settings, words: Words, id: &str) -> anyhow::Result<Answer> {
    let db = database::open_existing(settings, &cloud::migrations()).await?;
    let Some(mut explained) = cloud::explain(&db, id).await? else {
        return Ok(Answer::found(words.get("cli.explain.not_found", &[("id", &id)]) + "\n"));
    };
    if let Ok(id) = id.parse() {
        explained.seen = match control::explain(&settings.state.dir, id).await {
            Ok(seen) => Some(seen),
            Err(CommandError::NotRunning { .. }) => None,
            Err(error) => return Err(error.into()),
        };
    }
    let operations = store::of_resource(&db, &explained.resource).await?;
    Ok(Answer::success(text(words, &explained, &operations)))
}

fn text(words: Words, explained: &Explained, operations: &[store::Past]) -> String {
    let Explained { resource, name, status, reason, hosts, rows, observed, seen } = explained;
    let mut text = words.get("cli.explain.resource", &[("resource", resource), ("name", name)]) + "\n";
    if let Some(status) = status {
        text += &match reason {
            Some(reason) => words.get("cli.explain.status_because", &[("status", status), ("reason", reason)]),
            None => words.get("cli.explain.status", &[("status", status)]),
        };
        text.push('\n');
    }
    if !hosts.is_empty() {
        let heads = [words.text("cli.explain.column_host"), words.text("cli.explain.column_verdict")];
        let chosen = || words.text("cli.explain.host_chosen");
        let verdicts: Vec<_> =
            hosts.iter().map(|one| vec![one.host.clone(), one.dropped.clone().unwrap_or_else(chosen)]).collect();
        text += &section(&words.text("cli.explain.hosts"), &columns::table(&heads, &verdicts));
    }
    if !operations.is_empty() {
        text += &section(&words.text("cli.explain.operations"), &operation_table(words, operations));
    }
    text += &section(&words.text("cli.explain.wanted"), &records(rows));
    if let Some(observed) = observed {
        let nothing = || format!("  {}\n", words.text("cli.explain.nothing"));
        let observed = if observed.is_empty() { nothing() } else { records(observed) };
        text += &section(&words.text("cli.explain.observed"), &observed);
    }
    match seen {
        Some(seen) => text + &seen_text(words, seen),
        None => text + &format!("\n{}\n", words.text("cli.explain.not_running")),
    }
}

/// What the API shows, and what each engine has, below the command that an operator would type.
fn seen_text(words: Words, seen: &Seen) -> String {
    let mut text = String::new();
    if !seen.path.is_empty() {
        text += &section(&words.text("cli.explain.api"), &format!("  GET {}\n{}", seen.path, indented(&seen.api)));
    }
    let objects = seen.objects.iter().map(|object| {
        format!("  {} {}\n    $ {}\n{}", object.kind, object.name, object.command, indented(&object.content))
    });
    let objects = objects.collect::<Vec<_>>().join("\n");
    let nothing = || format!("  {}\n", words.text("cli.explain.nothing"));
    text + &section(&words.text("cli.explain.engines"), &if objects.is_empty() { nothing() } else { objects })
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn section(title: &str, body: &str) -> String {
    format!("\n{title}\n{body}")
}

fn operation_table(words: Words, operations: &[store::Past]) -> String {
    let heads = [
        "cli.explain.column_accepted",
        "cli.explain.column_operation",
        "cli.explain.column_outcome",
        "cli.explain.column_request",
        "cli.explain.column_reason",
    ]
    .map(|key| words.text(key));
    let rows = operations.iter().map(|operation| {
        vec![
            operation.created.to_iso_micros(),
            operation.kind.clone(),
            trace::outcome(words, &operation.outcome),
            operation.request_id.clone(),
            operation.reason.clone().unwrap_or_default(),
        ]
    });
    columns::table(&heads, &rows.collect::<Vec<_>>())
}

fn records(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        text += &format!("  {}\n", record.title);
        for (name, value) in record.fields.iter().filter(|(_, value)| !value.is_empty()) {
            // Values of several lines stay below their name.
            text += &format!("    {name}: {}\n", value.trim_end().replace('\n', "\n      "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use ferrostack_agent_api::EngineObject;
    use ferrostack_saga::OperationId;
    use ferrostack_words::Language;

    use super::*;

    fn failed() -> Explained {
        let record = |title: &str, field: &str, value: &str| Record {
            title: title.to_owned(),
            fields: vec![(field.to_owned(), value.to_owned()), ("empty".to_owned(), String::new())],
        };
        Explained {
            resource: "server 1bea".to_owned(),
            name: "web".to_owned(),
            status: Some("ERROR".to_owned()),
            reason: Some("No valid host was found.".to_owned()),
            hosts: vec![
                Verdict { host: "compute-2".to_owned(), dropped: None },
                Verdict { host: "compute-1".to_owned(), dropped: Some("4 MiB short of memory".to_owned()) },
            ],
            rows: vec![record("server", "vm_state", "error")],
            observed: Some(Vec::new()),
            seen: Some(Seen {
                path: "/compute/v2.1/servers/1bea".to_owned(),
                api: "{}".to_owned(),
                objects: vec![EngineObject {
                    kind: "domain".to_owned(),
                    name: "instance-00000001".to_owned(),
                    command: "virsh dumpxml instance-00000001".to_owned(),
                    content: "<domain>\n</domain>".to_owned(),
                }],
            }),
        }
    }

    #[test]
    fn a_server_is_explained_from_its_fault_to_what_the_node_has() {
        let operation = store::Past {
            id: OperationId::new(),
            kind: "create_server".to_owned(),
            resource: "server 1bea".to_owned(),
            request_id: "req-1".to_owned(),
            outcome: "failed".to_owned(),
            reason: Some("no host left".to_owned()),
            created: Timestamp::from_micros(1_795_201_430_000_123),
            ended: None,
        };
        let english = text(Words::new(Language::English), &failed(), std::slice::from_ref(&operation));
        assert_eq!(
            english,
            "server 1bea (web)\n\
             Status: ERROR, because: No valid host was found.\n\
             \n\
             What the scheduler found for each host\n\
             \x20 Host       Verdict\n\
             \x20 compute-2  chosen\n\
             \x20 compute-1  4 MiB short of memory\n\
             \n\
             Operations\n\
             \x20 Accepted                     Operation      Outcome  Request  Reason\n\
             \x20 2026-11-20T19:03:50.000123Z  create_server  failed   req-1    no host left\n\
             \n\
             What is wanted (the controllers' record)\n\
             \x20 server\n\
             \x20   vm_state: error\n\
             \n\
             What is there (the node's last report)\n\
             \x20 nothing\n\
             \n\
             What the API shows\n\
             \x20 GET /compute/v2.1/servers/1bea\n\
             \x20   {}\n\
             \n\
             What the engines have, and the commands that show it\n\
             \x20 domain instance-00000001\n\
             \x20   $ virsh dumpxml instance-00000001\n\
             \x20   <domain>\n\
             \x20   </domain>\n"
        );
        let korean = text(Words::new(Language::Korean), &failed(), &[operation]);
        assert!(korean.contains("선택됨") && korean.contains("4 MiB short of memory"), "{korean}");
    }
}
