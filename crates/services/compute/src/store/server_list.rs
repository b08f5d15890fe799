//! Lists of servers: filters, order, pages.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Read, Sql};
use ferrostack_http::SortKey;
use regex::Regex;
use uuid::Uuid;

use super::server::COLUMNS;
use crate::model::{Server, ServerId, Status};

/// What is looked for; none = anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerFilter {
    pub project_id: Option<String>,
    pub user_id: Option<String>,
    /// Only deleted ones, only others, or both.
    pub deleted: Option<bool>,
    /// Any of these; no status = no server.
    pub statuses: Option<Vec<Status>>,
    pub vm_state: Option<String>,
    pub task_state: Option<String>,
    pub flavor_id: Option<String>,
    pub image_id: Option<Uuid>,
    pub host: Option<String>,
    pub zone: Option<String>,
    pub key_name: Option<String>,
    pub reservation_id: Option<String>,
    pub id: Option<ServerId>,
    pub changed_since: Option<Timestamp>,
    /// Found anywhere in the name.
    pub name: Option<Regex>,
    /// Found anywhere in an address.
    pub ip: Option<Regex>,
}

/// Which part of the list, in which order.
#[derive(Debug, Clone)]
pub(crate) struct ServerPage {
    /// The newest come first when there is none.
    pub sorting: Vec<SortKey>,
    pub marker: Option<ServerId>,
    pub limit: usize,
}

/// The API's names of what servers can be sorted by, and the expressions that are compared. None is ever NULL.
pub(crate) const SORT_KEYS: &[(&str, &str)] = &[
    ("created_at", "created_us"),
    ("updated_at", "updated_us"),
    ("display_name", "name"),
    ("name", "name"),
    ("uuid", "id"),
    ("id", "id"),
    ("status", "status"),
    ("vm_state", "vm_state"),
    ("task_state", "COALESCE(task_state, '')"),
    ("power_state", "power_state"),
    ("host", "COALESCE(host, '')"),
    ("node", "COALESCE(host, '')"),
    ("availability_zone", "COALESCE(zone, '')"),
    ("instance_type_id", "flavor_id"),
    ("image_ref", "COALESCE(image_id, '')"),
    ("key_name", "COALESCE(key_name, '')"),
    ("launched_at", "COALESCE(launched_us, 0)"),
    ("terminated_at", "COALESCE(terminated_us, 0)"),
    ("launch_index", "launch_index"),
    ("project_id", "project_id"),
    ("user_id", "user_id"),
    ("access_ip_v4", "COALESCE(access_ip_v4, '')"),
    ("access_ip_v6", "COALESCE(access_ip_v6, '')"),
    ("config_drive", "config_drive"),
];

/// The page. What the database can't compare (regular expressions) is compared here, so that several reads may be needed.
pub(crate) async fn list(db: &impl Read, filter: &ServerFilter, page: &ServerPage) -> Result<Vec<Server>, DbError> {
    let in_memory = filter.name.is_some() || filter.ip.is_some();
    let chunk = if in_memory { page.limit.max(200) } else { page.limit };
    let mut marker = page.marker;
    let mut found = Vec::new();
    while found.len() < page.limit {
        let rows: Vec<Server> = db.list(statement(filter, page, marker, chunk)).await?;
        let last = rows.len() < chunk;
        marker = rows.last().map(|server| server.id);
        found.extend(rows.into_iter().filter(|server| fits(filter, server)));
        if last || !in_memory {
            break;
        }
    }
    found.truncate(page.limit);
    Ok(found)
}

fn fits(filter: &ServerFilter, server: &Server) -> bool {
    let name = filter.name.as_ref().is_none_or(|regex| regex.is_match(&server.name));
    let mut addresses = server.ports.iter().flat_map(|port| &port.fixed_ips);
    name && filter.ip.as_ref().is_none_or(|regex| addresses.any(|fixed| regex.is_match(&fixed.ip.to_string())))
}

fn statement(filter: &ServerFilter, page: &ServerPage, marker: Option<ServerId>, limit: usize) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM server WHERE 1 = 1");
    if let Some(project) = &filter.project_id {
        sql.and("project_id = ?", project);
    }
    if let Some(deleted) = filter.deleted {
        sql.and("deleted = ?", deleted);
    }
    if let Some(statuses) = &filter.statuses {
        sql.and_in("status", statuses);
    }
    let texts = [
        ("user_id = ?", &filter.user_id),
        ("vm_state = ?", &filter.vm_state),
        ("task_state = ?", &filter.task_state),
        ("flavor_id = ?", &filter.flavor_id),
        ("host = ?", &filter.host),
        ("zone = ?", &filter.zone),
        ("key_name = ?", &filter.key_name),
        ("reservation_id = ?", &filter.reservation_id),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            sql.and(condition, value);
        }
    }
    if let Some(image) = filter.image_id {
        sql.and("image_id = ?", image);
    }
    if let Some(id) = filter.id {
        sql.and("id = ?", id);
    }
    if let Some(since) = filter.changed_since {
        sql.and("updated_us >= ?", since);
    }
    let mut keys = page.sorting.clone();
    if keys.is_empty() {
        keys.push(SortKey { column: "created_us", descending: true });
    }
    if !keys.iter().any(|key| key.column == "id") {
        let descending = keys.last().is_some_and(|key| key.descending);
        keys.push(SortKey { column: "id", descending });
    }
    if let Some(marker) = marker {
        after(&mut sql, &keys, marker);
    }
    let order = keys.iter().map(|key| format!("{} {}", key.column, if key.descending { "DESC" } else { "ASC" }));
    sql.push(&format!(" ORDER BY {} LIMIT ?", order.collect::<Vec<_>>().join(", "))).bind(limit);
    sql
}

/// Appends the condition that a row comes after the marker: for some key it is further, and equal in all keys before.
fn after(sql: &mut Sql, keys: &[SortKey], marker: ServerId) {
    sql.push(" AND (");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            sql.push(" OR ");
        }
        sql.push("(");
        for equal in &keys[..index] {
            sql.push(&format!("{0} = (SELECT {0} FROM server WHERE id = ?) AND ", equal.column)).bind(marker);
        }
        let than = if key.descending { "<" } else { ">" };
        sql.push(&format!("{0} {than} (SELECT {0} FROM server WHERE id = ?))", key.column)).bind(marker);
    }
    sql.push(")");
}
