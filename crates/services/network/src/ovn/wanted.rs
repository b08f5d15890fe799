//! What a translation says: rows, what they belong to, and the port groups that a port is in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ferrostack_ovn::{
    Operation, OvnError, Row, Table,
    northbound::{
        Acl, LogicalRouter, LogicalRouterPort, LogicalSwitch, LogicalSwitchPort, Nat, PortGroup, StaticRoute,
    },
};
use uuid::Uuid;

use super::{Owner, names};

/// The row that a row belongs to: rows of most tables vanish when nothing refers to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parent {
    pub(super) table: &'static str,
    pub(super) uuid: Uuid,
}

impl Parent {
    pub(super) fn of<T: Table>(uuid: Uuid) -> Self {
        Self { table: T::TABLE, uuid }
    }

    /// Reads what [`fmt::Display`] wrote for a row of that table.
    pub(super) fn parse(child: &str, text: &str) -> Option<Self> {
        let (table, uuid) = text.split_once(' ')?;
        let table = parent_tables(child).iter().copied().find(|known| *known == table)?;
        Some(Self { table, uuid: Uuid::try_parse(uuid).ok()? })
    }
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table, self.uuid)
    }
}

/// The tables whose rows may hold rows of that table; none when they stand alone.
pub(super) fn parent_tables(child: &str) -> &'static [&'static str] {
    match child {
        LogicalSwitchPort::TABLE => &[LogicalSwitch::TABLE],
        LogicalRouterPort::TABLE | StaticRoute::TABLE | Nat::TABLE => &[LogicalRouter::TABLE],
        Acl::TABLE => &[PortGroup::TABLE, LogicalSwitch::TABLE],
        _ => &[],
    }
}

/// The parent's column in which rows of that table are.
pub(super) fn member_column(child: &str) -> &'static str {
    match child {
        StaticRoute::TABLE => "static_routes",
        Nat::TABLE => "nat",
        Acl::TABLE => "acls",
        _ => "ports",
    }
}

/// A row of any table.
pub(super) trait AnyRow: fmt::Debug + Send {
    fn table(&self) -> &'static str;
    fn insert(&self, uuid: Uuid) -> Operation;
    /// The managed columns that differ from the stored ones.
    fn changes(&self, stored: &Row) -> Result<Row, OvnError>;
    #[cfg(test)]
    fn to_row(&self) -> Row;
}

impl<T: Table + fmt::Debug + Send> AnyRow for T {
    fn table(&self) -> &'static str {
        T::TABLE
    }
    fn insert(&self, uuid: Uuid) -> Operation {
        Table::insert(self, uuid)
    }
    fn changes(&self, stored: &Row) -> Result<Row, OvnError> {
        Ok(Table::changes(self, &T::from_row(stored)?))
    }
    #[cfg(test)]
    fn to_row(&self) -> Row {
        Table::to_row(self)
    }
}

/// A row that shall be there.
#[derive(Debug)]
pub(super) struct WantedRow {
    pub(super) uuid: Uuid,
    pub(super) parent: Option<Parent>,
    pub(super) row: Box<dyn AnyRow>,
}

impl WantedRow {
    pub(super) fn new(uuid: Uuid, parent: Option<Parent>, row: impl AnyRow + 'static) -> Self {
        Self { uuid, parent, row: Box::new(row) }
    }
}

/// All that shall be there of one owner.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) owner: Owner,
    pub(super) rows: Vec<WantedRow>,
    /// The port groups that the owner, a port, is in.
    pub(super) joins: BTreeSet<Uuid>,
}

impl Translation {
    pub(super) fn new(owner: Owner, rows: Vec<WantedRow>) -> Self {
        Self { owner, rows, joins: BTreeSet::new() }
    }
}

/// `external_ids` under construction.
#[derive(Debug, Clone)]
pub(super) struct Ids(BTreeMap<String, String>);

impl Ids {
    pub(super) fn new(owner: Owner, parent: Option<Parent>) -> Self {
        let ids = Self(BTreeMap::new()).with(names::OWNER, owner);
        match parent {
            Some(parent) => ids.with(names::PARENT, parent),
            None => ids,
        }
    }

    pub(super) fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.0.insert(key.to_owned(), value.to_string());
        self
    }

    pub(super) fn revision(self, revision: i64) -> Self {
        self.with(names::REVISION, revision)
    }

    pub(super) fn done(self) -> BTreeMap<String, String> {
        self.0
    }
}

/// A map of texts.
pub(super) fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
