//! The node's own database: what OVN must know of the node, and the bridges.

use std::{collections::BTreeMap, time::Duration};

use ferrostack_base::Clock;
use ferrostack_ovn::{
    Atom, Client, Condition, Endpoint, Mutation, Mutator, Operation, OperationResult, OvnError, Row, Value,
    open_vswitch::DATABASE,
};
use uuid::Uuid;

use crate::{
    DaemonError, LogTail,
    bridge::Bridge,
    places::{OPEN_VSWITCH_SOCKET, SYSTEM_ID_FILE},
    state,
};

/// How long vswitchd may take to carry out what the database says.
const PATIENCE: Duration = Duration::from_secs(30);
const VSWITCHD_LOG: &str = "/var/log/openvswitch/ovs-vswitchd.log";

/// A connection to the node's own database.
#[derive(Debug)]
pub(crate) struct OpenVswitch {
    client: Client,
    clock: Clock,
}

/// What we know of the node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) external_ids: BTreeMap<String, String>,
    next_cfg: i64,
    cur_cfg: i64,
}

impl OpenVswitch {
    /// Connects to the server, which must be running, and makes the node's row if there is none.
    pub(crate) async fn connect(clock: &Clock) -> Result<Self, DaemonError> {
        let stream = Endpoint::Unix(OPEN_VSWITCH_SOCKET.into()).connect().await.map_err(failed)?;
        let this = Self { client: Client::connect(stream), clock: clock.clone() };
        ensure_root(&this.client, DATABASE, "Open_vSwitch").await.map_err(failed)?;
        Ok(this)
    }

    async fn transact(&self, operations: &[Operation]) -> Result<Vec<OperationResult>, DaemonError> {
        self.client.transact(DATABASE, operations).await.map_err(failed)
    }

    async fn select(&self, table: &str, conditions: Vec<Condition>) -> Result<Vec<Row>, DaemonError> {
        let results = self.transact(&[Operation::select(table, conditions)]).await?;
        Ok(results.into_iter().next().map(OperationResult::rows).unwrap_or_default())
    }

    /// What the node's row says.
    pub(crate) async fn node(&self) -> Result<Node, DaemonError> {
        let row = self.select("Open_vSwitch", vec![]).await?.into_iter().next().unwrap_or_default();
        let read = || -> Result<Node, OvnError> {
            Ok(Node {
                external_ids: row.read("Open_vSwitch", "external_ids")?,
                next_cfg: row.read("Open_vSwitch", "next_cfg")?,
                cur_cfg: row.read("Open_vSwitch", "cur_cfg")?,
            })
        };
        read().map_err(failed)
    }

    /// A bridge by name.
    pub(crate) async fn bridge(&self, name: &str) -> Result<Option<Bridge>, DaemonError> {
        let Some(row) = self.select("Bridge", vec![Condition::equal("name", name)]).await?.into_iter().next() else {
            return Ok(None);
        };
        let mut ports = Vec::new();
        let listed: Vec<Uuid> = row.get("ports").into_iter().flat_map(Value::atoms).filter_map(Atom::as_uuid).collect();
        for port in listed {
            for row in self.select("Port", vec![Condition::uuid(port)]).await? {
                let port: String = row.read("Port", "name").map_err(failed)?;
                if port != name {
                    ports.push(port);
                }
            }
        }
        let read = || -> Result<Bridge, OvnError> {
            Ok(Bridge {
                name: name.to_owned(),
                datapath_type: row.read("Bridge", "datapath_type")?,
                fail_mode: row.read("Bridge", "fail_mode")?,
                external_ids: row.read("Bridge", "external_ids")?,
                other_config: row.read("Bridge", "other_config")?,
                ports,
            })
        };
        read().map(Some).map_err(failed)
    }

    /// Makes a bridge as wanted or brings it there: its type, its mode, and at least these pairs in its maps. Its ports
    /// are left alone.
    pub(crate) async fn put_bridge(&self, wanted: &Bridge) -> Result<(), DaemonError> {
        let name = wanted.name.as_str();
        let Some(found) = self.bridge(name).await? else {
            let row = Row::new()
                .with("name", name)
                .with("datapath_type", wanted.datapath_type.as_str())
                .with("fail_mode", optional(wanted.fail_mode.as_deref()))
                .with("external_ids", map(&wanted.external_ids))
                .with("other_config", map(&wanted.other_config))
                .with("ports", named("port"));
            self.transact(&[
                Operation::require_none("Bridge", [Condition::equal("name", name)]),
                Operation::insert("Interface", "interface", Row::new().with("name", name).with("type", "internal")),
                Operation::insert("Port", "port", Row::new().with("name", name).with("interfaces", named("interface"))),
                Operation::insert("Bridge", "bridge", row),
                Operation::mutate("Open_vSwitch", [], [Mutation::new("bridges", Mutator::Insert, named("bridge"))]),
            ])
            .await?;
            return Ok(());
        };
        let same_mode = found.fail_mode == wanted.fail_mode && found.datapath_type == wanted.datapath_type;
        if same_mode && has(&found.external_ids, &wanted.external_ids) && has(&found.other_config, &wanted.other_config)
        {
            return Ok(());
        }
        let bridge = || [Condition::equal("name", name)];
        let mode = Row::new()
            .with("datapath_type", wanted.datapath_type.as_str())
            .with("fail_mode", optional(wanted.fail_mode.as_deref()));
        let mut mutations = put_pairs("external_ids", &wanted.external_ids).to_vec();
        mutations.extend(put_pairs("other_config", &wanted.other_config));
        self.transact(&[Operation::update("Bridge", bridge(), mode), Operation::mutate("Bridge", bridge(), mutations)])
            .await
            .map(drop)
    }

    /// Removes a bridge with its ports; none is fine.
    pub(crate) async fn delete_bridge(&self, name: &str) -> Result<(), DaemonError> {
        let rows = self.select("Bridge", vec![Condition::equal("name", name)]).await?;
        let Some(uuid) = rows.first().and_then(Row::uuid) else { return Ok(()) };
        // Ports and interfaces go with the last reference to them.
        let take = Operation::mutate("Open_vSwitch", [], [Mutation::delete("bridges", [uuid])]);
        self.transact(&[take]).await.map(drop)
    }

    /// Puts pairs into the node's `external_ids`; writes nothing when they are there.
    pub(crate) async fn put_external_ids(&self, wanted: &BTreeMap<String, String>) -> Result<(), DaemonError> {
        if has(&self.node().await?.external_ids, wanted) {
            return Ok(());
        }
        self.transact(&[Operation::mutate("Open_vSwitch", [], put_pairs("external_ids", wanted))]).await.map(drop)
    }

    /// Takes keys out of the node's `external_ids`.
    pub(crate) async fn delete_external_ids(&self, keys: &[&str]) -> Result<(), DaemonError> {
        let keys = Mutation::delete("external_ids", keys.iter().copied());
        self.transact(&[Operation::mutate("Open_vSwitch", [], [keys])]).await.map(drop)
    }

    /// Waits until vswitchd has carried out everything that the database says now.
    ///
    /// # Errors
    /// [`DaemonError::Vswitch`] when it does not come to that.
    pub(crate) async fn wait_applied(&self, what: &str) -> Result<(), DaemonError> {
        let raise = Mutation::new("next_cfg", Mutator::Add, 1_i64);
        self.transact(&[Operation::mutate("Open_vSwitch", [], [raise])]).await?;
        let until = self.node().await?.next_cfg;
        let begun = self.clock.now();
        while self.node().await?.cur_cfg < until {
            if self.clock.now().since(begun) > PATIENCE {
                return Err(refused(what, format!("nothing happened for {} s", PATIENCE.as_secs())));
            }
            self.clock.sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Fails when vswitchd could not make a bridge, which is seen at the port of its own name.
    pub(crate) async fn check_bridge(&self, name: &str) -> Result<(), DaemonError> {
        let rows = self.select("Interface", vec![Condition::equal("name", name)]).await?;
        let row = rows.into_iter().next().unwrap_or_default();
        let error: Option<String> = row.read("Interface", "error").map_err(failed)?;
        let number: Option<i64> = row.read("Interface", "ofport").map_err(failed)?;
        match (error, number) {
            (Some(reason), _) => Err(refused(name, reason)),
            (None, Some(number)) if number >= 0 => Ok(()),
            (None, _) => Err(refused(name, "its port has no number".to_owned())),
        }
    }

    /// The devices that vswitchd has, and whether it makes them itself (internal ports).
    pub(crate) async fn devices(&self) -> Result<Vec<(String, bool)>, DaemonError> {
        let rows = self.select("Interface", vec![]).await?;
        let device = |row: &Row| {
            let kind: String = row.read("Interface", "type").ok()?;
            let name = row.read("Interface", "name").ok()?;
            matches!(kind.as_str(), "" | "system" | "internal").then_some((name, kind == "internal"))
        };
        Ok(rows.iter().filter_map(device).collect())
    }
}

/// The chassis' name: the one wanted, the one that is there, the one that Open vSwitch's own scripts would set at their
/// next start, or ours.
pub(crate) fn system_id(wanted: Option<&str>, node: &Node, mark: &str) -> Result<String, DaemonError> {
    let file = std::path::Path::new(SYSTEM_ID_FILE);
    let noted = state::read(file)?.filter(|text| !text.is_empty());
    let there = node.external_ids.get("system-id").filter(|id| !id.is_empty()).cloned();
    let chosen = wanted.map(str::to_owned).or(there).or_else(|| noted.clone()).unwrap_or_else(|| mark.to_owned());
    if noted.as_deref() != Some(&chosen) {
        state::write(file, &format!("{chosen}\n"))?;
    }
    Ok(chosen)
}

/// Makes the one row that a database has in its root table.
pub(crate) async fn ensure_root(client: &Client, database: &str, table: &str) -> Result<(), OvnError> {
    let make = [Operation::require_none(table, []), Operation::insert_as(table, Uuid::new_v4(), Row::new())];
    match client.transact(database, &make).await {
        Err(error) if !error.is_stale() => Err(error),
        _ => Ok(()),
    }
}

fn failed(source: OvnError) -> DaemonError {
    DaemonError::Database { database: DATABASE, source }
}

fn refused(what: &str, reason: String) -> DaemonError {
    DaemonError::Vswitch { what: what.to_owned(), reason, log: LogTail::read(VSWITCHD_LOG) }
}

fn named(name: &str) -> Value {
    Value::set([Atom::NamedUuid(name.into())])
}

fn optional(text: Option<&str>) -> Value {
    text.map_or_else(Value::empty_set, Value::from)
}

fn map(pairs: &BTreeMap<String, String>) -> Value {
    Value::map(pairs.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())))
}

/// Whether all `wanted` pairs are in `found`.
fn has(found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| found.get(key) == Some(value))
}

/// An insert does not change a pair whose key is there, so the keys go first.
fn put_pairs(column: &str, pairs: &BTreeMap<String, String>) -> [Mutation; 2] {
    let keys = Mutation::delete(column, pairs.keys().map(String::as_str));
    [keys, Mutation::new(column, Mutator::Insert, map(pairs))]
}
