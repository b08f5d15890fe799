//! A database's file: a line that says what the file is, then a line of JSON for each committed transaction, in the form
//! of an `update2`. A kill loses nothing that was answered, for the line is written before the answer; a power cut may
//! lose the last transactions, as nothing is forced to the disk. A last line that was cut short was never answered and
//! is dropped. Opening writes the contents anew as one transaction.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, Write},
    path::{Path, PathBuf},
};

use ferrostack_ovn::{MonitorVersion, RowUpdate, Update};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    OvsdbError,
    change::Change,
    database::{Database, StoredRow, Touched},
    transaction::{Changes, RowChange},
};

/// The version of the file's format.
const FORMAT: u64 = 1;

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    // Held until the journal is dropped.
    _lock: File,
}

impl Journal {
    /// Fills an empty database from its file in `dir`, or begins the file. Locks it against a second opening.
    pub(crate) fn open(dir: &Path, database: &mut Database) -> Result<Self, OvsdbError> {
        let path = dir.join(format!("{}.journal", database.schema.name.to_lowercase()));
        let failed = |source| OvsdbError::Journal { path: path.clone(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        // The lock lies beside the file, because compaction replaces the file.
        let lock_path = path.with_extension("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(OvsdbError::InUse { path }),
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        match File::open(&path) {
            Ok(file) => load(&path, file, database)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let fresh = path.with_extension("new");
        let write_anew = || {
            let mut file = File::create(&fresh)?;
            let header = json!({ "database": database.schema.name.as_ref(), "format": FORMAT });
            let mut text = format!("{header}\n");
            let everything =
                database.tables.iter().enumerate().flat_map(|(place, table)| {
                    table.rows.keys().map(move |uuid| ((place, *uuid), RowChange::Inserted))
                });
            let everything: Changes = everything.collect();
            if !everything.is_empty() {
                text.push_str(&line(database, &everything));
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            Ok((file, text.len() as u64))
        };
        let (file, length) = write_anew().map_err(failed)?;
        Ok(Self { path, file, length, _lock: lock })
    }

    /// Writes a transaction. After a failure the file is as before.
    pub(crate) fn append(&mut self, database: &Database, changes: &Changes) -> Result<(), OvsdbError> {
        let line = line(database, changes);
        if let Err(source) = self.file.write_all(line.as_bytes()) {
            // What was written in part would join with the next line.
            let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(io::SeekFrom::End(0)));
            return Err(OvsdbError::Journal { path: self.path.clone(), source });
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

fn line(database: &Database, changes: &Changes) -> String {
    let mut tables = Map::new();
    for ((place, uuid), change) in changes {
        let table = &database.tables[*place];
        let told = match (change, table.rows.get(uuid)) {
            (RowChange::Deleted(_), _) => json!({ "delete": null }),
            (RowChange::Inserted, Some(row)) => {
                let kept = table
                    .columns
                    .iter()
                    .zip(&row.values)
                    .filter(|(column, value)| !column.ephemeral && column.default != **value);
                json!({ "insert": kept.map(|(column, value)| (column.name.as_ref().to_owned(), value.to_json())).collect::<Map<_, _>>() })
            }
            (RowChange::Modified(columns), Some(_)) => {
                let kept = columns.iter().map(|(place, change)| (&table.columns[*place], change));
                let kept = kept.filter(|(column, _)| !column.ephemeral);
                let kept =
                    kept.map(|(column, change)| (column.name.as_ref().to_owned(), change.difference().to_json()));
                json!({ "modify": kept.collect::<Map<_, _>>() })
            }
            _ => continue,
        };
        let rows = tables.entry(table.name.as_ref()).or_insert_with(|| Json::Object(Map::new()));
        rows[uuid.to_string()] = told;
    }
    format!("{}\n", Json::Object(tables))
}

fn load(path: &Path, file: File, database: &mut Database) -> Result<(), OvsdbError> {
    let mut reader = BufReader::new(file);
    let mut text = String::new();
    for number in 1.. {
        text.clear();
        let damaged = |detail: String| OvsdbError::Damaged { path: path.to_owned(), line: number, detail };
        let length =
            reader.read_line(&mut text).map_err(|source| OvsdbError::Journal { path: path.to_owned(), source })?;
        if length == 0 {
            break;
        }
        if !text.ends_with('\n') {
            tracing::warn!(path = %path.display(), line = number, "the last transaction was cut short and is dropped");
            break;
        }
        let json: Json = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if number == 1 {
            let wanted = json!({ "database": database.schema.name.as_ref(), "format": FORMAT });
            if json != wanted {
                return Err(damaged(format!("expected {wanted}, found {json}")));
            }
            continue;
        }
        let update =
            Update::from_json(MonitorVersion::Conditional, &json).map_err(|error| damaged(error.to_string()))?;
        replay(database, update).map_err(damaged)?;
    }
    Ok(())
}

fn replay(database: &mut Database, update: Update) -> Result<(), String> {
    let mut ignored = Touched::default();
    for (name, uuid, told) in update.rows {
        let table = database.place(&name).ok_or_else(|| format!("no table {name}"))?;
        let place = |database: &Database, column: &str| {
            database.tables[table].column(column).ok_or_else(|| format!("the table {name} has no column {column}"))
        };
        match told {
            RowUpdate::Insert(row) | RowUpdate::Replace(row) => {
                let mut values: Vec<_> =
                    database.tables[table].columns.iter().map(|column| column.default.clone()).collect();
                for (column, value) in row.iter() {
                    values[place(database, column)?] = value.clone();
                }
                database.put((table, uuid), StoredRow { version: Uuid::new_v4(), values }, &mut ignored);
            }
            RowUpdate::Modify(row) => {
                for (column, difference) in row.iter() {
                    let place = place(database, column)?;
                    let held = database.row((table, uuid)).ok_or_else(|| format!("no row {uuid} in {name}"))?;
                    let column_type = &database.tables[table].columns[place].column_type;
                    let change = Change::from_difference(column_type, &held.values[place], difference.clone());
                    database.change((table, uuid), place, &change, &mut ignored);
                }
            }
            RowUpdate::Delete => drop(database.take((table, uuid), &mut ignored)),
        }
    }
    Ok(())
}
