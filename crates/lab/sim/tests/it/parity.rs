//! The same requests to the simulated server and to a real one: results, error words, and what a monitor tells must be
//! the same. Texts of errors are each server's own.

use ferrostack_ovn::{Client, MonitorVersion, RowUpdate, Update, WatchedTable};
use ferrostack_sim::ovsdb::Ovsdb;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::real_server::RealServer;

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn reference(number: u128) -> Json {
    json!(["uuid", id(number)])
}

/// An insert under a chosen identifier.
fn insert(table: &str, number: u128, row: Json) -> Json {
    json!({"op": "insert", "table": table, "uuid": id(number), "row": row})
}

fn by_id(number: u128) -> Json {
    json!([["_uuid", "==", reference(number)]])
}

/// Each a transaction on the Northbound database, with what it is about.
#[allow(clippy::too_many_lines, reason = "a list of cases")]
fn transactions() -> Vec<(&'static str, Json)> {
    let everything =
        |table: &str, columns: Json| json!({"op": "select", "table": table, "where": [], "columns": columns});
    vec![
        (
            "a switch and a port under chosen ids",
            json!([
                insert(
                    "Logical_Switch",
                    1,
                    json!({"name": "net", "ports": reference(2), "external_ids": ["map", [["rev", "1"]]]})
                ),
                insert("Logical_Switch_Port", 2, json!({"name": "p2", "addresses": ["set", ["a", "b"]]})),
            ]),
        ),
        (
            "named references, before and after their insert",
            json!([
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [["ports", "insert", ["named-uuid", "later"]]]},
                {"op": "insert", "table": "Logical_Switch_Port", "uuid-name": "later", "row": {"name": "p3"}},
                {"op": "update", "table": "Logical_Switch_Port", "where": [["name", "==", "p3"]], "row": {"type": "localport"}},
            ]),
        ),
        (
            "what is there now",
            json!([
                everything("Logical_Switch", json!(["name", "external_ids", "other_config", "copp"])),
                {"op": "select", "table": "Logical_Switch_Port", "where": [["name", "==", "p3"]], "columns": ["name", "type", "up", "tag", "addresses"]},
            ]),
        ),
        ("a chosen id that is taken", json!([insert("Logical_Switch", 1, json!({}))])),
        (
            "a name that is taken twice",
            json!([
                {"op": "insert", "table": "DNS", "uuid-name": "same", "row": {}},
                {"op": "insert", "table": "DNS", "uuid-name": "same", "row": {}},
            ]),
        ),
        (
            "a dangling strong reference",
            json!([
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [["ports", "insert", reference(99)]]},
            ]),
        ),
        (
            "a name that nothing declares",
            json!([
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [["ports", "insert", ["named-uuid", "nobody"]]]},
            ]),
        ),
        (
            "a dangling weak reference vanishes",
            json!([insert("Port_Group", 10, json!({"name": "pg", "ports": ["set", [reference(2), reference(98)]]})),]),
        ),
        ("what the group has", json!([everything("Port_Group", json!(["name", "ports"]))])),
        (
            "a port that nobody refers to is gone at the commit",
            json!([insert("Logical_Switch_Port", 3, json!({"name": "orphan"}))]),
        ),
        (
            "it is",
            json!([{"op": "select", "table": "Logical_Switch_Port", "where": [["name", "==", "orphan"]], "columns": ["name"]}]),
        ),
        (
            "a name twice in the index",
            json!([
                {"op": "insert", "table": "Port_Group", "row": {"name": "pg"}},
            ]),
        ),
        (
            "a name that another row gives up in the same transaction",
            json!([
                {"op": "insert", "table": "Port_Group", "row": {"name": "pg"}},
                {"op": "update", "table": "Port_Group", "where": by_id(10), "row": {"name": "pg_old"}},
            ]),
        ),
        (
            "a row that is still referred to is not deleted",
            json!([
                {"op": "delete", "table": "Logical_Switch_Port", "where": by_id(2)},
            ]),
        ),
        ("unknown table", json!([{"op": "insert", "table": "Nonsense", "row": {}}])),
        ("unknown column", json!([{"op": "insert", "table": "DNS", "row": {"nonsense": 1}}])),
        ("a value of the wrong kind", json!([{"op": "insert", "table": "Logical_Switch", "row": {"name": 5}}])),
        (
            "a word that is not allowed",
            json!([{"op": "insert", "table": "ACL", "row": {"direction": "up", "action": "drop"}}]),
        ),
        (
            "a number out of range",
            json!([
                {"op": "insert", "table": "ACL", "row": {"direction": "to-lport", "action": "drop", "priority": 40000}},
            ]),
        ),
        (
            "too many elements",
            json!([{"op": "update", "table": "Logical_Switch_Port", "where": by_id(2), "row": {"up": ["set", [true, false]]}}]),
        ),
        (
            "too few elements",
            json!([
                {"op": "insert", "table": "Logical_Router", "row": {"ports": ["named-uuid", "rp"]}},
                {"op": "insert", "table": "Logical_Router_Port", "uuid-name": "rp", "row": {"name": "rp", "mac": "m", "networks": ["set", []]}},
            ]),
        ),
        (
            "too many elements by mutation",
            json!([
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["up", "insert", ["set", [true, false]]]]},
            ]),
        ),
        (
            "one element too many by mutation",
            json!([
                {"op": "update", "table": "Logical_Switch_Port", "where": by_id(2), "row": {"up": true}},
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["up", "insert", false]]},
            ]),
        ),
        (
            "an optional element comes and goes by mutation",
            json!([
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["tag", "insert", 7], ["tag", "+=", 2]]},
                {"op": "select", "table": "Logical_Switch_Port", "where": by_id(2), "columns": ["tag"]},
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["tag", "delete", 9]]},
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["tag", "-=", 9]]},
            ]),
        ),
        (
            "a result out of range",
            json!([
                {"op": "update", "table": "Logical_Switch_Port", "where": by_id(2), "row": {"tag": 4000}},
                {"op": "mutate", "table": "Logical_Switch_Port", "where": by_id(2), "mutations": [["tag", "+=", 1000]]},
            ]),
        ),
        (
            "an id cannot be written",
            json!([{"op": "update", "table": "DNS", "where": [], "row": {"_uuid": reference(5)}}]),
        ),
        (
            "the fence holds",
            json!([
                {"op": "wait", "table": "Logical_Switch", "where": [["_uuid", "==", reference(1)], ["external_ids", "includes", ["map", [["rev", "1"]]]]],
                 "columns": ["_uuid"], "until": "!=", "rows": [], "timeout": 0},
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [
                    ["external_ids", "delete", "rev"], ["external_ids", "insert", ["map", [["rev", "2"], ["who", "me"]]]]]},
            ]),
        ),
        (
            "the fence refuses, and nothing is done",
            json!([
                {"op": "update", "table": "Logical_Switch", "where": by_id(1), "row": {"name": "stale"}},
                {"op": "wait", "table": "Logical_Switch", "where": [["_uuid", "==", reference(1)], ["external_ids", "includes", ["map", [["rev", "1"]]]]],
                 "columns": ["_uuid"], "until": "!=", "rows": [], "timeout": 0},
                {"op": "delete", "table": "DNS", "where": []},
            ]),
        ),
        (
            "a wait for rows as they are",
            json!([
                {"op": "wait", "table": "Logical_Switch", "where": [], "columns": ["name"], "until": "==", "rows": [{"name": "net"}], "timeout": 0},
                {"op": "wait", "table": "DNS", "where": [], "columns": ["_uuid"], "until": "==", "rows": [], "timeout": 0},
            ]),
        ),
        (
            "map mutations",
            json!([
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [
                    ["external_ids", "insert", ["map", [["rev", "ignored: the key is there"]]]],
                    ["external_ids", "delete", ["map", [["who", "not me"]]]]]},
                everything("Logical_Switch", json!(["external_ids"])),
            ]),
        ),
        (
            "arithmetic",
            json!([
                insert("NB_Global", 20, json!({"nb_cfg": 7, "options": ["map", [["a", "b"]]]})),
                {"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["nb_cfg", "+=", 5], ["nb_cfg", "*=", 3], ["nb_cfg", "/=", 5], ["nb_cfg", "%=", 4]]},
                everything("NB_Global", json!(["nb_cfg"])),
            ]),
        ),
        (
            "division by zero",
            json!([{"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["nb_cfg", "/=", 0]]}]),
        ),
        (
            "overflow",
            json!([{"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["nb_cfg", "+=", i64::MAX], ["nb_cfg", "+=", i64::MAX]]}]),
        ),
        (
            "arithmetic on texts",
            json!([{"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["name", "+=", 1]]}]),
        ),
        (
            "members of a single text",
            json!([{"op": "mutate", "table": "NB_Global", "where": [], "mutations": [["name", "insert", "x"]]}]),
        ),
        ("a second row where one is allowed", json!([{"op": "insert", "table": "NB_Global", "row": {}}])),
        ("abort", json!([{"op": "delete", "table": "Logical_Switch", "where": []}, {"op": "abort"}])),
        ("a lock that nobody holds", json!([{"op": "assert", "lock": "l"}])),
        ("comment and commit", json!([{"op": "comment", "comment": "c"}, {"op": "commit", "durable": false}])),
        ("an operation that does not exist", json!([{"op": "explode"}])),
        (
            "conditions on numbers",
            json!([
                {"op": "select", "table": "NB_Global", "where": [["nb_cfg", "<", 3]], "columns": ["nb_cfg"]},
                {"op": "select", "table": "NB_Global", "where": [["nb_cfg", ">=", 3]], "columns": ["nb_cfg"]},
            ]),
        ),
        ("an order of texts", json!([{"op": "select", "table": "NB_Global", "where": [["name", "<", "x"]]}])),
        (
            "inclusion and exclusion",
            json!([
                {"op": "select", "table": "Logical_Switch_Port", "where": [["addresses", "includes", "a"]], "columns": ["name"]},
                {"op": "select", "table": "Logical_Switch_Port", "where": [["addresses", "excludes", ["set", ["a", "z"]]]], "columns": ["name"]},
            ]),
        ),
        (
            "rules of a group, and a required member that vanishes weakly",
            json!([
                {"op": "mutate", "table": "Port_Group", "where": by_id(10), "mutations": [["acls", "insert", ["set", [reference(31), reference(32)]]]]},
                insert("ACL", 31, json!({"priority": 1, "direction": "to-lport", "match": "1", "action": "drop"})),
                insert("ACL", 32, json!({"priority": 2, "direction": "to-lport", "match": "1", "action": "allow"})),
            ]),
        ),
        (
            "a member leaves and its row goes",
            json!([
                {"op": "mutate", "table": "Port_Group", "where": by_id(10), "mutations": [["acls", "delete", reference(31)]]},
            ]),
        ),
        ("one is left", json!([everything("ACL", json!(["_uuid", "priority"]))])),
        (
            "deleted and inserted under the same id",
            json!([
                {"op": "delete", "table": "Port_Group", "where": by_id(10)},
                insert("Port_Group", 10, json!({"name": "again"})),
            ]),
        ),
        (
            "a port goes and the group forgets it",
            json!([
                {"op": "mutate", "table": "Logical_Switch", "where": by_id(1), "mutations": [["ports", "delete", reference(2)]]},
            ]),
        ),
        ("it did", json!([everything("Port_Group", json!(["name", "ports"]))])),
        (
            "the switch goes with all that it kept",
            json!([{"op": "delete", "table": "Logical_Switch", "where": by_id(1)}]),
        ),
        (
            "nothing is left",
            json!([everything("Logical_Switch_Port", json!(["name"])), everything("Logical_Switch", json!(["name"]))]),
        ),
    ]
}

/// Results without texts of errors, and with rows and sets in an order of their own.
fn comparable(results: &Json) -> Json {
    match results {
        Json::Object(object) if object.get("error").is_some_and(|error| !error.is_null()) => {
            json!({"error": object["error"]})
        }
        Json::Object(object) if object.contains_key("uuid") && object.len() == 1 => {
            // Identifiers that a server chose differ; chosen ones are small.
            let text = object["uuid"][1].as_str().unwrap_or_default();
            if text.starts_with("00000000-") { results.clone() } else { json!("inserted") }
        }
        Json::Object(object) if object.contains_key("rows") => {
            let mut rows: Vec<String> = object["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| {
                    let mut columns: Vec<String> =
                        row.as_object().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
                    columns.sort();
                    columns.join(" ")
                })
                .collect();
            rows.sort();
            json!({ "rows": rows })
        }
        Json::Array(list) => list.iter().map(comparable).collect(),
        other => other.clone(),
    }
}

struct Observed {
    client: Client,
    monitor: ferrostack_ovn::Monitor,
}

impl Observed {
    async fn begin(client: Client, version: MonitorVersion) -> Self {
        let tables = ["Logical_Switch", "Logical_Switch_Port", "Port_Group", "ACL", "NB_Global"].map(WatchedTable::all);
        let monitor = client.monitor_as(version, "OVN_Northbound", &tables, None).await.unwrap();
        Self { client, monitor }
    }

    /// The results, and what the monitor had told when they came.
    async fn transact(&mut self, operations: &Json) -> (Json, Vec<String>) {
        let mut params = vec![json!("OVN_Northbound")];
        params.extend(operations.as_array().unwrap().iter().cloned());
        let answer = self.client.request("transact", Json::Array(params)).await;
        let results =
            answer.map_or_else(|error| json!(format!("refused: {:?}", error.kind())), |results| comparable(&results));
        let mut told = Vec::new();
        while let Ok(update) = self.monitor.updates.try_recv() {
            told.extend(describe(update));
        }
        told.sort();
        (results, told)
    }
}

/// What an update says of rows whose identifiers were chosen.
fn describe(update: Update) -> Vec<String> {
    let rows = update.rows.into_iter().filter(|(_, uuid, _)| uuid.as_u128() < 1000);
    rows.map(|(table, uuid, change)| {
        let change = match change {
            RowUpdate::Insert(row) => format!("insert {}", masked(&row)),
            RowUpdate::Replace(row) => format!("replace {}", masked(&row)),
            RowUpdate::Modify(row) => format!("modify {}", masked(&row)),
            RowUpdate::Delete => "delete".to_owned(),
        };
        format!("{table} {} {change}", uuid.as_u128())
    })
    .collect()
}

fn masked(row: &ferrostack_ovn::Row) -> String {
    // Only the real server tells versions, which differ with each change.
    let columns = row.iter().filter(|(name, _)| name.as_ref() != "_version").map(|(name, value)| {
        let shown = value.atoms().map(|atom| match atom.as_uuid() {
            Some(uuid) if uuid.as_u128() >= 1000 => "…".to_owned(),
            _ => atom.to_string(),
        });
        let pairs = value.pairs().map(|(key, value)| format!("{key}:{value}"));
        format!("{name}={}", shown.chain(pairs).collect::<Vec<_>>().join(","))
    });
    columns.collect::<Vec<_>>().join(" ")
}

async fn compare(version: MonitorVersion) {
    let Some(real) = RealServer::start().await else { return };
    let simulated = Ovsdb::bare();
    let mut real = Observed::begin(Client::connect(real.endpoint().connect().await.unwrap()), version).await;
    let mut simulated = Observed::begin(Client::connect(simulated.endpoint().connect().await.unwrap()), version).await;
    let mut different = Vec::new();
    for (about, operations) in transactions() {
        let (expected, found) = (real.transact(&operations).await, simulated.transact(&operations).await);
        if expected != found {
            different.push(format!("{about}\n  real      {expected:?}\n  simulated {found:?}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[tokio::test]
async fn a_real_server_says_the_same_with_differences() {
    compare(MonitorVersion::Conditional).await;
}

#[tokio::test]
async fn a_real_server_says_the_same_with_whole_rows() {
    compare(MonitorVersion::Plain).await;
}

#[tokio::test]
async fn a_real_server_refuses_the_same_requests() {
    let Some(server) = RealServer::start().await else { return };
    let real = Client::connect(server.endpoint().connect().await.unwrap());
    let simulated = Ovsdb::bare();
    let simulated = Client::connect(simulated.endpoint().connect().await.unwrap());
    for (method, params) in [
        ("get_schema", json!(["Nope"])),
        ("transact", json!(["Nope"])),
        ("monitor", json!(["Nope", null, {}])),
        ("no_such_method", json!([])),
        ("monitor_cancel", json!(["nope"])),
        ("monitor", json!(["OVN_Northbound", 1, {"Nope": [{}]}])),
        ("monitor", json!(["OVN_Northbound", 1, {"ACL": [{"columns": ["nope"]}]}])),
        ("unlock", json!(["never asked for"])),
    ] {
        let expected = real.request(method, params.clone()).await.unwrap_err();
        let found = simulated.request(method, params.clone()).await.unwrap_err();
        assert_eq!(expected.kind(), found.kind(), "{method} {params}: {expected} / {found}");
    }
    for (method, params) in
        [("echo", json!(["x"])), ("lock", json!(["l"])), ("steal", json!(["m"])), ("unlock", json!(["l"]))]
    {
        let expected = real.request(method, params.clone()).await.unwrap();
        assert_eq!(expected, simulated.request(method, params.clone()).await.unwrap(), "{method}");
    }
}
