//! A transaction: the operations of RFC 7047 section 5.2 on a database, all or none.
//!
//! Operations change the database in place and note what they changed; a failure undoes the notes. Nobody looks in
//! between: the server holds its one lock for the whole transaction.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ferrostack_ovn::{Atom, ErrorKind, Misfit, Operation, OperationResult, OvnError, Row, Until, Value};
use uuid::Uuid;

use super::{
    change::Change,
    database::{Database, Place, RowId, StoredRow, Touched},
};

mod commit;
mod find;
mod mutate;
#[cfg(test)]
mod tests;

pub(crate) use find::Clause;

/// Why an operation or a commit failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) details: String,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, details: impl Into<String>) -> Self {
        Self { kind, details: details.into() }
    }

    /// As the protocol's `<error>`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.kind.word(), "details": self.details })
    }
}

impl From<OvnError> for Failure {
    fn from(error: OvnError) -> Self {
        Self::new(ErrorKind::SyntaxError, error.to_string())
    }
}

impl From<Misfit> for Failure {
    fn from(misfit: Misfit) -> Self {
        Self::new(misfit.kind, misfit.detail)
    }
}

/// What a transaction did to a row.
#[derive(Debug, Clone)]
pub(crate) enum RowChange {
    /// It is new; the database has it.
    Inserted,
    /// It is gone; this is what it was before the transaction.
    Deleted(StoredRow),
    /// These columns changed.
    Modified(HashMap<Place, Change>),
}

/// What a transaction did.
pub(crate) type Changes = HashMap<RowId, RowChange>;

/// A running transaction. Dropped without [`Transaction::commit`] it leaves the database half changed: use
/// [`Transaction::undo`].
pub(crate) struct Transaction<'a> {
    database: &'a mut Database,
    changes: Changes,
    touched: Touched,
    names: HashMap<Arc<str>, Uuid>,
    declared: HashSet<Arc<str>>,
    holds_lock: &'a dyn Fn(&str) -> bool,
}

impl<'a> Transaction<'a> {
    /// Begins; `holds_lock` answers `assert`.
    pub(crate) fn begin(database: &'a mut Database, holds_lock: &'a dyn Fn(&str) -> bool) -> Self {
        let (names, declared) = (HashMap::new(), HashSet::new());
        Self { database, changes: Changes::new(), touched: Touched::default(), names, declared, holds_lock }
    }

    /// Does one operation.
    pub(crate) fn execute(&mut self, operation: Operation) -> Result<OperationResult, Failure> {
        match operation {
            Operation::Insert { table, row, name, uuid } => self.insert(&table, &row, name, uuid),
            Operation::Select { table, conditions, columns } => self.select(&table, &conditions, columns.as_deref()),
            Operation::Update { table, conditions, row } => {
                let table = self.table(&table)?;
                let wanted = self.columns(table, &row, true)?;
                let rows = self.find(table, &conditions)?;
                for uuid in &rows {
                    for (place, value) in &wanted {
                        self.set((table, *uuid), *place, value);
                    }
                }
                Ok(OperationResult::Count(rows.len() as u64))
            }
            Operation::Mutate { table, conditions, mutations } => {
                let table = self.table(&table)?;
                let rows = self.find(table, &conditions)?;
                for mutation in &mutations {
                    let (place, value) = self.mutation_value(table, mutation)?;
                    for uuid in &rows {
                        if let Some(change) = self.mutation_change((table, *uuid), place, mutation.mutator, &value)? {
                            self.change((table, *uuid), place, change);
                        }
                        self.check_size((table, *uuid), place)?;
                    }
                }
                Ok(OperationResult::Count(rows.len() as u64))
            }
            Operation::Delete { table, conditions } => {
                let table = self.table(&table)?;
                let rows = self.find(table, &conditions)?;
                rows.iter().for_each(|uuid| self.delete((table, *uuid)));
                Ok(OperationResult::Count(rows.len() as u64))
            }
            Operation::Wait { table, conditions, columns, until, rows, timeout } => {
                let table = self.table(&table)?;
                let equal = self.same_rows(table, &conditions, &columns, &rows)?;
                if equal == (until == Until::Equal) {
                    return Ok(OperationResult::Done);
                }
                if timeout == Some(0) {
                    return Err(Failure::new(ErrorKind::TimedOut, "the rows are not as expected"));
                }
                Err(Failure::new(ErrorKind::NotSupported, "this server only waits with a time-out of 0"))
            }
            Operation::Commit { .. } | Operation::Comment(_) => Ok(OperationResult::Done),
            Operation::Abort => Err(Failure::new(ErrorKind::Aborted, "aborted by request")),
            Operation::Assert { lock } if (self.holds_lock)(&lock) => Ok(OperationResult::Done),
            Operation::Assert { lock } => {
                Err(Failure::new(ErrorKind::NotOwner, format!("the client does not hold the lock {lock}")))
            }
        }
    }

    fn insert(
        &mut self,
        table: &str,
        row: &Row,
        name: Option<Arc<str>>,
        uuid: Option<Uuid>,
    ) -> Result<OperationResult, Failure> {
        let table = self.table(table)?;
        let chosen = match uuid {
            Some(uuid) => uuid,
            None => name.as_ref().and_then(|name| self.names.get(name).copied()).unwrap_or_else(Uuid::new_v4),
        };
        if let Some(name) = name {
            if !self.declared.insert(name.clone()) {
                return Err(Failure::new(ErrorKind::DuplicateUuidName, format!("the name {name} is used twice")));
            }
            self.names.insert(name, chosen);
        }
        // A row that this transaction has deleted does not come back under its identifier.
        if self.database.row((table, chosen)).is_some() || self.changes.contains_key(&(table, chosen)) {
            return Err(Failure::new(ErrorKind::DuplicateUuid, format!("a row {chosen} exists")));
        }
        let mut values: Vec<Value> =
            self.database.tables[table].columns.iter().map(|column| column.default.clone()).collect();
        for (place, value) in self.columns(table, row, false)? {
            values[place] = value;
        }
        let stored = StoredRow { version: Uuid::nil(), values };
        self.database.put((table, chosen), stored, &mut self.touched);
        self.changes.insert((table, chosen), RowChange::Inserted);
        Ok(OperationResult::Inserted(chosen))
    }

    fn select(
        &mut self,
        table: &str,
        conditions: &[ferrostack_ovn::Condition],
        columns: Option<&[Arc<str>]>,
    ) -> Result<OperationResult, Failure> {
        let table = self.table(table)?;
        let found = self.find(table, conditions)?;
        let held = &self.database.tables[table];
        let all: Vec<Arc<str>> = held.columns.iter().map(|column| column.name.clone()).collect();
        let special = ["_uuid", "_version"].map(Arc::from);
        let wanted: Vec<Arc<str>> = columns.map_or_else(|| all.into_iter().chain(special).collect(), <[_]>::to_vec);
        let mut rows = Vec::with_capacity(found.len());
        for uuid in found {
            let mut row = Row::new();
            for column in &wanted {
                row.set(column.clone(), self.read((table, uuid), column)?);
            }
            rows.push(row);
        }
        Ok(OperationResult::Rows(rows))
    }

    /// A value by the column's name, of `_uuid` and `_version` too.
    fn read(&self, row @ (table, uuid): RowId, column: &str) -> Result<Value, Failure> {
        let stored = self.database.row(row);
        match (column, stored) {
            ("_uuid", _) => Ok(uuid.into()),
            ("_version", Some(stored)) => Ok(stored.version.into()),
            _ => {
                let place = self.column(table, column)?;
                Ok(stored.map_or_else(Value::empty_set, |stored| stored.values[place].clone()))
            }
        }
    }

    /// Whether the rows found and the rows expected have the same columns, as sets.
    fn same_rows(
        &mut self,
        table: Place,
        conditions: &[ferrostack_ovn::Condition],
        columns: &[Arc<str>],
        expected: &[Row],
    ) -> Result<bool, Failure> {
        let mut found: HashSet<Vec<Value>> = HashSet::new();
        for uuid in self.find(table, conditions)? {
            found.insert(columns.iter().map(|column| self.read((table, uuid), column)).collect::<Result<_, _>>()?);
        }
        let mut wanted: HashSet<Vec<Value>> = HashSet::new();
        for row in expected {
            let mut values = Vec::new();
            for column in columns {
                values.push(match (column.as_ref(), row.get(column)) {
                    ("_uuid" | "_version", given) => given.cloned().unwrap_or_else(|| Uuid::nil().into()),
                    (_, given) => {
                        let place = self.column(table, column)?;
                        match given {
                            Some(value) => self.conform(table, place, value, true)?,
                            None => self.database.tables[table].columns[place].default.clone(),
                        }
                    }
                });
            }
            wanted.insert(values);
        }
        Ok(found == wanted)
    }

    /// The columns of a row to be written, in the form in which they are stored.
    fn columns(&mut self, table: Place, row: &Row, of_update: bool) -> Result<Vec<(Place, Value)>, Failure> {
        let mut wanted = Vec::with_capacity(row.len());
        for (name, value) in row.iter() {
            if name.starts_with('_') {
                return Err(Failure::new(
                    ErrorKind::ConstraintViolation,
                    format!("the column {name} cannot be written"),
                ));
            }
            let place = self.column(table, name)?;
            if of_update {
                self.check_mutable(table, place)?;
            }
            wanted.push((place, self.conform(table, place, value, true)?));
        }
        Ok(wanted)
    }

    fn check_mutable(&self, table: Place, place: Place) -> Result<(), Failure> {
        let column = &self.database.tables[table].columns[place];
        if column.mutable {
            return Ok(());
        }
        Err(Failure::new(ErrorKind::ConstraintViolation, format!("the column {} cannot be changed", column.name)))
    }

    fn check_size(&self, (table, uuid): RowId, place: Place) -> Result<(), Failure> {
        let held = &self.database.tables[table];
        let Some(row) = held.rows.get(&uuid) else { return Ok(()) };
        let column = &held.columns[place];
        let checked = column.column_type.check_size(row.values[place].len());
        checked.map_err(|misfit| Failure::new(misfit.kind, format!("{}.{}: {}", held.name, column.name, misfit.detail)))
    }

    /// The value with names of rows replaced by their identifiers, if the column may hold it.
    fn conform(&mut self, table: Place, place: Place, value: &Value, whole: bool) -> Result<Value, Failure> {
        let resolved = self.resolve(value);
        let held = &self.database.tables[table];
        let column = &held.columns[place];
        let value = resolved.as_ref().unwrap_or(value);
        let conformed =
            if whole { column.column_type.conform(value) } else { column.column_type.conform_elements(value) };
        conformed
            .map_err(|misfit| Failure::new(misfit.kind, format!("{}.{}: {}", held.name, column.name, misfit.detail)))
    }

    /// `None` when the value has no names. A name may be used before the insert that declares it; one that is never
    /// declared stands for a row that does not exist, which the commit finds.
    fn resolve(&mut self, value: &Value) -> Option<Value> {
        let named = |atom: &Atom| matches!(atom, Atom::NamedUuid(_));
        if !super::change::atoms_of(value).any(named) {
            return None;
        }
        let names = &mut self.names;
        let mut resolved = |atom: &Atom| match atom {
            Atom::NamedUuid(name) => Atom::Uuid(*names.entry(name.clone()).or_insert_with(Uuid::new_v4)),
            other => other.clone(),
        };
        if value.is_map() {
            return Some(Value::map(
                value.pairs().map(|(key, value)| (resolved(key), resolved(value))).collect::<Vec<_>>(),
            ));
        }
        Some(Value::set(value.atoms().map(resolved).collect::<Vec<_>>()))
    }

    fn table(&self, name: &str) -> Result<Place, Failure> {
        self.database.place(name).ok_or_else(|| {
            Failure::new(
                ErrorKind::SyntaxError,
                format!("the database {} has no table {name}", self.database.schema.name),
            )
        })
    }

    fn column(&self, table: Place, name: &str) -> Result<Place, Failure> {
        let held = &self.database.tables[table];
        let unknown =
            || Failure::new(ErrorKind::UnknownColumn, format!("the table {} has no column {name}", held.name));
        held.column(name).ok_or_else(unknown)
    }

    fn set(&mut self, row: RowId, place: Place, value: &Value) {
        let Some(stored) = self.database.row(row) else { return };
        let column_type = &self.database.tables[row.0].columns[place].column_type;
        if let Some(change) = Change::between(column_type, &stored.values[place], value) {
            self.change(row, place, change);
        }
    }

    fn change(&mut self, row: RowId, place: Place, change: Change) {
        self.database.change(row, place, &change, &mut self.touched);
        match self.changes.entry(row).or_insert_with(|| RowChange::Modified(HashMap::new())) {
            RowChange::Modified(columns) => {
                let both = match columns.remove(&place) {
                    Some(earlier) => earlier.then(change),
                    None => Some(change),
                };
                both.and_then(|both| columns.insert(place, both));
            }
            RowChange::Inserted | RowChange::Deleted(_) => {}
        }
    }

    fn delete(&mut self, row: RowId) {
        let Some(mut stored) = self.database.take(row, &mut self.touched) else { return };
        match self.changes.remove(&row) {
            Some(RowChange::Inserted) => {}
            Some(RowChange::Modified(columns)) => {
                columns.iter().for_each(|(place, change)| change.inverse().apply(&mut stored.values[*place]));
                self.changes.insert(row, RowChange::Deleted(stored));
            }
            _ => drop(self.changes.insert(row, RowChange::Deleted(stored))),
        }
    }

    /// Puts everything back.
    pub(crate) fn undo(self) {
        undo(self.database, self.changes);
    }
}

/// Puts back what was changed: also after a commit whose journal could not be written.
pub(crate) fn undo(database: &mut Database, changes: Changes) {
    let mut ignored = Touched::default();
    for (row, change) in changes {
        match change {
            RowChange::Inserted => drop(database.take(row, &mut ignored)),
            RowChange::Deleted(stored) => database.put(row, stored, &mut ignored),
            RowChange::Modified(columns) => {
                for (place, change) in columns {
                    database.change(row, place, &change.inverse(), &mut ignored);
                }
            }
        }
    }
}
