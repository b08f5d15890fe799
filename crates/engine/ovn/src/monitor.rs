//! What is watched and what a server tells about it: the requests and notifications of `monitor` (RFC 7047 section
//! 4.1.5), `monitor_cond` and `monitor_cond_since` (ovsdb-server(7), 4.1.12 to 4.1.16).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{Condition, OvnError, Row, Table};

/// The parts of a table that are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedTable {
    /// The table.
    pub table: Arc<str>,
    /// The columns; `None`: all.
    pub columns: Option<Vec<Arc<str>>>,
    /// Rows that meet one of these; none: all rows. A server with only the plain `monitor` sends all rows.
    pub conditions: Vec<Condition>,
}

impl WatchedTable {
    /// All rows and columns.
    pub fn all(table: impl Into<Arc<str>>) -> Self {
        Self { table: table.into(), columns: None, conditions: Vec::new() }
    }

    /// All rows, and the columns that the row type has.
    pub fn of<T: Table>() -> Self {
        Self { columns: Some(T::columns().map(Arc::from).collect()), ..Self::all(T::TABLE) }
    }

    pub(crate) fn to_json(&self, conditional: bool) -> Json {
        let mut json = Map::new();
        if let Some(columns) = &self.columns {
            json.insert("columns".into(), columns.iter().map(|column| Json::from(column.as_ref())).collect());
        }
        if conditional && !self.conditions.is_empty() {
            json.insert("where".into(), self.conditions.iter().map(Condition::to_json).collect());
        }
        json!([json])
    }
}

/// Which of the three methods a monitor uses; they differ in how changes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonitorVersion {
    /// `monitor`/`update`: changed rows come whole.
    Plain,
    /// `monitor_cond`/`update2`: changed rows come as differences.
    Conditional,
    /// `monitor_cond_since`/`update3`: as before, and every change names its transaction.
    Since,
}

impl MonitorVersion {
    /// The method that begins the monitor.
    pub fn method(self) -> &'static str {
        match self {
            Self::Plain => "monitor",
            Self::Conditional => "monitor_cond",
            Self::Since => "monitor_cond_since",
        }
    }

    /// The method of its notifications.
    pub fn notification(self) -> &'static str {
        match self {
            Self::Plain => "update",
            Self::Conditional => "update2",
            Self::Since => "update3",
        }
    }
}

/// What happened to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowUpdate {
    /// It is there, with these columns; those that are missing have their defaults.
    Insert(Row),
    /// Some columns changed; these are their new values.
    Replace(Row),
    /// Some columns changed; these are the differences ([`crate::Value::apply_difference`]).
    Modify(Row),
    /// It is gone.
    Delete,
}

/// What one notification tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update {
    /// Tables, rows and what happened to them.
    pub rows: Vec<(Arc<str>, Uuid, RowUpdate)>,
    /// The last transaction contained, where the server numbers them.
    pub last_transaction: Option<Uuid>,
}

impl Update {
    /// Reads `<table-updates>` or `<table-updates2>`.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_json(version: MonitorVersion, json: &Json) -> Result<Self, OvnError> {
        let wrong = |what: &str| OvnError::protocol(version.notification(), format!("expected {what}"));
        let mut rows = Vec::new();
        for (name, changed) in json.as_object().ok_or_else(|| wrong("an object of tables"))? {
            let table: Arc<str> = Arc::from(name.as_str());
            for (uuid, change) in changed.as_object().ok_or_else(|| wrong("an object of rows"))? {
                let uuid = Uuid::parse_str(uuid).map_err(|_| wrong("rows by UUID"))?;
                let update = match version {
                    MonitorVersion::Plain => plain_row(name, change)?,
                    _ => row(name, change)?,
                };
                rows.push((table.clone(), uuid, update));
            }
        }
        Ok(Self { rows, last_transaction: None })
    }
}

fn plain_row(table: &str, change: &Json) -> Result<RowUpdate, OvnError> {
    match (change.get("old"), change.get("new")) {
        (_, None) => Ok(RowUpdate::Delete),
        (None, Some(new)) => Row::from_json(new, table).map(RowUpdate::Insert),
        (Some(_), Some(new)) => Row::from_json(new, table).map(RowUpdate::Replace),
    }
}

fn row(table: &str, change: &Json) -> Result<RowUpdate, OvnError> {
    let member = change.as_object().and_then(|members| members.iter().next());
    match member {
        Some((kind, row)) if kind == "initial" || kind == "insert" => Row::from_json(row, table).map(RowUpdate::Insert),
        Some((kind, row)) if kind == "modify" => Row::from_json(row, table).map(RowUpdate::Modify),
        Some((kind, _)) if kind == "delete" => Ok(RowUpdate::Delete),
        _ => Err(OvnError::protocol(format!("change of a row of {table}"), format!("unknown: {change}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "00000000-0000-0000-0000-000000000001";

    fn read(version: MonitorVersion, change: Json) -> RowUpdate {
        let update = Update::from_json(version, &json!({"T": {ROW: change}})).unwrap();
        update.rows.into_iter().next().unwrap().2
    }

    #[test]
    fn both_forms_of_changes_are_read() {
        let row = Row::new().with("name", "n");
        let json = row.to_json();
        assert_eq!(read(MonitorVersion::Plain, json!({"new": json})), RowUpdate::Insert(row.clone()));
        assert_eq!(read(MonitorVersion::Plain, json!({"old": {}, "new": json})), RowUpdate::Replace(row.clone()));
        assert_eq!(read(MonitorVersion::Plain, json!({"old": json})), RowUpdate::Delete);
        assert_eq!(read(MonitorVersion::Since, json!({"initial": json})), RowUpdate::Insert(row.clone()));
        assert_eq!(read(MonitorVersion::Conditional, json!({"insert": json})), RowUpdate::Insert(row.clone()));
        assert_eq!(read(MonitorVersion::Conditional, json!({"modify": json})), RowUpdate::Modify(row));
        assert_eq!(read(MonitorVersion::Conditional, json!({"delete": null})), RowUpdate::Delete);
        let bad = json!({"T": {ROW: {"explode": {}}}});
        assert!(Update::from_json(MonitorVersion::Since, &bad).is_err());
    }
}
