//! Why a resource is as it is: its rows, the scheduler's reasons, what the node reported.

use ferrostack_compute::{ServerId, scheduling_reasons};
use ferrostack_db::{Db, Read, Row, args};
use uuid::Uuid;

use crate::commands::explain::{Explained, Record, Verdict};

/// Columns that may hold what a user wants to keep.
const HIDDEN: [&str; 3] = ["user_data", "admin_password", "public_key"];

/// A kind of resource: where its row is, where the API shows it, and what belongs to it.
pub(super) struct Kind {
    /// The table, which is its name in operations, too.
    table: &'static str,
    /// The API's path of one, without the id.
    pub(super) path: &'static str,
    /// The column that people know it by.
    name: &'static str,
    /// Tables of what belongs to it, and how its rows are found by the id.
    related: &'static [(&'static str, &'static str)],
}

/// All kinds that can be explained.
const KINDS: [Kind; 8] = [
    Kind {
        table: "server",
        path: "/compute/v2.1/servers/",
        name: "name",
        related: &[
            ("placement_allocation", "SELECT * FROM placement_allocation WHERE consumer = ?"),
            ("port", "SELECT * FROM port WHERE device_id = ?"),
        ],
    },
    Kind {
        table: "port",
        path: "/network/v2.0/ports/",
        name: "name",
        related: &[
            ("ip_allocation", "SELECT * FROM ip_allocation WHERE port_id = ?"),
            ("port_security_group", "SELECT * FROM port_security_group WHERE port_id = ?"),
            ("floating_ip", "SELECT * FROM floating_ip WHERE port_id = ?"),
        ],
    },
    Kind {
        table: "network",
        path: "/network/v2.0/networks/",
        name: "name",
        related: &[
            ("network_segment", "SELECT * FROM network_segment WHERE network_id = ?"),
            ("subnet", "SELECT * FROM subnet WHERE network_id = ?"),
        ],
    },
    Kind { table: "subnet", path: "/network/v2.0/subnets/", name: "name", related: &[] },
    Kind {
        table: "router",
        path: "/network/v2.0/routers/",
        name: "name",
        related: &[("port", "SELECT * FROM port WHERE device_id = ?")],
    },
    Kind {
        table: "floating_ip",
        path: "/network/v2.0/floatingips/",
        name: "floating_ip_address",
        related: &[(
            "port",
            "SELECT port.* FROM floating_ip JOIN port ON port.id = floating_ip.port_id WHERE floating_ip.id = ?",
        )],
    },
    Kind {
        table: "security_group",
        path: "/network/v2.0/security-groups/",
        name: "name",
        related: &[("security_group_rule", "SELECT * FROM security_group_rule WHERE group_id = ?")],
    },
    Kind {
        table: "image",
        path: "/image/v2/images/",
        name: "name",
        related: &[
            ("image_member", "SELECT * FROM image_member WHERE image_id = ?"),
            ("server", "SELECT id, name, status, host FROM server WHERE image_id = ?"),
        ],
    },
];

/// The kind of what has this id, with its row; `None` when there is nothing.
///
/// # Errors
/// What the database says.
pub(super) async fn find(db: &Db, id: Uuid) -> anyhow::Result<Option<(&'static Kind, Row)>> {
    for kind in &KINDS {
        if let Some(row) = db.one(format!("SELECT * FROM {} WHERE id = ?", kind.table), args![id]).await? {
            return Ok(Some((kind, row)));
        }
    }
    Ok(None)
}

/// Looks the id up among all kinds; `None` when there is none.
///
/// # Errors
/// What the database says.
pub async fn explain(db: &Db, id: &str) -> anyhow::Result<Option<Explained>> {
    let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
    let Some((kind, row)) = find(db, id).await? else { return Ok(None) };
    let mut explained = Explained {
        resource: format!("{} {id}", kind.table),
        name: row.get::<Option<String>>(kind.name)?.unwrap_or_default(),
        status: row.get("status").ok(),
        reason: fault(&row),
        rows: vec![Record::of(kind.table, &row, &HIDDEN)],
        ..Explained::default()
    };
    for (table, sql) in kind.related {
        let rows = db.all(sql, args![id]).await?;
        explained.rows.extend(rows.iter().map(|row| Record::of(table, row, &HIDDEN)));
    }
    if kind.table == "server" {
        add_hosts(db, ServerId(id), &mut explained).await?;
    }
    Ok(Some(explained))
}

/// What the scheduler found, and what the node reported.
async fn add_hosts(db: &Db, server: ServerId, explained: &mut Explained) -> anyhow::Result<()> {
    let observed = db.all("SELECT * FROM domain WHERE server_id = ?", args![server]).await?;
    explained.observed = Some(observed.iter().map(|row| Record::of("domain", row, &HIDDEN)).collect());
    if let Some(reasons) = scheduling_reasons(db, server).await? {
        explained.hosts.extend(reasons.chosen.map(|host| Verdict { host, dropped: None }));
        let others = reasons.candidates.into_iter().chain(reasons.dropped);
        explained.hosts.extend(others.map(|(host, reason)| Verdict { host, dropped: Some(reason) }));
    }
    Ok(())
}

fn fault(row: &Row) -> Option<String> {
    let text: Option<String> = row.get("fault").ok()?;
    let fault: serde_json::Value = serde_json::from_str(&text?).ok()?;
    fault["message"].as_str().map(str::to_owned)
}
