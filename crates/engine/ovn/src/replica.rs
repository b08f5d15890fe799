//! A copy in memory of the watched tables, kept up to date by what the monitor tells.
//!
//! A column with its default value is left out of a stored row, so that equal rows are equal however the server wrote
//! them. Rows are found by identifier, by `name`, and by the value of one agreed key of `external_ids`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use tokio::sync::watch;
use uuid::Uuid;

use crate::{Atom, DatabaseSchema, OvnError, Row, RowUpdate, Table, Update, Value, WatchedTable};

/// A handle on the copy; clones share it.
#[derive(Clone, Debug)]
pub struct Replica(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    contents: RwLock<Contents>,
    version: watch::Sender<u64>,
}

/// What the copy holds at one moment.
#[derive(Debug)]
pub struct Contents {
    index_key: Atom,
    tables: HashMap<Arc<str>, TableContents>,
}

#[derive(Debug, Default)]
struct TableContents {
    columns: HashMap<Arc<str>, Column>,
    rows: HashMap<Uuid, Row>,
    by_external_id: HashMap<Arc<str>, BTreeSet<Uuid>>,
    by_name: HashMap<Arc<str>, BTreeSet<Uuid>>,
}

#[derive(Debug)]
struct Column {
    composite: bool,
    default: Value,
}

/// How a row of the copy changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub table: Arc<str>,
    /// The row.
    pub uuid: Uuid,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened to a row of the copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Inserted,
    /// These columns have other values now.
    Modified(Vec<Arc<str>>),
    /// It is gone; this is what it was.
    Deleted(Row),
}

impl Replica {
    /// An empty copy whose rows will be found by `external_ids:index_key`.
    pub fn new(index_key: &str) -> Self {
        let contents = Contents { index_key: index_key.into(), tables: HashMap::new() };
        Self(Arc::new(Shared { contents: RwLock::new(contents), version: watch::Sender::new(0) }))
    }

    /// Looks at the copy. Nothing changes while `look` runs, so it should be brief.
    pub fn read<R>(&self, look: impl FnOnce(&Contents) -> R) -> R {
        look(&self.lock())
    }

    /// A number that grows with each change.
    pub fn version(&self) -> u64 {
        *self.0.version.borrow()
    }

    /// Waits until the copy is newer than `seen`, and gives its version.
    pub async fn wait_for_change(&self, seen: u64) -> u64 {
        let mut version = self.0.version.subscribe();
        version.wait_for(|version| *version > seen).await.map_or(seen, |version| *version)
    }

    /// Waits until `look` finds something. Has no end of its own: give it a time-out.
    pub async fn wait_until<R>(&self, mut look: impl FnMut(&Contents) -> Option<R>) -> R {
        loop {
            let seen = self.version();
            if let Some(found) = self.read(&mut look) {
                return found;
            }
            self.wait_for_change(seen).await;
        }
    }

    /// Replaces everything with the contents that a server sent.
    pub fn reset(&self, schema: &DatabaseSchema, tables: &[WatchedTable], contents: Update) {
        let mut held = self.lock_mut();
        held.tables =
            tables.iter().map(|watched| (watched.table.clone(), TableContents::new(schema, &watched.table))).collect();
        for (table, uuid, update) in contents.rows {
            held.apply_row(&table, uuid, update);
        }
        drop(held);
        self.0.version.send_modify(|version| *version += 1);
    }

    /// Applies a notification and says what changed.
    pub fn apply(&self, update: Update) -> Vec<Change> {
        let mut held = self.lock_mut();
        let rows = update.rows.into_iter();
        let changes = rows.filter_map(|(table, uuid, update)| {
            let kind = held.apply_row(&table, uuid, update)?;
            Some(Change { table, uuid, kind })
        });
        let changes = changes.collect();
        drop(held);
        self.0.version.send_modify(|version| *version += 1);
        changes
    }

    fn lock(&self) -> RwLockReadGuard<'_, Contents> {
        self.0.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_mut(&self) -> RwLockWriteGuard<'_, Contents> {
        self.0.contents.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// A row by its identifier.
    pub fn row(&self, table: &str, uuid: Uuid) -> Option<&Row> {
        self.tables.get(table)?.rows.get(&uuid)
    }

    /// All rows of a table, in no order.
    pub fn rows(&self, table: &str) -> impl Iterator<Item = (Uuid, &Row)> {
        self.tables.get(table).into_iter().flat_map(|table| table.rows.iter().map(|(uuid, row)| (*uuid, row)))
    }

    /// The rows whose `external_ids` have `value` under the agreed key.
    pub fn rows_with_external_id(&self, table: &str, value: &str) -> impl Iterator<Item = (Uuid, &Row)> {
        let table = self.tables.get(table);
        table.into_iter().flat_map(move |table| table.chosen(table.by_external_id.get(value)))
    }

    /// The rows of that `name`.
    pub fn rows_named(&self, table: &str, name: &str) -> impl Iterator<Item = (Uuid, &Row)> {
        let table = self.tables.get(table);
        table.into_iter().flat_map(move |table| table.chosen(table.by_name.get(name)))
    }

    /// A typed row by its identifier.
    ///
    /// # Errors
    /// When the stored row does not fit the type.
    pub fn get<T: Table>(&self, uuid: Uuid) -> Result<Option<T>, OvnError> {
        self.row(T::TABLE, uuid).map(T::from_row).transpose()
    }

    /// All rows of a type, in no order.
    ///
    /// # Errors
    /// When a stored row does not fit the type.
    pub fn list<T: Table>(&self) -> Result<Vec<(Uuid, T)>, OvnError> {
        self.rows(T::TABLE).map(|(uuid, row)| Ok((uuid, T::from_row(row)?))).collect()
    }

    /// The row of that `name`; of several the one of the lowest identifier.
    ///
    /// # Errors
    /// When the stored row does not fit the type.
    pub fn find_named<T: Table>(&self, name: &str) -> Result<Option<(Uuid, T)>, OvnError> {
        self.rows_named(T::TABLE, name).next().map(|(uuid, row)| Ok((uuid, T::from_row(row)?))).transpose()
    }

    /// The rows whose `external_ids` have `value` under the agreed key.
    ///
    /// # Errors
    /// When a stored row does not fit the type.
    pub fn find_external_id<T: Table>(&self, value: &str) -> Result<Vec<(Uuid, T)>, OvnError> {
        self.rows_with_external_id(T::TABLE, value).map(|(uuid, row)| Ok((uuid, T::from_row(row)?))).collect()
    }

    fn apply_row(&mut self, name: &Arc<str>, uuid: Uuid, update: RowUpdate) -> Option<ChangeKind> {
        let table = self.tables.entry(name.clone()).or_default();
        let before = table.unlist(&self.index_key, uuid);
        let kind = match (update, before) {
            (RowUpdate::Delete, before) => return before.map(ChangeKind::Deleted),
            (RowUpdate::Insert(row), before) => {
                let mut stored = Row::new();
                row.iter().for_each(|(column, value)| table.store(&mut stored, column, value.clone()));
                table.rows.insert(uuid, stored);
                match before {
                    None => ChangeKind::Inserted,
                    Some(_) => ChangeKind::Modified(row.iter().map(|(column, _)| column.clone()).collect()),
                }
            }
            (RowUpdate::Replace(row), before) => {
                let mut stored = before.unwrap_or_default();
                let differs = |(column, value): &(&Arc<str>, &Value)| {
                    stored.get(column).or(table.columns.get(*column).map(|column| &column.default)) != Some(value)
                };
                let changed: Vec<Arc<str>> = row.iter().filter(differs).map(|(column, _)| column.clone()).collect();
                row.iter().for_each(|(column, value)| table.store(&mut stored, column, value.clone()));
                table.rows.insert(uuid, stored);
                ChangeKind::Modified(changed)
            }
            (RowUpdate::Modify(differences), before) => {
                let mut stored = before.unwrap_or_default();
                for (column, difference) in differences.iter() {
                    let known = table.columns.get(column);
                    let mut value = stored.take(column).or_else(|| known.map(|known| known.default.clone()));
                    let value = value.get_or_insert_with(Value::empty_set);
                    value.apply_difference(difference, known.is_some_and(|known| known.composite));
                    table.store(&mut stored, column, std::mem::replace(value, Value::empty_set()));
                }
                table.rows.insert(uuid, stored);
                ChangeKind::Modified(differences.iter().map(|(column, _)| column.clone()).collect())
            }
        };
        table.list(&self.index_key, uuid);
        Some(kind)
    }
}

impl TableContents {
    fn new(schema: &DatabaseSchema, table: &str) -> Self {
        let columns = schema.tables.get(table).into_iter().flat_map(|table| &table.columns);
        let columns = columns.map(|(name, column)| {
            let column_type = &column.column_type;
            (name.clone(), Column { composite: column_type.is_composite(), default: column_type.default_value() })
        });
        Self { columns: columns.collect(), ..Self::default() }
    }

    /// Puts a value under the schema's own copy of the column's name; defaults are not kept.
    fn store(&self, row: &mut Row, column: &Arc<str>, value: Value) {
        match self.columns.get_key_value(column) {
            Some((_, known)) if known.default == value => drop(row.take(column)),
            Some((name, _)) => row.set(name.clone(), value),
            // A server may tell the row's version, which nobody wants.
            None => {}
        }
    }

    fn chosen<'a>(&'a self, uuids: Option<&'a BTreeSet<Uuid>>) -> impl Iterator<Item = (Uuid, &'a Row)> {
        uuids.into_iter().flatten().filter_map(|uuid| Some((*uuid, self.rows.get(uuid)?)))
    }

    fn list(&mut self, index_key: &Atom, uuid: Uuid) {
        let Some(row) = self.rows.get(&uuid) else { return };
        let (id, name) = keys(row, index_key);
        for (index, key) in [(&mut self.by_external_id, id), (&mut self.by_name, name)] {
            if let Some(key) = key {
                index.entry(key).or_default().insert(uuid);
            }
        }
    }

    fn unlist(&mut self, index_key: &Atom, uuid: Uuid) -> Option<Row> {
        let row = self.rows.remove(&uuid)?;
        let (id, name) = keys(&row, index_key);
        for (index, key) in [(&mut self.by_external_id, id), (&mut self.by_name, name)] {
            let Some(key) = key else { continue };
            if let Some(uuids) = index.get_mut(&key) {
                uuids.remove(&uuid);
                if uuids.is_empty() {
                    index.remove(&key);
                }
            }
        }
        Some(row)
    }
}

fn keys(row: &Row, index_key: &Atom) -> (Option<Arc<str>>, Option<Arc<str>>) {
    let text = |atom: Option<&Atom>| match atom {
        Some(Atom::String(text)) => Some(text.clone()),
        _ => None,
    };
    let id = row.get("external_ids").and_then(|ids| ids.get(index_key));
    (text(id), text(row.get("name").and_then(Value::as_atom)))
}

#[cfg(test)]
mod tests;
