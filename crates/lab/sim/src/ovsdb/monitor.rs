//! What a session watches, and how the changes of a transaction are told to it (RFC 7047 sections 4.1.5 and 4.1.6;
//! ovsdb-server(7), 4.1.12 to 4.1.16). Unlike a real server, a request without columns does not mean `_version` too.

use std::collections::{BTreeMap, HashMap};

use ferrostack_ovn::{Condition, ErrorKind, MonitorVersion};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    change::Change,
    database::{Database, Place, StoredRow},
    transaction::{Changes, Clause, Failure, RowChange},
};

/// A running monitor of a session.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) version: MonitorVersion,
    pub(crate) database: usize,
    tables: BTreeMap<Place, Watched>,
}

#[derive(Debug)]
struct Watched {
    columns: Vec<Place>,
    /// Rows that meet one of these; `None`: all.
    clauses: Option<Vec<Clause>>,
    initial: bool,
    insert: bool,
    delete: bool,
    modify: bool,
}

impl Monitor {
    /// Reads the requests of a monitor, an object of tables.
    pub(crate) fn new(
        version: MonitorVersion,
        number: usize,
        database: &Database,
        requests: &Json,
    ) -> Result<Self, Failure> {
        let requests = requests.as_object().ok_or_else(|| syntax("expected an object of tables"))?;
        let mut tables = BTreeMap::new();
        for (name, request) in requests {
            let place = database
                .place(name)
                .ok_or_else(|| Failure::new(ErrorKind::SyntaxError, format!("the database has no table {name}")))?;
            // One request or a list of them; several on one table are watched as their union.
            let single = std::slice::from_ref(request);
            let mut watched: Option<Watched> = None;
            for request in request.as_array().map_or(single, Vec::as_slice) {
                let more = Watched::new(database, place, request)?;
                watched = Some(match watched {
                    None => more,
                    Some(first) => first.union(more),
                });
            }
            tables.extend(watched.map(|watched| (place, watched)));
        }
        Ok(Self { version, database: number, tables })
    }

    /// Everything watched, as the answer to the request has it.
    pub(crate) fn initial(&self, database: &Database) -> Json {
        let mut tables = Map::new();
        for (place, watched) in self.tables.iter().filter(|(_, watched)| watched.initial) {
            let table = &database.tables[*place];
            let mut rows = Map::new();
            for (uuid, row) in table.rows.iter().filter(|(uuid, row)| watched.shows(**uuid, row)) {
                let columns = self.row(database, *place, watched, row);
                let kind = if self.version == MonitorVersion::Plain { "new" } else { "initial" };
                rows.insert(uuid.to_string(), json!({ kind: columns }));
            }
            if !rows.is_empty() {
                tables.insert(table.name.as_ref().to_owned(), Json::Object(rows));
            }
        }
        Json::Object(tables)
    }

    /// What a transaction changed of what is watched; `None` when nothing.
    pub(crate) fn update(&self, database: &Database, changes: &Changes) -> Option<Json> {
        let mut tables = Map::new();
        for ((place, uuid), change) in changes {
            let Some(watched) = self.tables.get(place) else { continue };
            if let Some(told) = self.change(database, *place, watched, *uuid, change) {
                let name = database.tables[*place].name.as_ref();
                let rows = tables.entry(name).or_insert_with(|| Json::Object(Map::new()));
                rows[uuid.to_string()] = told;
            }
        }
        (!tables.is_empty()).then_some(Json::Object(tables))
    }

    fn change(
        &self,
        database: &Database,
        place: Place,
        watched: &Watched,
        uuid: Uuid,
        change: &RowChange,
    ) -> Option<Json> {
        let now = database.row((place, uuid));
        match (change, now) {
            (RowChange::Inserted, Some(row)) if watched.shows(uuid, row) => self.appear(database, place, watched, row),
            (RowChange::Deleted(row), _) if watched.shows(uuid, row) => self.vanish(database, place, watched, row),
            (RowChange::Modified(columns), Some(row)) => {
                let (before, after) = match watched.clauses {
                    None => (true, true),
                    Some(_) => (watched.shows(uuid, &earlier(row, columns)), watched.shows(uuid, row)),
                };
                match (before, after) {
                    (true, true) => self.modified(database, place, watched, row, columns),
                    (false, true) => self.appear(database, place, watched, row),
                    (true, false) => self.vanish(database, place, watched, &earlier(row, columns)),
                    (false, false) => None,
                }
            }
            _ => None,
        }
    }

    fn appear(&self, database: &Database, place: Place, watched: &Watched, row: &StoredRow) -> Option<Json> {
        let kind = if self.version == MonitorVersion::Plain { "new" } else { "insert" };
        watched.insert.then(|| json!({ kind: self.row(database, place, watched, row) }))
    }

    fn vanish(&self, database: &Database, place: Place, watched: &Watched, row: &StoredRow) -> Option<Json> {
        let told = match self.version {
            MonitorVersion::Plain => json!({ "old": self.row(database, place, watched, row) }),
            _ => json!({ "delete": null }),
        };
        watched.delete.then_some(told)
    }

    fn modified(
        &self,
        database: &Database,
        place: Place,
        watched: &Watched,
        row: &StoredRow,
        columns: &HashMap<Place, Change>,
    ) -> Option<Json> {
        let described = &database.tables[place].columns;
        let mut told = Map::new();
        for (column, change) in columns.iter().filter(|(column, _)| watched.columns.contains(column)) {
            let value = match self.version {
                MonitorVersion::Plain => {
                    let mut old = row.values[*column].clone();
                    change.inverse().apply(&mut old);
                    old
                }
                _ => change.difference(),
            };
            told.insert(described[*column].name.as_ref().to_owned(), value.to_json());
        }
        if told.is_empty() || !watched.modify {
            return None;
        }
        Some(match self.version {
            MonitorVersion::Plain => json!({ "old": told, "new": self.row(database, place, watched, row) }),
            _ => json!({ "modify": told }),
        })
    }

    /// The watched columns; the newer methods leave out those that have their defaults.
    fn row(&self, database: &Database, place: Place, watched: &Watched, row: &StoredRow) -> Json {
        let described = &database.tables[place].columns;
        let plain = self.version == MonitorVersion::Plain;
        let shown =
            watched.columns.iter().filter(|column| plain || row.values[**column] != described[**column].default);
        let pairs = shown.map(|column| (described[*column].name.as_ref().to_owned(), row.values[*column].to_json()));
        Json::Object(pairs.collect())
    }
}

/// The row as it was before a change.
fn earlier(row: &StoredRow, columns: &HashMap<Place, Change>) -> StoredRow {
    let mut old = row.clone();
    columns.iter().for_each(|(place, change)| change.inverse().apply(&mut old.values[*place]));
    old
}

fn syntax(details: &str) -> Failure {
    Failure::new(ErrorKind::SyntaxError, format!("monitor request: {details}"))
}

impl Watched {
    fn new(database: &Database, place: Place, request: &Json) -> Result<Self, Failure> {
        let table = &database.tables[place];
        if !request.is_object() {
            return Err(syntax("expected an object"));
        }
        let columns = match request.get("columns") {
            None => (0..table.columns.len()).collect(),
            Some(names) => {
                let names = names.as_array().ok_or_else(|| syntax("columns is no list"))?.iter();
                let known = names.map(|name| {
                    let found = name.as_str().and_then(|name| table.column(name));
                    found.ok_or_else(|| {
                        Failure::new(ErrorKind::SyntaxError, format!("{} has no column {name}", table.name))
                    })
                });
                known.collect::<Result<Vec<_>, _>>()?
            }
        };
        let selected = |what: &str| request["select"][what].as_bool().unwrap_or(true);
        Ok(Self {
            columns,
            clauses: clauses(database, place, &request["where"])?,
            initial: selected("initial"),
            insert: selected("insert"),
            delete: selected("delete"),
            modify: selected("modify"),
        })
    }

    fn union(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.columns.sort_unstable();
        self.columns.dedup();
        let clauses = self.clauses.zip(other.clauses).map(|(one, two)| one.into_iter().chain(two).collect());
        Self {
            columns: self.columns,
            clauses,
            initial: self.initial || other.initial,
            insert: self.insert || other.insert,
            delete: self.delete || other.delete,
            modify: self.modify || other.modify,
        }
    }

    fn shows(&self, uuid: Uuid, row: &StoredRow) -> bool {
        self.clauses.as_ref().is_none_or(|clauses| clauses.iter().any(|clause| clause.holds(uuid, row)))
    }
}

/// Conditions of which one must hold; also `true` and `false`. None, or an empty list, or `true`: all rows.
fn clauses(database: &Database, place: Place, conditions: &Json) -> Result<Option<Vec<Clause>>, Failure> {
    let listed = match conditions {
        Json::Null => return Ok(None),
        Json::Array(listed) => listed,
        _ => return Err(syntax("where is no list")),
    };
    if listed.is_empty() || listed.contains(&Json::Bool(true)) {
        return Ok(None);
    }
    let compared = listed.iter().filter(|condition| !condition.is_boolean());
    let clauses = compared.map(|condition| Clause::new(database, place, &Condition::from_json(condition)?));
    clauses.collect::<Result<Vec<_>, Failure>>().map(Some)
}
