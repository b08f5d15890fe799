//! A database in memory: rows, unique indexes, and for each row who refers to it. Three primitives change it ([`put`],
//! [`take`], [`change`]); they keep indexes and references in step and note in [`Touched`] what a commit has to check.
//! They check nothing themselves: within a transaction the data may be inconsistent.
//!
//! [`put`]: Database::put
//! [`take`]: Database::take
//! [`change`]: Database::change

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use ferrostack_ovn::{Atom, ColumnType, DatabaseSchema, Value};
use uuid::Uuid;

use super::change::{Change, atoms_of};

/// A table's or a column's place in the schema's order.
pub(crate) type Place = usize;

/// A row: a table's place and the identifier.
pub(crate) type RowId = (Place, Uuid);

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) schema: DatabaseSchema,
    pub(crate) tables: Vec<Table>,
    places: HashMap<Arc<str>, Place>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: Arc<str>,
    pub(crate) columns: Vec<Column>,
    pub(crate) is_root: bool,
    pub(crate) max_rows: Option<usize>,
    pub(crate) rows: HashMap<Uuid, StoredRow>,
    pub(crate) indexes: Vec<Index>,
    places: HashMap<Arc<str>, Place>,
    // By the row pointed to, whether or not it is there.
    incoming: HashMap<Uuid, Incoming>,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: Arc<str>,
    pub(crate) column_type: ColumnType,
    pub(crate) default: Value,
    pub(crate) mutable: bool,
    pub(crate) ephemeral: bool,
    /// Where its UUIDs point; a map's keys and values never both point somewhere in our schemas.
    reference: Option<Pointer>,
    indexes: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Pointer {
    table: Place,
    strong: bool,
}

#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) columns: Vec<Place>,
    pub(crate) rows: HashMap<Vec<Value>, BTreeSet<Uuid>>,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    /// Another one after each change (`_version`).
    pub(crate) version: Uuid,
    /// By the column's place.
    pub(crate) values: Vec<Value>,
}

#[derive(Debug, Default)]
struct Incoming {
    strong: usize,
    // Row and column that point here, and how often.
    weak: HashMap<(RowId, Place), usize>,
}

/// What a commit has to check.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Rows whose strong references changed, and rows that came or went.
    pub(crate) strong: HashSet<RowId>,
    /// Rows to which weak references were added, and rows that went.
    pub(crate) weak: HashSet<RowId>,
    /// Index entries that got a row.
    pub(crate) keys: HashSet<(Place, usize, Vec<Value>)>,
    /// Tables that got a row.
    pub(crate) tables: BTreeSet<Place>,
}

impl Database {
    pub(crate) fn new(schema: DatabaseSchema) -> Self {
        let places: HashMap<Arc<str>, Place> = schema.tables.keys().cloned().zip(0..).collect();
        let tables = schema.tables.iter().map(|(name, table)| {
            let columns: HashMap<Arc<str>, Place> = table.columns.keys().cloned().zip(0..).collect();
            let indexes: Vec<Index> = table
                .indexes
                .iter()
                .map(|index| Index {
                    columns: index.iter().filter_map(|name| columns.get(name).copied()).collect(),
                    rows: HashMap::new(),
                })
                .collect();
            let described = table.columns.iter().map(|(name, column)| {
                let place = columns[name];
                let bases = [Some(&column.column_type.key), column.column_type.value.as_ref()];
                let reference = bases.into_iter().flatten().find_map(|base| base.reference.as_ref());
                Column {
                    name: name.clone(),
                    default: column.column_type.default_value(),
                    column_type: column.column_type.clone(),
                    mutable: column.mutable,
                    ephemeral: column.ephemeral,
                    reference: reference
                        .and_then(|to| Some(Pointer { table: *places.get(&to.table)?, strong: to.strong })),
                    indexes: indexes
                        .iter()
                        .zip(0..)
                        .filter(|(index, _)| index.columns.contains(&place))
                        .map(|(_, at)| at)
                        .collect(),
                }
            });
            Table {
                name: name.clone(),
                columns: described.collect(),
                is_root: table.is_root,
                max_rows: table.max_rows,
                rows: HashMap::new(),
                indexes,
                places: columns,
                incoming: HashMap::new(),
            }
        });
        Self { tables: tables.collect(), places, schema }
    }

    pub(crate) fn place(&self, table: &str) -> Option<Place> {
        self.places.get(table).copied()
    }

    pub(crate) fn table(&self, table: &str) -> Option<&Table> {
        self.place(table).map(|place| &self.tables[place])
    }

    pub(crate) fn row(&self, (table, uuid): RowId) -> Option<&StoredRow> {
        self.tables[table].rows.get(&uuid)
    }

    /// How many strong references point to a row from other rows.
    pub(crate) fn strong_references(&self, (table, uuid): RowId) -> usize {
        self.tables[table].incoming.get(&uuid).map_or(0, |incoming| incoming.strong)
    }

    /// Rows and columns that point weakly to a row.
    pub(crate) fn weak_references(&self, (table, uuid): RowId) -> Vec<(RowId, Place)> {
        self.tables[table].incoming.get(&uuid).map_or_else(Vec::new, |incoming| incoming.weak.keys().copied().collect())
    }

    /// Adds a row.
    pub(crate) fn put(&mut self, row @ (table, uuid): RowId, stored: StoredRow, touched: &mut Touched) {
        for place in 0..stored.values.len() {
            if self.tables[table].columns[place].reference.is_some() {
                let moved: Vec<_> = atoms_of(&stored.values[place]).map(|atom| (atom, true)).collect();
                self.link(row, place, &moved, touched);
            }
        }
        touched.strong.insert(row);
        touched.tables.insert(table);
        let held = &mut self.tables[table];
        held.rows.insert(uuid, stored);
        for index in 0..held.indexes.len() {
            held.index(index, uuid, table, touched);
        }
    }

    /// Removes a row and gives it.
    pub(crate) fn take(&mut self, row @ (table, uuid): RowId, touched: &mut Touched) -> Option<StoredRow> {
        let held = &mut self.tables[table];
        for index in 0..held.indexes.len() {
            held.unindex(index, uuid);
        }
        let stored = held.rows.remove(&uuid)?;
        for place in 0..stored.values.len() {
            if self.tables[table].columns[place].reference.is_some() {
                let moved: Vec<_> = atoms_of(&stored.values[place]).map(|atom| (atom, false)).collect();
                self.link(row, place, &moved, touched);
            }
        }
        touched.strong.insert(row);
        touched.weak.insert(row);
        Some(stored)
    }

    /// Changes a column of a row.
    pub(crate) fn change(&mut self, row @ (table, uuid): RowId, place: Place, change: &Change, touched: &mut Touched) {
        let indexes = self.tables[table].columns[place].indexes.clone();
        indexes.iter().for_each(|index| self.tables[table].unindex(*index, uuid));
        let held = &mut self.tables[table];
        let Some(stored) = held.rows.get_mut(&uuid) else { return };
        change.apply(&mut stored.values[place]);
        if held.columns[place].reference.is_some() {
            let moved = change.moved(&stored.values[place]);
            // The borrow of the row ends here: the atoms that moved are few.
            let moved: Vec<(Atom, bool)> = moved.into_iter().map(|(atom, came)| (atom.clone(), came)).collect();
            let moved: Vec<(&Atom, bool)> = moved.iter().map(|(atom, came)| (atom, *came)).collect();
            self.link(row, place, &moved, touched);
        }
        indexes.iter().for_each(|index| self.tables[table].index(*index, uuid, table, touched));
    }

    fn link(&mut self, from: RowId, place: Place, moved: &[(&Atom, bool)], touched: &mut Touched) {
        let Some(pointer) = self.tables[from.0].columns[place].reference else { return };
        for (atom, came) in moved {
            let Some(uuid) = atom.as_uuid() else { continue };
            let to = (pointer.table, uuid);
            let target = &mut self.tables[pointer.table];
            let incoming = target.incoming.entry(uuid).or_default();
            if pointer.strong {
                // A row does not keep itself.
                if to != from {
                    incoming.strong = if *came { incoming.strong + 1 } else { incoming.strong.saturating_sub(1) };
                    touched.strong.insert(to);
                }
            } else {
                let count = incoming.weak.entry((from, place)).or_insert(0);
                *count = if *came { *count + 1 } else { count.saturating_sub(1) };
                if *count == 0 {
                    incoming.weak.remove(&(from, place));
                } else if *came {
                    touched.weak.insert(to);
                }
            }
            if incoming.strong == 0 && incoming.weak.is_empty() {
                target.incoming.remove(&uuid);
            }
        }
    }
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<Place> {
        self.places.get(name).copied()
    }

    /// A value by the column's name.
    pub(crate) fn value<'a>(&self, row: &'a StoredRow, column: &str) -> Option<&'a Value> {
        self.column(column).map(|place| &row.values[place])
    }

    /// The rows whose only index column has that value, if there is such an index.
    pub(crate) fn indexed(&self, place: Place, value: &Value) -> Option<Vec<Uuid>> {
        let index = self.indexes.iter().find(|index| index.columns == [place])?;
        let rows = index.rows.get(std::slice::from_ref(value));
        Some(rows.map_or_else(Vec::new, |rows| rows.iter().copied().collect()))
    }

    fn key(&self, index: usize, uuid: Uuid) -> Option<Vec<Value>> {
        let row = self.rows.get(&uuid)?;
        Some(self.indexes[index].columns.iter().map(|place| row.values[*place].clone()).collect())
    }

    fn index(&mut self, index: usize, uuid: Uuid, table: Place, touched: &mut Touched) {
        let Some(key) = self.key(index, uuid) else { return };
        let rows = self.indexes[index].rows.entry(key.clone()).or_default();
        rows.insert(uuid);
        if rows.len() > 1 {
            touched.keys.insert((table, index, key));
        }
    }

    fn unindex(&mut self, index: usize, uuid: Uuid) {
        let Some(key) = self.key(index, uuid) else { return };
        let rows = &mut self.indexes[index].rows;
        if let Some(uuids) = rows.get_mut(&key) {
            uuids.remove(&uuid);
            if uuids.is_empty() {
                rows.remove(&key);
            }
        }
    }
}
